use super::*;
use paceline_core::stream::{self, ChaCha8Rng, stream};
use proptest::prelude::*;
use rand::RngExt;

fn normal(rng: &mut ChaCha8Rng) -> f32 {
    stream::normal(rng) as f32
}

fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len() as f32;
    let (ma, mb) = (a.iter().sum::<f32>() / n, b.iter().sum::<f32>() / n);
    let cov: f32 = a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum();
    let var = |x: &[f32], m: f32| x.iter().map(|x| (x - m).powi(2)).sum::<f32>();
    cov / (var(a, ma) * var(b, mb)).sqrt()
}

/// A learner whose likings drift, and who chooses, finishes and rates by them, noisily.
struct Drifting {
    likes: Vec<f32>,
    rng: ChaCha8Rng,
}

impl Drifting {
    fn new(themes: usize, key: &[u8]) -> Self {
        let mut rng = stream("interests test", 7, key);
        Self {
            likes: (0..themes).map(|_| normal(&mut rng)).collect(),
            rng,
        }
    }

    /// One day's drift: half of a liking is gone after 90 days.
    fn day(&mut self) {
        let keep = 0.5f32.powf(1.0 / 90.0);
        for like in &mut self.likes {
            *like = *like * keep + (1.0 - keep * keep).sqrt() * normal(&mut self.rng);
        }
    }

    fn chooses(&mut self, options: &[usize]) -> usize {
        // Gumbel noise gives a logit choice, a little sharper than the model's own.
        let likes = &self.likes;
        let rng = &mut self.rng;
        let value = |&o: &usize| 1.5 * likes[o] - (-(rng.random::<f32>().max(1e-6)).ln()).ln();
        let values: Vec<f32> = options.iter().map(value).collect();
        (0..options.len())
            .max_by(|&a, &b| values[a].total_cmp(&values[b]))
            .unwrap()
    }
}

#[test]
fn drifting_interests_are_recovered_from_choices() {
    let (mut found, mut best_share) = (0.0, 0.0);
    let learners = 30;
    for learner in 0..learners {
        let mut truth = Drifting::new(10, &[learner]);
        let mut known = [Affinity::new(StudyDay(0)); 10];
        let (mut r, mut looks, mut liked) = (0.0, 0.0, 0.0);
        for day in 0..300 {
            truth.day();
            let mut options: Vec<usize> = (0..10).collect();
            for i in 0..3 {
                let j = truth.rng.random_range(i..10);
                options.swap(i, j);
            }
            options.truncate(3);
            let mut offered: Vec<Affinity> = options.iter().map(|&o| known[o]).collect();
            choose(StudyDay(day), &mut offered, truth.chooses(&options));
            for (&o, affinity) in options.iter().zip(offered) {
                known[o] = affinity;
            }
            if day >= 100 && day % 20 == 0 {
                let means: Vec<f32> = known.iter().map(|a| a.on(StudyDay(day)).mean).collect();
                r += correlation(&means, &truth.likes);
                let top = (0..10)
                    .max_by(|&a, &b| means[a].total_cmp(&means[b]))
                    .unwrap();
                liked += truth.likes[top];
                looks += 1.0;
            }
        }
        found += r / looks;
        best_share += liked / looks;
    }
    let (found, liked) = (
        found / f32::from(learners),
        best_share / f32::from(learners),
    );
    assert!(found > 0.65, "{found}");
    // A theme taken at random is liked 0 on average, the best of ten 1.54.
    assert!(liked > 1.0, "{liked}");
}

#[test]
fn intervals_hold_what_they_say() {
    let (mut inside, mut all) = (0, 0);
    for learner in 0..60u8 {
        let mut truth = Drifting::new(6, &[learner, 1]);
        let mut known = [Affinity::new(StudyDay(0)); 6];
        for day in 0..200 {
            truth.day();
            let theme = truth.rng.random_range(0..6usize);
            let noise = 0.6f32.sqrt() * normal(&mut truth.rng);
            let above_level = (truth.likes[theme] + noise) / 0.75;
            known[theme] = known[theme].after(StudyDay(day), Evidence::Rated { above_level });
        }
        for (affinity, like) in known.iter().zip(&truth.likes) {
            let a = affinity.on(StudyDay(199));
            inside += usize::from((a.mean - like).abs() < 1.2816 * a.variance.sqrt());
            all += 1;
        }
    }
    let share = inside as f32 / all as f32;
    assert!((0.72..0.9).contains(&share), "{share}");
}

#[test]
fn a_declared_interest_leads_and_can_be_unlearnt() {
    let day = StudyDay(0);
    let declared = Affinity::new(day).after(day, Evidence::Declared);
    assert!(declared.appeal(0) > Affinity::new(day).appeal(0));
    let bored = (1..12).fold(declared, |a, d| a.after(StudyDay(d), Evidence::Abandoned));
    let keen = (1..12).fold(Affinity::new(day), |a, d| {
        a.after(StudyDay(d), Evidence::Continued)
    });
    assert!(bored.mean < 0.0 && keen.mean > 0.5, "{bored:?} {keen:?}");
    assert!(keen.appeal(0) > bored.appeal(0));
}

#[test]
fn nothing_is_ever_locked_in() {
    let mut loved = Affinity::new(StudyDay(0));
    for day in 0..500 {
        loved = loved.after(StudyDay(day), Evidence::Rated { above_level: 2.0 });
    }
    let unknown = Affinity::new(StudyDay(500));
    // Repeats wear out, and a share always goes elsewhere.
    assert!(loved.appeal(4) < unknown.appeal(0));
    let appeal = [
        loved.appeal(0),
        unknown.appeal(0),
        unknown.appeal(0),
        unknown.appeal(0),
    ];
    let mut p = [0.0; 4];
    shares(&appeal, 0.1, &mut p);
    assert!(p[0] > 0.4 && p[1..].iter().all(|&p| p >= 0.025), "{p:?}");
    // A year later little is left of it.
    let later = loved.on(StudyDay(500 + 365));
    assert!(later.mean < 0.05 && later.variance > 0.98, "{later:?}");
}

#[test]
fn half_is_left_after_the_half_life() {
    let day = StudyDay(10);
    let a = Affinity {
        mean: 0.8,
        variance: 0.2,
        day,
    };
    assert_eq!(a.on(StudyDay(3)), a);
    let later = a.on(StudyDay(70));
    assert!(
        (later.mean - 0.4).abs() < 1e-5 && (later.variance - 0.8).abs() < 1e-5,
        "{later:?}"
    );
}

#[test]
fn a_learner_who_gives_five_to_everything_says_little() {
    let (mut level, mut generous) = (Level::default(), Affinity::new(StudyDay(0)));
    for day in 0..30 {
        let (next, _) = level.rated(5);
        level = next;
        if day > 20 {
            let (_, evidence) = level.rated(5);
            generous = generous.after(StudyDay(day), evidence);
        }
    }
    let strict = Affinity::new(StudyDay(0)).after(StudyDay(0), Level::default().rated(5).1);
    assert!(generous.mean < 0.6 * strict.mean, "{generous:?} {strict:?}");
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        Just(Evidence::Declared),
        any::<f32>().prop_map(|above_level| Evidence::Rated { above_level }),
        Just(Evidence::Finished),
        Just(Evidence::Abandoned),
        Just(Evidence::Continued),
        Just(Evidence::Stopped),
        any::<f32>().prop_map(|share| Evidence::TimeOnTask { share }),
    ]
}

proptest! {
    /// Whatever is seen and whenever: finite, and never surer than the model allows nor less sure than at first.
    #[test]
    fn wild_evidence(seen in prop::collection::vec((any::<i32>(), evidence()), 0..60)) {
        let mut affinity = Affinity::new(StudyDay(0));
        for (day, evidence) in seen {
            affinity = affinity.after(StudyDay(day), evidence);
            prop_assert!(affinity.mean.abs() < 8.0, "{affinity:?}");
            prop_assert!(0.0 < affinity.variance && affinity.variance <= PRIOR_VARIANCE);
            prop_assert!((0.0..=1.0).contains(&affinity.appeal(2)));
        }
    }

    /// Being chosen never hurts, being passed over never helps.
    #[test]
    fn choices_move_the_right_way(means in prop::collection::vec(-3.0f32..3.0, 2..6), chosen in 0usize..6) {
        let day = StudyDay(0);
        let before: Vec<Affinity> =
            means.iter().map(|&mean| Affinity { mean, ..Affinity::new(day) }).collect();
        let mut after = before.clone();
        choose(day, &mut after, chosen);
        for (i, (before, after)) in before.iter().zip(&after).enumerate() {
            if chosen >= means.len() {
                prop_assert_eq!(before, after);
            } else if i == chosen {
                prop_assert!(after.mean >= before.mean);
            } else {
                prop_assert!(after.mean <= before.mean);
            }
        }
    }

    /// Appeal rises with affinity ever more slowly, from neutral on, and shares are probabilities.
    #[test]
    fn appeal_is_concave(appeal in prop::collection::vec(0.0f32..1.0, 1..9), explore in 0.0f32..=1.0, m in 0.0f32..2.0) {
        let at = |mean| Affinity { mean, ..Affinity::new(StudyDay(0)) }.appeal(0);
        prop_assert!(at(m + 0.5) - at(m) <= at(m) - at(m - 0.5) + 1e-6);
        let mut p = vec![0.0; appeal.len()];
        shares(&appeal, explore, &mut p);
        prop_assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        prop_assert!(p.iter().all(|&p| p >= explore / appeal.len() as f32 - 1e-6));
    }
}

use std::collections::BTreeMap;

use paceline_core::math::wide::{exp, ln, logistic, sqrt};
use paceline_core::stream::{ChaCha8Rng, stream};
use rand::Rng;

use super::*;
use crate::calibrate::{self, AnswerLog};

const ITEMS: usize = 40;

/// What is planted: log odds of the focal group and of the second half of the time, and a slope of the focal group's own.
#[derive(Clone, Copy, Default)]
struct Planted {
    group: f64,
    later: f64,
    focal_slope: Option<f64>,
}

struct World {
    curves: Vec<Curve>,
    faults: BTreeMap<u32, Planted>,
    learners: u32,
    /// Focal mean ability less the reference group's.
    impact: f64,
}

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = sqrt(-2.0 * ln(1.0 - uniform(random)));
    radius * libm::cos(std::f64::consts::TAU * uniform(random))
}

impl World {
    fn new(learners: u32, impact: f64, faults: &[(u32, Planted)]) -> Self {
        let mut random = stream("report test", 1, b"bank");
        let mut curve = |_| Curve::two(exp(0.3 * normal(&mut random)), normal(&mut random));
        let mut curves: Vec<Curve> = (0..ITEMS).map(&mut curve).collect();
        // Where faults are planted the items are middling ones.
        for &(item, _) in faults {
            curves[item as usize] = Curve::two(1.2, 0.2);
        }
        Self {
            curves,
            faults: faults.iter().copied().collect(),
            learners,
            impact,
        }
    }

    /// Each learner answers 30 of the 40 items, on one day of a year.
    fn answers(&self, seed: u64) -> Vec<Answer> {
        let mut answers = Vec::new();
        for learner in 0..self.learners {
            let mut random = stream("report test", seed, &learner.to_le_bytes());
            let focal = learner % 2 == 1;
            let ability = normal(&mut random) + if focal { self.impact } else { 0.0 };
            let speed = exp(0.3 * normal(&mut random));
            let day = (365.0 * uniform(&mut random)) as u32;
            for item in 0..ITEMS as u32 {
                if uniform(&mut random) < 0.25 {
                    continue;
                }
                let p = self.p(item, ability, focal, day);
                let right = uniform(&mut random) < p;
                let wrong = 1 + (3.0 * uniform(&mut random)) as u16;
                answers.push(Answer {
                    learner,
                    item,
                    at_s: day * 86_400 + item,
                    right,
                    choice: Some(if right { 0 } else { wrong }),
                    seconds: Some((30.0 * speed * exp(0.4 * normal(&mut random))) as f32),
                    group: Some(u16::from(focal)),
                });
            }
        }
        answers
    }

    fn p(&self, item: u32, ability: f64, focal: bool, day: u32) -> f64 {
        let curve = self.curves[item as usize];
        let fault = self.faults.get(&item).copied().unwrap_or_default();
        let a = fault.focal_slope.filter(|_| focal).unwrap_or(curve.a);
        let mut eta = a * (ability - curve.b);
        eta += if focal { fault.group } else { 0.0 };
        eta += if day >= 183 { fault.later } else { 0.0 };
        logistic(eta)
    }

    /// Curves as a calibration of these answers finds them.
    fn calibrated(&self, answers: &[Answer]) -> Vec<Curve> {
        let mut log = AnswerLog::default();
        for answer in answers {
            log.push(calibrate::Answer {
                learner: answer.learner,
                item: answer.item,
                score: u8::from(answer.right),
            })
            .unwrap();
        }
        let found = calibrate::calibrate(
            &log.finish(ITEMS).unwrap(),
            &calibrate::Options::default(),
            &mut |_| {},
        )
        .unwrap();
        found.items.iter().map(|item| item.curve()).collect()
    }
}

fn names(names: &[&str]) -> Vec<Box<str>> {
    names.iter().map(|&name| name.into()).collect()
}

fn with_log<T>(curves: &[Curve], answers: &[Answer], f: impl FnOnce(&Log<'_>) -> T) -> T {
    let choices = names(&["a", "b", "c", "d"]);
    let groups = names(&["north", "south"]);
    let item = |&curve: &Curve| Item {
        curve,
        expected_seconds: Some(30.0),
        choices: &choices,
    };
    let items: Vec<Item<'_>> = curves.iter().map(item).collect();
    f(&Log {
        answers,
        items: &items,
        groups: &groups,
    })
}

/// P values of the four tests of one item: Mantel-Haenszel, logistic uniform and not, drift.
fn p_values(study: &Study<'_>, item: usize) -> [f64; 4] {
    let side = |answer: &Answer| match answer.group {
        Some(0) => Some(Group::Reference),
        _ => Some(Group::Focal),
    };
    let groups = study.judged(study.rows(item), side);
    let strata = mantel_haenszel(&in_strata(&groups)).unwrap();
    let logistic = logistic_dif(&groups).unwrap();
    let places = study.of_item[item].iter().map(|&place| place as usize);
    let rows = places.map(|place| (&study.answers[place], &study.seen_in_period[place]));
    let periods = study.judged(rows, |answer| {
        let later = study.later_from_s <= answer.at_s;
        Some(if later {
            Group::Focal
        } else {
            Group::Reference
        })
    });
    let drift = mantel_haenszel(&in_strata(&periods)).unwrap();
    [
        strata.p_value,
        logistic.p_uniform,
        logistic.p_non_uniform,
        drift.p_value,
    ]
}

const FAULTS: [(u32, Planted); 3] = [
    (
        0,
        Planted {
            group: -0.8,
            later: 0.0,
            focal_slope: None,
        },
    ),
    (
        1,
        Planted {
            group: 0.0,
            later: -0.8,
            focal_slope: None,
        },
    ),
    (
        2,
        Planted {
            group: 0.0,
            later: 0.0,
            focal_slope: Some(0.3),
        },
    ),
];

/// Shares of tests below .05: of the planted faults by the test made for each, and of the clean items by each test; then
/// the shares of worlds in which the report names each fault, and of clean items that it names for groups or drift.
fn study(
    worlds: u64,
    impact: f64,
    faults: &[(u32, Planted)],
) -> ([f64; 4], [f64; 4], [f64; 3], f64) {
    let world = World::new(1200, impact, faults);
    let (mut power, mut alarms, mut named, mut misnamed) = ([0.0; 4], [0.0; 4], [0.0; 3], 0.0);
    let tests = worlds as f64;
    for seed in 0..worlds {
        let answers = world.answers(seed);
        let curves = world.calibrated(&answers);
        with_log(&curves, &answers, |log| {
            let options = Options::default();
            let study = Study::new(log, &options);
            let hit = |p: f64| f64::from(u8::from(p < 0.05));
            for item in 0..ITEMS {
                let p = p_values(&study, item);
                let share = tests * (ITEMS - FAULTS.len()) as f64;
                match item {
                    0 => {
                        (power[0], power[1]) =
                            (power[0] + hit(p[0]) / tests, power[1] + hit(p[1]) / tests)
                    }
                    1 => power[3] += hit(p[3]) / tests,
                    2 => power[2] += hit(p[2]) / tests,
                    _ => alarms
                        .iter_mut()
                        .zip(p)
                        .for_each(|(sum, p)| *sum += hit(p) / share),
                }
            }
            let findings = report(log, &options).unwrap();
            let names = |item, test: fn(&Fault) -> bool| {
                findings.iter().any(|f| f.item == item && test(&f.fault))
            };
            named[0] +=
                f64::from(u8::from(names(0, |f| matches!(f, Fault::Unfair { .. })))) / tests;
            named[1] +=
                f64::from(u8::from(names(1, |f| matches!(f, Fault::Drifted { .. })))) / tests;
            named[2] += f64::from(u8::from(names(2, |f| {
                matches!(f, Fault::UnevenSlope { .. })
            }))) / tests;
            let wrong = findings.iter().filter(|f| f.item > 2).filter(|f| {
                matches!(
                    f.fault,
                    Fault::Unfair { .. } | Fault::UnevenSlope { .. } | Fault::Drifted { .. }
                )
            });
            misnamed += wrong.count() as f64 / (tests * (ITEMS - FAULTS.len()) as f64);
        });
    }
    (power, alarms, named, misnamed)
}

#[test]
fn planted_faults_are_found_and_others_at_the_nominal_rate() {
    let slow = std::env::var_os("PACELINE_SLOW").is_some();
    let (worlds, impacts) = if slow {
        (400, [0.0, -0.5].as_slice())
    } else {
        (5, [-0.5].as_slice())
    };
    // What chance makes of .05: tests of one world share its learners, which all but evens out.
    let error = sqrt(0.05 * 0.95 / (worlds as f64 * (ITEMS - FAULTS.len()) as f64));
    for &impact in impacts {
        for faults in [&FAULTS[..], &[]] {
            let (power, alarms, named, misnamed) = study(worlds, impact, faults);
            eprintln!(
                "{worlds} worlds, impact {impact}, {} faults: alarms at .05 ± {error:.4} (MH, logistic uniform, non-uniform, drift) {alarms:.4?}, report of clean items {misnamed:.4}; power {power:.3?}, report {named:.3?}",
                faults.len()
            );
            // Faulty items count in the abilities by which the learners of the clean ones are matched.
            let bias = if faults.is_empty() { 0.0 } else { 0.004 };
            let most = (0.05 + bias + 4.0 * error).min(if slow { 0.06 } else { 0.09 });
            assert!(alarms.iter().all(|&share| share < most), "{alarms:?}");
            // Three checks of .01 at most each.
            assert!(misnamed < 0.03, "{misnamed}");
            if !faults.is_empty() {
                let least = if slow { 0.9 } else { 0.8 };
                assert!(power.iter().all(|&share| share >= least), "{power:?}");
                assert!(named.iter().all(|&share| share >= 0.6), "{named:?}");
            }
        }
    }
}

/// The kinds of fault that the report names for an item.
fn kinds(findings: &[Finding], item: u32) -> Vec<String> {
    let of_item = findings.iter().filter(|finding| finding.item == item);
    let kind = |finding: &Finding| {
        serde_json::to_value(finding.fault).unwrap()["kind"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    of_item.map(kind).collect()
}

#[test]
fn each_fault_is_named_for_the_item_that_has_it() {
    let world = World::new(1200, 0.0, &[]);
    let mut answers = world.answers(5);
    for answer in &mut answers {
        let chosen = answer.choice.unwrap();
        match answer.item {
            // The key is wrong: the right choice is b.
            0 => (answer.right, answer.choice) = (chosen == 1, Some(1 - chosen.min(1))),
            1 if chosen == 3 => answer.choice = Some(2),
            2 => answer.seconds = answer.seconds.map(|seconds| 3.0 * seconds),
            3 => answer.seconds = answer.seconds.map(|seconds| seconds / 3.0),
            // Right or wrong by the day, whoever answers.
            4 => answer.right = answer.at_s / 86_400 % 2 == 0,
            _ => {}
        }
    }
    answers.retain(|answer| answer.item != 5 || answer.learner < 40);
    let curves = world.calibrated(&answers);
    let findings = with_log(&curves, &answers, |log| {
        report(log, &Options::default()).unwrap()
    });
    for (item, wanted) in [
        (0, "strong_get_it_wrong"),
        // No rising curve follows an item that the strong get wrong.
        (0, "misfit"),
        (1, "never_chosen"),
        (2, "too_slow"),
        (3, "too_fast"),
        (4, "little_discrimination"),
        (5, "under_exposed"),
    ] {
        let found = kinds(&findings, item);
        assert!(
            found.iter().any(|kind| kind == wanted),
            "{item}: {found:?}, wanted {wanted}"
        );
    }
    assert!(findings.is_sorted_by_key(|finding| finding.urgency));
    let others = findings.iter().filter(|finding| finding.item > 5).count();
    assert!(others <= 6, "{findings:#?}");
    let sentences: Vec<&str> = findings
        .iter()
        .filter(|f| f.item < 6)
        .map(|f| &*f.sentence)
        .collect();
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn an_item_off_its_curve_is_a_misfit_and_a_fitting_one_is_not() {
    let world = World::new(1200, 0.0, &[]);
    let answers = world.answers(6);
    let mut curves = world.curves.clone();
    curves[7] = Curve {
        b: curves[7].b + 0.8,
        ..curves[7]
    };
    let findings = with_log(&curves, &answers, |log| {
        report(log, &Options::default()).unwrap()
    });
    let misfits: Vec<u32> = findings
        .iter()
        .filter(|finding| matches!(finding.fault, Fault::Misfit { .. }))
        .map(|finding| finding.item)
        .collect();
    assert_eq!(misfits, [7]);
    let fits = with_log(&world.curves, &answers, |log| {
        let options = Options::default();
        let study = Study::new(log, &options);
        let fit = |item| {
            let predicted = study.rows(item).map(|(answer, seen)| Predicted {
                p: seen.p_without,
                right: answer.right,
            });
            ItemFit::of(&predicted.collect::<Vec<_>>()).unwrap()
        };
        (0..ITEMS).map(fit).collect::<Vec<_>>()
    });
    let mean = |value: fn(&ItemFit) -> f64| fits.iter().map(value).sum::<f64>() / ITEMS as f64;
    assert!((mean(|fit| fit.infit) - 1.0).abs() < 0.02);
    assert!((mean(|fit| fit.outfit) - 1.0).abs() < 0.04);
    assert!(fits.iter().filter(|fit| fit.p_value < 0.05).count() <= 6);
}

#[test]
fn only_first_answers_count_and_a_bad_log_is_refused() {
    let world = World::new(400, 0.0, &[]);
    let answers = world.answers(7);
    let again: Vec<Answer> = answers
        .iter()
        .map(|a| Answer {
            at_s: a.at_s + 90,
            right: true,
            ..*a
        })
        .collect();
    let both = [again, answers.clone()].concat();
    let report_of = |answers: &[Answer]| {
        with_log(&world.curves, answers, |log| {
            report(log, &Options::default())
        })
    };
    assert_eq!(report_of(&both), report_of(&answers));
    assert_eq!(report_of(&[]), Ok(Vec::new()));
    let stranger = Answer {
        item: 99,
        ..answers[0]
    };
    let error = report_of(&[stranger]).unwrap_err().to_string();
    assert_eq!(error, "answer 0 names item 99, wanted below 40");
    let curves = [Curve {
        a: f64::NAN,
        ..world.curves[0]
    }];
    let error = with_log(&curves, &[], |log| report(log, &Options::default())).unwrap_err();
    assert!(matches!(error, ReportError::Curve { item: 0, .. }));
}

use std::collections::BTreeMap;
use std::io::Read;

use paceline_core::stream::stream;
use proptest::prelude::*;
use rand::Rng;

use super::shape::Curves;
use super::*;

fn log(triples: impl IntoIterator<Item = (u32, u32, u8)>, n_items: usize) -> Answers {
    let mut log = AnswerLog::default();
    for (learner, item, score) in triples {
        log.push(Answer {
            learner,
            item,
            score,
        })
        .unwrap();
    }
    log.finish(n_items).unwrap()
}

fn run(answers: &Answers, options: &Options) -> Calibration {
    calibrate(answers, options, &mut |_| {}).unwrap()
}

fn fixture() -> (Answers, Vec<String>) {
    let packed: &[u8] = include_bytes!("../../tests/fixtures/irt_log.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .unwrap();
    let (mut learners, mut items) = (BTreeMap::new(), BTreeMap::new());
    let mut triples = Vec::new();
    for row in text.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let n = learners.len() as u32;
        let learner = *learners.entry(cells[0].to_owned()).or_insert(n);
        let n = items.len() as u32;
        let item = *items.entry(cells[1].to_owned()).or_insert(n);
        triples.push((learner, item, u8::from(cells[4] == "1")));
    }
    let mut names = vec![String::new(); items.len()];
    items
        .into_iter()
        .for_each(|(name, i)| names[i as usize] = name);
    (log(triples, names.len()), names)
}

#[track_caller]
fn check(model: Model, expected: &str, log_likelihood: f64, variance: f64) {
    let (answers, names) = fixture();
    let options = Options {
        model,
        priors: Priors::Off,
        nodes: Some(72),
        max_cycles: 2000,
        tolerance: 1e-3,
        ..Options::default()
    };
    let found = run(&answers, &options);
    assert!(
        found.converged,
        "{} cycles, {}",
        found.cycles, found.last_change
    );
    for row in expected.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let item = &found.items[names.iter().position(|name| name == cells[0]).unwrap()];
        let (a, b): (f64, f64) = (cells[1].parse().unwrap(), cells[2].parse().unwrap());
        assert!(
            (item.a - a).abs() < 2e-3 && (item.b - b).abs() < 2e-3,
            "{row}: {item:?}"
        );
        assert!(item.se_b > 0.0 && item.se_b < 1.0, "{item:?}");
    }
    assert!(
        (found.log_likelihood - log_likelihood).abs() < 0.05,
        "{}",
        found.log_likelihood
    );
    assert!(
        (found.population.sd.powi(2) - variance).abs() < 2e-3,
        "{:?}",
        found.population
    );
}

/// R mirt 1.47 on the same answers; see tests/fixtures/README.md.
#[test]
fn rasch_agrees_with_mirt() {
    check(
        Model::OneParameter,
        include_str!("../../tests/fixtures/irt_rasch_expected.csv"),
        -17_297.838_423_7,
        1.114_222_164,
    );
}

/// R mirt 1.47 on the same answers; see tests/fixtures/README.md.
#[test]
fn two_parameters_agree_with_mirt() {
    check(
        Model::TwoParameter,
        include_str!("../../tests/fixtures/irt_2pl_expected.csv"),
        -17_111.973_292_6,
        1.0,
    );
}

/// Scores of a fixture: a learner a line, an item a digit.
fn scores(packed: &[u8]) -> Answers {
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .unwrap();
    let rows = (0..).zip(text.lines()).flat_map(|(learner, line)| {
        let digits = (0..).zip(line.bytes());
        digits.map(move |(item, digit)| (learner, item, digit - b'0'))
    });
    log(rows, 0)
}

/// Agrees with mirt from PyPI on the same answers; see tests/fixtures/README.md.
#[track_caller]
fn check_fit(name: &str, packed: &[u8], options: Options, most: f64) {
    let options = Options {
        priors: Priors::Off,
        nodes: Some(72),
        max_cycles: 2000,
        tolerance: 1e-3,
        ..options
    };
    let found = run(&scores(packed), &options);
    let rows = include_str!("../../tests/fixtures/fits_expected.csv").lines();
    for row in rows.filter(|row| row.starts_with(&format!("{name},"))) {
        let cells: Vec<&str> = row.split(',').collect();
        let value: f64 = cells[2].parse().unwrap();
        if cells[1] == "log_likelihood" {
            let gap = found.log_likelihood - value;
            assert!(gap.abs() < 0.05, "{name}: {gap}");
            continue;
        }
        let item = &found.items[cells[1].parse::<usize>().unwrap()];
        let own = match item.thresholds.len() {
            0 => vec![item.a, item.b, item.c],
            _ => [&[item.a], &item.thresholds[..]].concat(),
        };
        let expected = cells[3].split(' ').map(|x| x.parse::<f64>().unwrap());
        let gaps = std::iter::once(value).chain(expected).zip(&own);
        let worst = gaps.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        assert!(worst < most, "{row}: {own:?}");
    }
}

#[test]
fn graded_responses_agree_with_mirt() {
    let packed = include_bytes!("../../tests/fixtures/grm_answers.txt.gz");
    check_fit("grm", packed, Options::default(), 2e-3);
}

#[test]
fn partial_credit_agrees_with_mirt() {
    let packed = include_bytes!("../../tests/fixtures/gpcm_answers.txt.gz");
    let options = Options {
        graded: GradedModel::PartialCredit,
        ..Options::default()
    };
    check_fit("gpcm", packed, options, 2e-3);
}

#[test]
fn three_parameters_agree_with_mirt() {
    let packed = include_bytes!("../../tests/fixtures/3pl_answers.txt.gz");
    let options = Options {
        model: Model::ThreeParameter,
        ..Options::default()
    };
    check_fit("3pl", packed, options, 1e-2);
}

/// Draws of a planted school.
struct Draws(paceline_core::stream::ChaCha8Rng);

impl Draws {
    fn new(seed: u64) -> Self {
        Self(stream("calibrate test", seed, b""))
    }

    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        sqrt(-2.0 * ln(1.0 - self.uniform())) * libm::cos(std::f64::consts::TAU * self.uniform())
    }
}

/// 2PL answers: a ~ LogN(0, .3), b and ability ~ N(0, 1), `each` answers a learner.
fn simulated(n_items: u32, n_learners: u32, each: u32, seed: u64) -> (Answers, Vec<Curve>) {
    let mut draws = Draws::new(seed);
    let curves: Vec<Curve> = (0..n_items)
        .map(|_| Curve::two(exp(0.3 * draws.normal()), draws.normal()))
        .collect();
    let mut triples = Vec::new();
    for learner in 0..n_learners {
        let ability = draws.normal();
        for k in 0..each {
            let item = (learner * 37 + k * (n_items / each)) % n_items;
            let right = draws.uniform() < curves[item as usize].p(ability);
            triples.push((learner, item, u8::from(right)));
        }
    }
    (log(triples, n_items as usize), curves)
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let (answers, _) = simulated(60, 2000, 20, 7);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| run(&answers, &Options::default()))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn priors_keep_items_that_all_got_right_finite() {
    let triples =
        (0..50).flat_map(|learner| [(learner, 0, 1), (learner, 1, u8::from(learner % 2 == 0))]);
    let answers = log(triples, 3);
    let found = run(&answers, &Options::default());
    assert!(
        found
            .items
            .iter()
            .all(|item| item.a > 0.0 && item.b.abs() < 10.0 && item.se_b.is_finite()),
        "{found:?}"
    );
    assert_eq!(found.items[2].n, 0);
}

#[test]
fn answers_out_of_range_are_refused() {
    let refused = AnswerLog::default().push(Answer {
        learner: 0,
        item: 1 << 28,
        score: 0,
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        "answer 0 names item 268435456, wanted below 268435456"
    );
}

fn rmse(found: &[ItemEstimate], curves: &[Curve], gap: fn(&ItemEstimate, &Curve) -> f64) -> f64 {
    let squares = found
        .iter()
        .zip(curves)
        .map(|(item, curve)| gap(item, curve).powi(2));
    sqrt(squares.sum::<f64>() / curves.len() as f64)
}

/// The peers' benchmark: 1,000 items, 10,000 learners, 50 answers each.
#[test]
fn a_log_of_half_a_million_answers_recovers_its_items() {
    if std::env::var_os("PACELINE_SLOW").is_none() {
        eprintln!(
            "skipped a_log_of_half_a_million_answers_recovers_its_items: set PACELINE_SLOW=1"
        );
        return;
    }
    let (mut mean_b, mut mean_a) = (0.0, 0.0);
    for seed in 1..=6 {
        let (answers, curves) = simulated(1000, 10_000, 50, seed);
        let found = run(&answers, &Options::default());
        let b = rmse(&found.items, &curves, |item, curve| item.b - curve.b);
        let a = rmse(&found.items, &curves, |item, curve| item.a - curve.a);
        eprintln!(
            "seed {seed}: RMSE b {b:.4}, a {a:.4}, {} cycles",
            found.cycles
        );
        (mean_b, mean_a) = (mean_b + b / 6.0, mean_a + a / 6.0);
    }
    eprintln!("mean: RMSE b {mean_b:.4}, a {mean_a:.4}");
    assert!(
        mean_b < 0.158 && mean_a < 0.137,
        "RMSE b {mean_b}, a {mean_a}"
    );
}

/// Answers of `n_learners` with abilities N(`mean`, `sd`) to every item.
fn answered(curves: &[ItemCurve], n_learners: u32, (mean, sd): (f64, f64), seed: u64) -> Answers {
    let mut draws = Draws::new(seed);
    let mut triples = Vec::new();
    for learner in 0..n_learners {
        let ability = mean + sd * draws.normal();
        for (item, curve) in (0..).zip(curves) {
            let mut left = draws.uniform();
            let p: Vec<f64> = match curve {
                ItemCurve::RightOrWrong(curve) => vec![1.0 - curve.p(ability), curve.p(ability)],
                ItemCurve::Graded(curve) => curve.at(ability).iter().map(|at| at.p).collect(),
            };
            let below = p.iter().take_while(|&&p| {
                left -= p;
                left >= 0.0
            });
            let score = below.count().min(p.len() - 1) as u8;
            triples.push((learner, item, score));
        }
    }
    log(triples, curves.len())
}

fn some_curves(draws: &mut Draws, n: usize, c: f64, d: f64) -> Vec<ItemCurve> {
    let mut curve = || Curve {
        a: exp(0.3 * draws.normal()),
        b: draws.normal(),
        c,
        d,
    };
    (0..n).map(|_| ItemCurve::RightOrWrong(curve())).collect()
}

/// The items' (planted, found, standard error) triples.
fn check_recovery(triples: &[(f64, f64, f64)], rmse: f64) {
    let n = triples.len() as f64;
    let square: f64 = triples.iter().map(|(x, y, _)| (x - y) * (x - y)).sum();
    let found = sqrt(square / n);
    assert!(found < rmse, "RMSE {found}, wanted below {rmse}");
    // A standard error that means what it says covers the truth within two of them nearly always.
    let inside = triples
        .iter()
        .filter(|(x, y, se)| (x - y).abs() < 2.0 * se)
        .count() as f64;
    assert!(inside / n > 0.85, "{inside} of {n} within two errors");
}

#[test]
fn guessing_is_recovered_with_honest_errors() {
    let mut draws = Draws::new(3);
    let curves = some_curves(&mut draws, 40, 0.25, 1.0);
    let answers = answered(&curves, 3000, (0.0, 1.0), 4);
    let options = Options {
        model: Model::ThreeParameter,
        ..Options::default()
    };
    let found = run(&answers, &options);
    assert!(found.converged, "{}", found.last_change);
    let (mut b, mut c) = (Vec::new(), Vec::new());
    for (item, curve) in found.items.iter().zip(&curves) {
        let ItemCurve::RightOrWrong(curve) = curve else {
            continue;
        };
        b.push((curve.b, item.b, item.se_b));
        c.push((curve.c, item.c, item.se_c));
    }
    check_recovery(&b, 0.25);
    check_recovery(&c, 0.08);
}

#[test]
fn guessing_and_slipping_are_recovered_with_honest_errors() {
    let mut draws = Draws::new(21);
    let curves: Vec<ItemCurve> = some_curves(&mut draws, 40, 0.2, 0.92)
        .into_iter()
        .map(|curve| match curve {
            ItemCurve::RightOrWrong(curve) => ItemCurve::RightOrWrong(Curve {
                a: 1.5 * curve.a,
                ..curve
            }),
            graded => graded,
        })
        .collect();
    let answers = answered(&curves, 3000, (0.0, 1.0), 22);
    let options = Options {
        model: Model::FourParameter,
        ..Options::default()
    };
    let found = run(&answers, &options);
    assert!(found.converged, "{}", found.last_change);
    let mut each: [Vec<(f64, f64, f64)>; 4] = Default::default();
    for (item, curve) in found.items.iter().zip(&curves) {
        let ItemCurve::RightOrWrong(curve) = curve else {
            continue;
        };
        each[0].push((curve.a, item.a, item.se_a));
        each[1].push((curve.b, item.b, item.se_b));
        each[2].push((curve.c, item.c, item.se_c));
        each[3].push((curve.d, item.d, item.se_d));
    }
    for (triples, rmse) in each.iter().zip([0.4, 0.25, 0.08, 0.05]) {
        check_recovery(triples, rmse);
    }
}

#[test]
fn graded_items_are_recovered_by_both_families() {
    for model in [GradedModel::GradedResponse, GradedModel::PartialCredit] {
        let mut draws = Draws::new(5);
        let mut curve = || GradedCurve {
            model,
            a: exp(0.3 * draws.normal()),
            b: [-1.0, 0.0, 1.0].map(|b| b + 0.3 * draws.normal()).into(),
        };
        let curves: Vec<ItemCurve> = (0..20).map(|_| ItemCurve::Graded(curve())).collect();
        let answers = answered(&curves, 1500, (0.0, 1.0), 6);
        let options = Options {
            graded: model,
            ..Options::default()
        };
        let found = run(&answers, &options);
        assert!(found.converged, "{}", found.last_change);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for (item, curve) in found.items.iter().zip(&curves) {
            let ItemCurve::Graded(curve) = curve else {
                continue;
            };
            a.push((curve.a, item.a, item.se_a));
            let thresholds = item.thresholds.iter().zip(&item.se_thresholds);
            b.extend(
                curve
                    .b
                    .iter()
                    .zip(thresholds)
                    .map(|(x, (y, se))| (*x, *y, *se)),
            );
        }
        check_recovery(&a, 0.1);
        check_recovery(&b, 0.13);
    }
}

#[test]
fn anchors_put_new_items_on_their_scale() {
    let mut draws = Draws::new(8);
    let curves = some_curves(&mut draws, 30, 0.0, 1.0);
    // The learners are stronger and more alike than those the anchors were calibrated on.
    let answers = answered(&curves, 3000, (0.8, 0.7), 9);
    let options = Options {
        anchors: (0..).zip(curves.iter().cloned()).take(10).collect(),
        ..Options::default()
    };
    let found = run(&answers, &options);
    assert!(found.converged, "{}", found.last_change);
    assert!(
        (found.population.mean - 0.8).abs() < 0.05 && (found.population.sd - 0.7).abs() < 0.05,
        "{:?}",
        found.population
    );
    let mut b = Vec::new();
    for (i, (item, curve)) in found.items.iter().zip(&curves).enumerate() {
        let ItemCurve::RightOrWrong(curve) = curve else {
            continue;
        };
        if i < 10 {
            assert!((item.b - curve.b).abs() < 1e-12 && item.se_b == 0.0);
        } else {
            b.push((curve.b, item.b, item.se_b));
        }
    }
    check_recovery(&b, 0.2);
}

/// What few answers leave open is filled by what was known, and what was known gives way to many.
#[test]
fn known_items_blend_with_their_answers() {
    let mut draws = Draws::new(13);
    let curves = some_curves(&mut draws, 30, 0.0, 1.0);
    let believed = |b: f64, sd: f64| ItemEstimate {
        a: 1.0,
        b,
        se_a: 0.3,
        se_b: sd,
        ..ItemEstimate::default()
    };
    let with = |n_learners, belief: Option<ItemEstimate>| {
        let answers = answered(&curves, n_learners, (0.0, 1.0), 14);
        let belief = belief.map(|estimate| (0, ItemBelief::of_estimate(&estimate).unwrap()));
        let options = Options {
            known: belief.into_iter().collect(),
            ..Options::default()
        };
        run(&answers, &options).items[0].clone()
    };
    let (alone, blended) = (with(60, None), with(60, Some(believed(3.0, 0.3))));
    assert!(
        alone.b + 0.3 < blended.b && blended.b < 2.9,
        "{} {}",
        alone.b,
        blended.b
    );
    assert!(blended.se_b < alone.se_b.min(0.3), "{}", blended.se_b);
    let (alone, blended) = (with(3000, None), with(3000, Some(believed(3.0, 1.0))));
    assert!((alone.b - blended.b).abs() < 0.02, "{alone:?} {blended:?}");
    assert_eq!(ItemBelief::of_estimate(&ItemEstimate::default()), None);
}

#[test]
fn anchors_that_do_not_fit_are_refused() {
    let answers = log([(0, 0, 1), (0, 1, 3)], 2);
    let with = |item, curve| {
        let options = Options {
            anchors: BTreeMap::from([(item, curve)]),
            ..Options::default()
        };
        calibrate(&answers, &options, &mut |_| {}).unwrap_err()
    };
    let two = |a| ItemCurve::RightOrWrong(Curve::two(a, 0.0));
    assert_eq!(
        with(5, two(1.0)).to_string(),
        "anchor for item 5, wanted below 2"
    );
    let graded = with(1, two(1.0));
    assert!(matches!(
        graded,
        CalibrateError::BadAnchor {
            item: 1,
            anchored: 1,
            wanted: 3
        }
    ));
    assert!(matches!(
        with(0, two(-1.0)),
        CalibrateError::BadAnchor { .. }
    ));
}

/// Plain maximum likelihood of every model is above the likelihood of the curves that made the answers.
#[test]
fn the_peak_is_above_the_truth() {
    let mut draws = Draws::new(11);
    for (model, c, d) in [
        (Model::TwoParameter, 0.0, 1.0),
        (Model::ThreeParameter, 0.2, 1.0),
        (Model::FourParameter, 0.2, 0.95),
    ] {
        let curves = some_curves(&mut draws, 12, c, d);
        let answers = answered(&curves, 2000, (0.0, 1.0), 12);
        let options = Options {
            model,
            priors: Priors::Off,
            ..Options::default()
        };
        let found = run(&answers, &options);
        let anchors = (0..).zip(curves).collect();
        let truth = run(&answers, &Options { anchors, ..options });
        let gain = found.log_likelihood - truth.log_likelihood;
        // Twice the gain is chi-square on as many degrees as there are parameters.
        assert!(gain > 0.0 && gain < 60.0, "{model:?}: {gain}");
    }
}

proptest! {
    /// Log-derivatives are those of the log probabilities, in every coordinate of every model.
    #[test]
    fn scores_match_differences(
        kind in 0_usize..6,
        line in (-2.0..2.0, -0.7..0.7, -3.0..-0.5, 0.5..3.0),
        gaps in prop::collection::vec(0.1..1.0, 3),
        x in -3.0..3.0,
    ) {
        let models = [
            Model::OneParameter,
            Model::TwoParameter,
            Model::ThreeParameter,
            Model::FourParameter,
        ];
        let (model, graded, n_scores) = match kind {
            4 => (Model::TwoParameter, GradedModel::GradedResponse, 5),
            5 => (Model::TwoParameter, GradedModel::PartialCredit, 5),
            _ => (models[kind], GradedModel::GradedResponse, 2),
        };
        let shape = Shape::new(model, graded, n_scores);
        let mut own = vec![line.0];
        for gap in gaps.iter().take(n_scores - 2) {
            own.push(own[own.len() - 1] + gap);
        }
        own.extend([line.1, line.2, line.3].iter().take(shape.n_parameters() + 1 - n_scores));
        let at = |own: &[f64]| {
            let mut curves = Curves::default();
            shape.fill(own, &[x], &mut curves);
            curves
        };
        let found = at(&own);
        prop_assert!((found.p.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        // The right-or-wrong curves come from f32 exponentials, hence their wide step.
        let h = if n_scores == 2 { 0.02 } else { 1e-4 };
        for i in 0..own.len() {
            let (mut up, mut down) = (own.clone(), own.clone());
            (up[i], down[i]) = (own[i] + h, own[i] - h);
            let (up, down) = (at(&up), at(&down));
            for k in 0..n_scores {
                let slope = (ln(up.p[k]) - ln(down.p[k])) / (2.0 * h);
                let score = found.score[i * n_scores + k];
                prop_assert!((slope - score).abs() < 3e-3 * (1.0 + score.abs()), "{i} {k}: {slope} {score}");
            }
        }
    }
}

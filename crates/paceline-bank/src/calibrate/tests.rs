use std::collections::BTreeMap;
use std::io::Read;

use paceline_core::stream::stream;
use rand::Rng;

use super::*;

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
        triples.push((learner, item, cells[4] == "1"));
    }
    let mut names = vec![String::new(); items.len()];
    items
        .into_iter()
        .for_each(|(name, i)| names[i as usize] = name);
    (
        Answers::new(learners.len(), names.len(), &triples).unwrap(),
        names,
    )
}

#[track_caller]
fn check(model: Model, expected: &str, log_likelihood: f64, variance: f64) {
    let (answers, names) = fixture();
    let options = Options {
        model,
        priors: None,
        nodes: 61,
        max_cycles: 2000,
        tolerance: 1e-5,
    };
    let found = calibrate(&answers, &options);
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
        (found.ability_variance - variance).abs() < 2e-3,
        "{}",
        found.ability_variance
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

/// 2PL answers: a ~ LogN(0, .3), b and ability ~ N(0, 1), `each` answers a learner.
fn simulated(n_items: u32, n_learners: u32, each: u32) -> (Answers, Vec<Curve>) {
    let mut random = stream("calibrate test", 7, b"");
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut normal =
        || sqrt(-2.0 * ln(1.0 - uniform())) * libm::cos(std::f64::consts::TAU * uniform());
    let curves: Vec<Curve> = (0..n_items)
        .map(|_| Curve::two(exp(0.3 * normal()), normal()))
        .collect();
    let abilities: Vec<f64> = (0..n_learners).map(|_| normal()).collect();
    let mut triples = Vec::new();
    for (learner, ability) in abilities.iter().enumerate() {
        for k in 0..each {
            let item = (learner as u32 * 37 + k * (n_items / each)) % n_items;
            triples.push((
                learner as u32,
                item,
                uniform() < curves[item as usize].p(*ability),
            ));
        }
    }
    (
        Answers::new(n_learners as usize, n_items as usize, &triples).unwrap(),
        curves,
    )
}

#[test]
fn the_result_does_not_depend_on_threads_or_order() {
    let (answers, _) = simulated(60, 400, 20);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| calibrate(&answers, &Options::default()))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn priors_keep_items_that_all_got_right_finite() {
    let triples: Vec<(u32, u32, bool)> = (0..50)
        .flat_map(|learner| [(learner, 0, true), (learner, 1, learner % 2 == 0)])
        .collect();
    let answers = Answers::new(50, 3, &triples).unwrap();
    let found = calibrate(&answers, &Options::default());
    assert!(
        found
            .items
            .iter()
            .all(|item| item.a > 0.0 && item.b.abs() < 10.0 && item.se_b.is_finite()),
        "{found:?}"
    );
    assert_eq!(found.items[2].n, 0);
    let refused = Answers::new(2, 2, &[(0, 5, true)]).unwrap_err();
    assert_eq!(refused.to_string(), "answer 0 names item 5, wanted below 2");
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
    let (answers, curves) = simulated(1000, 10_000, 50);
    let found = calibrate(&answers, &Options::default());
    let rmse = |gap: &dyn Fn(&ItemEstimate, &Curve) -> f64| {
        let sum: f64 = found
            .items
            .iter()
            .zip(&curves)
            .map(|(item, curve)| gap(item, curve).powi(2))
            .sum();
        sqrt(sum / curves.len() as f64)
    };
    let (b, a) = (
        rmse(&|item, curve| item.b - curve.b),
        rmse(&|item, curve| item.a - curve.a),
    );
    eprintln!("RMSE b {b:.4}, a {a:.4}, {} cycles", found.cycles);
    assert!(b < 0.17 && a < 0.145, "RMSE b {b}, a {a}");
}

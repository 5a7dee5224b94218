use paceline_core::math::wide::{exp, ln, sqrt};
use paceline_core::stream::{ChaCha8Rng, stream};
use rand::Rng;

use super::*;
use crate::ability::{Estimator, Prior, estimate};

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = sqrt(-2.0 * ln(1.0 - uniform(random)));
    radius * libm::cos(std::f64::consts::TAU * uniform(random))
}

fn bank(n: usize) -> Vec<Curve> {
    let mut random = stream("select test", 3, b"bank");
    (0..n)
        .map(|_| Curve::two(exp(0.3 * normal(&mut random)), normal(&mut random)))
        .collect()
}

#[test]
fn lists_choose_as_a_scan_of_the_whole_bank() {
    let selector = Selector::new(bank(5000), 64);
    for step in -45..=45 {
        let ability = f64::from(step) * 0.0937;
        let is_open = |item: u32| !item.is_multiple_of(3);
        let scan = (0..5000).filter(|&item| is_open(item)).max_by(|&a, &b| {
            let information = |item: u32| selector.curves()[item as usize].information(ability);
            information(a).total_cmp(&information(b)).then(b.cmp(&a))
        });
        let found = selector
            .most_informative(ability, 1, is_open)
            .first()
            .copied();
        let information = |item: Option<u32>| {
            item.map_or(0.0, |i| selector.curves()[i as usize].information(ability))
        };
        assert!(
            information(found) >= 0.999 * information(scan),
            "{ability}: {found:?}, {scan:?}"
        );
    }
    // Where a list is used up, the bank itself is looked at.
    let last = selector.most_informative(0.0, 2, |item| item >= 4998);
    assert_eq!(last.len(), 2);
    assert!(
        Selector::new(Vec::new(), 10)
            .most_informative(0.0, 1, |_| true)
            .is_empty()
    );
}

/// Mean items until the posterior's standard deviation is below .3, and the highest exposure.
fn measure(max_rate: f64, examinees: u32) -> (f64, f64, f64) {
    let selector = Selector::new(bank(1000), 256);
    let mut exposure = Exposure::new(1000, max_rate);
    let (mut used, mut squares) = (0, 0.0);
    for examinee in 0..examinees {
        let mut random = stream("select test", 5, &examinee.to_le_bytes());
        let truth = normal(&mut random);
        exposure.begin_test();
        let mut answers: Vec<(Curve, bool)> = Vec::new();
        let mut shown: Vec<u32> = Vec::new();
        let mut now = estimate(&answers, Estimator::PosteriorMean, Prior::default());
        while now.standard_error >= 0.3 && answers.len() < 60 {
            let is_open = |item: u32| exposure.is_open(item) && !shown.contains(&item);
            let item = selector.most_informative(now.ability, 1, is_open)[0];
            let curve = selector.curves()[item as usize];
            exposure.show(item);
            shown.push(item);
            answers.push((curve, uniform(&mut random) < curve.p(truth)));
            now = estimate(&answers, Estimator::PosteriorMean, Prior::default());
        }
        used += answers.len();
        squares += (now.ability - truth) * (now.ability - truth);
    }
    let most = (0..1000)
        .map(|item| exposure.rate(item))
        .fold(0.0, f64::max);
    (
        used as f64 / f64::from(examinees),
        sqrt(squares / f64::from(examinees)),
        most,
    )
}

#[test]
fn a_capped_test_costs_a_few_items_more() {
    let (free, capped) = (measure(1.0, 120), measure(0.25, 120));
    eprintln!("items, RMSE, highest exposure: free {free:?}, capped {capped:?}");
    assert!(free.0 <= 15.5 && free.2 > 0.9, "{free:?}");
    assert!(capped.0 <= 17.5 && capped.2 <= 0.25 + 1e-9, "{capped:?}");
    assert!(free.1 < 0.36 && capped.1 < 0.36);
}

#[test]
fn sympson_hetter_brings_a_popular_item_down() {
    let mut control = SympsonHetter::new(4, 0.25);
    control.adjust(&[100, 50, 10, 0], 100, 1);
    let shown = |item| {
        (0..1000_u64)
            .filter(|i| control.shows(item, i << 54 | i))
            .count()
    };
    assert_eq!(control.p_shown, [0.25, 0.5, 1.0, 1.0]);
    assert!((200..300).contains(&shown(0)) && shown(2) == 1000);
}

#[test]
fn randomesque_picks_among_the_best() {
    let selector = Selector::new(bank(200), 50);
    let best = selector.most_informative(0.3, 5, |_| true);
    let picked: std::collections::BTreeSet<u32> = (0..16_u64)
        .filter_map(|i| selector.randomesque(0.3, 5, i << 60, |_| true))
        .collect();
    assert_eq!(picked, best.into_iter().collect());
}

use paceline_core::math::wide::exp;
use paceline_core::stream::{ChaCha8Rng, stream};
use rand::Rng;

use super::*;

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

fn selector(rule: Rule, n: u32, depth: usize) -> Selector {
    Selector::new(rule, bank(n as usize), (0..n).collect(), depth)
}

fn at(ability: f64) -> Moment {
    Moment {
        ability,
        answered: 0,
        max_items: 30,
        random: 0,
    }
}

#[test]
fn lists_choose_as_a_scan_of_the_whole_bank() {
    let selector = selector(Rule::MaximumInformation, 5000, 64);
    let price = |item: u32| if item.is_multiple_of(7) { 0.2 } else { 0.0 };
    for step in -45..=45 {
        let ability = f64::from(step) * 0.0937;
        let is_open = |item: u32| !item.is_multiple_of(3);
        let worth = |item: u32| selector.curves()[item as usize].information(ability) - price(item);
        let scan = (0..5000)
            .filter(|&item| is_open(item))
            .map(worth)
            .fold(f64::MIN, f64::max);
        let found = selector.choose(&at(ability), is_open, price).map(worth);
        assert!(
            found.unwrap() >= 0.999 * scan,
            "{ability}: {found:?}, {scan}"
        );
    }
    // Where a list is used up, the bank itself is looked at.
    assert_eq!(selector.best(0.0, 2, |item| item >= 4998, |_| 0.0).len(), 2);
    let empty = Selector::new(Rule::MaximumInformation, Vec::new(), vec![3], 10);
    assert_eq!(empty.choose(&at(0.0), |_| true, |_| 0.0), None);
}

#[test]
fn the_closest_difficulty_is_closest_and_strata_rise_in_discrimination() {
    let closest = selector(Rule::ClosestDifficulty, 500, 1);
    let strata = selector(Rule::Stratified { strata: 5 }, 500, 1);
    let gap = |item: u32| (closest.curves()[item as usize].b - 0.4).abs();
    let is_open = |item: u32| item % 2 == 1;
    let found = closest.choose(&at(0.4), is_open, |_| 0.0).unwrap();
    assert!(
        (0..500)
            .filter(|&item| is_open(item))
            .all(|item| gap(found) <= gap(item))
    );
    let a = |answered| {
        let moment = Moment {
            answered,
            ..at(0.4)
        };
        strata
            .choose(&moment, |_| true, |_| 0.0)
            .map(|item| strata.curves()[item as usize].a)
    };
    let stages: Vec<f64> = (0..5).filter_map(|stage| a(stage * 6)).collect();
    assert!(stages.len() == 5 && stages.is_sorted(), "{stages:?}");
    // Used up strata are stood in for by the next.
    let last = strata.choose(&at(0.4), |item| item == 17, |_| 0.0);
    assert_eq!(last, Some(17));
}

#[test]
fn kullback_leibler_takes_sharp_items_less_often_while_little_is_known() {
    let selector = selector(Rule::KullbackLeibler, 2000, 64);
    let chosen = |answered| {
        let moment = Moment {
            answered,
            ..at(0.7)
        };
        selector.choose(&moment, |_| true, |_| 0.0).unwrap()
    };
    // Far into a test the interval is narrow, and the rule is maximum information.
    let information = |item: u32| selector.curves()[item as usize].information(0.7);
    let best = selector.best(0.7, 1, |_| true, |_| 0.0)[0];
    assert!(information(chosen(10_000)) >= 0.99 * information(best));
    let first = chosen(0);
    let wide = |item| divergence(selector.curves()[item as usize], 0.7, 3.0);
    assert!(wide(first) >= wide(best));
    // A unit of Fisher information is a divergence of half the squared distance (Kullback 1959, ch. 2).
    let curve = Curve::two(1.3, 0.2);
    let near = divergence(curve, 0.7, 1e-3) / (1e-9 / 3.0);
    assert!((near / curve.information(0.7) - 1.0).abs() < 1e-3, "{near}");
}

#[test]
fn a_price_sends_an_item_to_those_it_tells_most() {
    let mut exposure = Exposure::new(3, 0.25);
    for _ in 0..8 {
        exposure.begin_test();
        exposure.show(0);
    }
    assert!(exposure.price(0) > 0.5 && exposure.price(1) == 0.0);
    assert!(!exposure.is_open(0) && exposure.is_open(1) && !exposure.is_open(9));
    for _ in 0..400 {
        exposure.begin_test();
    }
    assert!(exposure.price(0) == 0.0 && exposure.is_open(0));
    assert_eq!(exposure.rate(0), 8.0 / 408.0);
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
    assert_eq!(control.p_shown(), [0.25, 0.5, 1.0, 1.0]);
    assert!((200..300).contains(&shown(0)) && shown(2) == 1000);
}

#[test]
fn randomesque_picks_among_the_best() {
    let selector = selector(Rule::Randomesque { among: 5 }, 200, 50);
    let best = selector.best(0.3, 5, |_| true, |_| 0.0);
    let picked: std::collections::BTreeSet<u32> = (0..16_u64)
        .filter_map(|i| {
            let moment = Moment {
                random: i << 60,
                ..at(0.3)
            };
            selector.choose(&moment, |_| true, |_| 0.0)
        })
        .collect();
    assert_eq!(picked, best.into_iter().collect());
}

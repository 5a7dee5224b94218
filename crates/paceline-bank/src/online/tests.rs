use paceline_core::stream::{ChaCha8Rng, stream};
use proptest::prelude::*;
use rand::Rng;

use super::*;
use crate::irt::Curve;

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    sqrt(-2.0 * ln(1.0 - uniform(random))) * libm::cos(std::f64::consts::TAU * uniform(random))
}

#[test]
fn planted_items_are_learned_with_honest_errors() {
    let mut random = stream("online test", 1, b"");
    let random = &mut random;
    let (mut square_first, mut square, mut inside) = (0.0, 0.0, 0);
    for _ in 0..200 {
        let curve = Curve::two(exp(0.3 * normal(random)), normal(random));
        let mut item = OnlineItem::new(&Beliefs::default());
        square_first += (item.estimate().b - curve.b).powi(2) / 200.0;
        for _ in 0..300 {
            let ability = normal(random);
            let seen = Ability {
                ability: ability + 0.3 * normal(random),
                standard_error: 0.3,
            };
            // Any uniform draw serves: two normals' phase is one.
            let right = libm::erfc(-normal(random) * std::f64::consts::FRAC_1_SQRT_2) * 0.5
                < curve.p(ability);
            item.answer(seen, right);
        }
        let found = item.estimate();
        assert_eq!(found.n, 300);
        square += (found.b - curve.b).powi(2) / 200.0;
        inside += i32::from((found.b - curve.b).abs() < 2.0 * found.se_b);
    }
    assert!(
        square_first > 0.7 && square < 0.05,
        "{square_first} {square}"
    );
    assert!(inside > 160, "{inside} of 200 within two errors");
}

/// Nothing but the log tells abilities: 100 items, 3,000 learners, 30 answers each.
#[test]
fn one_pass_learns_items_and_learners_together() {
    let mut random = stream("online test", 2, b"");
    let random = &mut random;
    let curves: Vec<Curve> = (0..100)
        .map(|_| Curve::two(exp(0.3 * normal(random)), normal(random)))
        .collect();
    let mut items = vec![OnlineItem::new(&Beliefs::default()); curves.len()];
    let before = Ability {
        ability: 0.0,
        standard_error: 1.0,
    };
    let (mut gap, mut inside) = (0.0, 0);
    for learner in 0..3000 {
        let (truth, mut ability) = (normal(random), before);
        for k in 0..30 {
            let at = (learner * 7 + k * 3) % curves.len();
            let right = uniform(random) < curves[at].p(truth);
            let now = ability;
            ability = items[at].ability_after(now, right);
            items[at].answer(now, right);
            assert!(ability.standard_error < now.standard_error);
        }
        if learner >= 2000 {
            gap += (ability.ability - truth).powi(2) / 1000.0;
            inside += i32::from((ability.ability - truth).abs() < 2.0 * ability.standard_error);
        }
    }
    let square = |value: fn(&ItemEstimate) -> f64, truth: fn(&Curve) -> f64| {
        let each = items.iter().zip(&curves);
        sqrt(
            each.map(|(item, curve)| (value(&item.estimate()) - truth(curve)).powi(2))
                .sum::<f64>()
                / 100.0,
        )
    };
    let (b, a) = (
        square(|item| item.b, |curve| curve.b),
        square(|item| item.a, |curve| curve.a),
    );
    eprintln!(
        "RMSE b {b:.3}, a {a:.3}, ability {:.3}, {inside} within",
        sqrt(gap)
    );
    assert!(b < 0.2 && a < 0.2, "b {b}, a {a}");
    assert!(sqrt(gap) < 0.45 && inside > 900, "{} {inside}", sqrt(gap));
}

#[test]
fn an_estimate_is_taken_up_where_it_was_left() {
    let mut item = OnlineItem::new(&Beliefs::default());
    let ability = Ability {
        ability: 0.3,
        standard_error: 0.2,
    };
    (0..50).for_each(|i| item.answer(ability, i % 3 > 0));
    let left = item.estimate();
    let resumed = OnlineItem::resume(&left, &Beliefs::default()).estimate();
    assert!((resumed.b - left.b).abs() < 1e-9 && (resumed.se_b - left.se_b).abs() < 1e-9);
    assert_eq!(resumed.n, 50);
    let none = OnlineItem::resume(&ItemEstimate::default(), &Beliefs::default());
    assert_eq!(none, OnlineItem::new(&Beliefs::default()));
}

proptest! {
    /// A right answer makes an item easier, a wrong one harder, and either is evidence.
    #[test]
    fn answers_move_difficulty_the_right_way(
        ability in -4.0..4.0,
        standard_error in 0.0..2.0,
        right in any::<bool>(),
    ) {
        let mut item = OnlineItem::new(&Beliefs::default());
        let before = item.estimate();
        item.answer(Ability { ability, standard_error }, right);
        let after = item.estimate();
        prop_assert_eq!(right, after.b < before.b);
        prop_assert_eq!(right, after.b <= before.b);
        prop_assert!(after.se_b < before.se_b && after.a.is_finite());
    }
}

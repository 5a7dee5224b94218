use paceline_core::math::wide::logistic;
use paceline_core::stream::stream;
use rand::Rng;

use super::*;

/// Answers of 400 learners a group to one item among 20; the focal group meets it `harder` logits harder.
fn answers(seed: u64, harder: f64) -> Vec<Judged> {
    let mut random = stream("health test", seed, b"");
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut judged = Vec::new();
    for learner in 0..800 {
        let group = if learner % 2 == 0 {
            Group::Reference
        } else {
            Group::Focal
        };
        // A sum of uniforms is near enough to normal: variance 1.
        let ability = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let rest = (0..19)
            .filter(|&item| uniform() < logistic(ability - f64::from(item - 9) / 5.0))
            .count();
        let shift = if group == Group::Focal { harder } else { 0.0 };
        judged.push(Judged {
            right: uniform() < logistic(ability - shift),
            score: rest as f64,
            group,
        });
    }
    judged
}

#[test]
fn a_planted_disadvantage_is_found_and_none_is_seldom_seen() {
    let found = |harder| {
        (0..200)
            .filter(|&seed| mantel_haenszel(&answers(seed, harder)).unwrap().p_value < 0.05)
            .count()
    };
    let (planted, none) = (found(0.6), found(0.0));
    assert!(planted >= 180, "power {planted} of 200");
    assert!((2..=20).contains(&none), "false alarms {none} of 200");
    let large = mantel_haenszel(&answers(1, 1.5)).unwrap();
    assert!(
        large.class == DifClass::C && large.delta < -2.0,
        "{large:?}"
    );
    let alarmed =
        (0..200).filter(|&seed| mantel_haenszel(&answers(seed, 0.0)).unwrap().class != DifClass::A);
    assert!(alarmed.count() <= 10);
    assert_eq!(mantel_haenszel(&[]), None);
}

#[test]
fn an_item_that_the_strong_get_wrong_shows() {
    let good = answers(1, 0.0);
    let bad: Vec<Judged> = good
        .iter()
        .map(|answer| Judged {
            right: !answer.right,
            ..*answer
        })
        .collect();
    let (good, bad) = (
        point_biserial(&good).unwrap(),
        point_biserial(&bad).unwrap(),
    );
    assert!(good > 0.3 && (good + bad).abs() < 1e-12, "{good}, {bad}");
    assert_eq!(point_biserial(&[]), None);
}

#[test]
fn a_choice_that_draws_the_strong_shows() {
    // The weak choose 1, the strong 0, which is right, nobody 2; a choice 7 is not on the list.
    let mut answers: Vec<(u16, bool, f64)> = (0..30_u16)
        .map(|i| (u16::from(i < 10), i >= 10, f64::from(i)))
        .collect();
    answers.push((7, false, 3.0));
    let [right, wrong, never] = choices(3, &answers)[..] else {
        panic!("wanted three choices");
    };
    assert_eq!((right.n, right.n_right, right.ability_gap), (20, 20, 15.0));
    assert_eq!((wrong.n, wrong.n_right, wrong.ability_gap), (10, 0, -15.0));
    assert!(right.p_value < 1e-6 && right.p_value == wrong.p_value);
    assert_eq!((never.n, never.ability_gap, never.p_value), (0, 0.0, 1.0));
}

#[test]
fn drift_is_a_shift_beyond_its_error() {
    let at = |b, n| ItemEstimate {
        a: 1.0,
        b,
        se_a: 0.1,
        se_b: 0.1,
        n,
        ..ItemEstimate::default()
    };
    let moved = drift(&at(0.0, 500), &at(0.5, 500)).unwrap();
    assert!(moved.shift == 0.5 && moved.p_value < 0.001);
    assert!(drift(&at(0.0, 500), &at(0.1, 500)).unwrap().p_value > 0.05);
    assert_eq!(drift(&at(0.0, 500), &at(0.1, 0)), None);
}

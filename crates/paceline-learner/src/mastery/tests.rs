use super::*;
use proptest::prelude::*;

proptest! {
    /// The quick test and the probability say the same.
    #[test]
    fn the_bar_is_its_probability(t in 0.5f32..0.95, c in 0.5f32..0.95, logit in -3.0f32..5.0, v in 0.01f32..2.0) {
        let bar = Bar::new(t, c);
        let p = bar.p_met(logit, v);
        prop_assert!(bar.is_met(logit, v) == (p >= c) || (p - c).abs() < 1e-4);
    }

    /// An interval holds its middle.
    #[test]
    fn an_interval_is_about_its_mean(logit in -3.0f32..3.0, v in 0.0f32..2.0) {
        let (low, high) = interval(logit, v, 0.8);
        prop_assert!(low <= math::logistic(logit) && math::logistic(logit) <= high);
    }

    /// Whatever the numbers, no panic, and probabilities stay in range.
    #[test]
    fn wild_input(t in any::<f32>(), c in any::<f32>(), logit in any::<f32>(), v in any::<f32>()) {
        let bar = Bar::new(t, c);
        let p = bar.p_met(logit, v);
        prop_assert!(p.is_nan() || (0.0..=1.0).contains(&p));
        let _ = (bar.is_met(logit, v), interval(logit, v, c));
    }
}

#[test]
fn quantiles_are_the_published_ones() {
    for (p, z) in [
        (0.5, 0.0),
        (0.75, 0.674_490),
        (0.9, 1.281_552),
        (0.975, 1.959_964),
        (0.01, -2.326_348),
    ] {
        assert!((normal_quantile(p) - z).abs() < 1e-6);
    }
}

#[test]
fn a_new_learner_must_do_better_than_the_bar() {
    let bar = Bar::default();
    let (unsure, sure) = (1.2, 0.12);
    assert!(!bar.is_met(math::logit(0.85), unsure));
    assert!(bar.is_met(math::logit(0.91), unsure));
    assert!(bar.is_met(math::logit(0.85), sure));
}

#[test]
fn a_standing_has_one_word() {
    let check =
        |mastery, n, r, wanted: &str| assert_eq!(Standing::of(mastery, n, r).words(), wanted);
    check(Mastery::Open, 0, None, "not started");
    check(Mastery::Met, 0, None, "not started");
    check(Mastery::Open, 0, Some(1.0), "learning");
    check(Mastery::Open, 30, Some(0.95), "learning");
    check(Mastery::Met, 3, Some(0.99), "fragile");
    check(Mastery::Met, 4, Some(0.9), "secure");
    check(Mastery::Met, 9, Some(0.89), "fading");
}

#[test]
fn a_bar_is_stored_as_its_two_numbers() {
    let json = serde_json::to_string(&Bar::new(0.5, 0.75)).unwrap();
    assert_eq!(json, "[0.5,0.75]");
    assert_eq!(
        serde_json::from_str::<Bar>(&json).unwrap(),
        Bar::new(0.5, 0.75)
    );
}

#[test]
fn the_default_confidence_has_its_quantile() {
    let (at, new) = (Bar::at(0.9), Bar::new(0.9, 0.75));
    assert_eq!(at.confidence(), new.confidence());
    assert!((at.margin_sd - new.margin_sd).abs() < 1e-6);
}

use super::*;
use proptest::prelude::*;

fn relative(found: f32, wanted: f64) -> f64 {
    ((f64::from(found) - wanted) / wanted).abs()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn exp_is_within_its_stated_error(x in -87.0f32..88.0) {
        prop_assert!(relative(exp(x), wide::exp(f64::from(x))) < 2e-7);
    }

    #[test]
    fn ln_is_within_its_stated_error(power in -37.0f32..38.0) {
        let x = libm::powf(10.0, power);
        let wanted = wide::ln(f64::from(x));
        let error = (f64::from(ln(x)) - wanted).abs();
        prop_assert!(error < 1e-7 || error / wanted.abs() < 2e-7);
    }

    #[test]
    fn powf_is_within_its_stated_error(x in 1e-4f32..1e4, y in -3.0f32..3.0) {
        let exponent = f64::from(y) * wide::ln(f64::from(x));
        let wanted = wide::powf(f64::from(x), f64::from(y));
        prop_assert!(relative(powf(x, y), wanted) < (2.0 + f64::from(y.abs()) + 3.0 * exponent.abs()) * 1e-7);
    }

    #[test]
    fn logistic_is_within_its_stated_error(x in -80.0f32..80.0) {
        prop_assert!(relative(logistic(x), wide::logistic(f64::from(x))) < 3e-7);
    }

    #[test]
    fn logit_undoes_logistic(x in -6.0f32..6.0) {
        prop_assert!((logit(logistic(x)) - x).abs() < 1e-4);
    }
}

#[test]
fn the_ends_of_the_range_are_finite() {
    for x in [f32::NEG_INFINITY, -1e30, -88.0, 0.0, 88.5, f32::INFINITY] {
        assert!(exp(x).is_finite() && exp(x) > 0.0, "{x}");
    }
    assert_eq!(exp(0.0), 1.0);
    assert_eq!(ln(1.0), 0.0);
    assert!(ln(0.0).is_finite());
}

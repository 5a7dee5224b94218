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
        prop_assert!(relative(powf(x, y), wanted) < (2.0 + 2.0 * f64::from(y.abs()) + 3.0 * exponent.abs()) * 1e-7);
    }

    #[test]
    fn exp2_is_within_its_stated_error(x in -126.0f32..127.0) {
        prop_assert!(relative(exp2(x), libm::exp2(f64::from(x))) < 2e-7);
    }

    #[test]
    fn log2_is_within_its_stated_error(power in -37.0f32..38.0) {
        let x = libm::powf(10.0, power);
        let wanted = libm::log2(f64::from(x));
        prop_assert!((f64::from(log2(x)) - wanted).abs() < 2e-7 + 1e-7 * wanted.abs());
    }

    #[test]
    fn decay_is_within_its_stated_error(power in 0.0f32..10.0, y in 0.0f32..0.98) {
        let x = libm::powf(10.0, power);
        let exponent = f64::from(y) * wide::ln(f64::from(x));
        let wanted = wide::exp(-exponent);
        prop_assert!(relative(decay(x, y), wanted) < (3.0 + 7.0 * f64::from(y) + 3.0 * exponent) * 1e-7);
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
    assert_eq!((exp2(0.0), log2(1.0), powf(1.0, 3.0)), (1.0, 0.0, 1.0));
    for x in [f32::NAN, f32::NEG_INFINITY, -1.0, 0.0, 1.0] {
        assert_eq!(decay(x, 0.5), 1.0, "{x}");
    }
    for (x, y) in [
        (0.0, 3.0),
        (0.0, -3.0),
        (f32::INFINITY, 3.0),
        (f32::MAX, -3.0),
    ] {
        assert!(powf(x, y).is_finite() && powf(x, y) > 0.0, "{x} {y}");
    }
    assert!((0.0..1e-15).contains(&decay(f32::INFINITY, 0.5)));
}

use super::*;

#[test]
fn a_unit_refuses_what_is_out_of_range() {
    assert!(Probability::new(0.0).is_ok() && Probability::new(1.0).is_ok());
    for p in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
        assert!(Probability::new(p).is_err(), "{p}");
    }
    assert!(Minutes::new(f32::INFINITY).is_err() && Minutes::new(-1.0).is_err());
    assert!(Logit::new(-30.0).is_ok() && Logit::new(f32::NAN).is_err());
    assert_eq!(Probability::clamped(f32::NAN), Probability::ZERO);
    assert_eq!(Minutes::clamped(f32::NAN).get(), 0.0);
}

#[test]
fn a_bad_value_says_what_was_wanted() {
    let error = Probability::new(1.5).unwrap_err().to_string();
    assert_eq!(
        error,
        "1.5 is not a valid probability; wanted a number from 0 to 1"
    );
    assert!(serde_json::from_str::<Probability>("1.5").is_err());
}

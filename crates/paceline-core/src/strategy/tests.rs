use super::*;

#[test]
fn a_switch_turns_off_and_on_again() {
    let all: Strategies = Strategy::ALL.into_iter().collect();
    for strategy in Strategy::ALL {
        assert!(!all.without(strategy).has(strategy));
        assert_eq!(all.without(strategy).with(strategy), all);
        assert_eq!(strategy.name().parse(), Ok(strategy));
    }
    let off = |s: &Strategy| !Strategies::default().has(*s);
    let off: Vec<_> = Strategy::ALL.into_iter().filter(off).collect();
    assert_eq!(off, [Strategy::MasteryGate]);
}

#[test]
fn a_set_is_written_as_names() {
    let set = Strategies::NONE
        .with(Strategy::Spacing)
        .with(Strategy::Pace);
    let json = serde_json::to_string(&set).unwrap();
    assert_eq!(json, r#"["spacing","pace"]"#);
    assert_eq!(serde_json::from_str::<Strategies>(&json).unwrap(), set);
    assert!(
        "luck"
            .parse::<Strategy>()
            .unwrap_err()
            .to_string()
            .contains("mastery_gate")
    );
}

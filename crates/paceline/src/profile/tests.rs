use super::*;

#[test]
fn answers_are_forgotten_after_a_week_but_never_the_last_twenty() {
    let mut profile = Profile::default();
    for day in 0..30 {
        profile.answered("math/x", None, Timestamp(day * DAY_SECONDS), true);
    }
    assert_eq!(profile.recent.len(), RECENT_AT_LEAST);
    for n in 0..1_000 {
        profile.answered("math/x", None, Timestamp(30 * DAY_SECONDS + n), true);
    }
    assert_eq!(profile.recent.len(), RECENT_AT_MOST);
}

#[test]
fn an_activity_is_found_by_its_plan_and_place() {
    let shown = |kind| Shown { kind, theme: None };
    let mut profile = Profile {
        offers: vec![(
            "p7".to_owned(),
            vec![shown(ActivityKind::Lesson), shown(ActivityKind::Probe)],
        )],
        ..Profile::default()
    };
    assert_eq!(profile.shown("p7-2"), Some(&shown(ActivityKind::Probe)));
    for unknown in ["p7-0", "p7-3", "p8-1", "p7", "p7-x", ""] {
        assert_eq!(profile.shown(unknown), None, "{unknown}");
    }
    let offer = |n: usize| Offered {
        plan: format!("q{n}"),
        bank: String::new(),
        params: String::new(),
        learner_version: 0,
        seed: 0,
        strategies: paceline_core::strategy::Strategies::default(),
        activities: Vec::new(),
    };
    (1..OFFERS_AT_MOST).for_each(|n| profile.offer(&offer(n)));
    assert!(
        profile.shown("p7-2").is_some(),
        "an answer may come after newer offers"
    );
    profile.offer(&offer(OFFERS_AT_MOST));
    assert_eq!(profile.shown("p7-2"), None);
}

use super::*;

#[test]
fn local_ids_are_lower_case_words() {
    for id in ["a", "7", "add-like_2"] {
        assert_eq!(check_local_id(id), Ok(()), "{id}");
    }
    for id in ["", "-a", "_a", "A", "ä", "a b", "a/b"] {
        assert!(
            matches!(check_local_id(id), Err(IdError::Local { .. })),
            "{id}"
        );
    }
    assert!(matches!(
        check_local_id(&"a".repeat(65)),
        Err(IdError::TooLong { bytes: 65, .. })
    ));
    assert_eq!(check_qualified_id("math/add"), Ok(("math", "add")));
    assert!(check_qualified_id("add").is_err());
}

#[test]
fn a_learner_id_names_nobody() {
    assert_eq!(LearnerId::new("kim@example.org"), Err(IdError::Email));
    assert!(LearnerId::new("kim@school").is_ok());
    assert!(EventId::new("kim@example.org").is_ok());
    assert_eq!(LearnerId::new(""), Err(IdError::Empty));
    assert!(matches!(
        LearnerId::new("a\nb"),
        Err(IdError::Control { .. })
    ));
    assert!(matches!(
        LearnerId::new("x".repeat(129)),
        Err(IdError::TooLong { .. })
    ));
}

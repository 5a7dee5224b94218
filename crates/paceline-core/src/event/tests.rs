use super::*;

fn attempt() -> Event {
    Event {
        event_id: EventId::new("e1").unwrap(),
        learner: LearnerId::new("kim").unwrap(),
        at: Timestamp(1_790_000_000),
        received: Timestamp(1_790_000_001),
        utc_offset: UtcOffset::new(3600),
        body: EventBody::Attempt(Attempt::new(
            "math/eighths",
            Outcome::Response(vec!["1/2".into()]),
            12.5,
        )),
    }
}

#[test]
fn an_event_reads_back_as_it_was_written() {
    let json = serde_json::to_string(&attempt()).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), attempt());
}

#[test]
fn a_platform_may_leave_out_what_it_does_not_know() {
    let json = r#"{"event_id":"e1","learner":"kim","at":5,"received":6,"event":"attempt",
        "item":"math/eighths","score":0.5,"seconds":3}"#;
    let event: Event = serde_json::from_str(json).unwrap();
    let EventBody::Attempt(attempt) = event.body else {
        panic!("{event:?}")
    };
    assert_eq!(
        attempt.outcome,
        Outcome::Score(Probability::new(0.5).unwrap())
    );
    assert_eq!(
        (attempt.tries, attempt.hints, attempt.help),
        (1, 0, Help::None)
    );
}

#[test]
fn a_score_out_of_range_is_refused_with_what_was_wanted() {
    let json = r#"{"event_id":"e1","learner":"kim","at":5,"received":6,"event":"attempt",
        "item":"math/eighths","score":1.5,"seconds":3}"#;
    let error = serde_json::from_str::<Event>(json).unwrap_err().to_string();
    assert!(error.contains("wanted a number from 0 to 1"), "{error}");
}

//! What is recorded is never lost, never counted twice, and the same however it arrives.

use crate::support::{NOON, attempt, chain, engine, enrol, event, id, timed};
use paceline::event::{Enrolled, Event, EventBody};
use paceline::store::JournalOptions;
use paceline::units::Probability;
use paceline::{Config, Engine, Error, JournalStore, Params, PlanRequest};
use std::sync::Arc;

fn state(engine: &Engine, learner: &str) -> Vec<u8> {
    engine.store().view(&id(learner)).unwrap().unwrap().bytes
}

fn history(n: i64) -> Vec<Event> {
    (0..n)
        .map(|k| {
            let item = format!("c/s{:02}-{}", k % 5, k % 6);
            event(
                "kim",
                &format!("a{k:06}"),
                40 * k,
                attempt(&item, k % 4 != 3),
            )
        })
        .collect()
}

fn with_history(events: Vec<Event>) -> Engine {
    with_history_of("kim", events)
}

fn with_history_of(learner: &str, events: Vec<Event>) -> Engine {
    let engine = engine(5);
    enrol(&engine, learner, Enrolled::default());
    for update in engine.record_many(events) {
        update.unwrap();
    }
    engine
}

#[test]
fn a_duplicate_changes_nothing_and_gives_the_first_answer() {
    let engine = with_history(history(10));
    let sent = event("kim", "again", 500, attempt("c/s01-2", true));
    let first = engine.record(sent.clone()).unwrap();
    engine
        .record(event("kim", "later", 600, attempt("c/s01-3", false)))
        .unwrap();
    let before = state(&engine, "kim");
    let mut resent = sent.clone();
    resent.received = NOON.plus_days(3);
    let second = engine.record(resent).unwrap();
    assert!(second.duplicate && !first.duplicate);
    assert_eq!(second.attempt, first.attempt);
    assert_eq!(second.learner_version, first.learner_version);
    assert_eq!(state(&engine, "kim"), before);
    let mut other = sent;
    other.body = attempt("c/s01-2", false);
    assert!(matches!(
        engine.record(other),
        Err(Error::EventIdReused { .. })
    ));
}

#[test]
fn events_that_come_late_give_the_state_of_their_own_order() {
    let straight = with_history(history(60));
    let mut shuffled = history(60);
    shuffled.reverse();
    shuffled.swap(3, 40);
    let engine = with_history(Vec::new());
    for event in shuffled {
        engine.record(event).unwrap();
    }
    assert_eq!(state(&engine, "kim"), state(&straight, "kim"));
}

#[test]
fn a_hundred_thousand_attempts_replay_to_the_same_bits() {
    let engine = with_history(history(100_000));
    let lines = engine.export(&id("kim")).unwrap();
    let again = crate::support::engine(5);
    let events: Vec<Event> = lines
        .iter()
        .map(|line| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["received"] = value["at"].clone();
            serde_json::from_value(value).unwrap()
        })
        .collect();
    for chunk in events.chunks(1_000) {
        for update in again.record_many(chunk.to_vec()) {
            update.unwrap();
        }
    }
    assert_eq!(state(&again, "kim"), state(&engine, "kim"));
}

#[test]
fn a_view_that_lags_is_folded_up_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let open = |view_lag| {
        let store = JournalStore::open(folder.path(), JournalOptions::default()).unwrap();
        let config = Config {
            view_lag,
            ..Config::default()
        };
        let (bank, params) = (Arc::new(chain(5)), Params::defaults());
        Engine::open_with(bank, Box::new(store), params, config).unwrap()
    };
    let check = |name: &str, sent: EventBody, seconds| {
        let learner = id(name);
        let events = |from, to| {
            let of = |mut event: Event| {
                event.learner = learner.clone();
                event
            };
            let all = history(30).into_iter().map(of);
            all.skip(from).take(to - from).collect::<Vec<_>>()
        };
        let mut sent = event(name, "sent", seconds, sent);
        sent.received = NOON.plus_days(1);
        let engine = open(f32::INFINITY);
        enrol(&engine, name, Enrolled::default());
        engine
            .record_many(events(0, 20))
            .into_iter()
            .for_each(|answer| drop(answer.unwrap()));
        let first = state(&engine, name);
        engine.record(sent.clone()).unwrap();
        assert_eq!(state(&engine, name), first, "the view lags");
        drop(engine);
        let engine = open(0.0);
        engine
            .record_many(events(20, 30))
            .into_iter()
            .for_each(|answer| drop(answer.unwrap()));
        let straight = with_history_of(name, [events(0, 20), vec![sent], events(20, 30)].concat());
        assert_eq!(state(&engine, name), state(&straight, name), "{name}");
    };
    check("next", attempt("c/s01-1", true), 790);
    check("late", attempt("c/s01-1", true), 130);
    let correction = EventBody::Corrected {
        attempt: "a000007".parse().unwrap(),
        score: Probability::ONE,
    };
    check("corrected", correction, 790);
}

#[test]
fn a_correction_acts_where_its_attempt_stands() {
    let engine = with_history(history(20));
    let right = state(&engine, "kim");
    let body = |score| EventBody::Corrected {
        attempt: "a000007".parse().unwrap(),
        score,
    };
    engine
        .record(event("kim", "c1", 900, body(Probability::ONE)))
        .unwrap();
    assert_ne!(state(&engine, "kim"), right);
    let unknown = EventBody::Corrected {
        attempt: "nope".parse().unwrap(),
        score: Probability::ONE,
    };
    let answer = engine.record(event("kim", "c2", 901, unknown));
    assert!(
        matches!(answer, Err(Error::NoSuchAttempt { .. })),
        "{answer:?}"
    );
}

#[test]
fn hostile_input_gets_a_clear_error_and_loses_nothing() {
    let engine = with_history(history(5));
    let before = state(&engine, "kim");
    let check = |body: EventBody, wanted: &str| {
        let error = engine
            .record(event("kim", "bad", 1_000, body))
            .unwrap_err()
            .to_string();
        assert!(error.contains(wanted), "{error}");
    };
    check(attempt("c/none", true), "no item \"c/none\"");
    check(timed("c/s00-0", true, f32::NAN), "seconds is NaN");
    check(timed("c/s00-0", true, -1.0), "seconds is -1");
    check(
        timed("c/s00-0", true, f32::INFINITY),
        "wanted a finite number",
    );
    check(
        EventBody::Rated {
            theme: "nope".into(),
            rating: Probability::ONE,
        },
        "wanted one of",
    );
    let stranger = engine
        .record(event("who", "x", 0, attempt("c/s00-0", true)))
        .unwrap_err();
    assert!(
        matches!(stranger, Error::UnknownLearner { .. }),
        "{stranger}"
    );
    assert_eq!(state(&engine, "kim"), before);
}

#[test]
fn a_bad_event_of_a_batch_is_refused_alone() {
    let engine = with_history(Vec::new());
    let events = vec![
        event("kim", "1", 1, attempt("c/s00-0", true)),
        event("kim", "2", 2, attempt("c/none", true)),
        event(
            "kim",
            "3",
            3,
            EventBody::Corrected {
                attempt: "zz".parse().unwrap(),
                score: Probability::ONE,
            },
        ),
        event("kim", "4", 4, attempt("c/s00-1", true)),
        event("kim", "1", 1, attempt("c/s00-0", true)),
    ];
    let answers: Vec<_> = engine
        .record_many(events)
        .into_iter()
        .map(|a| a.is_ok())
        .collect();
    assert_eq!(answers, [true, false, false, true, true]);
    assert_eq!(engine.learner(&id("kim"), NOON).unwrap().attempts, 2);
}

#[test]
fn a_clock_that_goes_backward_or_ahead_never_makes_a_negative_gap() {
    let engine = with_history(history(5));
    let early = engine
        .record(event("kim", "early", -1_000_000, attempt("c/s00-0", true)))
        .unwrap();
    assert!(!early.clock_overruled);
    let mut ahead = event("kim", "ahead", 10_000_000, attempt("c/s00-1", true));
    ahead.received = NOON.plus_seconds(300);
    assert!(engine.record(ahead).unwrap().clock_overruled);
    let report = engine.learner(&id("kim"), NOON).unwrap();
    assert!(
        report
            .skills
            .iter()
            .all(|s| s.p_now.get().is_finite() && s.days_ago.is_none_or(|d| d < 100))
    );
    engine
        .plan(
            &id("kim"),
            &PlanRequest::minutes(10.0),
            NOON.plus_days(-30),
            1,
        )
        .unwrap();
}

#[test]
fn erasing_takes_a_learner_from_every_answer() {
    let engine = with_history(history(5));
    assert_eq!(engine.erase(&id("kim")).unwrap().events, 6);
    assert!(matches!(
        engine.learner(&id("kim"), NOON),
        Err(Error::UnknownLearner { .. })
    ));
    assert!(matches!(
        engine.export(&id("kim")),
        Err(Error::UnknownLearner { .. })
    ));
    assert_eq!(engine.learners(None, 10).unwrap(), []);
}

#[test]
fn a_plan_with_a_made_up_id_is_refused() {
    let engine = with_history(Vec::new());
    let mut plan = engine
        .plan(&id("kim"), &PlanRequest::minutes(10.0), NOON, 1)
        .unwrap();
    plan.id = "x".repeat(1_000);
    assert!(matches!(engine.offer(&plan), Err(Error::StalePlan { .. })));
}

#[test]
fn a_cohort_snapshot_is_named_in_plans_and_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let store = JournalStore::open(folder.path(), JournalOptions::default()).unwrap();
        Engine::open(Arc::new(chain(5)), Box::new(store)).unwrap()
    };
    let cohort = |engine: &Engine| {
        let request = PlanRequest::minutes(10.0);
        let plan = engine.plan(&id("kim"), &request, NOON, 1).unwrap();
        plan.made_from.cohort
    };
    let engine = open();
    enrol(&engine, "kim", Enrolled::default());
    assert_eq!(cohort(&engine), 0);
    assert_eq!(engine.refresh_cohort().unwrap(), 1);
    assert_eq!(cohort(&engine), 1);
    drop(engine);
    assert_eq!(cohort(&open()), 1);
}

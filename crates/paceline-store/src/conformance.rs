//! What every store must do, whatever it is made of; and what tests do to the files of one on disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::Timestamp;

use crate::{
    Append, Appended, EventKey, LearnerVersion, MAX_BLOB_NAME_BYTES, MAX_EVENT_BYTES, NewEvent,
    Stats, Store, StoreError,
};

pub(crate) fn learner(id: &str) -> LearnerId {
    LearnerId::new(id).unwrap()
}

pub(crate) fn event_id(id: &str) -> EventId {
    EventId::new(id).unwrap()
}

/// Appends one event whose time and bytes are given, on top of `expected`.
pub(crate) fn append(
    store: &dyn Store,
    who: &str,
    expected: u64,
    (id, at, bytes): (&str, i64, &[u8]),
) -> Result<Appended, StoreError> {
    let view = format!("view of {who} at {}", expected + 1);
    store.append(Append {
        learner: &learner(who),
        expected: LearnerVersion(expected),
        events: &[NewEvent {
            id: &event_id(id),
            at: Timestamp(at),
            received: Timestamp(at.saturating_add(1)),
            bytes,
        }],
        view: Some(view.as_bytes()),
    })
}

fn ids(store: &dyn Store, who: &str) -> Vec<String> {
    let events = store.events(&learner(who)).unwrap();
    events.iter().map(|event| event.id.to_string()).collect()
}

/// Runs all that follows on stores that `fresh` makes, each empty.
pub(crate) fn conforms<S: Store>(fresh: impl Fn() -> S) {
    knows_nothing_at_first(&fresh());
    gives_back_what_it_took(&fresh());
    answers_duplicates_and_changes_nothing(&fresh());
    refuses_an_id_with_other_content(&fresh());
    refuses_a_stale_version(&fresh());
    refuses_bad_appends(&fresh());
    orders_events_by_time_then_id(&fresh());
    keeps_views_and_replaces_them(&fresh());
    lets_views_lag(&fresh());
    answers_each_append_of_a_batch(&fresh());
    pages_learners_in_order(&fresh());
    keeps_blobs(&fresh());
    erases_one_and_no_other(&fresh());
    takes_hostile_ids_and_large_values(&fresh());
    loses_no_update_of_concurrent_writers(&fresh());
    shows_appends_whole(&fresh());
}

fn knows_nothing_at_first(store: &dyn Store) {
    let nobody = learner("nobody");
    assert_eq!(store.view(&nobody).unwrap(), None);
    assert_eq!(store.events(&nobody).unwrap(), []);
    assert_eq!(store.event(&nobody, &event_id("e")).unwrap(), None);
    assert_eq!(store.learners(None, 10).unwrap(), []);
    assert_eq!(store.blob("cohort").unwrap(), None);
    let Stats {
        learners, events, ..
    } = store.stats().unwrap();
    assert_eq!((learners, events), (0, 0));
}

fn gives_back_what_it_took(store: &dyn Store) {
    let answer = append(store, "ada", 0, ("e1", 100, b"one")).unwrap();
    assert_eq!(
        answer,
        Appended::Stored {
            version: LearnerVersion(1)
        }
    );
    append(store, "ada", 1, ("e2", -5, b"")).unwrap();
    let event = store
        .event(&learner("ada"), &event_id("e1"))
        .unwrap()
        .unwrap();
    assert_eq!((event.at, event.received), (Timestamp(100), Timestamp(101)));
    assert_eq!(
        (event.version, &event.bytes[..]),
        (LearnerVersion(1), &b"one"[..])
    );
    assert_eq!(ids(store, "ada"), ["e2", "e1"]);
    let view = store.view(&learner("ada")).unwrap().unwrap();
    assert_eq!(view.version, LearnerVersion(2));
    assert_eq!(view.bytes, b"view of ada at 2");
    assert_eq!(
        view.last,
        EventKey {
            at: Timestamp(100),
            id: event_id("e1")
        }
    );
    let health = store.verify().unwrap();
    assert!(health.problems.is_empty(), "{:?}", health.problems);
    assert_eq!((health.learners, health.events), (1, 2));
}

fn answers_duplicates_and_changes_nothing(store: &dyn Store) {
    append(store, "ada", 0, ("e1", 100, b"one")).unwrap();
    append(store, "ada", 1, ("e2", 200, b"two")).unwrap();
    // With the version of the first time, and at another time: it is the same event.
    let again = append(store, "ada", 0, ("e1", 999, b"one")).unwrap();
    let known = vec![event_id("e1")];
    assert_eq!(
        again,
        Appended::Duplicate {
            version: LearnerVersion(2),
            known
        }
    );
    assert_eq!(ids(store, "ada"), ["e1", "e2"]);
    assert_eq!(
        store.view(&learner("ada")).unwrap().unwrap().bytes,
        b"view of ada at 2"
    );
    // Another learner may use the same id.
    append(store, "bob", 0, ("e1", 100, b"other")).unwrap();
}

fn refuses_an_id_with_other_content(store: &dyn Store) {
    append(store, "ada", 0, ("e1", 100, b"one")).unwrap();
    let refused = append(store, "ada", 1, ("e1", 100, b"uno")).unwrap_err();
    assert!(matches!(refused, StoreError::EventIdReused { event, .. } if event == event_id("e1")));
    assert_eq!(
        store.view(&learner("ada")).unwrap().unwrap().version,
        LearnerVersion(1)
    );
}

fn refuses_a_stale_version(store: &dyn Store) {
    let refused = append(store, "ada", 3, ("e1", 100, b"one")).unwrap_err();
    assert!(matches!(
        refused,
        StoreError::Conflict {
            expected: LearnerVersion(3),
            found: LearnerVersion(0),
            ..
        }
    ));
    append(store, "ada", 0, ("e1", 100, b"one")).unwrap();
    let refused = append(store, "ada", 0, ("e2", 100, b"two")).unwrap_err();
    assert!(matches!(
        refused,
        StoreError::Conflict {
            expected: LearnerVersion(0),
            found: LearnerVersion(1),
            ..
        }
    ));
    assert_eq!(ids(store, "ada"), ["e1"]);
}

fn refuses_bad_appends(store: &dyn Store) {
    let (ada, id) = (learner("ada"), event_id("e1"));
    let event = NewEvent {
        id: &id,
        at: Timestamp(0),
        received: Timestamp(0),
        bytes: b"x",
    };
    let expected = LearnerVersion(0);
    for events in [&[][..], &[event, event]] {
        let append = Append {
            learner: &ada,
            expected,
            events,
            view: Some(b""),
        };
        let refused = store.append(append).unwrap_err();
        assert!(matches!(refused, StoreError::BadAppend { .. }), "{refused}");
    }
    let long = vec![0; MAX_EVENT_BYTES + 1];
    let refused = append(store, "ada", 0, ("e1", 0, &long)).unwrap_err();
    assert!(matches!(refused, StoreError::TooLarge { .. }));
    assert_eq!(store.learners(None, 10).unwrap(), []);
}

fn orders_events_by_time_then_id(store: &dyn Store) {
    let order = [
        ("c", 5),
        ("a", 5),
        ("z", -7),
        ("b", 4),
        ("m", i64::MAX),
        ("n", i64::MIN),
    ];
    for (version, (id, at)) in order.into_iter().enumerate() {
        append(store, "ada", version as u64, (id, at, b"x")).unwrap();
    }
    assert_eq!(ids(store, "ada"), ["n", "z", "b", "a", "c", "m"]);
    let last = store.view(&learner("ada")).unwrap().unwrap().last;
    assert_eq!(
        last,
        EventKey {
            at: Timestamp(i64::MAX),
            id: event_id("m")
        }
    );
}

fn keeps_views_and_replaces_them(store: &dyn Store) {
    let ada = learner("ada");
    let refused = store
        .replace_view(&ada, LearnerVersion(0), b"v")
        .unwrap_err();
    assert!(matches!(refused, StoreError::UnknownLearner { .. }));
    append(store, "ada", 0, ("e1", 100, b"one")).unwrap();
    let refused = store
        .replace_view(&ada, LearnerVersion(0), b"v")
        .unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }));
    let before = store.view(&ada).unwrap().unwrap();
    store
        .replace_view(&ada, LearnerVersion(1), b"refolded")
        .unwrap();
    let after = store.view(&ada).unwrap().unwrap();
    assert_eq!(after.bytes, b"refolded");
    assert_eq!((after.version, after.last), (before.version, before.last));
}

fn lets_views_lag(store: &dyn Store) {
    let ada = learner("ada");
    let without_view = |expected, id: &str, at| {
        store.append(Append {
            learner: &ada,
            expected: LearnerVersion(expected),
            events: &[NewEvent {
                id: &event_id(id),
                at: Timestamp(at),
                received: Timestamp(at),
                bytes: b"x",
            }],
            view: None,
        })
    };
    let refused = without_view(0, "e1", 100).unwrap_err();
    assert!(matches!(refused, StoreError::BadAppend { .. }), "{refused}");
    append(store, "ada", 0, ("e1", 100, b"one")).unwrap();
    without_view(1, "e2", 300).unwrap();
    let refused = without_view(1, "e3", 200).unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    without_view(2, "e3", 200).unwrap();
    let view = store.view(&ada).unwrap().unwrap();
    assert_eq!(view.bytes, b"view of ada at 1");
    assert_eq!(view.version, LearnerVersion(3));
    assert_eq!(view.last.id, event_id("e2"));
    let lacks = store.events_after(&ada, LearnerVersion(1)).unwrap();
    let lacks: Vec<_> = lacks.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(lacks, ["e3", "e2"]);
    assert_eq!(store.events_after(&ada, LearnerVersion(3)).unwrap(), []);
    let refused = store.replace_view(&ada, LearnerVersion(1), b"v");
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    store
        .replace_view(&ada, LearnerVersion(3), b"refolded")
        .unwrap();
    without_view(3, "e4", 400).unwrap();
    append(store, "ada", 4, ("e5", 50, b"one")).unwrap();
    let view = store.view(&ada).unwrap().unwrap();
    assert_eq!(view.bytes, b"view of ada at 5");
    assert_eq!(
        (view.version, view.last.at),
        (LearnerVersion(5), Timestamp(400))
    );
    let health = store.verify().unwrap();
    assert!(health.problems.is_empty(), "{:?}", health.problems);
    without_view(5, "e6", 600).unwrap();
    let receipts = store.erase(&[&ada]).unwrap();
    assert_eq!(
        (receipts[0].events, receipts[0].version),
        (6, LearnerVersion(6))
    );
    assert_eq!(store.view(&ada).unwrap(), None);
    append(store, "ada", 0, ("e1", 1, b"new")).unwrap();
}

fn answers_each_append_of_a_batch(store: &dyn Store) {
    let (ada, bob) = (learner("ada"), learner("bob"));
    let (one, two) = (event_id("e1"), event_id("e2"));
    let event = |id, bytes| NewEvent {
        id,
        at: Timestamp(1),
        received: Timestamp(1),
        bytes,
    };
    let (first, second) = ([event(&one, &b"1"[..])], [event(&two, &b"2"[..])]);
    let append = |learner, expected, events| Append {
        learner,
        expected: LearnerVersion(expected),
        events,
        view: Some(b"v"),
    };
    let answers = store
        .append_many(&[
            append(&ada, 0, &first),
            append(&bob, 7, &first),
            append(&ada, 1, &second),
            append(&ada, 2, &second),
        ])
        .unwrap();
    assert!(matches!(
        answers[0],
        Ok(Appended::Stored {
            version: LearnerVersion(1)
        })
    ));
    assert!(matches!(answers[1], Err(StoreError::Conflict { .. })));
    assert!(matches!(
        answers[2],
        Ok(Appended::Stored {
            version: LearnerVersion(2)
        })
    ));
    assert!(matches!(
        answers[3],
        Ok(Appended::Duplicate {
            version: LearnerVersion(2),
            ..
        })
    ));
    assert_eq!(store.append_many(&[]).unwrap().len(), 0);
    assert_eq!(store.learners(None, 9).unwrap(), [ada]);
}

fn pages_learners_in_order(store: &dyn Store) {
    for who in ["m", "a", "z", "ab", "b"] {
        append(store, who, 0, ("e1", 1, b"x")).unwrap();
    }
    let page = |after: Option<&str>, limit| -> Vec<String> {
        let after = after.map(learner);
        let page = store.learners(after.as_ref(), limit).unwrap();
        page.iter().map(ToString::to_string).collect()
    };
    assert_eq!(page(None, 2), ["a", "ab"]);
    assert_eq!(page(Some("ab"), 2), ["b", "m"]);
    assert_eq!(page(Some("c"), 9), ["m", "z"]);
    assert_eq!(page(Some("z"), 9), [""; 0]);
}

fn keeps_blobs(store: &dyn Store) {
    store.put_blob("cohort", b"one").unwrap();
    store.put_blob("", b"empty name").unwrap();
    store.put_blob("cohort", b"two").unwrap();
    assert_eq!(store.blob("cohort").unwrap().unwrap(), b"two");
    assert_eq!(store.blob("").unwrap().unwrap(), b"empty name");
    let long = "n".repeat(MAX_BLOB_NAME_BYTES + 1);
    assert!(matches!(
        store.put_blob(&long, b""),
        Err(StoreError::TooLarge { .. })
    ));
}

fn erases_one_and_no_other(store: &dyn Store) {
    for who in ["ada", "adam", "ad"] {
        append(store, who, 0, ("e1", 1, b"x")).unwrap();
        append(store, who, 1, ("e2", 2, b"y")).unwrap();
    }
    store.put_blob("cohort", b"kept").unwrap();
    let (ada, nobody) = (learner("ada"), learner("nobody"));
    let receipts = store.erase(&[&ada, &nobody]).unwrap();
    assert_eq!(
        (receipts[0].events, receipts[0].version),
        (2, LearnerVersion(2))
    );
    assert!(receipts[0].bytes > 2);
    assert_eq!(
        (receipts[1].events, receipts[1].version),
        (0, LearnerVersion(0))
    );
    assert_eq!(store.view(&ada).unwrap(), None);
    assert_eq!(store.events(&ada).unwrap(), []);
    assert_eq!(store.event(&ada, &event_id("e1")).unwrap(), None);
    assert_eq!(
        store.learners(None, 9).unwrap(),
        [learner("ad"), learner("adam")]
    );
    assert_eq!(ids(store, "adam"), ["e1", "e2"]);
    assert_eq!(store.blob("cohort").unwrap().unwrap(), b"kept");
    let Stats {
        learners, events, ..
    } = store.stats().unwrap();
    assert_eq!((learners, events), (2, 4));
    // An erased learner may come back, as a stranger.
    append(store, "ada", 0, ("e1", 1, b"new")).unwrap();
    assert_eq!(ids(store, "ada"), ["e1"]);
}

fn takes_hostile_ids_and_large_values(store: &dyn Store) {
    let long = "l".repeat(128);
    let candidates = [
        "0",
        "a-b",
        "a_b",
        "__proto__",
        "../../etc/passwd",
        "a/b",
        "%00",
        &long,
    ];
    // Which ids are valid is not this crate's affair; those that are must be kept apart.
    let valid: Vec<LearnerId> = candidates
        .iter()
        .filter_map(|id| LearnerId::new(*id).ok())
        .collect();
    assert!(valid.len() >= 3);
    let large = vec![0xa5; MAX_EVENT_BYTES];
    for (who, size) in valid.iter().zip((0..).map(|n| MAX_EVENT_BYTES >> n)) {
        append(store, who.as_str(), 0, ("e1", 1, &large[..size])).unwrap();
    }
    let view = vec![0x5a; 4 << 20];
    store
        .replace_view(&valid[0], LearnerVersion(1), &view)
        .unwrap();
    for (who, size) in valid.iter().zip((0..).map(|n| MAX_EVENT_BYTES >> n)) {
        assert_eq!(store.events(who).unwrap()[0].bytes.len(), size);
    }
    assert!(store.view(&valid[0]).unwrap().unwrap().bytes == view);
    assert!(store.verify().unwrap().problems.is_empty());
}

fn loses_no_update_of_concurrent_writers(store: &dyn Store) {
    let (writers, each) = (8, 25);
    thread::scope(|scope| {
        for writer in 0..writers {
            scope.spawn(move || {
                for n in 0..each {
                    add_to_counter(store, &format!("w{writer}-{n}"));
                }
            });
        }
    });
    let view = store.view(&learner("ada")).unwrap().unwrap();
    let total = writers * each;
    assert_eq!(view.bytes, total.to_string().into_bytes());
    assert_eq!(view.version, LearnerVersion(total));
    assert_eq!(store.events(&learner("ada")).unwrap().len() as u64, total);
}

/// Adds one to the number that is the learner's view, trying until no other writer is faster.
fn add_to_counter(store: &dyn Store, id: &str) {
    let (ada, id) = (learner("ada"), event_id(id));
    loop {
        let view = store.view(&ada).unwrap();
        let (version, count) = view.map_or((LearnerVersion(0), 0), |view| {
            let text = String::from_utf8(view.bytes).unwrap();
            (view.version, text.parse::<u64>().unwrap())
        });
        let event = NewEvent {
            id: &id,
            at: Timestamp(0),
            received: Timestamp(0),
            bytes: b"+",
        };
        let answer = store.append(Append {
            learner: &ada,
            expected: version,
            events: &[event],
            view: Some((count + 1).to_string().as_bytes()),
        });
        match answer {
            Ok(Appended::Stored { .. }) => return,
            Err(StoreError::Conflict { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn shows_appends_whole(store: &dyn Store) {
    let ada = learner("ada");
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..60_u64 {
                let ids = [0, 1, 2].map(|n| event_id(&format!("e{round}-{n}")));
                let events = ids.each_ref().map(|id| NewEvent {
                    id,
                    at: Timestamp(0),
                    received: Timestamp(0),
                    bytes: b"x",
                });
                let expected = LearnerVersion(round * 3);
                let append = Append {
                    learner: &ada,
                    expected,
                    events: &events,
                    view: Some(b"v"),
                };
                store.append(append).unwrap();
            }
        });
        while !writer.is_finished() {
            assert_eq!(store.events(&ada).unwrap().len() % 3, 0);
        }
    });
}

/// On a disk that is nearly full a store is read, and erased from, but not written to. `open` opens one store again and
/// again, with so many bytes to be left free.
pub(crate) fn spares_a_nearly_full_disk<S: Store>(open: impl Fn(u64) -> S) {
    append(&open(0), "l0", 0, ("e0", 0, b"x")).unwrap();
    append(&open(0), "l1", 0, ("e0", 0, b"x")).unwrap();
    let full = open(u64::MAX);
    let refused = append(&full, "l0", 1, ("e1", 1, b"x")).unwrap_err();
    let StoreError::DiskFull { floor_bytes, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(floor_bytes, u64::MAX);
    assert_eq!(full.events(&learner("l0")).unwrap().len(), 1);
    // Who must be forgotten can be.
    full.erase(&[&learner("l1")]).unwrap();
    drop(full);
    append(&open(0), "l0", 1, ("e1", 1, b"x")).unwrap();
}

/// All files below `dir`, in order.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The files below `dir` that hold `marker`.
pub(crate) fn holding(dir: &Path, marker: &[u8]) -> Vec<PathBuf> {
    let holds = |bytes: Vec<u8>| bytes.windows(marker.len()).any(|part| part == marker);
    let mut found = files_below(dir);
    // A database that is open may have deleted a file meanwhile.
    found.retain(|path| fs::read(path).is_ok_and(holds));
    found
}

/// Damages a file in one of four ways: a bit flipped, 64 bytes zeroed, cut at a place, deleted.
pub(crate) fn damage(path: &Path, way: usize, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at % bytes.len().max(1);
    match way {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << (at % 8),
        1 => {
            let end = bytes.len().min(at + 64);
            bytes[at..end].fill(0);
        }
        2 => bytes.truncate(at),
        _ => return fs::remove_file(path).unwrap(),
    }
    fs::write(path, bytes).unwrap();
}

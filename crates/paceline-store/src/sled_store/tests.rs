//! Tests of the store on disk.

use std::cell::RefCell;

use tempfile::TempDir;

use super::*;
use crate::conformance::{self, append, damage, event_id, files_below, holding, learner};
use crate::error::Tree;
use crate::store::NewEvent;
use paceline_core::time::Timestamp;

const QUICK: SledOptions = SledOptions {
    cache_bytes: 8 << 20,
    durability: Durability::Background,
    floor_bytes: 0,
};

fn open(dir: &TempDir) -> Result<SledStore, StoreError> {
    SledStore::open(dir.path(), QUICK)
}

/// A closed store of learners `l0`, `l1`, ... with three events each.
fn closed(learners: usize) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fill(&open(&dir).unwrap(), learners);
    dir
}

fn fill(store: &SledStore, learners: usize) {
    for n in 0..learners {
        let who = format!("l{n}");
        for version in 0..3 {
            let id = format!("e{version}");
            append(
                store,
                &who,
                version,
                (&id, version as i64, b"some bytes of an event"),
            )
            .unwrap();
        }
    }
}

fn conforms(durability: Durability) {
    // Each directory outlives the stores in it.
    let dirs = RefCell::new(Vec::new());
    conformance::conforms(|| {
        let dir = tempfile::tempdir().unwrap();
        let store = SledStore::open(
            dir.path(),
            SledOptions {
                durability,
                ..QUICK
            },
        )
        .unwrap();
        dirs.borrow_mut().push(dir);
        store
    });
}

#[test]
fn a_sled_store_conforms() {
    conforms(Durability::Background);
}

#[test]
fn a_synced_sled_store_conforms() {
    conforms(Durability::Synced);
}

#[test]
fn everything_is_there_after_reopening() {
    let dir = closed(5);
    for _ in 0..3 {
        let store = open(&dir).unwrap();
        let health = store.verify().unwrap();
        assert!(health.problems.is_empty(), "{:?}", health.problems);
        assert_eq!((health.learners, health.events), (5, 15));
        assert_eq!(
            store.view(&learner("l3")).unwrap().unwrap().bytes,
            b"view of l3 at 3"
        );
    }
}

#[test]
fn one_process_at_a_time_has_it_open() {
    let dir = closed(1);
    let _first = open(&dir).unwrap();
    let refused = open(&dir).err().unwrap().to_string();
    assert!(refused.ends_with(
        "LOCK: found another process that has the store open, wanted one process at a time"
    ));
}

/// Flips a bit of a stored value and gives what reading everything then says.
fn spoilt(store: &SledStore, tree: Tree, key: &[u8]) -> Vec<StoreError> {
    store.spoil(tree, key);
    store.verify().unwrap().problems
}

#[test]
fn a_damaged_view_is_named_and_mended_from_the_events() {
    let dir = closed(2);
    let store = open(&dir).unwrap();
    let problems = spoilt(&store, Tree::Views, b"l1");
    assert!(
        matches!(&problems[..], [StoreError::Corrupt { tree: Tree::Views, key, .. }] if key == "l1")
    );
    let l1 = learner("l1");
    assert!(store.view(&l1).unwrap_err().asks_for_refold());
    // Nothing is appended to what cannot be read.
    assert!(
        append(&store, "l1", 3, ("e9", 9, b"x"))
            .unwrap_err()
            .asks_for_refold()
    );
    let version = store
        .events(&l1)
        .unwrap()
        .iter()
        .map(|event| event.version)
        .max()
        .unwrap();
    store.replace_view(&l1, version, b"refolded").unwrap();
    let view = store.view(&l1).unwrap().unwrap();
    assert_eq!(
        (view.version, view.last.id),
        (LearnerVersion(3), event_id("e2"))
    );
    append(&store, "l1", 3, ("e9", 9, b"x")).unwrap();
    assert!(store.verify().unwrap().problems.is_empty());
}

#[test]
fn a_lost_view_is_noticed_and_mended() {
    let dir = closed(2);
    let store = open(&dir).unwrap();
    store.current().index.raw(Tree::Views).remove("l1").unwrap();
    assert_eq!(store.verify().unwrap().problems.len(), 1);
    assert!(store.view(&learner("l1")).unwrap_err().asks_for_refold());
    assert!(
        append(&store, "l1", 0, ("e9", 9, b"x"))
            .unwrap_err()
            .asks_for_refold()
    );
    store
        .replace_view(&learner("l1"), LearnerVersion(3), b"refolded")
        .unwrap();
    assert!(store.verify().unwrap().problems.is_empty());
}

#[test]
fn a_damaged_or_missing_event_is_named() {
    let dir = closed(2);
    let store = open(&dir).unwrap();
    let key = crate::record::event_row(&learner("l1"), &event_id("e1"));
    let problems = spoilt(&store, Tree::Events, &key);
    assert!(matches!(&problems[..], [StoreError::Corrupt { key, .. }] if key == "l1/e1"));
    store
        .current()
        .index
        .raw(Tree::Events)
        .remove(&key)
        .unwrap();
    let missing = store.events(&learner("l1")).unwrap_err().to_string();
    assert_eq!(missing, "events/l1 is damaged: found 2 events, wanted 3");
}

#[test]
fn a_damaged_blob_is_named() {
    let dir = closed(1);
    let store = open(&dir).unwrap();
    store.put_blob("cohort", b"0123456789").unwrap();
    let problems = spoilt(&store, Tree::Blobs, b"cohort");
    assert!(matches!(
        &problems[..],
        [StoreError::Corrupt {
            tree: Tree::Blobs,
            ..
        }]
    ));
    assert!(store.blob("cohort").is_err());
}

#[test]
fn a_store_that_lost_its_contents_is_not_opened() {
    let dir = closed(3);
    let database = dir.path().join("view-000001");
    // sled itself opens this without complaint, empty.
    for entry in fs::read_dir(&database).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("snap.")
        {
            fs::remove_file(path).unwrap();
        }
    }
    File::options()
        .write(true)
        .open(database.join("db"))
        .unwrap()
        .set_len(0)
        .unwrap();
    let refused = open(&dir).err().unwrap();
    assert!(
        matches!(
            refused,
            StoreError::Emptied {
                events: 0,
                events_wanted: 9,
                learners_wanted: 3,
                ..
            }
        ),
        "{refused}"
    );
}

#[test]
fn a_missing_database_or_manifest_is_named() {
    let dir = closed(3);
    let manifest = dir.path().join("MANIFEST");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    let refused = open(&dir).err().unwrap();
    assert!(
        matches!(&refused, StoreError::BadFile { path, .. } if *path == manifest),
        "{refused}"
    );

    fs::write(&manifest, text.replace("events 9", "events 8")).unwrap();
    let refused = open(&dir).err().unwrap().to_string();
    assert!(refused.contains("MANIFEST: found checksum"), "{refused}");

    fs::write(&manifest, &text).unwrap();
    fs::remove_dir_all(dir.path().join("view-000001")).unwrap();
    let refused = open(&dir).err().unwrap().to_string();
    assert!(
        refused.ends_with("db: found no such file, wanted 3 learners, 9 events"),
        "{refused}"
    );
}

#[test]
fn the_manifest_is_laid_out_as_documented() {
    let dir = closed(1);
    let text = fs::read_to_string(dir.path().join("MANIFEST")).unwrap();
    let body = "paceline-store 2\nview 1\nlearners 1\nevents 3\nerasing 0\n";
    let crc = crc32c::crc32c(body.as_bytes());
    assert_eq!(text, format!("{body}crc {crc:08x}\n"));
}

#[test]
fn an_older_manifest_is_read() {
    let dir = closed(1);
    let path = dir.path().join("MANIFEST");
    let text = fs::read_to_string(&path).unwrap();
    let body = text[..text.find("crc").unwrap()].replace("store 2", "store 1");
    let text = format!("{body}crc {:08x}\n", crc32c::crc32c(body.as_bytes()));
    fs::write(path, text).unwrap();
    assert!(open(&dir).unwrap().verify().unwrap().problems.is_empty());
}

#[test]
fn a_newer_manifest_is_refused_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let body = "paceline-store 3\nshards 16\n";
    let text = format!("{body}crc {:08x}\n", crc32c::crc32c(body.as_bytes()));
    fs::write(dir.path().join("MANIFEST"), text).unwrap();
    let refused = open(&dir).err().unwrap();
    assert!(matches!(
        refused,
        StoreError::NewerFormat {
            found: 3,
            supported: 2,
            ..
        }
    ));
}

#[test]
fn an_erased_learner_leaves_no_trace_on_disk() {
    let dir = closed(20);
    let store = open(&dir).unwrap();
    let marker = b"MARKER-5d1c";
    let large = [&[b'x'; 300_000][..], marker].concat();
    append(&store, "zoe-marker", 0, ("zoe-event", 1, marker)).unwrap();
    append(&store, "zoe-marker", 1, ("zoe-large", 2, &large)).unwrap();
    store
        .replace_view(&learner("zoe-marker"), LearnerVersion(2), &large)
        .unwrap();
    store.flush().unwrap();
    assert!(!holding(dir.path(), marker).is_empty());
    store.erase(&[&learner("zoe-marker")]).unwrap();
    for trace in [&marker[..], b"zoe-marker", b"zoe-event", b"zoe-large"] {
        assert!(holding(dir.path(), trace).is_empty());
    }
    drop(store);
    assert!(holding(dir.path(), marker).is_empty());
    let store = open(&dir).unwrap();
    let health = store.verify().unwrap();
    assert!(health.problems.is_empty());
    assert_eq!((health.learners, health.events), (20, 60));
    fill_more(&store);
}

fn fill_more(store: &SledStore) {
    append(store, "l0", 3, ("e3", 3, b"after the erasure")).unwrap();
    assert_eq!(store.events(&learner("l0")).unwrap().len(), 4);
}

#[test]
fn an_erasure_cut_short_is_finished_by_the_next_opening() {
    let dir = closed(3);
    let store = open(&dir).unwrap();
    // All that `erase` does before it copies.
    store.announce_erasure(1).unwrap();
    store.current().index.remove(&learner("l1")).unwrap();
    store.flush().unwrap();
    drop(store);
    assert!(!holding(dir.path(), b"view of l1").is_empty());
    // A copy that did not come to count.
    fs::create_dir(dir.path().join("view-000002")).unwrap();
    let store = open(&dir).unwrap();
    assert!(holding(dir.path(), b"view of l1").is_empty());
    assert_eq!(
        databases(dir.path()).unwrap(),
        [dir.path().join("view-000002")]
    );
    let health = store.verify().unwrap();
    assert_eq!((health.learners, health.events), (2, 6));
}

#[test]
fn readers_and_writers_go_on_around_an_erasure() {
    let dir = closed(30);
    let store = open(&dir).unwrap();
    thread::scope(|scope| {
        let eraser = scope.spawn(|| {
            for n in 20..25 {
                store.erase(&[&learner(&format!("l{n}"))]).unwrap();
            }
        });
        let writer = scope.spawn(|| {
            for n in 3..80 {
                append(&store, "l1", n, (&format!("e{n}"), n as i64, b"x")).unwrap();
            }
        });
        while !eraser.is_finished() || !writer.is_finished() {
            assert_eq!(store.events(&learner("l0")).unwrap().len(), 3);
        }
    });
    let health = store.verify().unwrap();
    assert!(health.problems.is_empty(), "{:?}", health.problems);
    assert_eq!((health.learners, health.events), (25, 75 + 77));
}

/// Whatever file is damaged: all is still there, or an error says what is not.
#[test]
fn no_damage_to_a_file_loses_anything_in_silence() {
    let cases = if std::env::var_os("PACELINE_SLOW").is_some() {
        400
    } else {
        24
    };
    let mut silent = Vec::new();
    for case in 0..cases {
        let dir = closed(12);
        let files = files_below(dir.path());
        let file = &files[case % files.len()];
        let at = case * 7919;
        let way = case / files.len() % 4;
        damage(file, way, at);
        if let Ok(store) = open(&dir) {
            let health = store.verify();
            let whole = |health: &Health| (health.learners, health.events) == (12, 36);
            if health
                .as_ref()
                .is_ok_and(|health| health.problems.is_empty() && !whole(health))
            {
                silent.push((way, at, file.clone(), health));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn a_batch_is_synced_once_and_wholly_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(
        dir.path(),
        SledOptions {
            durability: Durability::Synced,
            ..QUICK
        },
    )
    .unwrap();
    let learners: Vec<LearnerId> = (0..500).map(|n| learner(&format!("l{n}"))).collect();
    let id = event_id("e1");
    let events = [NewEvent {
        id: &id,
        at: Timestamp(1),
        received: Timestamp(1),
        bytes: b"x",
    }];
    let batch: Vec<Append<'_>> = learners
        .iter()
        .map(|learner| Append {
            learner,
            expected: LearnerVersion(0),
            events: &events,
            view: Some(b"v"),
        })
        .collect();
    let answers = store.append_many(&batch).unwrap();
    assert!(answers.iter().all(Result::is_ok));
    drop(store);
    assert_eq!(open(&dir).unwrap().stats().unwrap().events, 500);
}

#[test]
fn a_nearly_full_disk_is_read_and_not_written() {
    let dir = tempfile::tempdir().unwrap();
    conformance::spares_a_nearly_full_disk(|floor_bytes| {
        let options = SledOptions {
            floor_bytes,
            ..QUICK
        };
        SledStore::open(dir.path(), options).unwrap()
    });
}

#[test]
fn what_is_there_already_is_passed_over_when_it_comes_again() {
    let dir = closed(1);
    let store = open(&dir).unwrap();
    let following = |from: u64, to: u64| {
        let event = |version| StoredEvent {
            id: event_id(&format!("e{}", version - 1)),
            at: Timestamp(version as i64 - 1),
            received: Timestamp(0),
            version: LearnerVersion(version),
            bytes: b"x".to_vec(),
        };
        [Following::new(
            learner("l0"),
            (from..=to).map(event).collect(),
        )]
    };
    assert!(store.follow(&following(2, 5)).unwrap());
    assert!(store.follow(&following(4, 6)).unwrap());
    assert!(store.follow(&following(1, 3)).unwrap());
    assert!(!store.follow(&following(8, 9)).unwrap(), "7 is missing");
    let view = store.view(&learner("l0")).unwrap().unwrap();
    assert_eq!(view.version, LearnerVersion(6));
    assert_eq!(view.bytes, b"view of l0 at 3");
    let events = store.events(&learner("l0")).unwrap();
    assert_eq!(events.len(), 6);
    assert_eq!(events[1].bytes, b"some bytes of an event");
    assert!(store.verify().unwrap().problems.is_empty());
}

//! Tests of the journalled store.

use std::cell::RefCell;

use paceline_core::time::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::conformance::{self, append, damage, event_id, files_below, holding, learner};

const QUICK: JournalOptions = JournalOptions {
    cache_bytes: 8 << 20,
    durability: Durability::Synced,
    segment_bytes: 2048,
    checkpoint_entries: 50,
    floor_bytes: 0,
};

const BACKGROUND: JournalOptions = JournalOptions {
    durability: Durability::Background,
    ..QUICK
};

fn open(dir: &Path) -> Result<JournalStore, StoreError> {
    JournalStore::open(dir, QUICK)
}

const LEARNERS: usize = 12;
const EVENTS_EACH: usize = 4;

/// A store of learners `l0`, `l1`, ... with some events each, and a blob.
fn filled(dir: &Path) -> JournalStore {
    let store = open(dir).unwrap();
    for version in 0..EVENTS_EACH {
        for n in 0..LEARNERS {
            let (who, id) = (format!("l{n}"), format!("e{version}"));
            let event = (
                id.as_str(),
                version as i64,
                b"some bytes of an event".as_slice(),
            );
            append(&store, &who, version as u64, event).unwrap();
        }
    }
    store.put_blob("cohort", b"a snapshot").unwrap();
    store
}

/// A closed store, as [`filled`].
fn closed() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    dir
}

/// A copy of the store as it lies on disk now: what a crash would leave.
fn crashed(from: &Path) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(from, dir.path());
    dir
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// Every learner has all its events; views may be yet to be folded.
fn assert_whole(store: &JournalStore) {
    assert_eq!(store.learners(None, 99).unwrap().len(), LEARNERS);
    for n in 0..LEARNERS {
        let events = store.events(&learner(&format!("l{n}"))).unwrap();
        assert_eq!(events.len(), EVENTS_EACH);
        assert_eq!(events[2].bytes, b"some bytes of an event");
    }
    assert_eq!(store.blob("cohort").unwrap().unwrap(), b"a snapshot");
    let mut problems = store.verify().unwrap().problems;
    problems.retain(|problem| !problem.asks_for_refold());
    assert!(problems.is_empty(), "{problems:?}");
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join("journal")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn conforms(options: JournalOptions) {
    // Each directory outlives the stores in it.
    let dirs = RefCell::new(Vec::new());
    conformance::conforms(|| {
        let dir = tempfile::tempdir().unwrap();
        let store = JournalStore::open(dir.path(), options).unwrap();
        dirs.borrow_mut().push(dir);
        store
    });
}

#[test]
fn a_journalled_store_conforms() {
    conforms(QUICK);
}

#[test]
fn a_journalled_store_that_does_not_sync_conforms() {
    conforms(BACKGROUND);
}

#[test]
fn what_was_not_synced_is_there_after_a_crash_and_after_closing() {
    let dir = tempfile::tempdir().unwrap();
    let store = JournalStore::open(dir.path(), BACKGROUND).unwrap();
    let check = |store: &JournalStore, view: bool| {
        for (who, count) in [("ada", 300), ("bob", 1)] {
            let events = store.events(&learner(who)).unwrap();
            assert_eq!(events.len() as u64, count);
        }
        assert_eq!(store.view(&learner("bob")).is_ok(), view);
        let mut problems = store.verify().unwrap().problems;
        problems.retain(|problem| !problem.asks_for_refold());
        assert!(problems.is_empty(), "{problems:?}");
    };
    for version in 0..300 {
        append(&store, "ada", version, (&format!("e{version}"), 7, b"x")).unwrap();
    }
    append(&store, "bob", 0, ("e0", 7, b"x")).unwrap();
    let crash = crashed(dir.path());
    // The view of one who is not in it yet is lost with the process.
    check(
        &JournalStore::open(crash.path(), BACKGROUND).unwrap(),
        false,
    );
    check(&store, true);
    drop(store);
    check(&open(dir.path()).unwrap(), true);
}

#[test]
fn what_a_power_cut_left_of_unsynced_blocks_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        segment_bytes: 1 << 20,
        ..BACKGROUND
    };
    let store = JournalStore::open(dir.path(), options).unwrap();
    append(&store, "ada", 0, ("e0", 7, b"x")).unwrap();
    store.flush().unwrap();
    let synced = fs::metadata(segments(dir.path()).pop().unwrap())
        .unwrap()
        .len() as usize;
    for version in 1..9 {
        append(&store, "ada", version, (&format!("e{version}"), 7, b"x")).unwrap();
    }
    let crash = crashed(dir.path());
    let segment = segments(crash.path()).pop().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[synced..synced + 30].fill(0);
    fs::write(&segment, bytes).unwrap();
    assert!(open(crash.path()).is_err(), "who syncs takes it for damage");
    let store = JournalStore::open(crash.path(), options).unwrap();
    assert_eq!(store.events(&learner("ada")).unwrap().len(), 1);
    append(&store, "ada", 1, ("e1", 7, b"again")).unwrap();
    assert!(store.verify().unwrap().problems.is_empty());
}

#[test]
fn everything_is_there_after_reopening() {
    let dir = closed();
    for _ in 0..2 {
        let store = open(dir.path()).unwrap();
        assert_whole(&store);
        assert_eq!(
            store.view(&learner("l3")).unwrap().unwrap().bytes,
            b"view of l3 at 4"
        );
    }
}

#[test]
fn everything_is_there_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let crash = crashed(dir.path());
    assert_whole(&open(crash.path()).unwrap());
    drop(store);
}

#[test]
fn a_view_that_is_gone_is_built_again_and_asks_for_folding() {
    let dir = closed();
    fs::remove_dir_all(dir.path().join("view")).unwrap();
    let store = open(dir.path()).unwrap();
    assert_whole(&store);
    let l1 = learner("l1");
    assert!(store.view(&l1).unwrap_err().asks_for_refold());
    // Its version is known all the same: duplicates are answered, and new events taken.
    let again = append(&store, "l1", 0, ("e1", 1, b"some bytes of an event")).unwrap();
    assert!(matches!(
        again,
        Appended::Duplicate {
            version: LearnerVersion(4),
            ..
        }
    ));
    store
        .replace_view(&l1, LearnerVersion(4), b"folded")
        .unwrap();
    assert_eq!(store.view(&l1).unwrap().unwrap().bytes, b"folded");
    append(&store, "l2", 4, ("e4", 4, b"x")).unwrap();
    assert_eq!(
        store.view(&learner("l2")).unwrap().unwrap().version,
        LearnerVersion(5)
    );
}

#[test]
fn a_view_that_lost_its_contents_is_set_aside() {
    let dir = closed();
    let database = dir.path().join("view/view-000001");
    for entry in fs::read_dir(&database).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::write(path, b"").unwrap();
        }
    }
    assert_whole(&open(dir.path()).unwrap());
    assert!(dir.path().join("view-damaged").exists());
}

#[test]
fn a_view_whose_database_is_damaged_is_condemned() {
    let dir = closed();
    let store = open(dir.path()).unwrap();
    let source = io::Error::new(io::ErrorKind::InvalidData, "corruption encountered");
    let doing = "read a page".to_owned();
    store.condemn_if_damaged(&StoreError::Io { doing, source });
    let refused = append(&store, "l0", 4, ("e4", 4, b"x")).unwrap_err();
    assert!(matches!(refused, StoreError::Io { .. }));
    drop(store);
    assert_whole(&open(dir.path()).unwrap());
    assert!(dir.path().join("view-damaged").exists());
    // Once is enough.
    fs::remove_dir_all(dir.path().join("view-damaged")).unwrap();
    assert_whole(&open(dir.path()).unwrap());
    assert!(!dir.path().join("view-damaged").exists());
}

#[test]
fn a_view_older_than_the_journal_is_built_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    append(&store, "l0", 0, ("e0", 0, b"some bytes of an event")).unwrap();
    store.flush().unwrap();
    let old = tempfile::tempdir().unwrap();
    copy(&dir.path().join("view"), old.path());
    drop(store);
    let store = open(dir.path()).unwrap();
    for version in 1..4_u64 {
        append(&store, "l0", version, (&format!("e{version}"), 1, b"x")).unwrap();
        store.flush().unwrap();
    }
    append(&store, "l0", 4, ("e4", 1, b"x")).unwrap();
    let crash = crashed(dir.path());
    fs::remove_dir_all(crash.path().join("view")).unwrap();
    fs::create_dir(crash.path().join("view")).unwrap();
    copy(old.path(), &crash.path().join("view"));
    let store = open(crash.path()).unwrap();
    assert_eq!(store.events(&learner("l0")).unwrap().len(), 5);
}

#[test]
fn a_torn_tail_is_cut_and_only_that() {
    let dir = tempfile::tempdir().unwrap();
    let store = JournalStore::open(
        dir.path(),
        JournalOptions {
            segment_bytes: 1 << 20,
            ..QUICK
        },
    )
    .unwrap();
    append(&store, "ada", 0, ("e1", 1, b"acknowledged")).unwrap();
    let segment = segments(dir.path()).pop().unwrap();
    let synced = fs::metadata(&segment).unwrap().len() as usize;
    append(&store, "ada", 1, ("e2", 2, b"not acknowledged")).unwrap();
    let whole = fs::read(&segment).unwrap();
    let before = crashed(dir.path());
    drop(store);
    for length in synced..whole.len() {
        let crash = crashed(before.path());
        // As a power cut leaves it: written in part, and the view without the event.
        fs::remove_dir_all(crash.path().join("view")).unwrap();
        fs::write(segments(crash.path()).pop().unwrap(), &whole[..length]).unwrap();
        let store = open(crash.path()).unwrap();
        let events = store.events(&learner("ada")).unwrap();
        assert_eq!(events.len(), 1, "cut at {length}");
        append(&store, "ada", 1, ("e2", 2, b"again")).unwrap();
    }
}

#[test]
fn an_acknowledged_block_that_rotted_is_not_taken_for_torn() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    for version in [4, 5] {
        let id = format!("e{version}");
        append(&store, "l0", version, (&id, 9, b"acknowledged")).unwrap();
    }
    store.view.flush().unwrap();
    let crash = crashed(dir.path());
    let segment = segments(crash.path()).pop().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&segment, bytes).unwrap();
    assert!(open(crash.path()).is_err());
    // Nor is it the second time: nothing was cut.
    let refused = open(crash.path()).err().unwrap().to_string();
    let wanted = "journal: found 49 events, and a damaged block at the end, wanted the 50 that the view holds";
    assert!(refused.ends_with(wanted), "{refused}");
    drop(store);
}

#[test]
fn damage_inside_the_journal_is_named() {
    let dir = closed();
    let segments = segments(dir.path());
    assert!(segments.len() > 2);
    let mut bytes = fs::read(&segments[1]).unwrap();
    bytes[60] ^= 1;
    fs::write(&segments[1], bytes).unwrap();
    // What is read comes from the view; who asks whether all is well is told.
    let store = open(dir.path()).unwrap();
    let problems = store.verify().unwrap().problems;
    assert!(
        matches!(&problems[..], [StoreError::BadFile { path, found, .. }]
        if *path == segments[1] && found.ends_with("at byte 32")),
        "{problems:?}"
    );
    drop(store);
    // And where the journal is needed, it is refused.
    fs::remove_dir_all(dir.path().join("view")).unwrap();
    let refused = open(dir.path()).err().unwrap();
    assert!(
        matches!(&refused, StoreError::BadFile { path, .. } if *path == segments[1]),
        "{refused}"
    );
}

#[test]
fn a_missing_segment_is_named() {
    let whole = closed();
    for place in 0..segments(whole.path()).len() {
        let dir = crashed(whole.path());
        let gone = segments(dir.path()).remove(place);
        fs::remove_file(&gone).unwrap();
        let refused = open(dir.path()).err().unwrap();
        assert!(
            matches!(&refused, StoreError::BadFile { path, .. } if *path == gone),
            "{refused}"
        );
    }
}

#[test]
fn a_damaged_event_is_mended_from_the_journal() {
    let dir = closed();
    let store = open(dir.path()).unwrap();
    let key = record::event_row(&learner("l1"), &event_id("e1"));
    store.view.spoil(Tree::Events, &key);
    assert_eq!(store.events(&learner("l1")).unwrap().len(), EVENTS_EACH);
    assert_whole(&store);
}

#[test]
fn an_erased_learner_leaves_no_trace_in_journal_or_view() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    append(&store, "zoe", 0, ("zoe-event", 1, b"MARKER")).unwrap();
    fs::create_dir(dir.path().join("view-damaged")).unwrap();
    fs::write(dir.path().join("view-damaged/db"), b"MARKER").unwrap();
    assert!(holding(dir.path(), b"MARKER").len() > 2);
    let receipts = store.erase(&[&learner("zoe")]).unwrap();
    assert_eq!(receipts[0].events, 1);
    for trace in [&b"MARKER"[..], b"zoe"] {
        assert!(holding(dir.path(), trace).is_empty());
    }
    assert_whole(&store);
    append(&store, "l0", 4, ("e4", 4, b"x")).unwrap();
    drop(store);
    fs::remove_dir_all(dir.path().join("view")).unwrap();
    let store = open(dir.path()).unwrap();
    assert_eq!(store.events(&learner("zoe")).unwrap(), []);
    assert_eq!(store.events(&learner("l0")).unwrap().len(), 5);
}

#[test]
fn an_erasure_cut_short_is_finished_by_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    append(&store, "zoe", 0, ("zoe-event", 1, b"MARKER")).unwrap();
    store.flush().unwrap();
    let state = State {
        erasing: vec![learner("zoe")],
        ..store.state().clone()
    };
    state.write(dir.path()).unwrap();
    let crash = crashed(dir.path());
    assert_whole(&open(crash.path()).unwrap());
    assert!(holding(crash.path(), b"MARKER").is_empty());
    assert!(holding(crash.path(), b"zoe").is_empty());
}

/// Whatever file is damaged in whatever way: all is there, or an error names what is not.
#[test]
fn no_damage_to_a_file_loses_anything_in_silence() {
    let cases = if std::env::var_os("PACELINE_SLOW").is_some() {
        1000
    } else {
        40
    };
    let whole = closed();
    let count = files_below(whole.path()).len();
    let (mut recovered, mut refused) = (0, 0);
    for case in 0..cases {
        let dir = crashed(whole.path());
        let path = files_below(dir.path()).remove(case % count);
        damage(&path, case / count % 4, case * 7919);
        match open(dir.path()) {
            Ok(store)
                if store
                    .verify()
                    .unwrap()
                    .problems
                    .iter()
                    .all(StoreError::asks_for_refold) =>
            {
                recovered += 1;
                assert_whole(&store);
            }
            // Opened, and the damage is named when all is read.
            Ok(_) | Err(_) => refused += 1,
        }
    }
    eprintln!("{cases} cases of damage: {recovered} recovered wholly, {refused} named");
}

#[test]
fn the_bytes_are_as_documented() {
    let entry = Entry::Append {
        learner: learner("ada"),
        events: vec![StoredEvent {
            id: event_id("e1"),
            at: Timestamp(-2),
            received: Timestamp(3),
            version: LearnerVersion(8),
            bytes: b"right".to_vec(),
        }],
    };
    let block = format::encode_block(5, &[entry.encode(), Entry::Erased.encode()]);
    let entry_bytes = [
        &[1, 46, 0, 0, 0][..],
        &[3, 0],
        b"ada",
        &[7, 0, 0, 0, 0, 0, 0, 0],
        &[1, 0, 0, 0],
        &[2, 0],
        b"e1",
        &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[3, 0, 0, 0, 0, 0, 0, 0],
        &[5, 0, 0, 0],
        b"right",
    ]
    .concat();
    let body = [&entry_bytes[..], &[2, 0, 0, 0, 0]].concat();
    let head = [
        &[56, 0, 0, 0][..],
        &[0; 4],
        &[5, 0, 0, 0, 0, 0, 0, 0],
        &[2, 0, 0, 0],
    ]
    .concat();
    let mut golden = [head, body].concat();
    golden[4..8].copy_from_slice(&GOLDEN_CRC);
    assert_eq!(block, golden);
    let read = format::read_frame(&golden, 5).and_then(|frame| frame.read());
    let read = read.unwrap_or_else(|flaw| panic!("{flaw:?}"));
    assert_eq!(read, [entry, Entry::Erased]);

    let mut header = b"PACELJNL\x01\0\0\0\x05\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    header.extend(GOLDEN_HEADER_CRC);
    assert_eq!(format::segment_header(5, 1)[..], header);
    assert_eq!(format::read_segment_header(&header), Ok((5, 1)));
}

// Computed bit by bit from the polynomial, outside this program.
const GOLDEN_CRC: [u8; 4] = [0x7d, 0x26, 0x62, 0xd2];
const GOLDEN_HEADER_CRC: [u8; 4] = [0xa7, 0xe9, 0x3b, 0x28];

#[test]
fn many_threads_share_syncs_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = JournalStore::open(
        dir.path(),
        JournalOptions {
            segment_bytes: 1 << 20,
            ..QUICK
        },
    )
    .unwrap();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let store = &store;
            scope.spawn(move || {
                let who = format!("t{thread}");
                for n in 0..20 {
                    append(store, &who, n, (&format!("e{n}"), 0, b"x")).unwrap();
                }
            });
        }
    });
    let crash = crashed(dir.path());
    drop(store);
    let store = open(crash.path()).unwrap();
    assert_eq!(store.stats().unwrap().events, 16 * 20);
}

#[test]
fn a_nearly_full_disk_is_read_and_not_written() {
    let dir = tempfile::tempdir().unwrap();
    conformance::spares_a_nearly_full_disk(|floor_bytes| {
        let options = JournalOptions {
            floor_bytes,
            ..QUICK
        };
        JournalStore::open(dir.path(), options).unwrap()
    });
}

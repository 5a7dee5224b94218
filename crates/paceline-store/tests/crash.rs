//! A process that writes is killed at a moment it does not choose; nothing it acknowledged is lost.
//!
//! This binary is its own victim: run again with `PACELINE_CRASH_DIR` set, it writes to the store
//! there, unsynced if `PACELINE_CRASH_BACKGROUND` is set, and says on standard output what was acknowledged, until it is killed.

#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::Timestamp;
use paceline_store::{
    Append, Durability, JournalOptions, JournalStore, LearnerVersion, NewEvent, Store,
};

fn open(dir: &Path, durability: Durability) -> JournalStore {
    let options = JournalOptions {
        cache_bytes: 8 << 20,
        durability,
        segment_bytes: 1 << 16,
        checkpoint_entries: 200,
        floor_bytes: 0,
    };
    JournalStore::open(dir, options).unwrap()
}

const WRITERS: usize = 4;

fn learner(writer: usize) -> LearnerId {
    LearnerId::new(format!("learner-{writer}")).unwrap()
}

/// The victim's part; in an ordinary run it does nothing.
#[test]
fn write_until_killed() {
    let Some(dir) = env::var_os("PACELINE_CRASH_DIR") else {
        return;
    };
    let durability = match env::var_os("PACELINE_CRASH_BACKGROUND") {
        Some(_) => Durability::Background,
        None => Durability::Synced,
    };
    let store = open(Path::new(&dir), durability);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || write(store, writer));
        }
    });
}

fn write(store: &JournalStore, writer: usize) {
    let learner = learner(writer);
    let first = store.events(&learner).unwrap().len() as u64;
    for version in first.. {
        let id = EventId::new(format!("e{version}")).unwrap();
        let (at, received) = (Timestamp(version as i64), Timestamp(0));
        let events = [NewEvent {
            id: &id,
            at,
            received,
            bytes: &version.to_le_bytes(),
        }];
        let (expected, view) = (LearnerVersion(version), version.to_le_bytes());
        store
            .append(Append {
                learner: &learner,
                expected,
                events: &events,
                // Most views lag.
                view: version.is_multiple_of(3).then_some(&view[..]),
            })
            .unwrap();
        // One write a line, so a line is there wholly or not at all.
        let line = format!("ack {writer} {version}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

/// Starts the victim, kills it after a while, and adds what it acknowledged.
fn run_and_kill(
    dir: &Path,
    durability: Durability,
    after: Duration,
    acknowledged: &mut BTreeMap<usize, u64>,
) {
    let mut victim = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "write_until_killed",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("PACELINE_CRASH_DIR", dir)
        .envs((durability == Durability::Background).then_some(("PACELINE_CRASH_BACKGROUND", "1")))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(victim.stdout.take().unwrap());
    let reader = thread::spawn(move || {
        let mut text = String::new();
        // Up to the first line the store is being opened.
        out.read_line(&mut text).unwrap();
        out.read_to_string(&mut text).unwrap();
        text
    });
    thread::sleep(after);
    victim.kill().unwrap();
    victim.wait().unwrap();
    for line in reader.join().unwrap().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["ack", writer, version] = words[..] {
            let count = version.parse::<u64>().unwrap() + 1;
            let known = acknowledged.entry(writer.parse().unwrap()).or_default();
            *known = count.max(*known);
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    kill_again_and_again(Durability::Synced);
}

#[test]
fn a_killed_process_that_does_not_sync_loses_nothing_it_acknowledged() {
    kill_again_and_again(Durability::Background);
}

fn kill_again_and_again(durability: Durability) {
    let loops = if env::var_os("PACELINE_SLOW").is_some() {
        300
    } else {
        6
    };
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    for round in 0..loops {
        // Anything from the middle of opening to hundreds of appends in.
        let after = Duration::from_millis(20 + round * 37 % 260);
        run_and_kill(dir.path(), durability, after, &mut acknowledged);
        if round % 3 == 0 {
            check(dir.path(), durability, &acknowledged);
        }
    }
    check(dir.path(), durability, &acknowledged);
    let total: u64 = acknowledged.values().sum();
    eprintln!("{loops} kills, {total} acknowledged events, none lost");
    assert!(total > 0);
}

fn check(dir: &Path, durability: Durability, acknowledged: &BTreeMap<usize, u64>) {
    let store = open(dir, durability);
    for (&writer, &count) in acknowledged {
        let events = store.events(&learner(writer)).unwrap();
        assert!(
            events.len() as u64 >= count,
            "{} of {count} events",
            events.len()
        );
        let ids: BTreeSet<&EventId> = events.iter().map(|event| &event.id).collect();
        assert_eq!(ids.len(), events.len());
        for (version, event) in (0_u64..).zip(&events) {
            assert_eq!(event.bytes, version.to_le_bytes());
        }
    }
}

//! Measures appends and reads of each store and durability.
//!
//! `cargo run --release -p paceline-store --example throughput [LEARNERS]` makes its stores in the
//! current directory's `target/`, so that the disk measured is the one that would be used, and
//! deletes them.

use std::error::Error;
use std::path::Path;
use std::thread;
use std::time::Instant;

use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::Timestamp;
use paceline_store::{
    Append, Appended, Durability, JournalOptions, JournalStore, LearnerVersion, MemoryStore,
    NewEvent, SledOptions, SledStore, Store, StoreError,
};

const VIEW: [u8; 1024] = [7; 1024];
const EVENT: [u8; 200] = [9; 200];
const THREADS: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let learners = std::env::args()
        .nth(1)
        .map_or(Ok(20_000), |count| count.parse())?;
    let learners: Vec<LearnerId> = (0..learners)
        .map(|n| LearnerId::new(format!("learner-{n:07}")))
        .collect::<Result<_, _>>()?;
    println!(
        "200-byte events, 1 KiB views, {} learners; operations a second",
        learners.len()
    );
    println!(
        "store             | one each | {THREADS} threads | batches of 64 | views read | reopen ms"
    );
    measure("memory", &MemoryStore::new(), &learners)?;
    println!();
    for durability in [Durability::Background, Durability::Synced] {
        let dir = tempfile::tempdir_in("target")?;
        let options = SledOptions {
            durability,
            ..SledOptions::default()
        };
        let name = format!("sled {durability:?}");
        measure(&name, &SledStore::open(dir.path(), options)?, &learners)?;
        reopen(dir.path(), |path| SledStore::open(path, options))?;
    }
    let dir = tempfile::tempdir_in("target")?;
    let options = JournalOptions::default();
    measure(
        "journal",
        &JournalStore::open(dir.path(), options)?,
        &learners,
    )?;
    reopen(dir.path(), |path| JournalStore::open(path, options))?;
    contend(&JournalStore::open(dir.path(), options)?)?;
    Ok(())
}

fn measure(name: &str, store: &dyn Store, learners: &[LearnerId]) -> Result<(), Box<dyn Error>> {
    let few = &learners[..learners.len() / 8];
    let single = rate(few.len(), || write(store, few, 0, 1))?;
    let threaded = rate(few.len(), || {
        thread::scope(|scope| {
            let parts = few.chunks(few.len().div_ceil(THREADS));
            let all: Vec<_> = parts
                .map(|part| scope.spawn(|| write(store, part, 1, 1)))
                .collect();
            all.into_iter()
                .try_for_each(|one| one.join().expect("no writer panics"))
        })
    })?;
    let rest = &learners[few.len()..];
    let batched = rate(rest.len(), || write(store, rest, 0, 64))?;
    let read = rate(learners.len(), || {
        learners
            .iter()
            .try_for_each(|learner| store.view(learner).map(|_| ()).map_err(Into::into))
    })?;
    print!("{name:17} | {single:8.0} | {threaded:10.0} | {batched:13.0} | {read:10.0}");
    Ok(())
}

/// Appends one event to each learner at `version`, `batch` learners at a time.
fn write(
    store: &dyn Store,
    learners: &[LearnerId],
    version: u64,
    batch: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = EventId::new(format!("event-{version}"))?;
    let events = [NewEvent {
        id: &id,
        at: Timestamp(1),
        received: Timestamp(2),
        bytes: &EVENT,
    }];
    for learners in learners.chunks(batch) {
        let appends: Vec<Append<'_>> = learners
            .iter()
            .map(|learner| Append {
                learner,
                expected: LearnerVersion(version),
                events: &events,
                view: Some(&VIEW),
            })
            .collect();
        for answer in store.append_many(&appends)? {
            answer?;
        }
    }
    Ok(())
}

/// 64 threads that add to one learner, trying until no other is faster.
fn contend(store: &dyn Store) -> Result<(), Box<dyn Error>> {
    const EACH: usize = 25;
    let learner = LearnerId::new("everybody")?;
    let add = |thread: usize| -> Result<Vec<f64>, StoreError> {
        let mut waits_ms = Vec::new();
        for n in 0..EACH {
            let id = EventId::new(format!("t{thread}-{n}")).expect("a valid id");
            let events = [NewEvent {
                id: &id,
                at: Timestamp(1),
                received: Timestamp(2),
                bytes: &EVENT,
            }];
            let start = Instant::now();
            loop {
                let expected = store
                    .view(&learner)?
                    .map_or(LearnerVersion(0), |view| view.version);
                let append = Append {
                    learner: &learner,
                    expected,
                    events: &events,
                    view: Some(&VIEW),
                };
                match store.append(append) {
                    Ok(Appended::Stored { .. }) => break,
                    Ok(Appended::Duplicate { .. }) | Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            waits_ms.push(start.elapsed().as_secs_f64() * 1e3);
        }
        Ok(waits_ms)
    };
    let add = &add;
    let mut waits_ms = thread::scope(|scope| {
        let all: Vec<_> = (0..64)
            .map(|thread| scope.spawn(move || add(thread)))
            .collect();
        let joined = all
            .into_iter()
            .map(|one| one.join().expect("no writer panics"));
        joined
            .collect::<Result<Vec<_>, _>>()
            .map(|waits| waits.concat())
    })?;
    waits_ms.sort_by(f64::total_cmp);
    let at = |share: f64| waits_ms[(waits_ms.len() as f64 * share) as usize];
    let held = store.events(&learner)?.len();
    println!(
        "64 writers on one learner: {held} of {} kept, p50 {:.1} ms, p99 {:.1} ms",
        64 * EACH,
        at(0.5),
        at(0.99)
    );
    Ok(())
}

fn rate(
    operations: usize,
    work: impl FnOnce() -> Result<(), Box<dyn Error + Send + Sync>>,
) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    work().map_err(|error| error as Box<dyn Error>)?;
    Ok(operations as f64 / start.elapsed().as_secs_f64())
}

fn reopen<S: Store>(
    dir: &Path,
    open: impl FnOnce(&Path) -> Result<S, paceline_store::StoreError>,
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let store = open(dir)?;
    let elapsed = start.elapsed();
    let stats = store.stats()?;
    println!(
        " | {:.0}   ({} MB)",
        elapsed.as_secs_f64() * 1e3,
        stats.bytes / 1_000_000
    );
    Ok(())
}

//! Lessons, records, opening and memory: against two versions of trane, the open practice system nearest to ours.

use crate::library::{Answer, Library, NOON, Right, answers};
use crate::ours::{self, MINUTES, Ours};
use crate::timing::{Row, in_turns, median, once};
use paceline::MemoryStore;
use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A version of trane.
trait Peer: Sized {
    /// Writes the files of a library, and no learner.
    fn write(library: &Library, dir: &Path);
    /// Makes the learner of a library one with these answers.
    fn practise(dir: &Path, answers: &[Answer]);
    fn open(dir: &Path, now: i64) -> Self;
    /// A batch of exercises.
    fn fetch(&self) -> usize;
    /// A batch of exercises, and the score of each.
    fn turn(&self, now: i64) -> usize;
    fn score(&self, exercise: usize, right: Right, now: i64);
}

mod v0_31 {
    use trane_0_31 as trane;
    include!("trane.rs");
}

mod v0_34 {
    use trane_0_34 as trane;
    include!("trane.rs");
}

/// How much of the library a learner has practised, and what first, warm and loop are to be at [`SIZES`].
const LEARNERS: [(&str, f64, [Targets; 3]); 3] = [
    ("new", 0.0, [[1.0, 1.0, 5.0]; 3]),
    ("half", 0.5, [[1.0; 3]; 3]),
    (
        "mature",
        1.0,
        [[50.0; 3], [300.0; 3], [10_000.0, 2_000.0, 4_000.0]],
    ),
];
type Targets = [f64; 3];

/// Exercises, and how often the peer opens that many.
const SIZES: [(usize, &str, usize); 3] =
    [(1_000, "1k", 5), (10_000, "10k", 3), (100_000, "100k", 1)];

/// Which sizes are measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Up to 10k exercises.
    Quick,
    /// Up to 100k.
    Full,
}

/// All rows against both versions, and the growth of our own time.
pub fn rows(extent: Extent) -> Vec<Row> {
    let mut rows = vec![];
    let sizes = if extent == Extent::Quick { 2 } else { 3 };
    for at in 0..sizes {
        let library = Library::new(SIZES[at].0);
        let files = TempDir::new().expect("there is a temporary directory");
        // Both versions read the same files.
        v0_34::Version::write(&library, files.path());
        rows.extend(compare::<v0_31::Version>(
            "trane 0.31",
            &library,
            files.path(),
            at,
        ));
        rows.extend(compare::<v0_34::Version>(
            "trane 0.34",
            &library,
            files.path(),
            at,
        ));
    }
    rows.extend(growth(&rows));
    rows
}

/// What the library of a size costs them and us, for the three learners.
fn compare<P: Peer>(peer: &'static str, library: &Library, theirs: &Path, at: usize) -> Vec<Row> {
    let (exercises, size, _) = SIZES[at];
    eprintln!("{peer}, {size} exercises");
    let mut rows = vec![];
    for (learner, share, targets) in LEARNERS {
        let answers = answers((exercises as f64 * share) as usize);
        let dir = TempDir::new().expect("there is a temporary directory");
        ours::write(library, dir.path());
        Ours::open(dir.path(), ours::disk(dir.path())).practise(&answers);
        P::practise(theirs, &answers);
        let dirs = (dir.path(), theirs);
        let Opened { open, first, both } = first::<P>(dirs, at);
        let (ours, their) = both;
        if share == 0.0 {
            let target = if size == "100k" { 100.0 } else { 1.0 };
            rows.push(Row::new(format!("open/{size}"), peer, open, target));
        }
        let warm = warm(&ours, &their);
        let turns = turns(&ours, &their);
        for (what, times, target) in [
            ("first after open", first, targets[at][0]),
            ("warm", warm, targets[at][1]),
            ("fetch and score", turns, targets[at][2]),
        ] {
            let name = format!("plan/{learner}, {what}/{size}");
            rows.push(Row::new(name, peer, times, target));
        }
        if share == 1.0 {
            rows.extend(records(&ours, &their, &answers, peer, at));
            drop((ours, their));
            rows.extend(resident(dirs, peer, size));
        }
    }
    rows
}

/// What [`first`] measured, ours before theirs, and the two as they were last opened.
struct Opened<P> {
    open: (f64, f64),
    first: (f64, f64),
    both: (Ours, P),
}

/// Opens both as often as the peer is to be, and plans the first lesson of each.
fn first<P: Peer>((our_dir, their_dir): (&Path, &Path), at: usize) -> Opened<P> {
    let mut open = (vec![], vec![]);
    let mut first = (vec![], vec![]);
    loop {
        let (ours, ns) = once(|| Ours::open(our_dir, ours::disk(our_dir)));
        open.0.push(ns);
        first.0.push(once(|| black_box(ours.plan(MINUTES))).1);
        let (their, ns) = once(|| P::open(their_dir, NOON));
        open.1.push(ns);
        first.1.push(once(|| black_box(their.fetch())).1);
        if open.1.len() == SIZES[at].2 {
            let medians = |(ours, theirs)| (median(ours), median(theirs));
            return Opened {
                open: medians(open),
                first: medians(first),
                both: (ours, their),
            };
        }
    }
}

/// A lesson, asked for again and again.
fn warm<P: Peer>(ours: &Ours, their: &P) -> (f64, f64) {
    let plan = ours.plan(MINUTES);
    assert!(
        plan.minutes.get() > 0.9 * MINUTES,
        "our lesson is full: {plan:?}"
    );
    assert!(their.fetch() > 0, "theirs has something");
    in_turns(
        1,
        || drop(black_box(ours.plan(MINUTES))),
        || _ = black_box(their.fetch()),
    )
}

/// A lesson, an answer to each of its activities, and so on; a minute apart.
fn turns<P: Peer>(ours: &Ours, their: &P) -> (f64, f64) {
    let (our_time, their_time) = (Cell::new(NOON), Cell::new(NOON));
    let tick = |time: &Cell<i64>| time.replace(time.get() + 60);
    in_turns(
        1,
        || ours.turn(tick(&our_time)),
        || _ = black_box(their.turn(tick(&their_time))),
    )
}

/// One answer to an exercise met before, in memory and on a disk that need not sync.
fn records<P: Peer>(
    ours: &Ours,
    their: &P,
    answers: &[Answer],
    peer: &'static str,
    at: usize,
) -> [Row; 2] {
    let (exercises, size, _) = SIZES[at];
    let library = Library::new(exercises);
    let dir = TempDir::new().expect("there is a temporary directory");
    ours::write(&library, dir.path());
    let memory = Ours::open(dir.path(), Box::new(MemoryStore::new()));
    memory.practise(answers);
    let n = Cell::new(0);
    let next = || {
        n.set(n.get() + 1);
        (
            n.get() * 7_919 % exercises,
            Right::nth(n.get()),
            NOON + 86_400 + n.get() as i64,
        )
    };
    let theirs = || {
        let (exercise, right, at) = next();
        their.score(exercise, right, at);
    };
    let in_memory = in_turns(
        1,
        || {
            let (exercise, right, at) = next();
            memory.score(exercise, right, at);
        },
        theirs,
    );
    let on_disk = in_turns(
        1,
        || {
            let (exercise, right, at) = next();
            ours.score(exercise, right, at);
        },
        theirs,
    );
    [
        Row::new(format!("record/memory/{size}"), peer, in_memory, 10.0),
        Row::new(format!("record/disk, unsynced/{size}"), peer, on_disk, 1.0),
    ]
}

/// Resident memory of a process that opened the mature learner's library and took one turn, in bytes.
fn resident((our_dir, their_dir): (&Path, &Path), peer: &'static str, size: &str) -> Option<Row> {
    let ours = in_child("ours", our_dir)?;
    let theirs = in_child(peer, their_dir)?;
    let target = if size == "100k" { 5.0 } else { 1.0 };
    let name = format!("resident bytes/{size}");
    Some(Row::new(name, peer, (ours, theirs), target))
}

/// Runs [`child`] in a process of its own.
fn in_child(who: &str, dir: &Path) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let out = Command::new(program)
        .arg("--resident")
        .arg(who)
        .arg(dir)
        .output()
        .ok()?;
    String::from_utf8(out.stdout).ok()?.trim().parse().ok()
}

/// Opens, takes a turn, and says how many bytes are resident; none where the system does not tell.
pub fn child(who: &str, dir: &Path) -> Option<f64> {
    /// After all that was measured before.
    const LATER: i64 = NOON + 30 * 86_400;
    fn turn<P: Peer>(dir: &Path) -> Option<f64> {
        let peer = P::open(dir, LATER);
        peer.turn(LATER);
        resident_bytes()
    }
    match who {
        "trane 0.31" => turn::<v0_31::Version>(dir),
        "trane 0.34" => turn::<v0_34::Version>(dir),
        _ => {
            let ours = Ours::open(dir, ours::disk(dir));
            ours.turn(LATER);
            resident_bytes()
        }
    }
}

fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024.0)
}

/// Our warm lesson for a mature learner at the largest size, against ten times that at 1k.
fn growth(rows: &[Row]) -> Option<Row> {
    let warm = |row: &&Row| row.name.starts_with("plan/mature, warm/");
    let first = rows.iter().find(warm)?;
    let last = rows.iter().rfind(warm)?;
    let name = format!("growth/{}", last.name.rsplit('/').next()?);
    let times = (last.ours_ns, 10.0 * first.ours_ns);
    Some(Row::new(name, "ours, 10 x 1k", times, 1.0))
}

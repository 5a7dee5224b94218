//! The files of a sled store: lock, manifest, databases, and what makes them durable.
//!
//! ```text
//! DIR/LOCK           held by the process that has the store open
//! DIR/MANIFEST       which database counts, and how much it holds at least
//! DIR/view-000001/   the database, by generation; any other generation is rubbish of a crash
//! ```
//!
//! The manifest is a text of six lines; the last is the CRC32C of those before, in hexadecimal:
//!
//! ```text
//! paceline-store 1
//! view 1
//! learners 12
//! events 345
//! erasing 0
//! crc 89abcdef
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::StoreError;
use crate::sled_store::index::Index;

const MANIFEST: &str = "MANIFEST";
const MANIFEST_FORMAT: u32 = 1;

/// What the manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The generation of the database that counts.
    pub(super) view: u64,
    /// How many learners it holds at least.
    pub(super) learners: u64,
    /// How many events it holds at least.
    pub(super) events: u64,
    /// Whether an erasure was begun whose bytes may still be on disk.
    pub(super) erasing: bool,
}

impl Manifest {
    /// Reads the manifest of the store in `dir`; none if there is no store.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(file_error("read", &path)(source)),
        };
        Self::parse(&text, &path).map(Some)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, StoreError> {
        let bad = |found: String, wanted: &str| {
            let (path, wanted) = (path.to_owned(), wanted.to_owned());
            StoreError::BadFile {
                path,
                found,
                wanted,
            }
        };
        let (body, crc) = text.rsplit_once("crc ").unwrap_or((text, ""));
        let wanted = format!("{:08x}", crc32c::crc32c(body.as_bytes()));
        if crc.trim_end() != wanted {
            return Err(bad(format!("checksum {:?}", crc.trim_end()), &wanted));
        }
        let mut lines = body.lines();
        let mut number = |name: &str| {
            let line = lines.next().unwrap_or("");
            let value = line
                .strip_prefix(name)
                .and_then(|rest| rest.trim_start().parse().ok());
            value.ok_or_else(|| bad(format!("line {line:?}"), name))
        };
        let format = number("paceline-store")?;
        if format != u64::from(MANIFEST_FORMAT) {
            return Err(StoreError::NewerFormat {
                what: path.display().to_string(),
                found: u32::try_from(format).unwrap_or(u32::MAX),
                supported: MANIFEST_FORMAT,
            });
        }
        let (view, learners, events) = (number("view")?, number("learners")?, number("events")?);
        let erasing = number("erasing")? != 0;
        Ok(Self {
            view,
            learners,
            events,
            erasing,
        })
    }

    fn text(&self) -> String {
        let Self {
            view,
            learners,
            events,
            erasing,
        } = *self;
        let erasing = u8::from(erasing);
        let body = format!(
            "paceline-store {MANIFEST_FORMAT}\nview {view}\nlearners {learners}\nevents {events}\nerasing {erasing}\n"
        );
        format!("{body}crc {:08x}\n", crc32c::crc32c(body.as_bytes()))
    }

    /// Puts this manifest in the place of the one before: wholly, or not at all.
    pub(super) fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let (path, fresh) = (dir.join(MANIFEST), dir.join("MANIFEST.new"));
        let written = File::create(&fresh).and_then(|mut file| {
            file.write_all(self.text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        });
        written.map_err(file_error("write", &path))?;
        sync_dir(dir)
    }

    /// The directory of the database that counts.
    pub(super) fn database(&self, dir: &Path) -> PathBuf {
        dir.join(format!("view-{:06}", self.view))
    }
}

/// Takes the store in `dir` for this process; free again when the file is dropped.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    fs::create_dir_all(dir).map_err(file_error("make", dir))?;
    let path = dir.join("LOCK");
    let file = File::create(&path).map_err(file_error("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::BadFile {
            path,
            found: "another process that has the store open".to_owned(),
            wanted: "one process at a time".to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(file_error("lock", &path)(source)),
    }
}

/// The generations of databases in `dir`.
pub(super) fn databases(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(file_error("list", dir))? {
        let entry = entry.map_err(file_error("list", dir))?;
        if entry.file_name().to_string_lossy().starts_with("view-") {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Deletes a database that no longer counts.
pub(super) fn delete_database(path: &Path) -> Result<(), StoreError> {
    // A thread of the closed database may still write a snapshot, which makes the directory
    // not empty again; it is done in moments.
    let deleted = retry(|| match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    });
    deleted.map_err(file_error("delete", path))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Opens the sled database in `path`, or makes one.
pub(super) fn open_sled(path: &Path, cache_bytes: u64) -> Result<sled::Db, StoreError> {
    remove_unfinished_snapshots(path)?;
    let config = sled::Config::new().path(path).cache_capacity(cache_bytes);
    // sled panics on some damage. The store's own lock is held, so a lock on the database can only be
    // that of one just closed, whose threads are still ending.
    let opened = panic::catch_unwind(AssertUnwindSafe(|| {
        retry(|| config.open().map_err(io::Error::from))
    }));
    let opened = opened.unwrap_or_else(|cause| Err(io::Error::other(panic_text(&*cause))));
    opened.map_err(file_error("open the database in", path))
}

fn panic_text(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| cause.downcast_ref::<String>().cloned());
    format!(
        "it is damaged: {}",
        text.unwrap_or_else(|| "it panicked".to_owned())
    )
}

/// A snapshot that a crash left half written keeps sled from opening; without it nothing is lost.
fn remove_unfinished_snapshots(path: &Path) -> Result<(), StoreError> {
    let Ok(entries) = fs::read_dir(path) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.map_err(file_error("list", path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(file_error("delete", &entry.path()))?;
        }
    }
    Ok(())
}

/// Tries for up to two seconds what other threads may be in the way of for a moment.
fn retry<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for pause_ms in [1, 4, 15, 80, 300, 600, 1000] {
        match attempt() {
            Err(error) if is_passing(&error) => thread::sleep(Duration::from_millis(pause_ms)),
            other => return other,
        }
    }
    attempt()
}

fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{DirectoryNotEmpty, WouldBlock};
    matches!(error.kind(), DirectoryNotEmpty | WouldBlock)
        || error.to_string().contains("could not acquire lock")
}

/// Makes a directory's entries durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(file_error("sync", dir))
}

/// Turns an error about a file into one of ours.
pub(super) fn file_error<'a>(
    doing: &'a str,
    path: &'a Path,
) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io {
        doing: format!("{doing} {}", path.display()),
        source,
    }
}

/// Makes what was written to a database durable, for many threads with one sync.
///
/// sled's `flush` hands its log to the operating system but does not wait for the disk, and the
/// files in which it keeps large values are not synced at all; so both are done here.
pub(super) struct Syncer {
    dir: PathBuf,
    log: File,
    /// Writes begun to be counted before the sync that covers them.
    written: AtomicU64,
    turn: Mutex<Turn>,
}

#[derive(Default)]
struct Turn {
    /// Writes that are durable.
    synced: u64,
    /// Files of large values that are durable.
    large: BTreeSet<PathBuf>,
}

impl Syncer {
    /// For the database in `dir`, which must be open.
    pub(super) fn new(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("db");
        Ok(Self {
            dir: dir.to_owned(),
            log: File::open(&path).map_err(file_error("open", &path))?,
            written: AtomicU64::new(0),
            turn: Mutex::default(),
        })
    }

    /// Returns when all that this thread wrote to `index` is durable.
    ///
    /// Threads that wait for a turn are mostly served by the one before them.
    pub(super) fn sync(&self, index: &Index) -> Result<(), StoreError> {
        let mine = self.written.fetch_add(1, Ordering::AcqRel) + 1;
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if turn.synced >= mine {
            return Ok(());
        }
        let upto = self.written.load(Ordering::Acquire);
        index.flush()?;
        self.sync_large(&mut turn)?;
        self.log
            .sync_data()
            .map_err(file_error("sync", &self.dir))?;
        turn.synced = upto;
        Ok(())
    }

    fn sync_large(&self, turn: &mut Turn) -> Result<(), StoreError> {
        let large = self.dir.join("blobs");
        let mut there = BTreeSet::new();
        for entry in fs::read_dir(&large).map_err(file_error("list", &large))? {
            there.insert(entry.map_err(file_error("list", &large))?.path());
        }
        let fresh: Vec<_> = there.difference(&turn.large).collect();
        for path in &fresh {
            match File::open(path).and_then(|file| file.sync_data()) {
                // Replaced since: then another file holds the value.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other.map_err(file_error("sync", path))?,
            }
        }
        if !fresh.is_empty() {
            sync_dir(&large)?;
        }
        turn.large = there;
        Ok(())
    }

    /// Makes every file of the database durable: for one just made.
    pub(super) fn sync_all(&self, index: &Index) -> Result<(), StoreError> {
        self.sync(index)?;
        for entry in fs::read_dir(&self.dir).map_err(file_error("list", &self.dir))? {
            let path = entry.map_err(file_error("list", &self.dir))?.path();
            match File::open(&path).and_then(|file| file.sync_all()) {
                // A snapshot that was renamed meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other.map_err(file_error("sync", &path))?,
            }
        }
        sync_dir(&self.dir)
    }
}

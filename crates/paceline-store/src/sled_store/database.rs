//! Opening a sled database, and making what is written to it durable.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::StoreError;
use crate::files::{file_error, retry, sync_dir};
use crate::sled_store::index::Index;

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

//! The store on disk: a sled database, a manifest that knows how much it must hold, and syncs.
//!
//! What sled 0.34 does not give is done here: `flush` waits for the disk; a database that lost its
//! contents is noticed when it is opened; erased bytes leave the disk, by copying what remains into
//! a new database (a *generation*) that takes the place of the old one at once.

mod database;
mod index;
mod manifest;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use paceline_core::ids::{EventId, LearnerId};

use crate::error::StoreError;
use crate::files;
use crate::rules::{self, Head};
use crate::store::{
    Append, Appended, Health, LearnerVersion, Receipt, Stats, Store, StoredEvent, View,
};
use database::Syncer;
use index::Index;
use manifest::{Manifest, databases};

/// The manifest is written anew after at most this many events, so that is how much may go
/// unnoticed when a database loses its newest part.
const EVENTS_PER_MANIFEST: u64 = 4096;

/// Appends of so many learners, at most, are one transaction.
///
/// `examples/throughput`: 64 at once run about five times as fast as one by one.
pub(crate) const GROUP: usize = 64;

/// When a write is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// After it is on the disk: it survives a power cut.
    Synced,
    /// At once: it survives the end of the process, and a power cut half a second later. For
    /// simulations, imports that can be repeated, and tests.
    Background,
}

/// How to open a [`SledStore`].
#[derive(Clone, Copy, Debug)]
pub struct SledOptions {
    /// Memory for cached pages, in bytes.
    pub cache_bytes: u64,
    /// When a write is answered.
    pub durability: Durability,
    /// Below this many free bytes on the disk, writes are refused with [`StoreError::DiskFull`].
    pub floor_bytes: u64,
}

impl Default for SledOptions {
    /// 256 MiB, answers after the sync, and 64 MiB left free.
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            durability: Durability::Synced,
            floor_bytes: 64 << 20,
        }
    }
}

/// Events of one learner that a journal holds, in the order of their versions.
pub(crate) struct Following {
    pub(crate) learner: LearnerId,
    pub(crate) events: Vec<StoredEvent>,
    /// The view that came with the last of them that had one. Without one, that of a new learner is
    /// yet to be folded, and another's lags.
    pub(crate) view: Option<Vec<u8>>,
}

impl Following {
    /// Events without a view.
    pub(crate) const fn new(learner: LearnerId, events: Vec<StoredEvent>) -> Self {
        Self {
            learner,
            events,
            view: None,
        }
    }
}

/// A store in a directory; one process at a time has it open.
pub struct SledStore {
    dir: PathBuf,
    options: SledOptions,
    // The generation that counts. Readers keep the one they began with; erasing replaces it.
    current: RwLock<Arc<Generation>>,
    // Who writes shares it; who erases has it alone.
    writers: RwLock<()>,
    manifest: Mutex<Manifest>,
    next_manifest_at: AtomicU64,
    _lock: File,
}

struct Generation {
    index: Index,
    syncer: Syncer,
}

impl Generation {
    fn open(path: &Path, options: SledOptions) -> Result<Self, StoreError> {
        let index = Index::open(path, options.cache_bytes)?;
        Ok(Self {
            syncer: Syncer::new(path)?,
            index,
        })
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.syncer.sync(&self.index)
    }
}

impl SledStore {
    /// Opens the store in `dir`, or makes one where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadFile`] if another process has it open or a file is missing or damaged,
    /// [`StoreError::Emptied`] if it holds less than its manifest says, [`StoreError::NewerFormat`],
    /// [`StoreError::Corrupt`], [`StoreError::Io`].
    pub fn open(dir: impl AsRef<Path>, options: SledOptions) -> Result<Self, StoreError> {
        let dir = dir.as_ref();
        let lock = files::lock(dir)?;
        let manifest = match Manifest::read(dir)? {
            Some(manifest) => manifest,
            None => first_manifest(dir)?,
        };
        let generation = open_generation(dir, &manifest, options)?;
        for path in databases(dir)? {
            if path != manifest.database(dir) {
                files::delete_dir(&path)?;
            }
        }
        let store = Self {
            dir: dir.to_owned(),
            options,
            current: RwLock::new(Arc::new(generation)),
            writers: RwLock::new(()),
            next_manifest_at: AtomicU64::new(next_manifest_at(manifest.events)),
            manifest: Mutex::new(manifest),
            _lock: lock,
        };
        if manifest.erasing {
            store.compact()?;
        }
        Ok(store)
    }

    // None of these locks guards data that a panic could leave half changed.
    fn current(&self) -> Arc<Generation> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    fn manifest(&self) -> MutexGuard<'_, Manifest> {
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes while nobody erases and there is space, then makes it as durable as was asked.
    fn write<T>(
        &self,
        write: impl FnOnce(&Index) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _shared = self.writers.read().unwrap_or_else(PoisonError::into_inner);
        files::check_space(&self.dir, self.options.floor_bytes)?;
        let generation = self.current();
        let answer = write(&generation.index)?;
        if self.options.durability == Durability::Synced {
            generation.sync()?;
        }
        Ok(answer)
    }

    /// Makes the manifest say what the database holds, once that is on disk.
    fn write_manifest(&self, generation: &Generation) -> Result<(), StoreError> {
        let mut manifest = self.manifest();
        let (learners, events) = generation.index.counts()?;
        generation.sync()?;
        let next = Manifest {
            learners,
            events,
            ..*manifest
        };
        if next != *manifest {
            next.write(&self.dir)?;
            *manifest = next;
        }
        self.next_manifest_at
            .store(next_manifest_at(events), Ordering::Relaxed);
        Ok(())
    }

    /// Version and last event of a learner.
    pub(crate) fn head(&self, learner: &LearnerId) -> Result<Option<Head>, StoreError> {
        self.current().index.head(learner)
    }

    /// Takes in events that a journal holds. What is there already stays as it is. False if there
    /// are none on which these could follow.
    ///
    /// The learners are at most [`GROUP`], all different.
    pub(crate) fn follow(&self, group: &[Following]) -> Result<bool, StoreError> {
        self.write(|index| index.follow_group(group))
    }

    /// Takes a learner out whose events are to be restored. Traces stay on disk.
    pub(crate) fn withdraw(&self, learner: &LearnerId) -> Result<(), StoreError> {
        self.write(|index| index.remove(learner)).map(|_| ())
    }

    /// Flips a bit of a stored value.
    #[cfg(test)]
    pub(crate) fn spoil(&self, tree: crate::error::Tree, key: &[u8]) {
        let generation = self.current();
        let tree = generation.index.raw(tree);
        let mut value = tree.get(key).unwrap().unwrap().to_vec();
        let middle = value.len() / 2;
        value[middle] ^= 0x10;
        tree.insert(key, value).unwrap();
    }

    /// Lowers what the manifest wants before anything goes: a crash on the way must not look like a
    /// loss, and the next opening must finish the work.
    fn announce_erasure(&self, learners: u64) -> Result<(), StoreError> {
        let mut manifest = self.manifest();
        let learners = manifest.learners.saturating_sub(learners);
        let next = Manifest {
            learners,
            events: 0,
            erasing: true,
            ..*manifest
        };
        next.write(&self.dir)?;
        *manifest = next;
        Ok(())
    }

    /// Copies what is left into a new generation and lets that one count.
    fn compact(&self) -> Result<(), StoreError> {
        let old = self.current();
        let mut manifest = self.manifest();
        let (learners, events) = old.index.counts()?;
        let next = Manifest {
            view: manifest.view + 1,
            learners,
            events,
            erasing: false,
        };
        let (from, to) = (manifest.database(&self.dir), next.database(&self.dir));
        files::delete_dir(&to)?;
        let fresh = Generation::open(&to, self.options)?;
        old.index.copy_to(&fresh.index)?;
        fresh.syncer.sync_all(&fresh.index)?;
        next.write(&self.dir)?;
        *manifest = next;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        close(old);
        files::delete_dir(&from)
    }
}

/// Waits for the last reader of a generation, then closes it.
fn close(mut generation: Arc<Generation>) {
    loop {
        match Arc::try_unwrap(generation) {
            Ok(generation) => return drop(generation),
            Err(shared) => generation = shared,
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The first manifests come at 1, 2, 4, ... events, so that a young store is watched too.
fn next_manifest_at(events: u64) -> u64 {
    events + events.clamp(1, EVENTS_PER_MANIFEST)
}

fn first_manifest(dir: &Path) -> Result<Manifest, StoreError> {
    if let Some(path) = databases(dir)?.first() {
        return Err(StoreError::BadFile {
            path: dir.join("MANIFEST"),
            found: format!("no such file, but {}", path.display()),
            wanted: "the manifest of that database".to_owned(),
        });
    }
    let manifest = Manifest {
        view: 1,
        learners: 0,
        events: 0,
        erasing: false,
    };
    manifest.write(dir)?;
    Ok(manifest)
}

fn open_generation(
    dir: &Path,
    manifest: &Manifest,
    options: SledOptions,
) -> Result<Generation, StoreError> {
    let path = manifest.database(dir);
    let log = path.join("db");
    let holds_something = manifest.learners + manifest.events > 0;
    // sled would make an empty database where there is none.
    if holds_something && !fs::exists(&log).map_err(files::file_error("find", &log))? {
        return Err(StoreError::BadFile {
            path: log,
            found: "no such file".to_owned(),
            wanted: format!("{} learners, {} events", manifest.learners, manifest.events),
        });
    }
    let generation = Generation::open(&path, options)?;
    let (learners, events) = generation.index.counts()?;
    if learners < manifest.learners || events < manifest.events {
        let (learners_wanted, events_wanted) = (manifest.learners, manifest.events);
        return Err(StoreError::Emptied {
            path,
            learners,
            events,
            learners_wanted,
            events_wanted,
        });
    }
    Ok(generation)
}

impl Store for SledStore {
    fn append_many(
        &self,
        batch: &[Append<'_>],
    ) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
        let (answers, events) = self.write(|index| {
            let mut answers = Vec::with_capacity(batch.len());
            while answers.len() < batch.len() {
                let rest = &batch[answers.len()..];
                let learners = rest.iter().map(|append| append.learner);
                let group = rules::count_distinct(learners, GROUP);
                answers.extend(index.append_group(&rest[..group])?);
            }
            Ok((answers, index.counts()?.1))
        })?;
        if events >= self.next_manifest_at.load(Ordering::Relaxed) {
            let _shared = self.writers.read().unwrap_or_else(PoisonError::into_inner);
            self.write_manifest(&self.current())?;
        }
        Ok(answers)
    }

    fn event(&self, learner: &LearnerId, id: &EventId) -> Result<Option<StoredEvent>, StoreError> {
        self.current().index.event(learner, id)
    }

    fn events_after(
        &self,
        learner: &LearnerId,
        version: LearnerVersion,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.current().index.events_after(learner, version)
    }

    fn view(&self, learner: &LearnerId) -> Result<Option<View>, StoreError> {
        self.current().index.view(learner)
    }

    fn replace_view(
        &self,
        learner: &LearnerId,
        expected: LearnerVersion,
        view: &[u8],
    ) -> Result<(), StoreError> {
        self.write(|index| index.replace_view(learner, expected, view))
    }

    fn learners(
        &self,
        after: Option<&LearnerId>,
        limit: usize,
    ) -> Result<Vec<LearnerId>, StoreError> {
        self.current().index.learners(after, limit)
    }

    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.current().index.blob(name)
    }

    fn put_blob(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(|index| index.put_blob(name, bytes))
    }

    fn erase(&self, learners: &[&LearnerId]) -> Result<Vec<Receipt>, StoreError> {
        let _alone = self.writers.write().unwrap_or_else(PoisonError::into_inner);
        let generation = self.current();
        self.announce_erasure(learners.len() as u64)?;
        let removed = learners
            .iter()
            .map(|learner| generation.index.remove(learner));
        let receipts = removed.collect::<Result<Vec<_>, _>>()?;
        generation.sync()?;
        drop(generation);
        self.compact()?;
        Ok(receipts)
    }

    fn flush(&self) -> Result<(), StoreError> {
        let _shared = self.writers.read().unwrap_or_else(PoisonError::into_inner);
        self.write_manifest(&self.current())
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        self.current().index.stats()
    }

    fn verify(&self) -> Result<Health, StoreError> {
        self.current().index.verify()
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // Nothing acknowledged depends on it; the manifest is merely less up to date.
        if let Err(error) = self.write_manifest(&self.current()) {
            tracing::warn!(%error, "closing the store");
        }
    }
}

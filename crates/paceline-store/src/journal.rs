//! The store whose truth is a journal: append-only segments, synced before anything is answered unless told otherwise.
//!
//! The journal's bytes are documented in `docs/journal-format.md`. A [`SledStore`](crate::SledStore) beside it is a
//! *view*: it follows the journal, answers every read, and is built again from the journal when it
//! is missing, damaged or behind. What the view held of folded states is then computed again by
//! the facade, learner by learner, as [`StoreError::asks_for_refold`] asks.
//!
//! ```text
//! DIR/LOCK            held by the process that has the store open
//! DIR/JOURNAL         how far the journal goes, and how far the view has followed
//! DIR/journal/        the segments
//! DIR/view/           the view
//! DIR/view-damaged/   a view that was set aside
//! ```
//!
//! How an append goes:
//!
//! 1. The learner is locked, and the append judged against the view and what is to follow there.
//! 2. Its entry is written to the journal, with those of other threads, and synced.
//! 3. The view is brought up to date, unsynced, and the append is answered. With
//!    [`Durability::Background`] nothing is synced in 2, and the view follows many appends at once:
//!    when so many have come, when one of their learners is read, and at checkpoints, each time after a sync of the journal.
//!
//! A crash between 2 and 3, or a power cut that takes the view back, is made good on opening: the
//! entries after the last checkpoint are played again; those that the view has are passed over.

mod behind;
mod format;
mod log;
mod state;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use paceline_core::ids::{EventId, LearnerId};

use crate::error::{StoreError, Tree};
use crate::files;
use crate::record;
use crate::rules::{self, Verdict};
use crate::sled_store::{Durability, Following, GROUP, SledOptions, SledStore};
use crate::store::{
    Append, Appended, Health, LearnerVersion, Receipt, Stats, Store, StoredEvent, View,
};
use behind::Behind;
use format::Entry;
use log::Log;
use state::State;

/// Learners share this many locks, so this many of their appends can wait for one sync.
const STRIPES: usize = 256;

/// How to open a [`JournalStore`].
#[derive(Clone, Copy, Debug)]
pub struct JournalOptions {
    /// Memory for cached pages of the view, in bytes.
    pub cache_bytes: u64,
    /// When a write is answered. In the background it survives the end of the process at once; a power
    /// cut may take what came since the last sync, and the store is then to be opened with the same option.
    pub durability: Durability,
    /// A segment of the journal is closed once it has this many bytes.
    pub segment_bytes: u64,
    /// The view is synced after this many entries: how much is played again after a crash.
    pub checkpoint_entries: u64,
    /// Below this many free bytes on the disk, writes are refused with [`StoreError::DiskFull`].
    pub floor_bytes: u64,
}

impl Default for JournalOptions {
    /// 256 MiB of cache, answers after the sync, segments of 64 MiB, a checkpoint each 16,384 entries, 64 MiB left
    /// free.
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            durability: Durability::Synced,
            segment_bytes: 64 << 20,
            checkpoint_entries: 1 << 14,
            floor_bytes: 64 << 20,
        }
    }
}

/// A store in a directory, journalled; one process at a time has it open.
pub struct JournalStore {
    dir: PathBuf,
    options: JournalOptions,
    log: Log,
    view: SledStore,
    // What the view is yet to be told; taken after all other locks.
    behind: Mutex<Behind>,
    state: Mutex<State>,
    // Who writes shares it; checkpoints and erasures have it alone.
    writers: RwLock<()>,
    stripes: Vec<Mutex<()>>,
    // The last entry at the last checkpoint.
    checkpoint: AtomicU64,
    // The journal went ahead of the view: only opening again brings them together.
    apart: AtomicBool,
    _lock: File,
}

impl JournalStore {
    /// Opens the store in `dir`, or makes one where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadFile`] if another process has it open, or the journal is damaged or lacks a
    /// part: the file and the place are named. [`StoreError::NewerFormat`], [`StoreError::Io`].
    /// A damaged view is no error: it is set aside and built again.
    pub fn open(dir: impl AsRef<Path>, options: JournalOptions) -> Result<Self, StoreError> {
        let dir = dir.as_ref();
        let lock = files::lock(dir)?;
        let state = match State::read(dir)? {
            Some(state) => state,
            None => first_state(dir)?,
        };
        let log = Log::open(&dir.join("journal"), options, state.last, state.segment)?;
        let erasing: BTreeSet<&LearnerId> = state.erasing.iter().collect();
        if !erasing.is_empty() {
            log.erase(&erasing)?;
        }
        let view = open_view(dir, options, &log, &state)?;
        if !erasing.is_empty() {
            view.erase(&erasing.into_iter().collect::<Vec<_>>())?;
            files::delete_dir(&dir.join("view-damaged"))?;
        }
        if log.is_torn() {
            check_not_ahead(dir, &log, &view)?;
            log.cut_torn_tail()?;
        }
        let store = Self {
            dir: dir.to_owned(),
            options,
            log,
            view,
            behind: Mutex::default(),
            state: Mutex::new(State {
                erasing: Vec::new(),
                ..state
            }),
            writers: RwLock::new(()),
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
            checkpoint: AtomicU64::new(0),
            apart: AtomicBool::new(false),
            _lock: lock,
        };
        store.checkpoint_alone()?;
        Ok(store)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Syncs the view and says so, while the caller lets nobody write.
    fn checkpoint_alone(&self) -> Result<(), StoreError> {
        self.log.sync()?;
        self.settle(|_| true)?;
        self.view.flush()?;
        let (last, segment) = self.log.end();
        let mut state = self.state();
        let next = State {
            applied: last,
            last,
            segment,
            rebuild: false,
            erasing: Vec::new(),
        };
        if *state != next || self.checkpoint.load(Ordering::Relaxed) == 0 {
            next.write(&self.dir)?;
            *state = next;
        }
        self.checkpoint.store(last, Ordering::Relaxed);
        Ok(())
    }

    fn checkpoint(&self) -> Result<(), StoreError> {
        let _alone = self.writers.write().unwrap_or_else(PoisonError::into_inner);
        self.check_together()?;
        self.checkpoint_alone()
    }

    fn check_together(&self) -> Result<(), StoreError> {
        if !self.apart.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(StoreError::Io {
            doing: format!("write to {}", self.dir.display()),
            source: io::Error::other("an earlier write failed halfway; open the store again"),
        })
    }

    /// Locks the stripes of these learners, in order, so that no two threads wait for each other.
    fn lock_learners<'a>(
        &'a self,
        learners: impl Iterator<Item = &'a LearnerId>,
    ) -> Vec<MutexGuard<'a, ()>> {
        let stripe = |id: &LearnerId| crc32c::crc32c(id.as_str().as_bytes()) as usize % STRIPES;
        let stripes: BTreeSet<usize> = learners.map(stripe).collect();
        let lock = |stripe: usize| {
            self.stripes[stripe]
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        stripes.into_iter().map(lock).collect()
    }

    /// Appends for learners that are all different, with one sync.
    fn append_group(
        &self,
        group: &[Append<'_>],
    ) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
        let _turns = self.lock_learners(group.iter().map(|append| append.learner));
        let mut writes = Vec::new();
        let answers = group
            .iter()
            .map(|append| match self.judge(append)? {
                Verdict::Answer(answer) => Ok(answer),
                Verdict::Write(head) => {
                    let version = head.0;
                    writes.push((append, head));
                    Ok(Appended::Stored { version })
                }
            })
            .collect();
        if writes.is_empty() {
            return Ok(answers);
        }
        let entries = writes
            .iter()
            .map(|(append, _)| Entry::encode_append(append, append.expected.0));
        self.log.commit(entries.collect())?;
        let mut behind = self.behind();
        for (append, head) in writes {
            behind.push(append, head);
        }
        if behind.is_full() || self.options.durability == Durability::Synced {
            self.follow(&mut behind)?;
        }
        Ok(answers)
    }

    /// What an append does, while its learner is locked.
    fn judge(&self, append: &Append<'_>) -> Result<Verdict, StoreError> {
        rules::check_append(append)?;
        let learner = append.learner;
        let waiting = self.behind().head(learner);
        let head = match waiting {
            Some(head) => Some(head),
            None => self.view.head(learner)?,
        };
        // The view may follow meanwhile, so what is not waiting is looked for there.
        rules::judge(append, head, |id| {
            let waiting = self.behind().event(learner, id);
            match waiting {
                Some(bytes) => Ok(Some(bytes)),
                None => Ok(self.view.event(learner, id)?.map(|event| event.bytes)),
            }
        })
    }

    // What it guards is whole between calls.
    fn behind(&self) -> MutexGuard<'_, Behind> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the view after the journal if it is behind in what `matters`.
    fn settle(&self, matters: impl FnOnce(&Behind) -> bool) -> Result<(), StoreError> {
        let mut behind = self.behind();
        if behind.is_empty() || !matters(&behind) {
            return Ok(());
        }
        self.follow(&mut behind)
    }

    fn follow(&self, behind: &mut Behind) -> Result<(), StoreError> {
        // Else a power cut could leave the view ahead of the journal.
        self.log.sync()?;
        self.apply(|| {
            for group in behind.learners().chunks(GROUP) {
                if !self.view.follow(group)? {
                    return Err(gap(&self.dir, self.log.last()));
                }
            }
            *behind = Behind::default();
            Ok(())
        })
    }

    /// Brings the view after the journal; if that fails, nothing more may be written.
    fn apply<T>(&self, change: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        change().inspect_err(|_| self.apart.store(true, Ordering::Relaxed))
    }

    fn write<T>(&self, write: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let answer = {
            let _shared = self.writers.read().unwrap_or_else(PoisonError::into_inner);
            self.check_together()?;
            files::check_space(&self.dir, self.options.floor_bytes)?;
            write().inspect_err(|error| self.condemn_if_damaged(error))?
        };
        let since = self.log.last() - self.checkpoint.load(Ordering::Relaxed);
        if since >= self.options.checkpoint_entries {
            self.checkpoint()?;
        }
        Ok(answer)
    }

    /// Builds a learner in the view again from the journal.
    fn mend(&self, learner: &LearnerId) -> Result<(), StoreError> {
        let _alone = self.writers.write().unwrap_or_else(PoisonError::into_inner);
        self.check_together()?;
        tracing::warn!("building a damaged learner again from the journal");
        // If this is cut short, the view lacks what it once had: then it is built anew.
        self.condemn()?;
        self.apply(|| {
            self.view.withdraw(learner)?;
            self.log.read(1, |number, entry| match entry {
                Entry::Append {
                    learner: id,
                    events,
                } if id == *learner => {
                    if self.view.follow(&[Following::new(id, events)])? {
                        Ok(())
                    } else {
                        Err(gap(&self.dir, number))
                    }
                }
                _ => Ok(()),
            })
        })?;
        self.checkpoint_alone()
    }

    /// Has the next opening build the view again, unless a checkpoint comes first.
    fn condemn(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        state.rebuild = true;
        state.write(&self.dir)
    }

    /// Reads; where an event is damaged, mends the learner and reads again.
    fn mending<T>(
        &self,
        learner: &LearnerId,
        read: impl Fn() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.settle(|behind| behind.holds(learner))?;
        match read() {
            Err(StoreError::Corrupt {
                tree: Tree::Events, ..
            }) => {
                self.mend(learner)?;
                read()
            }
            other => other.inspect_err(|error| self.condemn_if_damaged(error)),
        }
    }

    /// If the view's database cannot read its own files, has the next opening build it again, and
    /// takes no more writes.
    fn condemn_if_damaged(&self, error: &StoreError) {
        use io::ErrorKind::{InvalidData, UnexpectedEof};
        let StoreError::Io { source, .. } = error else {
            return;
        };
        if !matches!(source.kind(), InvalidData | UnexpectedEof) {
            return;
        }
        self.apart.store(true, Ordering::Relaxed);
        if let Err(error) = self.condemn() {
            tracing::warn!(%error, "condemning a damaged view");
        }
    }
}

fn first_state(dir: &Path) -> Result<State, StoreError> {
    for name in ["journal", "view"] {
        let path = dir.join(name);
        if fs::exists(&path).map_err(files::file_error("find", &path))? {
            return Err(StoreError::BadFile {
                path: dir.join("JOURNAL"),
                found: format!("no such file, but {}", path.display()),
                wanted: "the state of that journal".to_owned(),
            });
        }
    }
    let state = State::default();
    state.write(dir)?;
    Ok(state)
}

/// Opens the view and brings it after the journal; one that cannot be is built anew.
fn open_view(
    dir: &Path,
    options: JournalOptions,
    log: &Log,
    state: &State,
) -> Result<SledStore, StoreError> {
    let path = dir.join("view");
    let sled = SledOptions {
        cache_bytes: options.cache_bytes,
        durability: Durability::Background,
        // Checked before the journal is written; what follows it may not fail for this.
        floor_bytes: 0,
    };
    let known = path.join("MANIFEST");
    let there = fs::exists(&known).map_err(files::file_error("find", &known))?;
    if !state.rebuild && (there || state.applied == 0) {
        let opened = SledStore::open(&path, sled).and_then(|view| {
            replay(dir, log, state.applied + 1, &view)?;
            Ok(view)
        });
        match opened {
            Err(error) if means_rebuild(&error) => {
                tracing::warn!(%error, "setting the view aside and building it again");
            }
            other => return other,
        }
    }
    set_aside(&path, &dir.join("view-damaged"))?;
    let view = SledStore::open(&path, sled)?;
    replay(dir, log, 1, &view)?;
    Ok(view)
}

/// Whether an error in opening the view says that it is damaged, and not that the machine is.
fn means_rebuild(error: &StoreError) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, Other, UnexpectedEof};
    match error {
        StoreError::Io { source, .. } => matches!(
            source.kind(),
            InvalidData | InvalidInput | NotFound | Other | UnexpectedEof
        ),
        StoreError::NewerFormat { .. } => false,
        StoreError::BadFile { path, .. } => !path.ends_with("LOCK"),
        _ => true,
    }
}

fn set_aside(view: &Path, aside: &Path) -> Result<(), StoreError> {
    if !fs::exists(view).map_err(files::file_error("find", view))? {
        return Ok(());
    }
    files::delete_dir(aside)?;
    fs::rename(view, aside).map_err(files::file_error("set aside", view))?;
    view.parent().map_or(Ok(()), files::sync_dir)
}

fn replay(dir: &Path, log: &Log, from: u64, view: &SledStore) -> Result<(), StoreError> {
    let mut group: Vec<Following> = Vec::new();
    let follow = |group: &mut Vec<_>, number| {
        let followed = view.follow(group)?;
        group.clear();
        if followed {
            Ok(())
        } else {
            Err(gap(dir, number))
        }
    };
    let mut learners = BTreeSet::new();
    log.read(from, |number, entry| match entry {
        Entry::Append { learner, events } => {
            if group.len() == GROUP || !learners.insert(learner.clone()) {
                follow(&mut group, number)?;
                learners = BTreeSet::from([learner.clone()]);
            }
            group.push(Following::new(learner, events));
            Ok(())
        }
        Entry::Blob { name, bytes } => view.put_blob(&name, &bytes),
        Entry::Erased => Ok(()),
    })?;
    follow(&mut group, log.last())
}

/// An error if the view has events that the journal lacks: then what was cut from the journal as
/// torn was in truth acknowledged, and damaged since.
fn check_not_ahead(dir: &Path, log: &Log, view: &SledStore) -> Result<(), StoreError> {
    let mut journalled = 0;
    log.read(1, |_, entry| {
        if let Entry::Append { events, .. } = entry {
            journalled += events.len() as u64;
        }
        Ok(())
    })?;
    let held = view.stats()?.events;
    if held <= journalled {
        return Ok(());
    }
    Err(StoreError::BadFile {
        path: dir.join("journal"),
        found: format!("{journalled} events, and a damaged block at the end"),
        wanted: format!("the {held} that the view holds"),
    })
}

/// The view lacks events that come before an entry.
fn gap(dir: &Path, number: u64) -> StoreError {
    StoreError::BadFile {
        path: dir.join("view"),
        found: "a learner that lacks events".to_owned(),
        wanted: format!("all up to entry {number} of the journal"),
    }
}

impl Store for JournalStore {
    fn append_many(
        &self,
        batch: &[Append<'_>],
    ) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
        self.write(|| {
            let mut answers = Vec::with_capacity(batch.len());
            while answers.len() < batch.len() {
                let rest = &batch[answers.len()..];
                let learners = rest.iter().map(|append| append.learner);
                let group = rules::count_distinct(learners, rest.len());
                answers.extend(self.append_group(&rest[..group])?);
            }
            Ok(answers)
        })
    }

    fn event(&self, learner: &LearnerId, id: &EventId) -> Result<Option<StoredEvent>, StoreError> {
        self.mending(learner, || self.view.event(learner, id))
    }

    fn events_after(
        &self,
        learner: &LearnerId,
        version: LearnerVersion,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.mending(learner, || self.view.events_after(learner, version))
    }

    fn view(&self, learner: &LearnerId) -> Result<Option<View>, StoreError> {
        self.settle(|behind| behind.holds(learner))?;
        let view = self.view.view(learner);
        view.inspect_err(|error| self.condemn_if_damaged(error))
    }

    fn replace_view(
        &self,
        learner: &LearnerId,
        expected: LearnerVersion,
        view: &[u8],
    ) -> Result<(), StoreError> {
        self.write(|| {
            let _turn = self.lock_learners(std::iter::once(learner));
            self.settle(|behind| behind.holds(learner))?;
            self.view.replace_view(learner, expected, view)
        })
    }

    fn learners(
        &self,
        after: Option<&LearnerId>,
        limit: usize,
    ) -> Result<Vec<LearnerId>, StoreError> {
        self.settle(|_| true)?;
        self.view.learners(after, limit)
    }

    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.view.blob(name)
    }

    fn put_blob(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        rules::check_blob(name, bytes)?;
        self.write(|| {
            let entry = Entry::Blob {
                name: name.to_owned(),
                bytes: bytes.to_vec(),
            };
            // All blobs in turn: the view must take them in the order of the journal.
            let _turn = self.stripes[0]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            self.log.commit(vec![entry.encode()])?;
            self.apply(|| self.view.put_blob(name, bytes))
        })
    }

    fn erase(&self, learners: &[&LearnerId]) -> Result<Vec<Receipt>, StoreError> {
        let _alone = self.writers.write().unwrap_or_else(PoisonError::into_inner);
        self.check_together()?;
        self.checkpoint_alone()?;
        // From here on, opening again finishes what is begun.
        let erasing = learners.iter().map(|id| (*id).clone()).collect();
        let begun = State {
            erasing,
            ..self.state().clone()
        };
        begun.write(&self.dir)?;
        *self.state() = begun;
        let receipts = self.apply(|| self.view.erase(learners))?;
        self.apply(|| self.log.erase(&learners.iter().copied().collect()))?;
        self.apply(|| files::delete_dir(&self.dir.join("view-damaged")))?;
        self.checkpoint_alone()?;
        Ok(receipts)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.checkpoint()
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        self.settle(|_| true)?;
        let stats = self.view.stats()?;
        Ok(Stats {
            bytes: stats.bytes + self.log.bytes()?,
            ..stats
        })
    }

    /// Also reads the whole journal, and holds the view to it.
    fn verify(&self) -> Result<Health, StoreError> {
        let _alone = self.writers.write().unwrap_or_else(PoisonError::into_inner);
        self.settle(|_| true)?;
        let mut health = self.view.verify()?;
        let mut counts: BTreeMap<LearnerId, u64> = BTreeMap::new();
        let read = self.log.read(1, |_, entry| {
            if let Entry::Append { learner, events } = entry {
                *counts.entry(learner).or_default() += events.len() as u64;
            }
            Ok(())
        });
        if let Err(error) = read {
            health.problems.push(error);
            return Ok(health);
        }
        let whole = health.problems.is_empty();
        for (learner, count) in counts.iter().filter(|_| whole) {
            let version = self.view.view(learner)?.map_or(0, |view| view.version.0);
            if version != *count {
                let key = record::event_prefix(learner);
                let (found, wanted) = (format!("{version} events"), format!("{count}"));
                health
                    .problems
                    .push(record::corrupt(Tree::Events, &key, found, wanted));
            }
        }
        Ok(health)
    }
}

impl Drop for JournalStore {
    fn drop(&mut self) {
        // Nothing acknowledged depends on it; opening again merely has less to play.
        if let Err(error) = self.checkpoint() {
            tracing::warn!(%error, "closing the store");
        }
    }
}

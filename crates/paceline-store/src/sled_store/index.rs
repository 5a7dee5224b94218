//! The trees of one sled database, and what is done in them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::Timestamp;
use sled::Transactional;
use sled::transaction::{ConflictableTransactionError, TransactionError};

use crate::error::{StoreError, Tree};
use crate::record::{self, Kind, Record};
use crate::rules::{self, Head, Verdict};
use crate::sled_store::{Following, database};
use crate::store::{
    Append, Appended, EventKey, Health, LearnerVersion, NewEvent, Receipt, Stats, StoredEvent, View,
};

const COUNTS_KEY: &[u8] = b"all";

/// Learners share this many locks. More would not help: sled runs one transaction at a time.
const STRIPES: usize = 64;

/// Rows of one transaction when a database is copied.
const COPY_ROWS: usize = 4096;

/// One sled database.
pub(super) struct Index {
    db: sled::Db,
    events: sled::Tree,
    views: sled::Tree,
    /// Version and last event of the learners whose view lags; a view that does not has its own.
    heads: sled::Tree,
    blobs: sled::Tree,
    counts: sled::Tree,
    stripes: Vec<RwLock<()>>,
}

impl Index {
    /// Opens the database in `path`, or makes one.
    pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let db = database::open_sled(path, cache_bytes)?;
        let tree = |tree: Tree| {
            db.open_tree(tree.name())
                .map_err(failed(|| format!("open tree {tree} in {}", path.display())))
        };
        Ok(Self {
            events: tree(Tree::Events)?,
            views: tree(Tree::Views)?,
            heads: tree(Tree::Heads)?,
            blobs: tree(Tree::Blobs)?,
            counts: tree(Tree::Counts)?,
            stripes: (0..STRIPES).map(|_| RwLock::new(())).collect(),
            db,
        })
    }

    /// Hands what was written to the operating system; see `database::Syncer` for what that lacks.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let flushed = self.db.flush();
        flushed.map_err(failed(|| "flush the database".to_owned()))?;
        Ok(())
    }

    // The locks guard no data of their own, so a poisoned one is as good as any.
    fn reading(&self, learner: &LearnerId) -> RwLockReadGuard<'_, ()> {
        self.stripes[stripe(learner)]
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self, learner: &LearnerId) -> RwLockWriteGuard<'_, ()> {
        self.stripes[stripe(learner)]
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the stripes of these learners, in order, so that no two threads wait for each other.
    fn writing_all<'a>(
        &'a self,
        learners: impl Iterator<Item = &'a LearnerId>,
    ) -> Vec<RwLockWriteGuard<'a, ()>> {
        let stripes: BTreeSet<usize> = learners.map(stripe).collect();
        let lock = |stripe: usize| {
            let lock = self.stripes[stripe].write();
            lock.unwrap_or_else(PoisonError::into_inner)
        };
        stripes.into_iter().map(lock).collect()
    }

    /// Appends for learners that are all different, in one transaction.
    pub(super) fn append_group(
        &self,
        group: &[Append<'_>],
    ) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
        let _turns = self.writing_all(group.iter().map(|append| append.learner));
        let mut changes = Vec::new();
        let answers = group
            .iter()
            .map(|append| match self.judge(append)? {
                Verdict::Answer(answer) => Ok(answer),
                Verdict::Write(head) => {
                    changes.push(Change::append(append, &head));
                    Ok(Appended::Stored { version: head.0 })
                }
            })
            .collect();
        self.write(&changes)?;
        Ok(answers)
    }

    /// What an append does, while its learner is locked.
    fn judge(&self, append: &Append<'_>) -> Result<Verdict, StoreError> {
        rules::check_append(append)?;
        let stored = |id: &EventId| {
            Ok(self
                .read_event(append.learner, id)?
                .map(|event| event.bytes))
        };
        rules::judge(append, self.head(append.learner)?, stored)
    }

    /// See `SledStore::follow`. The learners are all different, and the events of each in the order
    /// of their versions.
    pub(super) fn follow_group(&self, group: &[Following]) -> Result<bool, StoreError> {
        let _turns = self.writing_all(group.iter().map(|following| &following.learner));
        let mut changes = Vec::new();
        for following in group {
            let head = self.head(&following.learner)?;
            let version = head.as_ref().map_or(0, |(version, _)| version.0);
            let there = |event: &StoredEvent| event.version.0 <= version;
            let fresh = &following.events[following.events.partition_point(there)..];
            match fresh.first() {
                None => continue,
                Some(first) if version + 1 != first.version.0 => return Ok(false),
                Some(_) => {}
            }
            let last = head.map(|(_, last)| last);
            changes.push(Change::follow(following, fresh, last));
        }
        self.write(&changes)?;
        Ok(true)
    }

    /// Makes changes in one transaction.
    fn write(&self, changes: &[Change<'_>]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let learners = changes.iter().filter(|change| change.new).count() as u64;
        let rows = changes
            .iter()
            .map(|change| change.rows.len() as u64)
            .sum::<u64>();
        let trees = (&self.events, &self.views, &self.heads, &self.counts);
        let done = trees.transaction(|(events, views, heads, counts)| {
            for change in changes {
                for (key, value) in &change.rows {
                    events.insert(key.as_slice(), value.as_slice())?;
                }
                let key = change.learner.as_str().as_bytes();
                match &change.state {
                    Row::View(row) => {
                        views.insert(key, row.as_slice())?;
                        heads.remove(key)?;
                    }
                    Row::Head(row) => {
                        heads.insert(key, row.as_slice())?;
                    }
                }
            }
            let total = decode_counts(counts.get(COUNTS_KEY)?.as_deref()).map_err(abort)?;
            counts.insert(
                COUNTS_KEY,
                encode_counts((total.0 + learners, total.1 + rows)),
            )?;
            Ok(())
        });
        done.map_err(|error| transaction_error(error, "append"))
    }

    /// Version and last event of a learner.
    pub(super) fn head(&self, learner: &LearnerId) -> Result<Option<Head>, StoreError> {
        let key = learner.as_str().as_bytes();
        if let Some(value) = get(&self.heads, Tree::Heads, key)? {
            return head_of(Tree::Heads, key, &value).map(Some);
        }
        let Some(value) = get(&self.views, Tree::Views, key)? else {
            return self.no_view(learner).map(|()| None);
        };
        head_of(Tree::Views, key, &value).map(Some)
    }

    /// An error if a learner without a view has events: then the view is lost.
    fn no_view(&self, learner: &LearnerId) -> Result<(), StoreError> {
        match self
            .events
            .scan_prefix(record::event_prefix(learner))
            .next()
        {
            None => Ok(()),
            Some(Err(error)) => Err(failed(|| format!("read events of {learner}"))(error)),
            Some(Ok(_)) => Err(record::corrupt(
                Tree::Views,
                learner.as_str().as_bytes(),
                "no view".to_owned(),
                "one, as there are events".to_owned(),
            )),
        }
    }

    pub(super) fn event(
        &self,
        learner: &LearnerId,
        id: &EventId,
    ) -> Result<Option<StoredEvent>, StoreError> {
        let _turn = self.reading(learner);
        self.read_event(learner, id)
    }

    fn read_event(
        &self,
        learner: &LearnerId,
        id: &EventId,
    ) -> Result<Option<StoredEvent>, StoreError> {
        let key = record::event_row(learner, id);
        let value = get(&self.events, Tree::Events, &key)?;
        value.map(|value| decode_event(&key, &value)).transpose()
    }

    /// The events after `version` in canonical order, all of them or an error.
    pub(super) fn events_after(
        &self,
        learner: &LearnerId,
        version: LearnerVersion,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let _turn = self.reading(learner);
        let mut events = Vec::new();
        let (mut found, mut highest) = (0, 0);
        for row in self.events.scan_prefix(record::event_prefix(learner)) {
            let (key, value) = row.map_err(failed(|| format!("read events of {learner}")))?;
            let record = Record::decode(Tree::Events, &key, &value)?;
            found += 1;
            highest = highest.max(record.version);
            if version.0 < record.version {
                events.push(stored_event(&key, &record)?);
            }
        }
        // A damaged view does not stand in the way: it is from here that it is mended.
        let head = self.head(learner).ok().flatten();
        let wanted = head.map_or(highest, |(version, _)| version.0.max(highest));
        check_none_missing(learner, found, wanted)?;
        // Already by id, and the sort is stable.
        events.sort_by_key(|event| event.at);
        Ok(events)
    }

    pub(super) fn view(&self, learner: &LearnerId) -> Result<Option<View>, StoreError> {
        let _turn = self.reading(learner);
        let key = learner.as_str().as_bytes();
        let Some(value) = get(&self.views, Tree::Views, key)? else {
            return self.no_view(learner).map(|()| None);
        };
        let record = Record::decode(Tree::Views, key, &value)?;
        if record.kind == Kind::Unfolded {
            let found = "a view that is yet to be folded".to_owned();
            return Err(record::corrupt(
                Tree::Views,
                key,
                found,
                "a view".to_owned(),
            ));
        }
        let (version, last) = match get(&self.heads, Tree::Heads, key)? {
            Some(value) => head_of(Tree::Heads, key, &value)?,
            None => head_of_record(Tree::Views, key, &record)?,
        };
        Ok(Some(View {
            version,
            last,
            bytes: record.payload.to_vec(),
        }))
    }

    pub(super) fn replace_view(
        &self,
        learner: &LearnerId,
        expected: LearnerVersion,
        view: &[u8],
    ) -> Result<(), StoreError> {
        rules::check_view(view)?;
        let _turn = self.writing(learner);
        let head = match self.head(learner) {
            Err(error) if error.asks_for_refold() => self.head_from_events(learner)?,
            other => other?,
        };
        let Some(head) = head else {
            return Err(StoreError::UnknownLearner {
                learner: learner.clone(),
            });
        };
        if head.0 != expected {
            let (learner, found) = (learner.clone(), head.0);
            return Err(StoreError::Conflict {
                learner,
                expected,
                found,
            });
        }
        let row = head_row(Kind::View, learner, &head, view);
        let key = learner.as_str().as_bytes();
        let trees = (&self.views, &self.heads);
        let done = trees.transaction(|(views, heads)| {
            views.insert(key, row.as_slice())?;
            heads.remove(key)?;
            Ok(())
        });
        done.map_err(|error| transaction_error(error, &format!("write the view of {learner}")))
    }

    fn head_from_events(&self, learner: &LearnerId) -> Result<Option<Head>, StoreError> {
        let mut head: Option<Head> = None;
        for row in self.events.scan_prefix(record::event_prefix(learner)) {
            let (key, value) = row.map_err(failed(|| format!("read events of {learner}")))?;
            let event = decode_event(&key, &value)?;
            let (version, key) = (event.version, event.key());
            head = Some(match head {
                None => (version, key),
                Some((highest, last)) => (highest.max(version), last.max(key)),
            });
        }
        Ok(head)
    }

    pub(super) fn learners(
        &self,
        after: Option<&LearnerId>,
        limit: usize,
    ) -> Result<Vec<LearnerId>, StoreError> {
        use std::ops::Bound::{Excluded, Unbounded};
        let start = after.map_or(Unbounded, |id| Excluded(id.as_str().as_bytes().to_vec()));
        let rows = self.views.range::<Vec<u8>, _>((start, Unbounded)).keys();
        rows.take(limit)
            .map(|key| {
                let key = key.map_err(failed(|| "read learners".to_owned()))?;
                record::learner_id(Tree::Views, &key, &key)
            })
            .collect()
    }

    pub(super) fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(value) = get(&self.blobs, Tree::Blobs, name.as_bytes())? else {
            return Ok(None);
        };
        let record = Record::decode(Tree::Blobs, name.as_bytes(), &value)?;
        Ok(Some(record.payload.to_vec()))
    }

    pub(super) fn put_blob(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        rules::check_blob(name, bytes)?;
        let value = Record::plain(Kind::Blob, bytes).encode(name.as_bytes());
        self.blobs
            .insert(name.as_bytes(), value)
            .map_err(failed(|| format!("write blob {name}")))?;
        Ok(())
    }

    /// Takes a learner out of every tree; what is damaged goes with the rest.
    pub(super) fn remove(&self, learner: &LearnerId) -> Result<Receipt, StoreError> {
        let _turn = self.writing(learner);
        let head = self
            .head(learner)
            .or_else(|_| self.head_from_events(learner))
            .ok()
            .flatten();
        let mut rows = Vec::new();
        let mut bytes = 0;
        for row in self.events.scan_prefix(record::event_prefix(learner)) {
            let (key, value) = row.map_err(failed(|| format!("read events of {learner}")))?;
            bytes += value.len() as u64;
            rows.push(key);
        }
        let view_key = learner.as_str().as_bytes();
        let trees = (&self.events, &self.views, &self.heads, &self.counts);
        let view = trees.transaction(|(events, views, heads, counts)| {
            for key in &rows {
                events.remove(key)?;
            }
            let view = views.remove(view_key)?;
            heads.remove(view_key)?;
            let total = decode_counts(counts.get(COUNTS_KEY)?.as_deref()).map_err(abort)?;
            let there = u64::from(view.is_some() || !rows.is_empty());
            let total = (
                total.0.saturating_sub(there),
                total.1.saturating_sub(rows.len() as u64),
            );
            counts.insert(COUNTS_KEY, encode_counts(total))?;
            Ok(view)
        });
        let view = view.map_err(|error| transaction_error(error, "erase"))?;
        Ok(Receipt {
            learner: learner.clone(),
            version: head.map_or(LearnerVersion(0), |(version, _)| version),
            events: rows.len() as u64,
            bytes: bytes + view.map_or(0, |view| view.len() as u64),
        })
    }

    /// Learners and events, as counted with each write.
    pub(super) fn counts(&self) -> Result<(u64, u64), StoreError> {
        decode_counts(get(&self.counts, Tree::Counts, COUNTS_KEY)?.as_deref())
    }

    pub(super) fn stats(&self) -> Result<Stats, StoreError> {
        let (learners, events) = self.counts()?;
        let size = self.db.size_on_disk();
        let bytes = size.map_err(failed(|| "measure the database".to_owned()))?;
        Ok(Stats {
            learners,
            events,
            bytes,
        })
    }

    /// Reads everything.
    pub(super) fn verify(&self) -> Result<Health, StoreError> {
        let mut health = Health::default();
        for key in self.views.iter().keys() {
            let key = key.map_err(failed(|| "read views".to_owned()))?;
            health.learners += 1;
            let read = record::learner_id(Tree::Views, &key, &key).and_then(|learner| {
                let events = self.events_after(&learner, LearnerVersion(0))?.len() as u64;
                Ok((events, self.view(&learner)))
            });
            match read {
                Ok((events, view)) => {
                    health.events += events;
                    health.problems.extend(view.err());
                }
                Err(error) => health.problems.push(error),
            }
        }
        self.verify_orphans(&mut health)?;
        for row in self.blobs.iter() {
            let (key, value) = row.map_err(failed(|| "read blobs".to_owned()))?;
            health
                .problems
                .extend(Record::decode(Tree::Blobs, &key, &value).err());
        }
        let found = (health.learners, health.events);
        match self.counts() {
            Ok(counts) if counts == found || !health.problems.is_empty() => {}
            Ok(counts) => health.problems.push(record::corrupt(
                Tree::Counts,
                COUNTS_KEY,
                format!("{} learners and {} events", found.0, found.1),
                format!("{} and {}", counts.0, counts.1),
            )),
            Err(error) => health.problems.push(error),
        }
        Ok(health)
    }

    /// Finds learners that have events but no view.
    fn verify_orphans(&self, health: &mut Health) -> Result<(), StoreError> {
        let mut before = sled::IVec::default();
        for key in self.events.iter().keys() {
            let key = key.map_err(failed(|| "read events".to_owned()))?;
            let learner = record::learner_of_event(&key);
            if learner == &before[..] {
                continue;
            }
            before = learner.into();
            if get(&self.views, Tree::Views, learner)?.is_none() {
                health.problems.push(record::corrupt(
                    Tree::Views,
                    learner,
                    "no view".to_owned(),
                    "one, as there are events".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// Copies every row, unread, into an empty database: what was removed stays behind.
    pub(super) fn copy_to(&self, target: &Self) -> Result<(), StoreError> {
        let trees = [
            (&self.events, &target.events),
            (&self.views, &target.views),
            (&self.heads, &target.heads),
            (&self.blobs, &target.blobs),
            (&self.counts, &target.counts),
        ];
        let copying = || "copy the database".to_owned();
        for (from, to) in trees {
            let mut batch = sled::Batch::default();
            let mut rows = 0;
            for row in from.iter() {
                let (key, value) = row.map_err(failed(copying))?;
                batch.insert(key, value);
                rows += 1;
                if rows == COPY_ROWS {
                    to.apply_batch(std::mem::take(&mut batch))
                        .map_err(failed(copying))?;
                    rows = 0;
                }
            }
            to.apply_batch(batch).map_err(failed(copying))?;
        }
        Ok(())
    }

    /// The bytes under a key, to be damaged by tests.
    #[cfg(test)]
    pub(super) fn raw(&self, tree: Tree) -> &sled::Tree {
        match tree {
            Tree::Events => &self.events,
            Tree::Views => &self.views,
            Tree::Heads => &self.heads,
            Tree::Blobs => &self.blobs,
            Tree::Counts => &self.counts,
        }
    }
}

/// The lock that a learner shares with some others.
fn stripe(learner: &LearnerId) -> usize {
    crc32c::crc32c(learner.as_str().as_bytes()) as usize % STRIPES
}

/// What is to be written of a learner: new events, and how far they go.
struct Change<'a> {
    learner: &'a LearnerId,
    /// Whether the learner was not there.
    new: bool,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    state: Row,
}

/// A row that says how far a learner's events go.
enum Row {
    /// A view, in the place of the old one.
    View(Vec<u8>),
    /// Only that: the old view lags.
    Head(Vec<u8>),
}

impl<'a> Change<'a> {
    fn append(append: &Append<'a>, head: &Head) -> Self {
        let learner = append.learner;
        let before = head.0.0 - append.events.len() as u64;
        let rows = (before + 1..)
            .zip(append.events)
            .map(|(version, event)| event_value(learner, event, LearnerVersion(version)));
        Self::new(learner, before == 0, rows.collect(), head, append.view)
    }

    /// `events` are those of `following` that are not there yet, at least one; `last` is the last event before them.
    fn follow(following: &'a Following, events: &[StoredEvent], last: Option<EventKey>) -> Self {
        let Following { learner, view, .. } = following;
        let new = last.is_none();
        let version = events
            .iter()
            .map(|event| event.version)
            .max()
            .unwrap_or_default();
        let last = events.iter().map(StoredEvent::key).chain(last).max();
        let rows = events.iter().map(|event| {
            let new = NewEvent {
                id: &event.id,
                at: event.at,
                received: event.received,
                bytes: &event.bytes,
            };
            event_value(learner, &new, event.version)
        });
        let head = (version, last.expect("the events are not empty"));
        Self::new(learner, new, rows.collect(), &head, view.as_deref())
    }

    fn new(
        learner: &'a LearnerId,
        new: bool,
        rows: Vec<(Vec<u8>, Vec<u8>)>,
        head: &Head,
        view: Option<&[u8]>,
    ) -> Self {
        let state = match view {
            Some(view) => Row::View(head_row(Kind::View, learner, head, view)),
            None if new => Row::View(head_row(Kind::Unfolded, learner, head, b"")),
            None => Row::Head(head_row(Kind::Head, learner, head, b"")),
        };
        Self {
            learner,
            new,
            rows,
            state,
        }
    }
}

/// The key and value of an event that took its learner to `version`.
fn event_value(
    learner: &LearnerId,
    event: &NewEvent<'_>,
    version: LearnerVersion,
) -> (Vec<u8>, Vec<u8>) {
    let key = record::event_row(learner, event.id);
    let record = Record {
        kind: Kind::Event,
        version: version.0,
        at: event.at.0,
        received: event.received.0,
        id: event.id.as_str(),
        payload: event.bytes,
    };
    let value = record.encode(&key);
    (key, value)
}

fn head_row(kind: Kind, learner: &LearnerId, head: &Head, view: &[u8]) -> Vec<u8> {
    let record = Record {
        kind,
        version: head.0.0,
        at: head.1.at.0,
        received: 0,
        id: head.1.id.as_str(),
        payload: view,
    };
    record.encode(learner.as_str().as_bytes())
}

fn head_of(tree: Tree, key: &[u8], value: &[u8]) -> Result<Head, StoreError> {
    head_of_record(tree, key, &Record::decode(tree, key, value)?)
}

fn head_of_record(tree: Tree, key: &[u8], record: &Record<'_>) -> Result<Head, StoreError> {
    Ok((LearnerVersion(record.version), record.event_key(tree, key)?))
}

fn decode_event(key: &[u8], value: &[u8]) -> Result<StoredEvent, StoreError> {
    stored_event(key, &Record::decode(Tree::Events, key, value)?)
}

fn stored_event(key: &[u8], record: &Record<'_>) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        id: record::event_id(Tree::Events, key, record.id)?,
        at: Timestamp(record.at),
        received: Timestamp(record.received),
        version: LearnerVersion(record.version),
        bytes: record.payload.to_vec(),
    })
}

/// An error unless there are as many events as the learner's version says: each has its own, so that
/// none is missing if there are as many as the highest.
fn check_none_missing(learner: &LearnerId, found: u64, wanted: u64) -> Result<(), StoreError> {
    if found == wanted {
        return Ok(());
    }
    Err(record::corrupt(
        Tree::Events,
        &record::event_prefix(learner),
        format!("{found} events"),
        format!("{wanted}"),
    ))
}

fn encode_counts((learners, events): (u64, u64)) -> Vec<u8> {
    let payload = [learners.to_le_bytes(), events.to_le_bytes()].concat();
    Record::plain(Kind::Counts, &payload).encode(COUNTS_KEY)
}

fn decode_counts(value: Option<&[u8]>) -> Result<(u64, u64), StoreError> {
    let Some(value) = value else {
        return Ok((0, 0));
    };
    let payload = Record::decode(Tree::Counts, COUNTS_KEY, value)?.payload;
    if payload.len() != 16 {
        let found = format!("{} bytes", payload.len());
        return Err(record::corrupt(
            Tree::Counts,
            COUNTS_KEY,
            found,
            "16".to_owned(),
        ));
    }
    Ok((record::u64_at(payload, 0), record::u64_at(payload, 8)))
}

fn get(tree: &sled::Tree, name: Tree, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
    tree.get(key).map_err(failed(|| {
        format!(
            "read {name}/{}",
            String::from_utf8_lossy(key).escape_debug()
        )
    }))
}

/// Turns a sled error into one of ours.
fn failed(doing: impl Fn() -> String) -> impl Fn(sled::Error) -> StoreError {
    move |error| StoreError::Io {
        doing: doing(),
        source: error.into(),
    }
}

fn abort(error: StoreError) -> ConflictableTransactionError<StoreError> {
    ConflictableTransactionError::Abort(error)
}

fn transaction_error(error: TransactionError<StoreError>, doing: &str) -> StoreError {
    match error {
        TransactionError::Abort(error) => error,
        TransactionError::Storage(error) => failed(|| doing.to_owned())(error),
    }
}

//! The trait that every store implements, and what passes through it.

use std::fmt;

use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::Timestamp;

use crate::error::StoreError;

/// The longest event taken, in bytes: what a line of input may have.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// The longest view or blob taken, in bytes.
pub const MAX_VALUE_BYTES: usize = 64 << 20;

/// The longest name of a blob, in bytes.
pub const MAX_BLOB_NAME_BYTES: usize = 255;

/// How many events a learner has ever had; 0 for a learner the store does not hold.
///
/// Who appends says which version it read, and is refused if another was faster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LearnerVersion(pub u64);

impl fmt::Display for LearnerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where an event stands in a learner's canonical order: by time, then by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// The time that orders the event.
    pub at: Timestamp,
    /// The id that the platform chose.
    pub id: EventId,
}

/// An event to be appended.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    /// The id that the platform chose; unique within the learner.
    pub id: &'a EventId,
    /// The time that orders the event.
    pub at: Timestamp,
    /// When the platform received it. Kept, but no part of what the event is.
    pub received: Timestamp,
    /// The event. Two events with one id are the same if these bytes are, whatever their times:
    /// a platform that sends again sends later.
    pub bytes: &'a [u8],
}

/// Some events of one learner, and perhaps the view they fold to.
#[derive(Clone, Copy, Debug)]
pub struct Append<'a> {
    /// The learner.
    pub learner: &'a LearnerId,
    /// The learner's version before `events`, on which a `view` was computed.
    pub expected: LearnerVersion,
    /// At least one event, all ids different, in the order they were received.
    pub events: &'a [NewEvent<'a>],
    /// The learner's state after all its events, these among them. Without one the view that is
    /// there stays and lags; what it accounts for is for its bytes to say. A learner's first append
    /// has one.
    pub view: Option<&'a [u8]>,
}

/// What became of an [`Append`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// All events, and the view if there is one, are stored.
    Stored {
        /// The learner's version now.
        version: LearnerVersion,
    },
    /// Some of the events were there already, with the same content. Nothing was written: what
    /// remains after dropping `known` can be appended with a view computed from it.
    Duplicate {
        /// The learner's version, unchanged.
        version: LearnerVersion,
        /// The ids that were there, in the order of the append.
        known: Vec<EventId>,
    },
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// The id that the platform chose.
    pub id: EventId,
    /// The time that orders the event.
    pub at: Timestamp,
    /// When the platform received it.
    pub received: Timestamp,
    /// The learner's version once this event was in: its place in the order of receipt, from 1.
    pub version: LearnerVersion,
    /// The event.
    pub bytes: Vec<u8>,
}

impl StoredEvent {
    /// Where the event stands in canonical order.
    pub fn key(&self) -> EventKey {
        EventKey {
            at: self.at,
            id: self.id.clone(),
        }
    }
}

/// A learner's state as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The learner's version. The state accounts for the events up to it, or for fewer where later
    /// appends had no view.
    pub version: LearnerVersion,
    /// The last of the events up to `version` in canonical order. A new event before it is a late
    /// one, and the learner is to be folded again.
    pub last: EventKey,
    /// The state as it was last given.
    pub bytes: Vec<u8>,
}

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The learner.
    pub learner: LearnerId,
    /// The version the learner had; 0 if the store did not hold it.
    pub version: LearnerVersion,
    /// How many events were erased.
    pub events: u64,
    /// How many bytes of events and view were erased.
    pub bytes: u64,
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Learners.
    pub learners: u64,
    /// Events of all learners.
    pub events: u64,
    /// Bytes on disk, or in memory for a store that has no disk.
    pub bytes: u64,
}

/// What a full reading of a store found.
#[derive(Debug, Default)]
pub struct Health {
    /// Learners read.
    pub learners: u64,
    /// Events read.
    pub events: u64,
    /// All that is wrong, in the order of the store.
    pub problems: Vec<StoreError>,
}

/// A store of events, views and a few named blobs.
///
/// All methods may be called from many threads. What concerns one learner is atomic: a reader sees
/// all of an append or nothing of it. When an append, a replacement or an erasure returns, it is
/// as durable as the store was told to make it.
pub trait Store: Send + Sync {
    /// Appends for many learners, with one sync for all.
    ///
    /// Each append succeeds or fails on its own; the answers are in the order of `batch`. A learner
    /// may occur several times, each time with the version that the one before leaves.
    ///
    /// # Errors
    ///
    /// For each append: [`StoreError::BadAppend`], [`StoreError::TooLarge`],
    /// [`StoreError::EventIdReused`], [`StoreError::Conflict`], or what reading met. Duplicates are
    /// looked for before versions are compared, so that what is sent again is never a conflict.
    /// For all: [`StoreError::Io`] if the sync failed.
    fn append_many(
        &self,
        batch: &[Append<'_>],
    ) -> Result<Vec<Result<Appended, StoreError>>, StoreError>;

    /// Appends to one learner.
    ///
    /// # Errors
    ///
    /// As [`Store::append_many`].
    fn append(&self, append: Append<'_>) -> Result<Appended, StoreError> {
        let mut answers = self.append_many(&[append])?;
        answers.pop().expect("append_many answers each append")
    }

    /// The event with this id, if the learner has it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if it cannot be read.
    fn event(&self, learner: &LearnerId, id: &EventId) -> Result<Option<StoredEvent>, StoreError>;

    /// All events of a learner in canonical order: by time, then by id. None for a learner the
    /// store does not hold.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if one cannot be read, or one is missing.
    fn events(&self, learner: &LearnerId) -> Result<Vec<StoredEvent>, StoreError> {
        self.events_after(learner, LearnerVersion(0))
    }

    /// The events that took a learner beyond `version`, in canonical order: what a view of that
    /// version lacks.
    ///
    /// # Errors
    ///
    /// As [`Store::events`].
    fn events_after(
        &self,
        learner: &LearnerId,
        version: LearnerVersion,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// The learner's state.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if it cannot be read: fold [`Store::events`] again, then
    /// [`Store::replace_view`].
    fn view(&self, learner: &LearnerId) -> Result<Option<View>, StoreError>;

    /// Puts another state in the place of a learner's, which may be damaged.
    ///
    /// `expected` is the version of the events that were folded: the highest of
    /// [`StoredEvent::version`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if there are newer events, [`StoreError::UnknownLearner`] if there
    /// are none.
    fn replace_view(
        &self,
        learner: &LearnerId,
        expected: LearnerVersion,
        view: &[u8],
    ) -> Result<(), StoreError>;

    /// At most `limit` learners in the order of their ids, those after `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if an id cannot be read.
    fn learners(
        &self,
        after: Option<&LearnerId>,
        limit: usize,
    ) -> Result<Vec<LearnerId>, StoreError>;

    /// The blob of this name.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] if it cannot be read.
    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores a blob under a name, in the place of what was there.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`], or [`StoreError::Io`].
    fn put_blob(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Erases learners with all their events, and leaves no trace of them on disk.
    ///
    /// From the start of the call they are absent from every answer. The call returns when
    /// no file of the store holds any of their bytes; that takes time in proportion to the whole
    /// store, so give many at once. Erasing who is not there is no error. Blobs are the caller's.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`]: the learners may be absent, and the files are cleaned on the next opening.
    fn erase(&self, learners: &[&LearnerId]) -> Result<Vec<Receipt>, StoreError>;

    /// Makes durable all that was written before, whatever the store was told.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    fn flush(&self) -> Result<(), StoreError>;

    /// How much is held.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    fn stats(&self) -> Result<Stats, StoreError>;

    /// Reads everything and says what is wrong.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if it could not go on; damage is in the answer.
    fn verify(&self) -> Result<Health, StoreError>;
}

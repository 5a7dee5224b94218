//! Why a store refused, and what it found.

use std::fmt;
use std::io;
use std::path::PathBuf;

use paceline_core::ids::{EventId, LearnerId};

use crate::store::LearnerVersion;

/// The parts of a store, as errors name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tree {
    /// Events, by learner.
    Events,
    /// Views, by learner.
    Views,
    /// Versions of the learners whose view lags.
    Heads,
    /// Small blobs with names.
    Blobs,
    /// The store's own counters.
    Counts,
}

impl Tree {
    /// The name, also that of the tree on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Views => "views",
            Self::Heads => "heads",
            Self::Blobs => "blobs",
            Self::Counts => "counts",
        }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a store could not do what it was asked.
///
/// Nothing was changed when an error is returned, except after [`StoreError::Io`], where what was
/// being written may or may not be there: asking again with the same event ids is safe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another writer was there first: read the learner again, and try again.
    #[error("learner {learner} is at version {found}, not at {expected}")]
    Conflict {
        /// The learner.
        learner: LearnerId,
        /// The version the caller had read.
        expected: LearnerVersion,
        /// The version the store holds.
        found: LearnerVersion,
    },
    /// An event id came again with other content.
    #[error("event {event} of learner {learner} is already there with other content")]
    EventIdReused {
        /// The learner.
        learner: LearnerId,
        /// The id that was used twice.
        event: EventId,
    },
    /// An append held no event, or one event id twice.
    #[error(
        "an append for learner {learner} {found}; wanted one or more events with different ids"
    )]
    BadAppend {
        /// The learner.
        learner: LearnerId,
        /// What was wrong.
        found: String,
    },
    /// A view was to be replaced of a learner that the store does not hold.
    #[error("no learner {learner} in this store")]
    UnknownLearner {
        /// The learner.
        learner: LearnerId,
    },
    /// A value or name was longer than the store takes.
    #[error("{what} has {bytes} bytes; at most {limit} are taken")]
    TooLarge {
        /// What was too large.
        what: String,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// What is stored is not what was written.
    ///
    /// Of a view ([`StoreError::asks_for_refold`]) this is mended by folding the learner's events
    /// again and [`Store::replace_view`](crate::Store::replace_view).
    #[error("{tree}/{key} is damaged: found {found}, wanted {wanted}")]
    Corrupt {
        /// Where.
        tree: Tree,
        /// The key: the learner, and the event where there is one.
        key: String,
        /// What was found.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// A newer Paceline wrote this.
    #[error(
        "{what} has format {found}; this version reads up to {supported}: use a newer Paceline"
    )]
    NewerFormat {
        /// What was read.
        what: String,
        /// Its format.
        found: u32,
        /// The newest format known here.
        supported: u32,
    },
    /// The store holds less than its manifest says it must.
    #[error(
        "the store at {} has lost data: found {learners} learners and {events} events, wanted at least \
         {learners_wanted} and {events_wanted}; restore it from a copy", path.display()
    )]
    Emptied {
        /// The store's directory.
        path: PathBuf,
        /// Learners found.
        learners: u64,
        /// Events found.
        events: u64,
        /// Learners the manifest says there are at least.
        learners_wanted: u64,
        /// Events the manifest says there are at least.
        events_wanted: u64,
    },
    /// The disk is nearly full. Nothing was written; reading goes on, and writing when there is
    /// space again.
    #[error(
        "the disk of {} has {free_bytes} bytes free, wanted at least {floor_bytes}; free some space",
        path.display()
    )]
    DiskFull {
        /// The store's directory.
        path: PathBuf,
        /// Bytes free.
        free_bytes: u64,
        /// Bytes that the store was told to leave.
        floor_bytes: u64,
    },
    /// A file of the store is missing, or cannot be what it should be.
    #[error("{}: found {found}, wanted {wanted}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// The operating system or the database refused.
    #[error("could not {doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// The reason given.
        source: io::Error,
    },
}

impl StoreError {
    /// Whether only a view is lost, so that folding the learner's events again mends it.
    pub const fn asks_for_refold(&self) -> bool {
        matches!(
            self,
            Self::Corrupt {
                tree: Tree::Views | Tree::Heads,
                ..
            }
        )
    }
}

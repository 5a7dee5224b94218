//! What learners did, kept so that it is never lost and never silently changed.
//!
//! This crate is the only one that knows a disk or a database. It holds opaque bytes and does not
//! know what an event or a state means: the facade encodes them, and computes states again from
//! events when it must.
//!
//! Three things are kept for each learner: its events, in canonical order (time, then id); its
//! *view*, the state that those events fold to; and its [`LearnerVersion`], which makes
//! concurrent writers take turns. Beside them lie a few small blobs with names.
//!
//! The types that matter: [`Store`], the trait that an application is written against;
//! [`MemoryStore`], for tests and simulations; [`JournalStore`], on disk, whose truth is a journal of its own
//! and whose view is a [`SledStore`], which is a store by itself too.

mod error;
mod files;
mod journal;
mod memory;
mod record;
mod rules;
mod sled_store;
mod store;

#[cfg(test)]
mod conformance;

pub use error::{StoreError, Tree};
pub use journal::{JournalOptions, JournalStore};
pub use memory::MemoryStore;
pub use sled_store::{Durability, SledOptions, SledStore};
pub use store::{
    Append, Appended, EventKey, Health, LearnerVersion, MAX_BLOB_NAME_BYTES, MAX_EVENT_BYTES,
    MAX_VALUE_BYTES, NewEvent, Receipt, Stats, Store, StoredEvent, View,
};

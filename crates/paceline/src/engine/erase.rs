//! Export and erasure.

use super::Engine;
use crate::error::Error;
use paceline_core::ids::LearnerId;
use paceline_store::Receipt;
use serde::{Deserialize, Serialize};

/// What an erasure removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Erased {
    /// Format of this document: 1.
    pub format: u32,
    /// Whom.
    pub learner: LearnerId,
    /// How many events; 0 where there was no such learner.
    pub events: u64,
    /// How many bytes of events and state.
    pub bytes: u64,
}

impl Engine {
    /// Everything held of a learner, one JSON text an event, in canonical order.
    ///
    /// # Errors
    /// [`Error::UnknownLearner`], or [`Error::Store`].
    pub fn export(&self, learner: &LearnerId) -> Result<Vec<String>, Error> {
        let _span = tracing::info_span!("export").entered();
        let events = self.store.events(learner)?;
        if events.is_empty() {
            return Err(Error::UnknownLearner {
                learner: learner.to_string(),
            });
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(events.into_iter().map(|event| text(event.bytes)).collect())
    }

    /// Removes a learner from every answer at once, and from the disk before it returns.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn erase(&self, learner: &LearnerId) -> Result<Erased, Error> {
        let _span = tracing::info_span!("erase").entered();
        let mut shard = self.shard(learner);
        shard.states.remove(learner);
        let receipts = self.store.erase(&[learner])?;
        let receipt = receipts.into_iter().next();
        let (events, bytes) =
            receipt.map_or((0, 0), |Receipt { events, bytes, .. }| (events, bytes));
        Ok(Erased {
            format: 1,
            learner: learner.clone(),
            events,
            bytes,
        })
    }
}

//! How events are journalled: the event as it came, completed with what was decided on receipt.
//!
//! A line is JSON, documented in `docs/formats.md`. The receipt time is no part of it, so that an event sent again later is the same event.

use paceline_core::event::{Event, EventBody};
use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::{Timestamp, UtcOffset};
use paceline_core::units::Probability;
use serde::{Deserialize, Serialize};

/// The format of a journalled event.
pub(crate) const FORMAT: u32 = 1;

/// An event as it is journalled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) format: u32,
    pub(crate) event_id: EventId,
    pub(crate) learner: LearnerId,
    pub(crate) at: Timestamp,
    pub(crate) utc_offset: UtcOffset,
    #[serde(flatten)]
    pub(crate) body: EventBody,
    /// An attempt's score by the bank in force on receipt: a later bank does not judge it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) judged: Option<Probability>,
}

impl Entry {
    pub(crate) fn new(event: Event, judged: Option<Probability>) -> Self {
        Self {
            format: FORMAT,
            event_id: event.event_id,
            learner: event.learner,
            at: event.at,
            utc_offset: event.utc_offset,
            body: event.body,
            judged,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an event has only string keys and finite numbers")
    }

    /// Whether it judges another event anew.
    pub(crate) fn corrects(&self) -> bool {
        matches!(self.body, EventBody::Corrected { .. })
    }

    /// Whether both tell the same event, however it was judged and whatever version was filled in.
    pub(crate) fn same_event(&self, other: &Self) -> bool {
        let plain = |entry: &Self| {
            let mut entry = entry.clone();
            entry.judged = None;
            if let EventBody::Attempt(attempt) = &mut entry.body {
                attempt.version = None;
            }
            entry
        };
        plain(self) == plain(other)
    }
}

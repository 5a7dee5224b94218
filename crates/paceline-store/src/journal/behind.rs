//! What is in the journal and not yet in the view, which follows in groups: one transaction of sled's costs as much as
//! many rows.

use std::collections::BTreeMap;

use paceline_core::ids::{EventId, LearnerId};

use crate::rules::Head;
use crate::sled_store::Following;
use crate::store::{Append, LearnerVersion, StoredEvent};

/// The view is behind by at most so many events, and by about so many bytes.
const EVENTS: usize = 256;
const BYTES: usize = 4 << 20;

/// What was appended, by learner.
#[derive(Default)]
pub(super) struct Behind {
    learners: Vec<Following>,
    /// Where in `learners` one is, and how far the journal takes it.
    places: BTreeMap<LearnerId, (usize, Head)>,
    events: usize,
    bytes: usize,
}

impl Behind {
    /// Adds an append that takes its learner to `head`.
    pub(super) fn push(&mut self, append: &Append<'_>, head: Head) {
        let learner = append.learner;
        let place = self.places.get(learner).map_or_else(
            || {
                self.learners
                    .push(Following::new(learner.clone(), Vec::new()));
                self.learners.len() - 1
            },
            |(place, _)| *place,
        );
        self.places.insert(learner.clone(), (place, head));
        let waiting = &mut self.learners[place];
        for (version, event) in (append.expected.0 + 1..).zip(append.events) {
            self.bytes += event.bytes.len();
            waiting.events.push(StoredEvent {
                id: event.id.clone(),
                at: event.at,
                received: event.received,
                version: LearnerVersion(version),
                bytes: event.bytes.to_vec(),
            });
        }
        self.events += append.events.len();
        if let Some(view) = append.view {
            self.bytes += view.len();
            waiting.view = Some(view.to_vec());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.learners.is_empty()
    }

    /// Whether the view is to follow now.
    pub(super) fn is_full(&self) -> bool {
        EVENTS <= self.events || BYTES <= self.bytes
    }

    pub(super) fn holds(&self, learner: &LearnerId) -> bool {
        self.places.contains_key(learner)
    }

    /// Version and last event of a learner.
    pub(super) fn head(&self, learner: &LearnerId) -> Option<Head> {
        self.places.get(learner).map(|(_, head)| head.clone())
    }

    /// The bytes of an event.
    pub(super) fn event(&self, learner: &LearnerId, id: &EventId) -> Option<Vec<u8>> {
        let (place, _) = self.places.get(learner)?;
        let mut events = self.learners[*place].events.iter();
        events
            .find(|event| event.id == *id)
            .map(|event| event.bytes.clone())
    }

    /// All that is to follow, each learner once.
    pub(super) fn learners(&self) -> &[Following] {
        &self.learners
    }
}

//! A store without a disk, for tests and simulations.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use paceline_core::ids::{EventId, LearnerId};

use crate::error::StoreError;
use crate::rules::{self, Head, Verdict};
use crate::store::{
    Append, Appended, Health, LearnerVersion, Receipt, Stats, Store, StoredEvent, View,
};

#[cfg(test)]
mod tests;

/// A store in memory: the same answers as one on disk, gone with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    learners: BTreeMap<LearnerId, Learner>,
    blobs: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug)]
struct Learner {
    head: Head,
    view: Vec<u8>,
    events: BTreeMap<EventId, StoredEvent>,
}

impl Learner {
    fn bytes(&self) -> u64 {
        let events: usize = self.events.values().map(|event| event.bytes.len()).sum();
        (events + self.view.len()) as u64
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    // A panic under the lock cannot leave a learner half written: every change below is one
    // insertion or removal after all checks. So a poisoned lock is as good as any.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, append: &Append<'_>) -> Result<Appended, StoreError> {
        rules::check_append(append)?;
        let learner = self.learners.get(append.learner);
        let head = learner.map(|learner| learner.head.clone());
        let before = head.as_ref().map_or(0, |(version, _)| version.0);
        let verdict = rules::judge(append, head, |id| {
            let event = learner.and_then(|learner| learner.events.get(id));
            Ok(event.map(|event| event.bytes.clone()))
        })?;
        let head = match verdict {
            Verdict::Answer(answer) => return Ok(answer),
            Verdict::Write(head) => head,
        };
        let version = head.0;
        let learner = self
            .learners
            .entry(append.learner.clone())
            .or_insert_with(|| Learner {
                head: head.clone(),
                view: Vec::new(),
                events: BTreeMap::new(),
            });
        learner.head = head;
        if let Some(view) = append.view {
            learner.view = view.to_vec();
        }
        learner
            .events
            .extend((before + 1..).zip(append.events).map(|(version, event)| {
                let stored = StoredEvent {
                    id: event.id.clone(),
                    at: event.at,
                    received: event.received,
                    version: LearnerVersion(version),
                    bytes: event.bytes.to_vec(),
                };
                (event.id.clone(), stored)
            }));
        Ok(Appended::Stored { version })
    }
}

impl Store for MemoryStore {
    fn append_many(
        &self,
        batch: &[Append<'_>],
    ) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
        let mut state = self.write();
        Ok(batch.iter().map(|append| state.append(append)).collect())
    }

    fn event(&self, learner: &LearnerId, id: &EventId) -> Result<Option<StoredEvent>, StoreError> {
        let state = self.read();
        Ok(state
            .learners
            .get(learner)
            .and_then(|learner| learner.events.get(id))
            .cloned())
    }

    fn events_after(
        &self,
        learner: &LearnerId,
        version: LearnerVersion,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let state = self.read();
        let Some(learner) = state.learners.get(learner) else {
            return Ok(Vec::new());
        };
        let after = |event: &&StoredEvent| version < event.version;
        let mut events: Vec<_> = learner.events.values().filter(after).cloned().collect();
        // Already by id, and the sort is stable.
        events.sort_by_key(|event| event.at);
        Ok(events)
    }

    fn view(&self, learner: &LearnerId) -> Result<Option<View>, StoreError> {
        let state = self.read();
        Ok(state.learners.get(learner).map(|learner| View {
            version: learner.head.0,
            last: learner.head.1.clone(),
            bytes: learner.view.clone(),
        }))
    }

    fn replace_view(
        &self,
        learner: &LearnerId,
        expected: LearnerVersion,
        view: &[u8],
    ) -> Result<(), StoreError> {
        rules::check_view(view)?;
        let mut state = self.write();
        let Some(entry) = state.learners.get_mut(learner) else {
            return Err(StoreError::UnknownLearner {
                learner: learner.clone(),
            });
        };
        let found = entry.head.0;
        if found != expected {
            return Err(StoreError::Conflict {
                learner: learner.clone(),
                expected,
                found,
            });
        }
        entry.view = view.to_vec();
        Ok(())
    }

    fn learners(
        &self,
        after: Option<&LearnerId>,
        limit: usize,
    ) -> Result<Vec<LearnerId>, StoreError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = self.read();
        let range = state
            .learners
            .range::<LearnerId, _>((start, Bound::Unbounded));
        Ok(range.take(limit).map(|(id, _)| id.clone()).collect())
    }

    fn blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().blobs.get(name).cloned())
    }

    fn put_blob(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        rules::check_blob(name, bytes)?;
        self.write().blobs.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn erase(&self, learners: &[&LearnerId]) -> Result<Vec<Receipt>, StoreError> {
        let mut state = self.write();
        let receipt = |id: &&LearnerId| {
            let erased = state.learners.remove(*id);
            Receipt {
                learner: (*id).clone(),
                version: erased
                    .as_ref()
                    .map_or(LearnerVersion(0), |learner| learner.head.0),
                events: erased
                    .as_ref()
                    .map_or(0, |learner| learner.events.len() as u64),
                bytes: erased.as_ref().map_or(0, Learner::bytes),
            }
        };
        Ok(learners.iter().map(receipt).collect())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let state = self.read();
        let blobs: usize = state.blobs.values().map(Vec::len).sum();
        Ok(Stats {
            learners: state.learners.len() as u64,
            events: state
                .learners
                .values()
                .map(|learner| learner.events.len() as u64)
                .sum(),
            bytes: state.learners.values().map(Learner::bytes).sum::<u64>() + blobs as u64,
        })
    }

    fn verify(&self) -> Result<Health, StoreError> {
        let Stats {
            learners, events, ..
        } = self.stats()?;
        Ok(Health {
            learners,
            events,
            problems: Vec::new(),
        })
    }
}

//! The engine: events in, states folded, plans out.

mod choose;
mod cohort;
mod erase;
mod plan;
mod record;
mod report;

pub use erase::Erased;
pub use record::{AttemptUpdate, SkillChange, Update};

use crate::error::Error;
use crate::fold::{Corrections, Folder};
use crate::journal::{self, Entry};
use crate::state::State;
use paceline_bank::Bank;
use paceline_core::event::EventBody;
use paceline_core::ids::LearnerId;
use paceline_core::stream::keyed_u64;
use paceline_core::units::Probability;
use paceline_learner::{Params, Scratch};
use paceline_scheduler::Cohort;
use paceline_store::{EventKey, Store, StoreError, StoredEvent};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How the engine is run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Learners whose states are kept in memory at most.
    pub cached_learners: usize,
    /// Width of the search for a lesson: 16 by default; less is quicker and plans a little worse.
    pub search_width: u16,
    /// Names the parameters in every plan and offer.
    pub params_version: String,
    /// Share of practice that goes to items on trial (pilot or stale), so that answers tell how hard they are; .1 by default.
    pub trial_share: Probability,
    /// A learner's view is written anew after so many events; between, it is folded up from the journal when it is read.
    pub view_every: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cached_learners: 100_000,
            search_width: 16,
            params_version: "defaults-1".to_owned(),
            trial_share: Probability::clamped(0.1),
            view_every: 1,
        }
    }
}

/// Learners are spread over so many locks.
const SHARDS: usize = 64;

/// The engine an application embeds; one for a process, shared by reference between threads.
///
/// See the crate's text for an example.
pub struct Engine {
    bank: Arc<Bank>,
    params: Params,
    cohort: Mutex<Arc<Cohort>>,
    store: Box<dyn Store>,
    config: Config,
    shards: Vec<Mutex<Shard>>,
}

/// Some of the learners: who holds its lock is their only writer.
#[derive(Default)]
struct Shard {
    states: BTreeMap<LearnerId, Cached>,
    scratch: Scratch,
}

struct Cached {
    state: State,
    /// The view as it was last encoded, which may lie some events behind.
    view: Vec<u8>,
    view_version: u64,
}

impl Engine {
    /// Opens an engine on a bank and a store, with the parameters that ship for a platform without a log of its own.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn open(bank: Arc<Bank>, store: Box<dyn Store>) -> Result<Self, Error> {
        Self::open_with(bank, store, Params::defaults(), Config::default())
    }

    /// Opens an engine with fitted parameters.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn open_with(
        bank: Arc<Bank>,
        store: Box<dyn Store>,
        params: Params,
        config: Config,
    ) -> Result<Self, Error> {
        let _span =
            tracing::info_span!("open", skills = bank.n_skills(), items = bank.n_items()).entered();
        let engine = Self {
            bank,
            params,
            cohort: Mutex::default(),
            store,
            config,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        };
        engine.load_cohort()?;
        Ok(engine)
    }

    /// The bank that the engine plans from.
    #[must_use]
    pub fn bank(&self) -> &Bank {
        &self.bank
    }

    /// The store that the engine writes to.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The learners in the store, in the order of their ids: at most `limit` of those after `after`.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn learners(
        &self,
        after: Option<&LearnerId>,
        limit: usize,
    ) -> Result<Vec<LearnerId>, Error> {
        Ok(self.store.learners(after, limit)?)
    }

    fn shard(&self, learner: &LearnerId) -> MutexGuard<'_, Shard> {
        let shard = keyed_u64("shard", 0, learner.as_str().as_bytes()) as usize % SHARDS;
        // A panic elsewhere cannot leave a state half folded: states are dropped before they are changed on disk.
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a learner's state under the lock of its shard.
    fn read<T>(
        &self,
        learner: &LearnerId,
        read: impl FnOnce(&State, &mut Scratch) -> T,
    ) -> Result<T, Error> {
        let mut shard = self.shard(learner);
        let Shard { states, scratch } = &mut *shard;
        if !states.contains_key(learner) {
            let cached = self.load(learner, scratch)?;
            if cached.state.version == 0 {
                return Err(Error::UnknownLearner {
                    learner: learner.to_string(),
                });
            }
            self.make_room(states);
            states.insert(learner.clone(), cached);
        }
        Ok(read(&states[learner].state, scratch))
    }

    /// Forgets the cached states of a full shard: they are in the store.
    fn make_room(&self, states: &mut BTreeMap<LearnerId, Cached>) {
        if states.len() >= self.config.cached_learners.div_ceil(SHARDS) {
            states.clear();
        }
    }

    /// A learner's state from its view, else folded anew from the journal; version 0 for one who is not there.
    fn load(&self, learner: &LearnerId, scratch: &mut Scratch) -> Result<Cached, Error> {
        let view = match self.store.view(learner) {
            Ok(view) => view,
            Err(error) if error.asks_for_refold() => {
                tracing::warn!("a damaged view is folded anew from the journal");
                return self.refold(learner, scratch);
            }
            Err(error) => return Err(error.into()),
        };
        let Some(view) = view else {
            return Ok(self.cached(State::new(&self.params)));
        };
        match State::decode(&view.bytes, &self.bank, &self.config.params_version) {
            Some(state) if state.version == view.version.0 => {
                let view_version = state.version;
                Ok(Cached {
                    state,
                    view: view.bytes,
                    view_version,
                })
            }
            // The view lags behind the journal, or was written by another format or variant.
            _ => self.refold(learner, scratch),
        }
    }

    fn refold(&self, learner: &LearnerId, scratch: &mut Scratch) -> Result<Cached, Error> {
        let events = self.store.events(learner)?;
        let entries = self.decode_all(learner, &events)?;
        let mut state = State::new(&self.params);
        self.fold_all(&mut state, &entries, scratch);
        let cached = self.cached(state);
        if let Some(version) = events.iter().map(|event| event.version).max() {
            match self.store.replace_view(learner, version, &cached.view) {
                // Another process was faster; it has written the view of its own.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(cached)
    }

    fn cached(&self, state: State) -> Cached {
        let view = state.encode(&self.bank, &self.config.params_version);
        let view_version = state.version;
        Cached {
            state,
            view,
            view_version,
        }
    }

    fn decode_all(
        &self,
        learner: &LearnerId,
        events: &[StoredEvent],
    ) -> Result<Vec<(EventKey, Entry)>, Error> {
        let decode = |event: &StoredEvent| {
            let unreadable = |why: String| Error::Journal {
                learner: learner.clone(),
                event: event.id.clone(),
                why,
            };
            let entry: Entry = serde_json::from_slice(&event.bytes)
                .map_err(|error| unreadable(error.to_string()))?;
            if entry.format > journal::FORMAT {
                let (found, known) = (entry.format, journal::FORMAT);
                return Err(unreadable(format!(
                    "format {found}, this version reads up to {known}"
                )));
            }
            Ok((event.key(), entry))
        };
        events.iter().map(decode).collect()
    }

    /// Folds entries, which are in canonical order, and returns the effect of each attempt.
    fn fold_all(
        &self,
        state: &mut State,
        entries: &[(EventKey, Entry)],
        scratch: &mut Scratch,
    ) -> Vec<Option<crate::fold::AttemptEffect>> {
        let corrections = corrections(entries.iter().map(|(_, entry)| entry));
        let folder = Folder {
            bank: &self.bank,
            params: &self.params,
            corrections: &corrections,
        };
        let fold = |(key, entry): &(EventKey, Entry)| {
            let effect = folder.apply(state, entry, key.at, scratch);
            state.version += 1;
            state.last = Some(key.clone());
            effect
        };
        entries.iter().map(fold).collect()
    }
}

/// The scores that entries judge anew; of two for one attempt the later holds.
fn corrections<'a>(entries: impl Iterator<Item = &'a Entry>) -> Corrections {
    let correction = |entry: &'a Entry| match &entry.body {
        EventBody::Corrected { attempt, score } => Some((attempt.clone(), *score)),
        _ => None,
    };
    entries.filter_map(correction).collect()
}

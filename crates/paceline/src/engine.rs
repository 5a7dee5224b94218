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
use paceline_store::{EventKey, LearnerVersion, Store, StoreError, StoredEvent};
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
    /// A learner's view is written anew once the events since then hold more than this share of its bytes, and when the
    /// learner leaves memory; what it lacks, after a crash, is folded when it is read. 0 writes one with every event,
    /// infinity the first alone; 1 by default.
    pub view_lag: f32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cached_learners: 100_000,
            search_width: 16,
            params_version: "defaults-1".to_owned(),
            trial_share: Probability::clamped(0.1),
            view_lag: 1.0,
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
    /// Bytes of the view in the store, and of the events since.
    view_bytes: usize,
    lag_bytes: usize,
}

impl Cached {
    /// A state whose view, of so many bytes, is up to date.
    fn new(state: State, view_bytes: usize) -> Self {
        Self {
            state,
            view_bytes,
            lag_bytes: 0,
        }
    }
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

    /// Forgets the cached states of a full shard, whose views are then up to date.
    fn make_room(&self, states: &mut BTreeMap<LearnerId, Cached>) {
        if states.len() >= self.config.cached_learners.div_ceil(SHARDS) {
            self.write_views(states);
            states.clear();
        }
    }

    /// Writes the views that lag. One that cannot be written goes on lagging: nothing is lost.
    fn write_views(&self, states: &BTreeMap<LearnerId, Cached>) {
        let lag = |cached: &Cached| 0 < cached.lag_bytes && self.config.view_lag.is_finite();
        for (learner, Cached { state, .. }) in states.iter().filter(|(_, cached)| lag(cached)) {
            let version = LearnerVersion(state.version);
            let written = self
                .store
                .replace_view(learner, version, &self.encode(state));
            if let Err(error) = written {
                tracing::warn!(%error, "a view could not be written and is left to lag");
            }
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
            return Ok(Cached::new(State::new(&self.params), 0));
        };
        match State::decode(&view.bytes, &self.bank, &self.config.params_version) {
            Some(state) if state.version == view.version.0 => {
                Ok(Cached::new(state, view.bytes.len()))
            }
            Some(state) if state.version < view.version.0 => {
                self.catch_up(learner, state, view.bytes.len(), scratch)
            }
            // The view was written by another format or variant.
            _ => self.refold(learner, scratch),
        }
    }

    /// Folds what a view lacks; everything anew where part of it comes before what the view has, or corrects it.
    fn catch_up(
        &self,
        learner: &LearnerId,
        mut state: State,
        view_bytes: usize,
        scratch: &mut Scratch,
    ) -> Result<Cached, Error> {
        let events = self
            .store
            .events_after(learner, LearnerVersion(state.version))?;
        let entries = self.decode_all(learner, &events)?;
        let late = entries
            .first()
            .is_some_and(|(key, _)| Some(key) < state.last.as_ref());
        if late || entries.iter().any(|(_, entry)| entry.corrects()) {
            return self.refold(learner, scratch);
        }
        self.fold_all(&mut state, &entries, scratch);
        Ok(Cached {
            lag_bytes: events.iter().map(|event| event.bytes.len()).sum(),
            ..Cached::new(state, view_bytes)
        })
    }

    fn refold(&self, learner: &LearnerId, scratch: &mut Scratch) -> Result<Cached, Error> {
        let events = self.store.events(learner)?;
        let entries = self.decode_all(learner, &events)?;
        let mut state = State::new(&self.params);
        self.fold_all(&mut state, &entries, scratch);
        let view = self.encode(&state);
        if let Some(version) = events.iter().map(|event| event.version).max() {
            match self.store.replace_view(learner, version, &view) {
                // Another process was faster; it has written the view of its own.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Cached::new(state, view.len()))
    }

    fn encode(&self, state: &State) -> Vec<u8> {
        state.encode(&self.bank, &self.config.params_version)
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

impl Drop for Engine {
    fn drop(&mut self) {
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            self.write_views(&shard.states);
        }
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

//! One learner's whole state, as it is folded from events and stored as a view.

use crate::interests::Interests;
use crate::profile::Profile;
use paceline_bank::Bank;
use paceline_core::ids::{EventId, ItemIx, SkillIx};
use paceline_core::time::{Timestamp, study_day};
use paceline_core::units::Minutes;
use paceline_learner::pace::{Budget, Pace};
use paceline_learner::{Ids, Learner, Params};
use paceline_store::EventKey;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The format of a stored view.
const FORMAT: u8 = 4;

/// How many weeks ahead the minutes a day are looked for where there is no date.
const WEEKS: i32 = 4;

/// The model's state and the profile beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) learner: Learner,
    pub(crate) pace: Pace,
    pub(crate) budget: Budget,
    pub(crate) interests: Interests,
    pub(crate) profile: Profile,
    /// How many events are folded in.
    pub(crate) version: u64,
    /// The last of them in canonical order.
    pub(crate) last: Option<EventKey>,
}

/// A view's bytes.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    format: u8,
    /// Names the parameters it was folded with.
    params: String,
    version: u64,
    last: Option<(Timestamp, EventId)>,
    profile: Profile,
    pace: Pace,
    budget: Budget,
    interests: Interests,
    #[serde(borrow, with = "serde_bytes")]
    learner: Cow<'a, [u8]>,
}

impl State {
    pub(crate) fn new(params: &Params) -> Self {
        Self {
            learner: Learner::new(params),
            pace: Pace::default(),
            budget: Budget::default(),
            interests: Interests::default(),
            profile: Profile::default(),
            version: 0,
            last: None,
        }
    }

    /// Minutes the learner has on an average day until `until`: as declared, else as really used so far.
    pub(crate) fn minutes_a_day(&self, now: Timestamp, until: Option<Timestamp>) -> Option<f32> {
        let declared = self.profile.minutes_a_day.map(Minutes::get);
        declared.filter(|minutes| 0.0 < *minutes).or_else(|| {
            let day = |at| study_day(at, self.profile.utc_offset);
            let days = until.map_or(WEEKS * 7, |date| day(date).0.saturating_sub(day(now).0));
            self.budget.minutes_a_day(day(now), days)
        })
    }

    pub(crate) fn encode(&self, bank: &Bank, params_version: &str) -> Vec<u8> {
        let stored = Stored {
            format: FORMAT,
            params: params_version.to_owned(),
            version: self.version,
            last: self.last.as_ref().map(|key| (key.at, key.id.clone())),
            profile: self.profile.clone(),
            pace: self.pace,
            budget: self.budget,
            interests: self.interests.clone(),
            learner: Cow::Owned(self.learner.encode(&BankIds(bank))),
        };
        postcard::to_allocvec(&stored).expect("numbers and texts always encode")
    }

    /// The state in a view; none if it is of another format or was folded with other parameters, and the journal must be folded anew.
    pub(crate) fn decode(bytes: &[u8], bank: &Bank, params_version: &str) -> Option<Self> {
        let stored: Stored<'_> = postcard::from_bytes(bytes).ok()?;
        let learner = Learner::decode(&stored.learner, &BankIds(bank)).ok()?;
        let last = stored.last.map(|(at, id)| EventKey { at, id });
        let Stored {
            format,
            params,
            version,
            mut profile,
            pace,
            budget,
            interests,
            ..
        } = stored;
        for recent in &mut profile.recent {
            recent.ix = bank.item_ix(&recent.item);
        }
        let state = Self {
            learner,
            pace,
            budget,
            interests,
            profile,
            version,
            last,
        };
        (format == FORMAT && params == params_version).then_some(state)
    }
}

/// A bank's names, for states that key on them.
struct BankIds<'a>(&'a Bank);

impl Ids for BankIds<'_> {
    fn version(&self) -> [u8; 16] {
        self.0.version().0
    }
    fn n_skills(&self) -> usize {
        self.0.n_skills()
    }
    fn n_items(&self) -> usize {
        self.0.n_items()
    }
    fn skill_id(&self, skill: SkillIx) -> &str {
        &self.0.skill(skill).id
    }
    fn skill_ix(&self, id: &str) -> Option<SkillIx> {
        self.0.skill_ix(id)
    }
    fn item_id(&self, item: ItemIx) -> &str {
        self.0.item_id(item)
    }
    fn item_ix(&self, id: &str) -> Option<ItemIx> {
        self.0.item_ix(id)
    }
    fn item_skills(&self, item: ItemIx) -> &[SkillIx] {
        self.0.item_skills(item)
    }
}

//! What is kept of a learner beside the model's state: controls, the class, and what was shown lately.

use paceline_core::event::{ActivityKind, Control, Enrolled, Goal, Offered};
use paceline_core::ids::ItemIx;
use paceline_core::time::{DAY_SECONDS, Timestamp, UtcOffset};
use paceline_core::units::{Minutes, Probability};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long an answer is remembered for exposure, and how many are at least.
const RECENT_DAYS: i64 = 7;
const RECENT_AT_LEAST: usize = 20;
/// How many answers are remembered at most.
const RECENT_AT_MOST: usize = 256;

/// How many answers to probes are remembered at most.
const PROBES_AT_MOST: usize = 64;

/// How many offers are remembered: an answer may come after the next lesson was shown, from another device or a page left open.
const OFFERS_AT_MOST: usize = 4;

/// One activity of a lesson that was offered lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) kind: ActivityKind,
    pub(crate) theme: Option<String>,
}

/// One answer that counts for exposure and remediation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent {
    pub(crate) item: String,
    /// Its index in the bank at hand; none where it is not in it.
    #[serde(skip)]
    pub(crate) ix: Option<ItemIx>,
    pub(crate) at: Timestamp,
    pub(crate) correct: bool,
}

/// A learner's profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) group: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) minutes_a_day: Option<Minutes>,
    pub(crate) target_success: Option<Probability>,
    pub(crate) goal: Option<Goal>,
    pub(crate) pins: BTreeSet<String>,
    pub(crate) bans: BTreeSet<String>,
    pub(crate) utc_offset: UtcOffset,
    pub(crate) recent: Vec<Recent>,
    /// The plans that were offered lately, the last one last, and their activities.
    pub(crate) offers: Vec<(String, Vec<Shown>)>,
    /// Answers to probes so far: skill, right or not.
    pub(crate) probes: Vec<(String, bool)>,
    pub(crate) attempts: u64,
    pub(crate) minutes: f64,
    pub(crate) last_at: Option<Timestamp>,
}

impl Profile {
    pub(crate) fn enrol(&mut self, enrolled: &Enrolled) {
        let keep = |new: &Option<String>, old: &mut Option<String>| {
            if new.is_some() {
                old.clone_from(new);
            }
        };
        keep(&enrolled.group, &mut self.group);
        keep(&enrolled.language, &mut self.language);
        if enrolled.minutes_a_day.is_some() {
            self.minutes_a_day = enrolled.minutes_a_day;
        }
    }

    pub(crate) fn control(&mut self, control: &Control) {
        match control {
            Control::Pin(id) => {
                self.pins.insert(id.clone());
            }
            Control::Unpin(id) => {
                self.pins.remove(id);
            }
            Control::Ban(id) => {
                self.bans.insert(id.clone());
            }
            Control::Unban(id) => {
                self.bans.remove(id);
            }
            Control::Goal(goal) => self.goal = Some(goal.clone()),
            Control::ClearGoal => self.goal = None,
            Control::MinutesADay(minutes) => self.minutes_a_day = Some(*minutes),
            Control::TargetSuccess(p) => self.target_success = Some(*p),
            Control::Language(language) => self.language = Some(language.clone()),
            // A control of a newer version: kept in the journal, without effect here.
            _ => {}
        }
    }

    pub(crate) fn offer(&mut self, offered: &Offered) {
        let shown = offered.activities.iter().map(|a| Shown {
            kind: a.kind,
            theme: a.theme.clone(),
        });
        let over = (self.offers.len() + 1).saturating_sub(OFFERS_AT_MOST);
        self.offers.drain(..over);
        self.offers.push((offered.plan.clone(), shown.collect()));
    }

    /// An activity of a late offer, by its id `plan-place`.
    pub(crate) fn shown(&self, activity: &str) -> Option<&Shown> {
        let (plan, place) = activity.rsplit_once('-')?;
        let place = place.parse::<usize>().ok()?.checked_sub(1)?;
        let (_, shown) = self.offers.iter().rfind(|(offered, _)| offered == plan)?;
        shown.get(place)
    }

    /// Takes note of an answer to a probe.
    pub(crate) fn probed(&mut self, skill: &str, right: bool) {
        self.probes.push((skill.to_owned(), right));
        let over = self.probes.len().saturating_sub(PROBES_AT_MOST);
        self.probes.drain(..over);
    }

    /// Counts an answer, and forgets those that no rule needs any more.
    pub(crate) fn answered(
        &mut self,
        item: &str,
        ix: Option<ItemIx>,
        at: Timestamp,
        correct: bool,
    ) {
        self.recent.push(Recent {
            item: item.to_owned(),
            ix,
            at,
            correct,
        });
        let since = Timestamp(at.0.saturating_sub(RECENT_DAYS * DAY_SECONDS));
        let old = self
            .recent
            .iter()
            .take_while(|recent| recent.at < since)
            .count();
        let spare = self.recent.len().saturating_sub(RECENT_AT_LEAST);
        let over = self.recent.len().saturating_sub(RECENT_AT_MOST);
        self.recent.drain(..old.min(spare).max(over));
    }

    /// A pin is met once its skill or item was done.
    pub(crate) fn done(&mut self, id: &str) {
        self.pins.remove(id);
    }
}

#[cfg(test)]
mod tests;

//! What happens to a learner, as a platform reports it and as it is journalled.
//!
//! An [`Event`] has an id chosen by the platform, so that sending it twice changes nothing. Ids of skills, items and themes are external.

use crate::ids::{EventId, LearnerId};
use crate::strategy::Strategies;
use crate::time::{Timestamp, UtcOffset};
use crate::units::{Minutes, Probability};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that happened to one learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Chosen by the platform; the same id with the same content is a duplicate and changes nothing.
    pub event_id: EventId,
    /// Whom it happened to.
    pub learner: LearnerId,
    /// When, by the learner's clock.
    pub at: Timestamp,
    /// When the platform received it.
    pub received: Timestamp,
    /// The learner's offset from UTC, seconds.
    #[serde(default)]
    pub utc_offset: UtcOffset,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

impl Event {
    /// An event that is received when it happens, in UTC.
    #[must_use]
    pub fn new(event_id: EventId, learner: LearnerId, at: Timestamp, body: EventBody) -> Self {
        Self {
            event_id,
            learner,
            at,
            received: at,
            utc_offset: UtcOffset::UTC,
            body,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventBody {
    /// A learner begins.
    Enrolled(Enrolled),
    /// A lesson was shown.
    Offered(Offered),
    /// A lesson text was studied.
    Studied(Studied),
    /// An item was answered.
    Attempt(Attempt),
    /// An activity was passed over.
    Skipped {
        /// The activity's id.
        activity: String,
        /// Why.
        #[serde(default)]
        why: SkipReason,
    },
    /// An activity was begun and left.
    Abandoned {
        /// The activity's id.
        activity: String,
        /// Time spent, seconds.
        seconds: f32,
    },
    /// A theme or an activity was rated.
    Rated {
        /// The theme's id.
        theme: String,
        /// From 0 (dislike) to 1 (love); .5 is neutral.
        rating: Probability,
    },
    /// One theme was chosen where several were on offer.
    Chose {
        /// The theme chosen.
        theme: String,
        /// All that were on offer, the chosen one too.
        among: Vec<String>,
    },
    /// A teacher, or the learner, set something.
    Control(ControlEvent),
    /// An earlier attempt was judged anew.
    Corrected {
        /// The attempt's event id.
        attempt: EventId,
        /// Its score now.
        score: Probability,
    },
    /// The learner moved to another group.
    Transferred {
        /// The new group (a class, say).
        group: String,
    },
}

/// What is known of a learner who begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Enrolled {
    /// Declared interest by theme id, 0 to 1.
    pub interests: BTreeMap<String, Probability>,
    /// Skills known from elsewhere (an earlier school, a placement on paper).
    pub known: Vec<String>,
    /// Language of lessons, e.g. `en`.
    pub language: Option<String>,
    /// Minutes a day that the learner has; where it is not declared, a goal's outlook goes by the days and minutes really used.
    pub minutes_a_day: Option<Minutes>,
    /// Group, a class say: pace and exposure are averaged over it.
    pub group: Option<String>,
}

/// A lesson as it was shown, with what is needed to judge the choice later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offered {
    /// The plan's id.
    pub plan: String,
    /// Bank version, hexadecimal.
    pub bank: String,
    /// Model parameters' version.
    pub params: String,
    /// The learner's version that the plan was made from.
    pub learner_version: u64,
    /// The seed of the plan.
    pub seed: u64,
    /// The strategies in force.
    pub strategies: Strategies,
    /// What was shown, in order.
    pub activities: Vec<OfferedActivity>,
}

/// One activity of an [`Offered`] lesson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferedActivity {
    /// The activity's id, unique in the learner's history.
    pub id: String,
    /// What kind of activity.
    pub kind: ActivityKind,
    /// The skill it is for.
    pub skill: String,
    /// The item, for all kinds but a lesson text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The theme it was shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// The probability with which this activity stood in this place.
    pub propensity: Probability,
    /// What else could have stood there, with probabilities; with the shown one they sum to 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
}

/// Something that could have been chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The skill.
    pub skill: String,
    /// The item, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Its probability of being chosen.
    pub propensity: Probability,
}

/// What a learner does in one activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// Read a lesson text.
    Lesson,
    /// Practise a skill that is being learned.
    Practice,
    /// Bring back a skill before it is forgotten.
    Review,
    /// Mend a prerequisite whose lack was felt.
    Remedy,
    /// Answer so that the engine learns where the learner stands; no feedback.
    Probe,
}

/// A lesson text that was studied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Studied {
    /// The activity's id, where it was offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
    /// The skill that the lesson teaches.
    pub skill: String,
    /// Time spent, seconds.
    pub seconds: f32,
}

/// One answer to one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The activity's id; none for self-chosen work, which counts for learning and never for off-policy estimates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
    /// The item.
    pub item: String,
    /// The item's version, hexadecimal, where the platform knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Which instance was shown.
    #[serde(default)]
    pub instance: Instance,
    /// What was answered, or how it was judged elsewhere.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Time taken, seconds.
    pub seconds: f32,
    /// Hints taken.
    #[serde(default)]
    pub hints: u16,
    /// Tries, 1 for an answer right or wrong at once.
    #[serde(default = "one")]
    pub tries: u16,
    /// The strongest help used.
    #[serde(default)]
    pub help: Help,
}

impl Attempt {
    /// Work on an item that nobody offered, unaided and at the first try, in so many seconds.
    #[must_use]
    pub fn new(item: impl Into<String>, outcome: Outcome, seconds: f32) -> Self {
        Self {
            activity: None,
            item: item.into(),
            version: None,
            instance: Instance::default(),
            outcome,
            seconds,
            hints: 0,
            tries: one(),
            help: Help::None,
        }
    }
}

const fn one() -> u16 {
    1
}

/// An answer to be judged here, or a judgement made elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What the learner gave, one text a part.
    Response(Vec<String>),
    /// The share that was right, judged by the platform.
    Score(Probability),
}

/// The strongest help used in an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Help {
    /// None.
    #[default]
    None,
    /// At least one hint.
    Hint,
    /// A scaffold: the item was taken apart.
    Scaffold,
    /// The answer was shown.
    Revealed,
}

/// Which instance of an item: with the item it fixes every number and word shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// Fixes the numbers.
    pub seed: u64,
    /// What the problem is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    /// In which language; the course's own where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Why an activity was passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// No reason given.
    #[default]
    None,
    /// It felt too easy.
    TooEasy,
    /// It felt too hard.
    TooHard,
    /// It did not interest.
    Boring,
}

/// A control that somebody set, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlEvent {
    /// Who set it (a role or an opaque id).
    pub who: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// What was set.
    pub control: Control,
}

/// What a teacher or a learner may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Control {
    /// The next lesson holds this skill.
    Pin(String),
    /// It need not any more.
    Unpin(String),
    /// This skill or item is never shown.
    Ban(String),
    /// It may be again.
    Unban(String),
    /// What to reach, and by when.
    Goal(Goal),
    /// No goal any more.
    ClearGoal,
    /// Minutes a day that the learner has.
    MinutesADay(Minutes),
    /// The success rate that items aim at.
    TargetSuccess(Probability),
    /// Language of lessons.
    Language(String),
}

/// What to reach, and by when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// Skills, or a course's id for all of its skills.
    pub skills: Vec<String>,
    /// P(right) on a typical item that counts as reached.
    #[serde(default = "default_threshold")]
    pub threshold: Probability,
    /// The date, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Timestamp>,
}

fn default_threshold() -> Probability {
    Probability::clamped(0.8)
}

#[cfg(test)]
mod tests;

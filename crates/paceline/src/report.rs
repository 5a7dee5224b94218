//! What a teacher is shown of one learner.

use paceline_core::event::Goal;
use paceline_core::ids::LearnerId;
use paceline_core::time::Timestamp;
use paceline_core::units::{Minutes, Probability};
use serde::{Deserialize, Serialize};

/// A learner, as a teacher reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnerReport {
    /// Format of this document: 1.
    pub format: u32,
    /// Whom it is about.
    pub learner: LearnerId,
    /// The moment it is for.
    pub now: Timestamp,
    /// How many events it accounts for.
    pub learner_version: u64,
    /// The class.
    pub group: Option<String>,
    /// Answers so far.
    pub attempts: u64,
    /// Minutes spent so far.
    pub minutes: f32,
    /// How long the learner takes, as a factor on what is typical: 1.2 is a fifth longer.
    pub pace: f32,
    /// Every skill that was taught, practised or declared known, in syllabus order.
    pub skills: Vec<SkillReport>,
    /// At most five skills that stand out above the learner's own level.
    pub strengths: Vec<String>,
    /// At most five that stand out below it.
    pub weaknesses: Vec<String>,
    /// Skills of which less than nine tenths would be recalled now, most forgotten first.
    pub due: Vec<String>,
    /// Themes, best liked first.
    pub interests: Vec<InterestReport>,
    /// The goal and how far it is.
    pub goal: Option<GoalReport>,
    /// What a teacher pinned.
    pub pins: Vec<String>,
    /// What a teacher banned.
    pub bans: Vec<String>,
}

/// One skill of a learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillReport {
    /// The skill.
    pub skill: String,
    /// Its title.
    pub title: String,
    /// In words: not started, learning, fragile, secure, fading.
    pub standing: String,
    /// Probability of a right answer on a typical item, now.
    pub p_now: Probability,
    /// The same with nothing forgotten, and an 80 % interval for it.
    pub p_fresh: Probability,
    /// Lower end of the interval.
    pub p_low: Probability,
    /// Upper end of the interval.
    pub p_high: Probability,
    /// Probability that what was learnt would be recalled now; none where nothing was taught.
    pub recall: Option<Probability>,
    /// Answers that this rests on.
    pub attempts: u32,
    /// Days since the last practice.
    pub days_ago: Option<u32>,
    /// Skills that it opens and that are not mastered yet.
    pub unlocks: Vec<String>,
}

/// A theme and how well the learner likes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InterestReport {
    /// The theme.
    pub theme: String,
    /// Its title.
    pub title: String,
    /// Liking, 0 is neutral.
    pub affinity: f32,
    /// Its standard deviation.
    pub sd: f32,
}

/// Progress to the goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoalReport {
    /// The goal.
    pub goal: Goal,
    /// How many skills it has.
    pub skills: u32,
    /// How many of them are at the threshold, nothing forgotten.
    pub reached: u32,
    /// Expected minutes until all are; from lesson minutes, items and the learner's pace.
    pub minutes_left: Minutes,
    /// When that is at the learner's minutes a day, as declared, else as used so far; none before any work.
    pub estimated: Option<Timestamp>,
}

/// One prediction, taken apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Format of this document: 1.
    pub format: u32,
    /// The skill.
    pub skill: String,
    /// The predicted probability of a right answer on a typical item, now.
    pub p: Probability,
    /// Its log odds: the sum of the terms.
    pub logit: f32,
    /// The terms, largest effect first.
    pub terms: Vec<Term>,
}

/// One term of a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// The term.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// What it adds to the log odds.
    pub logit: f32,
}

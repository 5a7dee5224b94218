//! What the scheduler answers: an ordered lesson, and why.

use std::borrow::Cow;
use std::fmt;

use paceline_core::ids::{ItemIx, SkillIx, ThemeIx};

/// What kind of activity it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The skill's lesson text with its worked example.
    Lesson,
    /// An item of a skill that is being learnt.
    Practice,
    /// An item of a skill learnt on an earlier day.
    Review,
    /// Going back to a prerequisite whose absence explains recent failures.
    Remedy,
    /// A question that finds out what the learner knows.
    Probe,
}

/// A hard constraint, in its order of force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Constraint {
    /// A teacher forbids it.
    Ban,
    /// A teacher insists on something else.
    Pin,
    /// It does not fit the time.
    Time,
    /// A prerequisite has not been taught.
    Unlocking,
    /// The same skill came too recently in the lesson.
    Spacing,
    /// The same item was shown too recently.
    Exposure,
    /// Time kept for reviews.
    ReviewShare,
    /// Enough new skills for one day.
    NewSkillCap,
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ban => "a teacher has forbidden it",
            Self::Pin => "a teacher has asked for something else first",
            Self::Time => "it does not fit the time",
            Self::Unlocking => "something it builds on has not been taught yet",
            Self::Spacing => "the same skill came up a moment ago",
            Self::Exposure => "its items were seen too recently",
            Self::ReviewShare => "the time left is kept for reviews",
            Self::NewSkillCap => "there are enough new skills for one day",
        })
    }
}

/// One term of an activity's worth, with its number.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A new skill whose prerequisites are in place: readiness, 0 to 1.
    Ready {
        /// Mean readiness over prerequisites.
        readiness: f32,
    },
    /// What practice now keeps of the skill in the days that count, and how many days since it was practised.
    Due {
        /// Probability of recall now, 0 to 1.
        recall: f32,
        /// Days since the last practice.
        elapsed_days: f32,
        /// Weighted mean recall on the days that count, left alone.
        later: f32,
        /// The same after a right answer now.
        later_if_right: f32,
    },
    /// The skill belongs to the goal (1), lies on the way to it, or beside it.
    Goal {
        /// Goal weight.
        weight: f32,
    },
    /// What mastering the skill opens.
    Unlocks {
        /// Unlock value, 0 to 6.
        value: f32,
    },
    /// How well the item's difficulty suits the learner.
    Difficulty {
        /// Predicted success, 0 to 1.
        p_correct: f32,
        /// What was aimed at.
        target: f32,
    },
    /// The theme suits the learner's interests.
    Interest {
        /// The theme's affinity relative to the best available, 0 to 1.
        relative: f32,
    },
    /// Related skills that profit too: the sum of their gains.
    AlsoPractises {
        /// Expected gain of the related skills.
        gain: f32,
    },
    /// Chosen among near-equals to learn what works.
    Exploration {
        /// How many near-equals there were.
        choices: u16,
    },
    /// Recent failures on `of` are explained by this prerequisite.
    Remediation {
        /// The skill that was failed.
        of: SkillIx,
        /// Predicted success on the prerequisite, 0 to 1.
        p_prerequisite: f32,
    },
    /// A failed review, again until it is right.
    Relearning,
    /// Never taught, but probably known: an item in place of the lesson.
    ProbablyKnown {
        /// Predicted success on a typical item, 0 to 1.
        p_correct: f32,
    },
    /// A teacher insists on it.
    Pinned,
    /// The next step of the syllabus.
    Syllabus,
    /// It tells whether the skill is mastered.
    Information {
        /// Expected reduction of uncertainty.
        value: f32,
    },
}

impl Reason {
    /// The reason in words.
    #[must_use]
    pub fn text(&self) -> Cow<'static, str> {
        match *self {
            Self::Ready { readiness } => {
                format!("what it builds on is in place ({} %)", percent(readiness)).into()
            }
            Self::Due {
                elapsed_days,
                later,
                later_if_right,
                ..
            } => format!(
                "last practised {} {} ago; looking ahead {} % would be recalled, {} % after a right answer now",
                elapsed_days.round_ties_even() as i64,
                if elapsed_days < 1.5 { "day" } else { "days" },
                percent(later),
                percent(later_if_right)
            )
            .into(),
            Self::Goal { weight } if 1.0 <= weight => "it belongs to the goal".into(),
            Self::Goal { .. } => "it lies on the way to the goal".into(),
            Self::Unlocks { value } => format!("it opens later skills (worth {value:.1})").into(),
            Self::Difficulty { p_correct, target } => format!(
                "about {} % likely to be right, aiming at {} %",
                percent(p_correct),
                percent(target)
            )
            .into(),
            Self::Interest { .. } => "it is set in a theme the learner likes".into(),
            Self::AlsoPractises { .. } => "it practises related skills as well".into(),
            Self::Exploration { choices } => {
                format!("picked among {choices} about equally good ones to learn what works").into()
            }
            Self::Remediation { p_prerequisite, .. } => format!(
                "recent mistakes go back to this earlier skill, which is at {} %",
                percent(p_prerequisite)
            )
            .into(),
            Self::Relearning => "the review was missed; it comes again until it is right".into(),
            Self::ProbablyKnown { p_correct } => format!(
                "probably known already ({} %), so it is tried before its lesson",
                percent(p_correct)
            )
            .into(),
            Self::Pinned => "a teacher asked for it".into(),
            Self::Syllabus => "it is the next step of the syllabus".into(),
            Self::Information { .. } => "the answer tells what the learner knows".into(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// A share in whole percent.
fn percent(share: f32) -> i32 {
    (share * 100.0).round_ties_even() as i32
}

/// One candidate of a slot, as it would have been shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The skill.
    pub skill: SkillIx,
    /// The item; `None` for a lesson text.
    pub item: Option<ItemIx>,
    /// Probability with which this candidate was to be shown in this slot.
    pub propensity: f32,
    /// Gain per minute, as planned.
    pub gain_per_minute: f32,
}

/// The best alternative that was not taken anywhere in the lesson.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunnerUp {
    /// The skill.
    pub skill: SkillIx,
    /// Its gain per minute in this slot.
    pub gain_per_minute: f32,
}

/// One activity of a lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedActivity {
    /// What kind it is.
    pub kind: Kind,
    /// The skill it is for, with weight 1, then those it also practises with theirs.
    pub skills: Vec<(SkillIx, f32)>,
    /// The item; `None` for a lesson text.
    pub item: Option<ItemIx>,
    /// The theme it is to be set in.
    pub theme: Option<ThemeIx>,
    /// Probability with which this theme was to be shown.
    pub theme_propensity: f32,
    /// Seed of the item's instance.
    pub instance_seed: u64,
    /// Expected minutes for this learner.
    pub minutes: f32,
    /// Predicted probability of a right answer; for a lesson, of a typical item after it.
    pub p_correct: f32,
    /// Expected gain, as planned at this place of the lesson.
    pub gain: f32,
    /// Probability with which this activity was to be shown in this slot.
    pub propensity: f32,
    /// All candidates of the slot; their propensities sum to 1.
    pub candidates: Vec<Candidate>,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// The best alternative that was not taken.
    pub runner_up: Option<RunnerUp>,
    /// The constraint that kept something with a higher gain per minute out of this slot.
    pub bound_by: Option<Constraint>,
}

impl PlannedActivity {
    /// The skill the activity is for.
    pub fn skill(&self) -> SkillIx {
        self.skills
            .first()
            .map_or(SkillIx(u32::MAX), |&(skill, _)| skill)
    }
}

/// Why a lesson has no further activity.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// The time is used.
    TimeUsed,
    /// Nothing left is worth the learner's minutes.
    NothingPays,
    /// Nothing is open to this learner.
    NothingUnlocked,
    /// Constraints that could not all be met; these were dropped.
    Conflict(Vec<Constraint>),
}

/// What to expect at the goal date.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// Days from now to the goal date.
    pub days: f32,
    /// Expected share of goal skills at the threshold on the goal date.
    pub expected_share: f32,
    /// Probability that every goal skill is at the threshold on the goal date.
    pub p_goal: f32,
    /// Minutes a day needed to meet the goal.
    pub minutes_a_day_needed: f32,
    /// Minutes a day the learner has.
    pub minutes_a_day: f32,
    /// Price of time, gain per minute, that makes the planned minutes fit.
    pub price: f32,
    /// Expected success on a typical item at the date, per goal skill.
    pub expected: Vec<(SkillIx, f32)>,
}

/// An ordered lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The activities, in order.
    pub activities: Vec<PlannedActivity>,
    /// Why it ends where it ends.
    pub ended: Ended,
    /// Sum of the planned gains.
    pub value: f32,
    /// What to expect at the goal date, where there is one.
    pub outlook: Option<Outlook>,
}

impl Lesson {
    /// Expected minutes of the whole lesson.
    pub fn minutes(&self) -> f32 {
        self.activities
            .iter()
            .map(|activity| activity.minutes)
            .sum()
    }
}

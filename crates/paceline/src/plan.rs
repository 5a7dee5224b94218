//! What is asked of the engine and what it answers: requests, plans and their activities.

use paceline_bank::Rendered;
use paceline_core::event::{ActivityKind, Candidate, Goal, Instance};
use paceline_core::ids::LearnerId;
use paceline_core::strategy::Strategies;
use paceline_core::time::{StudyDay, Timestamp};
use paceline_core::units::{Minutes, Probability};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a lesson is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// New skills, practice and review, as they pay.
    #[default]
    Learn,
    /// Only what was taught before.
    Review,
    /// Find out where the learner stands.
    Place {
        /// At most so many questions.
        max_questions: u16,
    },
}

/// A request for a lesson. Every field has a default: the learner's own minutes and goal, all that a teacher set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanRequest {
    /// Minutes there are; the learner's minutes a day, or 20, where none are given.
    pub minutes: Option<Minutes>,
    /// What the lesson is for.
    pub purpose: Purpose,
    /// What to reach and by when, in place of the goal that was set.
    pub goal: Option<Goal>,
    /// Only these skills, or all of these courses.
    pub filter: Option<Vec<String>>,
    /// The strategies in force.
    pub strategies: Strategies,
    /// How often a place is filled at random among near-equals.
    pub explore: Option<Probability>,
    /// Language of texts, in place of the learner's.
    pub language: Option<String>,
}

impl PlanRequest {
    /// A lesson of `minutes`, everything else by default.
    #[must_use]
    pub fn minutes(minutes: f32) -> Self {
        Self {
            minutes: Some(Minutes::clamped(minutes)),
            ..Self::default()
        }
    }

    /// This request for another purpose.
    #[must_use]
    pub fn purpose(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// This request toward a goal.
    #[must_use]
    pub fn goal(self, goal: Goal) -> Self {
        Self {
            goal: Some(goal),
            ..self
        }
    }

    /// This request under other strategies.
    #[must_use]
    pub fn strategies(self, strategies: Strategies) -> Self {
        Self { strategies, ..self }
    }
}

/// The seven things that a plan is a pure function of (the request, which the caller has, apart).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeFrom {
    /// Bank version, hexadecimal.
    pub bank: String,
    /// Version of the model's parameters, hexadecimal.
    pub params: String,
    /// Version of the cohort snapshot.
    pub cohort: u64,
    /// The learner's version: how many events the state accounts for.
    pub learner_version: u64,
    /// The moment it was made for.
    pub now: Timestamp,
    /// The seed of all that is drawn.
    pub seed: u64,
}

/// An ordered lesson for one learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Format of this document: 1.
    pub format: u32,
    /// Names the plan: the same inputs give the same id.
    pub id: String,
    /// Whom it is for.
    pub learner: LearnerId,
    /// What it was made from.
    pub made_from: MadeFrom,
    /// The strategies in force.
    pub strategies: Strategies,
    /// What to do, in order.
    pub activities: Vec<Activity>,
    /// Why it ends where it ends.
    pub ended: Ended,
    /// Expected minutes in all.
    pub minutes: Minutes,
    /// What to expect at the goal's date, where there is one.
    pub outlook: Option<Outlook>,
}

/// One activity of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Its id: the plan's, and its place.
    pub id: String,
    /// What kind.
    pub kind: ActivityKind,
    /// The skill it is for (weight 1), then those it also practises.
    pub skills: Vec<SkillShare>,
    /// The item; none for a lesson text.
    pub item: Option<ItemRef>,
    /// Which instance: seed, theme and language.
    pub instance: Instance,
    /// Expected minutes for this learner.
    pub minutes: Minutes,
    /// Predicted probability of a right answer; for a lesson text, on a typical item after it.
    pub p_correct: Probability,
    /// The probability with which it stands in this place.
    pub propensity: Probability,
    /// All that could have stood here; their propensities sum to 1.
    pub candidates: Vec<Candidate>,
    /// Why, most telling first.
    pub reasons: Vec<Reason>,
    /// The best alternative that was not taken.
    pub runner_up: Option<RunnerUp>,
    /// The rule that kept something worth more per minute out of this place.
    pub bound_by: Option<String>,
}

impl Activity {
    /// The skill it is for.
    #[must_use]
    pub fn skill(&self) -> &str {
        self.skills.first().map_or("", |share| &share.skill)
    }
}

/// A skill, and how much of an activity goes to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillShare {
    /// The skill.
    pub skill: String,
    /// 1 for the skill it is for, less for those it also practises.
    pub weight: f32,
}

/// An item at one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRef {
    /// The item.
    pub id: String,
    /// Its version, hexadecimal.
    pub version: String,
}

/// One reason for an activity: a code for programs, words for people, the number behind both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The term of the objective.
    pub code: Cow<'static, str>,
    /// In words.
    pub text: Cow<'static, str>,
    /// Its number, in the unit that the term has.
    pub value: f32,
}

/// The best alternative that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunnerUp {
    /// The skill.
    pub skill: String,
    /// Its gain per minute in this place.
    pub gain_per_minute: f32,
}

/// Why a plan ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The time is used.
    TimeUsed,
    /// Nothing left is worth the learner's minutes.
    NothingPays,
    /// Nothing is open to this learner.
    NothingUnlocked,
    /// Rules that could not all be met; these were dropped.
    Conflict(Vec<String>),
}

/// What to expect at the goal's date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Days until then.
    pub days: f32,
    /// Expected share of the goal's skills at the threshold.
    pub expected_share: Probability,
    /// Probability that nine in ten of them are.
    pub p_goal: Probability,
    /// Expected success on a typical item of each of the goal's skills then, prerequisites first.
    pub expected: Vec<(String, Probability)>,
    /// Minutes a day that would be needed.
    pub minutes_a_day_needed: Minutes,
    /// Minutes a day that the learner has: as declared, else as used so far, else this lesson's.
    pub minutes_a_day: Minutes,
}

/// What a day ahead is expected to hold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DayAhead {
    /// The learner's study day.
    pub day: StudyDay,
    /// Expected minutes; no more than the day has.
    pub minutes: Minutes,
    /// Skills reviewed or practised.
    pub reviews: u32,
    /// Skills taught.
    pub lessons: u32,
    /// Minutes of reviews that are due and wait for a later day.
    pub waiting_minutes: Minutes,
}

/// A class, split into groups of at least two and those better off alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassPlan {
    /// The groups, the largest first.
    pub groups: Vec<ClassGroup>,
    /// Students on their own, with their own best plans.
    pub alone: Vec<ClassMember>,
}

/// Students who do the same thing next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassGroup {
    /// The skill they begin with.
    pub skill: String,
    /// Who is in it.
    pub members: Vec<ClassMember>,
    /// Who has mastered the skill and could help, the surest first.
    pub helpers: Vec<LearnerId>,
}

/// A student of a class with the lesson that the split leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMember {
    /// The lesson.
    pub plan: Plan,
    /// Share of the value of the student's own best lesson that the group costs, 0 to 1.
    pub cost: f32,
}

/// A plan as it is shown, journalled so that the choice can be judged later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Format of this document: 1.
    pub format: u32,
    /// The plan.
    pub plan: String,
    /// Its activities with their texts, in order.
    pub lesson: Vec<Offered>,
}

/// An activity with what the learner sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offered {
    /// The activity.
    pub activity: Activity,
    /// What the learner sees; none for an item without text (a generated curriculum).
    pub content: Option<Content>,
}

/// What the learner sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A lesson text.
    Lesson {
        /// Its title.
        title: String,
        /// Markdown with TeX between dollar signs.
        markdown: String,
        /// Its language.
        language: String,
    },
    /// An item's instance.
    Item(Box<Rendered>),
}

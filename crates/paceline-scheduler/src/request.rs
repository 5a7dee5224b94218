//! What is asked of the scheduler, and what it is told of the class.

use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::strategy::Strategies;
use paceline_core::time::{Timestamp, UtcOffset};

/// Numbers of the objective. The defaults are the ones that were measured; most are flat over a
/// wide range, see each field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// How much of a memory's worth rests on how well the skill is known (0 to .5 is flat).
    pub knowledge_share: f32,
    /// Weight of the two days on the way to the goal date, together (0 to 2 is flat).
    pub way_weight: f32,
    /// Horizon in days where there is no goal date.
    pub horizon_days: f32,
    /// Weight of what mastering a skill would unlock (twice as much costs .06 SD).
    pub unlock_weight: f32,
    /// Gain in kappa of the first answer of a day on a skill not known at all.
    pub practice_step: f32,
    /// Log-odds that a lesson adds for a learner who is ready for it.
    pub lesson_step_logit: f32,
    /// Success on a prerequisite at which a learner counts as ready.
    pub ready_at: f32,
    /// Success on a typical item from which a skill never taught begins with an item in place of its lesson.
    pub try_first_at: f32,
    /// Success on a prerequisite below which mistakes on what builds on it go back to it.
    pub remedy_below: f32,
    /// Weight of what an answer tells about mastery.
    pub information_weight: f32,
    /// Goal weight of a skill on the way to a goal skill.
    pub way_to_goal: f32,
    /// Goal weight of a skill that has nothing to do with the goal.
    pub beside_goal: f32,
    /// Whether memories fade; off where spacing is switched off.
    pub forgetting: bool,
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            knowledge_share: 0.25,
            way_weight: 0.5,
            horizon_days: 60.0,
            unlock_weight: 0.5,
            practice_step: 0.12,
            lesson_step_logit: 1.0,
            ready_at: 0.75,
            try_first_at: 0.5,
            remedy_below: 0.5,
            information_weight: 0.01,
            way_to_goal: 0.5,
            beside_goal: 0.1,
            forgetting: true,
        }
    }
}

/// What the scheduler knows of everyone else: an immutable, versioned snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cohort {
    /// Version of the snapshot, part of what a plan was made from.
    pub version: u64,
    /// Class-average pace: how many times an item's expected seconds the class needs; 0 means
    /// unknown and counts as 1.
    pub pace: f32,
    /// Share of recent lessons that showed each item. Shape: `[n_items]`, or empty where unknown.
    pub exposure: Vec<f32>,
    /// Times each theme was shown lately. Shape: `[n_themes]`, or empty where unknown.
    pub theme_counts: Vec<u32>,
}

/// What a lesson is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// New skills, practice and reviews, as they pay.
    #[default]
    Learn,
    /// Only what was taught before.
    Review,
    /// Finding out what the learner knows.
    Place {
        /// Most questions to ask.
        max_questions: u16,
    },
}

/// Where the learner is to be, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// The skills that count.
    pub skills: Vec<SkillIx>,
    /// Probability of a right answer on a typical item at which a goal skill is reached, 0 to 1.
    pub threshold: f32,
    /// The day it must be reached by; without one, a rolling horizon.
    pub date: Option<Timestamp>,
    /// Minutes a day the learner has, for pacing over the days; 0 means this lesson's minutes.
    pub minutes_a_day: f32,
}

/// An answer that the learner gave lately.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecentAnswer {
    /// The skill it was on.
    pub skill: SkillIx,
    /// The item shown.
    pub item: ItemIx,
    /// When.
    pub at: Timestamp,
    /// Whether it was right on the first try.
    pub correct: bool,
}

/// An answer to a placement probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The skill it was on.
    pub skill: SkillIx,
    /// Whether it was right.
    pub correct: bool,
}

/// Something a teacher insists on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The next activity of this skill.
    Skill(SkillIx),
    /// This very item.
    Item(ItemIx),
}

/// Something a teacher forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ban {
    /// Everything on this skill.
    Skill(SkillIx),
    /// This item.
    Item(ItemIx),
}

/// One request for a lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Time there is.
    pub minutes: f32,
    /// What the lesson is for.
    pub purpose: Purpose,
    /// Where the learner is to be, and when.
    pub goal: Option<Goal>,
    /// Only these skills, where given.
    pub filter: Option<Vec<SkillIx>>,
    /// The strategies in force.
    pub strategies: Strategies,
    /// Probability that a slot is exploratory, 0 to 1.
    pub explore: f32,
    /// What a teacher insists on, in order.
    pub pins: Vec<Pin>,
    /// What a teacher forbids.
    pub bans: Vec<Ban>,
    /// Predicted success to aim at within a skill.
    pub target_success: f32,
    /// Answers of the last seven days or the last twenty, whichever is more; oldest first.
    pub recent: Vec<RecentAnswer>,
    /// Answers to placement probes so far.
    pub probes: Vec<ProbeAnswer>,
    /// Share of the minutes kept for reviews, where there are that many to do.
    pub review_share: f32,
    /// Most new skills on one study day; `None` for no cap. Fewer than three costs dearly.
    pub new_skills_a_day: Option<u16>,
    /// New skills already taught on this study day.
    pub new_skills_today: u16,
    /// Items that a lesson is followed by at once (at most two). Repairs much where spacing has no
    /// effect and costs as much where it has: to be decided from a platform's own log.
    pub after_lesson: u16,
    /// Items the pacing guide gives to each skill after its lesson.
    pub guide_items: u16,
    /// Gain per minute below which an activity is not worth the learner's time; `None` derives it
    /// from the goal's date.
    pub price: Option<f32>,
    /// Share of practice that goes to items on trial (pilot or stale), where a skill has any; 0 to 1. What they tell is worth
    /// little to this learner, so it is no part of the objective.
    pub trial_share: f32,
    /// Width of the search; 16 is the production width. Local search shrinks with it.
    pub width: u16,
    /// The learner's distance from UTC, for study days.
    pub utc_offset: UtcOffset,
    /// The learner's factor on expected times; 1 is typical.
    pub pace: f32,
    /// How well the learner likes each theme, more is better. Shape: `[n_themes]`, or empty where unknown.
    pub theme_affinity: Vec<f32>,
    /// Numbers of the objective.
    pub objective: Objective,
}

impl Request {
    /// A plain request to learn for `minutes`, everything else at its default.
    pub fn learn(minutes: f32) -> Self {
        Self {
            minutes,
            purpose: Purpose::Learn,
            goal: None,
            filter: None,
            strategies: Strategies::default(),
            explore: 0.0,
            pins: Vec::new(),
            bans: Vec::new(),
            target_success: 0.85,
            recent: Vec::new(),
            probes: Vec::new(),
            review_share: 0.0,
            new_skills_a_day: None,
            new_skills_today: 0,
            after_lesson: 0,
            guide_items: 6,
            price: None,
            trial_share: 0.1,
            width: crate::search::WIDTH as u16,
            utc_offset: UtcOffset::default(),
            pace: 1.0,
            theme_affinity: Vec::new(),
            objective: Objective::default(),
        }
    }
}

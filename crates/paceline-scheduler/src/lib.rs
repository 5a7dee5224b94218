//! Paceline's pacing scheduler: given this learner, now, with so many minutes, which ordered list of
//! activities is worth most, and why?
//!
//! [`plan`] is a pure function of bank, parameters, [`Cohort`], learner, [`Request`], time and seed. It
//! answers with a [`Lesson`] on dense indexes; texts, external ids and instances are the facade's. What
//! an activity is worth is in [`value`]: memory and knowledge carried to the days that matter.
//!
//! Every rule of a plan is a property test; `PACELINE_SLOW=1 cargo test --release -p paceline-scheduler --lib` holds them over
//! 100,000 cases each, and the search to the optimum of 3,000 small problems.
//!
//! The crate knows no store and no clock, nor where the counters in a [`Cohort`] come from.

mod ahead;
mod choose;
mod class;
mod columns;
mod guide;
mod items;
mod kept;
mod kernel;
mod lesson;
mod local;
mod order;
mod outlook;
mod place;
mod plan;
mod prepare;
mod request;
mod search;
#[cfg(test)]
mod testing;
mod unlock;
pub mod value;
mod view;

pub use ahead::{DayAhead, days_ahead};
pub use choose::{choices, what_first};
pub use class::{ClassPlan, Group, Grouping, Member, Student, plan_class};
pub use columns::{SkillColumns, SkillSet};
pub use guide::{GuidePlace, GuideStep, pacing_guide};
#[cfg(feature = "bench")]
pub use kernel::SkillPass;
pub use lesson::{
    Candidate, Constraint, Ended, Kind, Lesson, Outlook, PlannedActivity, Reason, RunnerUp,
};
pub use place::placed;
pub use plan::{Scratch, plan, plan_columns};
pub use request::{Ban, Cohort, Goal, Objective, Pin, ProbeAnswer, Purpose, RecentAnswer, Request};

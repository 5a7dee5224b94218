#![doc = include_str!("../docs/engine.md")]
//!
//! # Architecture
#![doc = include_str!("../docs/architecture.md")]
//!
//! # Formats
#![doc = include_str!("../docs/formats.md")]
//!
//! # Writing content
#![doc = include_str!("../docs/authoring.md")]

pub mod content;
mod engine;
mod error;
mod fold;
mod interests;
mod journal;
mod plan;
mod profile;
mod report;
mod state;

pub use engine::{AttemptUpdate, Config, Engine, Erased, SkillChange, Update};
pub use error::Error;
pub use plan::{
    Activity, ClassGroup, ClassMember, ClassPlan, Content, DayAhead, Ended, ItemRef, MadeFrom,
    Offer, Offered, Outlook, Plan, PlanRequest, Purpose, Reason, RunnerUp, SkillShare,
};
pub use report::{Explanation, GoalReport, InterestReport, LearnerReport, SkillReport, Term};

pub use paceline_bank as bank;
pub use paceline_bank::Bank;
pub use paceline_core::{event, graph, ids, log, math, strategy, stream, time, units};
pub use paceline_learner as learner;
pub use paceline_learner::Params;
pub use paceline_scheduler::Grouping;
pub use paceline_store as store;
pub use paceline_store::{JournalStore, MemoryStore, SledStore};

/// Compiles the README's example as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct ReadmeDoctests;

//! Simulated schools that can prove the engine wrong.
//!
//! A [`Curriculum`] is taught to classes of simulated pupils for a term, by the engine and by policies that
//! need no model, at equal minutes; [`compare`] tells what each gains over a fixed pacing guide, on a
//! grade-level test at the end and on another a month later.
//!
//! A [`study`] does the same for whole schools that choose to adopt, over years and subjects, as a file states it.
//!
//! The rules of the harness:
//!
//! - No [`Family`] of students is the engine's own learner model, and each is reported.
//! - True parameters are drawn per world from published ranges and never tuned to a policy.
//! - A policy meets a pupil only through an [`Observation`]; true state is private to the pupil. The oracle has
//!   a path of its own.
//! - Null and harmful [`Variant`]s stand beside the plain worlds.
//! - Random numbers are drawn by name, not in order, so pupils meet the same luck under every policy, and results
//!   are byte-identical on any number of threads.

mod calendar;
mod compare;
mod curriculum;
mod draws;
mod engine;
mod fitted;
mod gates;
pub mod generate;
mod math;
mod mind;
mod observation;
mod policy;
mod pupil;
mod school;
mod showcase;
pub mod study;
mod term;
mod world;

pub use calendar::Calendar;
pub use compare::{Comparison, Config, Figure, Lead, PolicyKind, Progress, Row, Study, compare};
pub use curriculum::{Curriculum, Item, Skill};
pub use fitted::Fitted;
pub use gates::{Gate, gates};
pub use observation::{Activity, Kind, Now, Observation};
pub use policy::{Baseline, Policy};
pub use school::{Population, SchoolType};
pub use showcase::{Shown, showcase};
pub use world::{Family, Variant};

/// Easiness of a typical item, logit: an author's `medium`.
const TYPICAL_EASINESS: f64 = 0.8;

/// Why a simulation cannot be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// There is nothing to simulate.
    #[error("the simulation has no {what}; at least one is wanted")]
    Empty {
        /// What is missing.
        what: &'static str,
    },
    /// No term can be run by this calendar.
    #[error(
        "the calendar {found:?} cannot be run; wanted at least a year, a week and a lesson a week, at most 7 lessons a week, lessons of 1 to 600 minutes, and 1,100 days in all"
    )]
    Calendar {
        /// The calendar.
        found: Calendar,
    },
    /// The engine refused what a pupil did.
    #[error("the engine refused: {why}")]
    Engine {
        /// Its reason.
        why: String,
    },
    /// The numbers of the fitted family are wrong.
    #[error("the fitted numbers are refused: {why}")]
    Fitted {
        /// Why.
        why: String,
    },
    /// A finished part of a study could not be kept.
    #[error("the part {cell} of the study could not be kept: {why}")]
    Kept {
        /// Its name.
        cell: String,
        /// What went wrong.
        why: String,
    },
    /// The content has no such course.
    #[error("no course {course:?}; wanted one of {}", .known.join(", "))]
    UnknownCourse {
        /// The course.
        course: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

impl SimError {
    /// The engine's own error, as the simulation passes it on.
    fn refused(error: impl std::fmt::Display) -> Self {
        Self::Engine {
            why: error.to_string(),
        }
    }
}

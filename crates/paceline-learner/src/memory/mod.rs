//! Memory: how a skill fades with days and how an answer renews it.
//!
//! [`Fsrs`] is the FSRS-6 model made ready to compute with, [`MemoryState`] what it keeps of one
//! skill, [`Grade`] what one attempt was worth. States and weights interchange with Anki's.
//!
//! The module knows neither skills nor clocks: elapsed time comes in whole study days, as
//! [`paceline_core::time`] counts them, and the time of the last practice is kept by the caller.
//! The rule for implicit credit, [`Fsrs::share_of_success`], is the one that planning and
//! recording both use.

mod batch;
mod fit;
mod grade;
#[cfg(test)]
mod reference;
mod step;
#[cfg(test)]
mod tests;
mod weights;

pub use fit::{FitError, FitOptions, Fitted, fit};
pub use grade::{Answered, Grade};
pub use step::{Fsrs, MemoryState, NextState, Review, Shared};
pub use weights::{Version, Weights, WeightsError};

/// The smallest stability a state can have, in days.
pub const STABILITY_MIN_DAYS: f32 = 0.001;
/// The largest stability a state can have, in days (a hundred years).
pub const STABILITY_MAX_DAYS: f32 = 36_500.0;
/// The smallest difficulty a state can have.
pub const DIFFICULTY_MIN: f32 = 1.0;
/// The largest difficulty a state can have.
pub const DIFFICULTY_MAX: f32 = 10.0;

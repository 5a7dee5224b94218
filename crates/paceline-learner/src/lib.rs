//! What a student knows and remembers, updated by every answer in well under a microsecond and small
//! enough to keep a million students in memory.
//!
//! - [`learner`]: [`Learner`], the state of one student, and [`Params`], what it is read with.
//! - [`knowledge`]: RLKT, which predicts the next answer.
//! - [`memory`]: FSRS-6, which says what days and reviews do to it.
//! - [`mastery`], [`pace`], [`interests`]: when a skill is good enough, how long work takes, which themes please;
//!   [`belief`]: what a new student knows, from a few answers over the graph.
//! - [`fit`] to a log of answers gives a [`model`]; [`evaluate`] judges it, and the [`baselines`] in it, on another.
//! - [`codec`]: stored states, which outlive bank versions.
//!
//! It knows neither the texts of items nor plans, and reads no clock.

pub mod baselines;
pub mod belief;
mod block;
pub mod codec;
pub mod evaluate;
pub mod fit;
pub mod interests;
pub mod knowledge;
pub mod learner;
pub mod mastery;
pub mod memory;
pub mod model;
pub mod pace;
#[cfg(test)]
mod reference_data;

pub use codec::{CodecError, Ids};
pub use learner::{ItemView, Learner, Observation, Observed, Params, Scratch, SkillView};

//! What a learner knows: residual logistic knowledge tracing (RLKT), a logistic regression over
//! residuals, a Kalman ability and small tables.
//!
//! A row is an answer. Features are read off the state before the answer, the prediction is their
//! weighted sum through a logistic, and the update folds the outcome in. Fitting, replay and serving
//! share all three, so that what is fitted is what is served. The module knows indexes of one bank
//! version, and neither items' texts nor memory.

mod features;
mod params;
mod state;
mod update;

#[cfg(test)]
mod tests;

pub use features::{Dense, Features, N_DENSE, Row};
pub use params::{EasinessUse, Rlkt, Source};
pub use state::{State, Variant};
pub use update::Dynamics;

pub(crate) use features::PROBIT;
pub(crate) use params::{
    ITEM_RETRIES, ITEM_SLOPES, Layout, SET_RETRIES, SKILL_SLOPES, item_pair, set_pair,
};
pub(crate) use state::{Global, NONE, item_u, set_key, skill_f, skill_u};

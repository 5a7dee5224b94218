//! Paceline's vocabulary: what every other crate speaks, and no policy of its own.
//!
//! - [`ids`]: external string ids, checked once at the edge, and the dense indexes used inside.
//! - [`units`] and [`time`]: quantities that are valid by construction.
//! - [`math`]: `exp`, `ln`, `pow` with the same bits on every platform; [`widest!`]: loops over them in the widest vectors.
//! - [`stream`]: random streams keyed by purpose, seed and learner.
//! - [`graph`]: the compressed sparse row graph; [`raw`]: columns as bytes.
//! - [`event`]: what happens to a learner, as it is journalled.
//! - [`log`]: answer logs and their reader; [`optim`]: the optimiser that fits rest on.
//! - [`strategy`]: the switches that a study can randomise.
//!
//! It knows no files, banks, models or plans, and reads no clock.

pub mod event;
pub mod graph;
pub mod ids;
pub mod log;
pub mod math;
pub mod optim;
pub mod raw;
pub mod strategy;
pub mod stream;
pub mod time;
pub mod units;
mod wide;

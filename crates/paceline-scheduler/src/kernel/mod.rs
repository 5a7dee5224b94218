//! The tuned core: loops over columns of skills, slices in, no allocation, no branches on configuration.
//!
//! Each has a plain twin in [`reference`](mod@reference), to which a test holds it bit for bit. The wide versions come
//! from the learner crate's batched memory model, which picks the widest vectors the processor has and
//! gives the same bits on all.
//!
//! Measured per skill, one thread, AVX-512 EPYC (`plan` of a mature learner, 10,000 skills):
//!
//! | skill pass | ns a skill |
//! |---|---|
//! | one skill at a time, eleven powers each | 200 |
//! | [`branches`] by blocks of 256 | see `benches`, `plan/mature` |
//!
//! What did not help: one pass over whole columns instead of blocks (the ten intermediate columns leave
//! the first-level cache).

mod belief;
mod branches;
#[cfg(test)]
mod reference;
mod select;
#[cfg(test)]
mod tests;

pub(crate) use belief::{LogOdds, Practised, believe, fade};
pub(crate) use branches::{BLOCK, Block, Weights, branches, gains, memories, rates};
pub(crate) use select::select_best;

//! The tuned core: loops over columns of skills, slices in, no allocation, no branches on configuration.
//!
//! Each has a plain twin in [`reference`](mod@reference), to which a test holds it bit for bit. [`paceline_core::widest!`]
//! picks the widest vectors the processor has; they give the same bits on all.
//!
//! Measured per skill, one thread, AVX-512 EPYC, in plans of mature learners of 10,000 skills (shares of `perf` samples of
//! `examples/planning` times the microseconds it prints):
//!
//! | kernel | ns a skill |
//! |---|---|
//! | [`branches`](fn@branches), ten powers in one loop | 7.7 |
//! | [`believe`] | .9 |
//! | [`fade`], its retrievability included | 1.2 |
//! | [`gains`] | .6 |
//! | [`rates`] | .5 |
//! | [`select_best`] of 768 | .7 |
//!
//! Comparing what [`branches`](fn@branches) would be computed from with what was kept costs 1.3 (`kept`).
//!
//! The first, fourth and fifth over columns of their own come to 8.6 ns a skill, a bare loop of the same gain built for this processor to 9.0
//! (`RUSTFLAGS="-C target-cpu=native" cargo bench --bench pass`).
//!
//! What did not help: one pass over whole columns instead of blocks (the intermediate columns leave the first-level cache).

mod belief;
mod branches;
#[cfg(feature = "bench")]
mod pass;
#[cfg(test)]
mod reference;
mod select;
#[cfg(test)]
mod tests;

pub(crate) use belief::{LogOdds, Practised, believe, fade};
pub(crate) use branches::{BLOCK, Block, Weights, branches, gains, memories, rates};
#[cfg(feature = "bench")]
pub use pass::SkillPass;
pub(crate) use select::select_best;

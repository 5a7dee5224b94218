//! Tests that see only the facade.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod crate_graph;
mod life_cycle;
mod placement;
mod recording;
mod shipped;
mod support;
mod tailoring;

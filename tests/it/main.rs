//! Tests that see only the facade.

mod crate_graph;
mod recording;
mod support;
mod tailoring;

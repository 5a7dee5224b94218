//! Tests that see only the facade.

mod crate_graph;

//! Tests of the store in memory.

use crate::{MemoryStore, conformance};

#[test]
fn a_store_in_memory_conforms() {
    conformance::conforms(MemoryStore::new);
}

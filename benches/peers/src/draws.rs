//! Seeded inputs.

use paceline_core::stream::{ChaCha8Rng, stream};
use rand::RngExt;

/// A few draws are all that is needed of a generator.
pub struct Draws(ChaCha8Rng);

impl Draws {
    pub fn new(key: &str) -> Self {
        Self(stream("peers", 1, key.as_bytes()))
    }

    pub fn unit(&mut self) -> f32 {
        self.0.random()
    }
}

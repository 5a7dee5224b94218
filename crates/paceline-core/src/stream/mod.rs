//! Random streams: a portable generator keyed by purpose, seed and key, so that no draw depends on another's order.

use crate::math::wide;
pub use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// The stream of `purpose` for `key` (a learner's id, say) under `seed`.
///
/// Keyed by SHA-256, so streams of different purposes, seeds or keys are independent, and each is the same on every platform.
#[must_use]
pub fn stream(purpose: &str, seed: u64, key: &[u8]) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(digest(purpose, seed, key))
}

/// A uniform draw from [0, 1).
pub fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A standard normal draw (Box & Muller 1958).
pub fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = wide::sqrt(-2.0 * wide::ln(1.0 - uniform(random)));
    radius * libm::cos(std::f64::consts::TAU * uniform(random))
}

/// 64 bits keyed in the same way, where one draw is all that is wanted.
#[must_use]
pub fn keyed_u64(purpose: &str, seed: u64, key: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = digest(purpose, seed, key);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn digest(purpose: &str, seed: u64, key: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    // The length keeps ("ab", "c") apart from ("a", "bc").
    hash.update((purpose.len() as u64).to_le_bytes());
    hash.update(purpose.as_bytes());
    hash.update(seed.to_le_bytes());
    hash.update(key);
    hash.finalize().into()
}

#[cfg(test)]
mod tests;

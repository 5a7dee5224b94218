//! Random numbers by name: every draw is a pure function of (key, purpose, counters).
//!
//! Nothing is consumed in order, so a pupil meets the same luck (the same absences, the same mood at the
//! third activity of the fifth lesson, the same uniform at the end test) under every policy, and adding a
//! policy or a thread changes no one else's draws.

use sha2::{Digest, Sha256};

use crate::math;

/// What a draw is for; each purpose is a stream of its own.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Purpose {
    WorldParameter = 1,
    Edge,
    SchoolEffect,
    ClassEffect,
    Trait,
    SkillPrior,
    SkillLuck,
    ThemeTaste,
    ThemeDeclared,
    ItemTruth,
    Absence,
    Leaving,
    Mood,
    Gaming,
    Answer,
    Dwell,
    Hint,
    Quit,
    TestItem,
    TestAnswer,
    PolicyChoice,
    Curriculum,
    TakeUp,
    Hidden,
    Transfer,
    Adoption,
    TeacherTime,
    Personal,
}

/// A keyed source of named draws (the finaliser of SplitMix64, Steele, Lea & Flood 2014, in three rounds).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws {
    key: u64,
}

impl Draws {
    /// The source for one named thing, such as a world or a pupil.
    pub(crate) fn new(purpose: &str, seed: u64, key: &[u64]) -> Self {
        let mut hash = Sha256::new();
        hash.update(purpose.as_bytes());
        hash.update([0]);
        hash.update(seed.to_le_bytes());
        for part in key {
            hash.update(part.to_le_bytes());
        }
        let digest = hash.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self {
            key: u64::from_le_bytes(first),
        }
    }

    /// The stream of one purpose; the same draws as by its name.
    pub(crate) fn stream(&self, purpose: Purpose) -> Stream {
        Stream(mix(
            self.key ^ (purpose as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ))
    }

    /// 64 random bits for `purpose` at counters `(a, b)`.
    pub(crate) fn bits(&self, purpose: Purpose, a: u32, b: u32) -> u64 {
        self.stream(purpose).bits(Place::new(a, b))
    }

    /// Uniform in the open interval (0, 1).
    pub(crate) fn uniform(&self, purpose: Purpose, a: u32, b: u32) -> f64 {
        self.stream(purpose).uniform(Place::new(a, b))
    }

    /// Uniform in `low..high`.
    pub(crate) fn between(&self, purpose: Purpose, a: u32, range: (f64, f64)) -> f64 {
        range.0 + (range.1 - range.0) * self.uniform(purpose, a, 0)
    }

    /// Standard normal.
    pub(crate) fn normal(&self, purpose: Purpose, a: u32, b: u32) -> f64 {
        self.stream(purpose).normal(Place::new(a, b))
    }

    /// A whole number below `n`; 0 where `n` is 0.
    pub(crate) fn below(&self, purpose: Purpose, a: u32, b: u32, n: usize) -> usize {
        self.stream(purpose).below(Place::new(a, b), n)
    }

    /// Whether an event of probability `p` happens.
    pub(crate) fn happens(&self, purpose: Purpose, a: u32, b: u32, p: f64) -> bool {
        self.uniform(purpose, a, b) < p
    }
}

/// The draws of one purpose, for who draws at many places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream(u64);

/// The counters of a draw, for who draws for many purposes at one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(u64);

impl Place {
    pub(crate) fn new(a: u32, b: u32) -> Self {
        Self(mix((u64::from(a) << 32) | u64::from(b)))
    }
}

impl Stream {
    pub(crate) fn bits(self, place: Place) -> u64 {
        mix(self.0 ^ place.0)
    }

    /// Uniform in the open interval (0, 1).
    pub(crate) fn uniform(self, place: Place) -> f64 {
        ((self.bits(place) >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
    }

    /// Standard normal.
    pub(crate) fn normal(self, place: Place) -> f64 {
        math::normal_quantile(self.uniform(place))
    }

    /// A whole number below `n`; 0 where `n` is 0.
    pub(crate) fn below(self, place: Place, n: usize) -> usize {
        ((u128::from(self.bits(place)) * n as u128) >> 64) as usize
    }

    /// Whether an event of probability `p` happens.
    pub(crate) fn happens(self, place: Place, p: f64) -> bool {
        self.uniform(place) < p
    }
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;

//! The weights of the memory model, validated and tagged with their version.

use serde::{Deserialize, Serialize};

/// Which member of the FSRS family a set of weights belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Version {
    /// FSRS-6: 21 weights, one stability.
    #[serde(rename = "fsrs-6")]
    Fsrs6,
}

/// Why a set of weights was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// FSRS-6 has 21 weights.
    #[error("found {found} memory weights, wanted 21 (FSRS-6)")]
    Count {
        /// How many there were.
        found: usize,
    },
    /// A weight lies outside the range in which the model is monotone and finite.
    #[error("memory weight w{index} is {value}, wanted {low} to {high}")]
    Range {
        /// Zero-based index of the weight.
        index: usize,
        /// Its value.
        value: f32,
        /// Smallest accepted value.
        low: f32,
        /// Largest accepted value.
        high: f32,
    },
}

/// The 21 weights of FSRS-6, each inside [`Weights::BOUNDS`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Weights {
    w: [f32; 21],
}

/// How weights are written: with their version, so that a reader knows how to take them.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: Version,
    w: Vec<f32>,
}

impl Weights {
    /// Smallest and largest accepted value of each weight: the ranges FSRS-6 clips to.
    pub const BOUNDS: [(f32, f32); 21] = [
        (0.001, 100.0),
        (0.001, 100.0),
        (0.001, 100.0),
        (0.001, 100.0),
        (1.0, 10.0),
        (0.001, 4.0),
        (0.001, 4.0),
        (0.001, 0.75),
        (0.0, 4.5),
        (0.0, 0.8),
        (0.001, 3.5),
        (0.001, 5.0),
        (0.001, 0.25),
        (0.001, 0.9),
        (0.0, 4.0),
        (0.0, 1.0),
        (1.0, 6.0),
        (0.0, 2.0),
        (0.0, 2.0),
        (0.0, 0.8),
        (0.1, 0.8),
    ];

    /// The published defaults of FSRS-6, fitted to many Anki users.
    pub const DEFAULT: Self = Self {
        w: [
            0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796,
            1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
        ],
    };

    /// Checks and takes 21 weights.
    ///
    /// # Errors
    /// [`WeightsError`] on a wrong count or a weight outside [`Weights::BOUNDS`], NaN included.
    pub fn new(weights: &[f32]) -> Result<Self, WeightsError> {
        let w: [f32; 21] = weights.try_into().map_err(|_| WeightsError::Count {
            found: weights.len(),
        })?;
        for (index, (&value, (low, high))) in w.iter().zip(Self::BOUNDS).enumerate() {
            if !(low..=high).contains(&value) {
                return Err(WeightsError::Range {
                    index,
                    value,
                    low,
                    high,
                });
            }
        }
        Ok(Self { w })
    }

    /// The nearest valid weights; a NaN becomes the default.
    pub fn clipped(mut w: [f32; 21]) -> Self {
        for (i, value) in w.iter_mut().enumerate() {
            let (low, high) = Self::BOUNDS[i];
            *value = if value.is_nan() {
                Self::DEFAULT.w[i]
            } else {
                value.clamp(low, high)
            };
        }
        Self { w }
    }

    /// Which model the weights belong to.
    pub const fn version(&self) -> Version {
        Version::Fsrs6
    }

    /// The weights w0 to w20.
    pub const fn get(&self) -> &[f32; 21] {
        &self.w
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<Stored> for Weights {
    type Error = WeightsError;

    fn try_from(stored: Stored) -> Result<Self, WeightsError> {
        match stored.version {
            Version::Fsrs6 => Self::new(&stored.w),
        }
    }
}

impl From<Weights> for Stored {
    fn from(weights: Weights) -> Self {
        Self {
            version: weights.version(),
            w: weights.w.to_vec(),
        }
    }
}

//! Quantities that are valid by construction, for public boundaries and stored state.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A number outside the range of its unit.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{found} is not a valid {unit}; wanted {wanted}")]
pub struct UnitError {
    /// The unit's name.
    pub unit: &'static str,
    /// What was found.
    pub found: f32,
    /// The range that is valid.
    pub wanted: &'static str,
}

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $label:literal, $wanted:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f32", into = "f32")]
        pub struct $name(f32);

        impl $name {
            /// Takes a value after checking its range.
            ///
            /// # Errors
            /// [`UnitError`] with the value and the range that is valid.
            pub fn new(value: f32) -> Result<Self, UnitError> {
                let valid: fn(f32) -> bool = $valid;
                if valid(value) {
                    Ok(Self(value))
                } else {
                    Err(UnitError { unit: $label, found: value, wanted: $wanted })
                }
            }

            /// The bare number.
            #[must_use]
            pub const fn get(self) -> f32 {
                self.0
            }
        }

        impl TryFrom<f32> for $name {
            type Error = UnitError;
            fn try_from(value: f32) -> Result<Self, UnitError> {
                Self::new(value)
            }
        }

        impl From<$name> for f32 {
            fn from(value: $name) -> f32 {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

unit!(
    /// A probability: a finite number in the closed range [0, 1].
    ///
    /// Inside a kernel the same quantity is a bare `f32` whose name starts with `p_`.
    Probability,
    "probability",
    "a number from 0 to 1",
    |p| (0.0..=1.0).contains(&p)
);
unit!(
    /// A log odds: any finite number.
    Logit,
    "logit",
    "a finite number",
    f32::is_finite
);
unit!(
    /// A duration in minutes: finite and not negative.
    Minutes,
    "number of minutes",
    "a finite number, 0 or more",
    |m| m.is_finite() && m >= 0.0
);

impl Probability {
    /// Never.
    pub const ZERO: Self = Self(0.0);
    /// Always.
    pub const ONE: Self = Self(1.0);

    /// The nearest probability; NaN becomes 0.
    #[must_use]
    pub fn clamped(value: f32) -> Self {
        Self(if value.is_nan() {
            0.0
        } else {
            value.clamp(0.0, 1.0)
        })
    }
}

impl From<bool> for Probability {
    /// Certain of what is known: 1 for true, 0 for false.
    fn from(is_true: bool) -> Self {
        if is_true { Self::ONE } else { Self::ZERO }
    }
}

impl Minutes {
    /// The nearest valid duration; NaN and negative numbers become 0.
    #[must_use]
    pub fn clamped(value: f32) -> Self {
        Self(if value.is_nan() {
            0.0
        } else {
            value.clamp(0.0, f32::MAX)
        })
    }
}

#[cfg(test)]
mod tests;

//! The lock file: what answers told about items, keyed by item id and the version that was answered.
//!
//! `paceline calibrate` writes it, [`Bank::compile`](crate::Bank::compile) reads it wherever it lies in the content. A version that
//! matches puts the parameters in use; another makes the item *stale*: its parameters stay as a prior, less sure, and it is on
//! trial again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use paceline_core::math::wide;
use serde::{Deserialize, Serialize};

use crate::bank::ItemStatus;
use crate::version::ItemVersion;

#[cfg(test)]
mod tests;

/// The name of a lock file, in any folder of the content.
pub const LOCK_FILE: &str = "calibration.lock.toml";
/// The version of the lock file's format.
pub const LOCK_FORMAT: u32 = 1;

/// How much an edit may move an item's easiness, as a standard deviation in logits: added to what the answers left open.
const EDIT_SD: f64 = 0.5;
/// The same of ln a.
const EDIT_LOG_SD: f64 = 0.25;

/// A lock file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// [`LOCK_FORMAT`].
    pub format: u32,
    /// The model that was fitted: `1pl`, `2pl` or `3pl`.
    #[serde(default)]
    pub model: String,
    /// By item id, `course/item`.
    #[serde(default)]
    pub items: BTreeMap<String, LockedItem>,
}

/// What answers told about one version of an item.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedItem {
    /// The version that was answered.
    pub version: ItemVersion,
    /// Where the answers leave it: a pilot that is known well enough becomes `live`.
    pub status: ItemStatus,
    /// Discrimination; positive.
    pub a: f64,
    /// Difficulty, logits.
    pub b: f64,
    /// Probability of guessing right; in [0, 1).
    #[serde(default)]
    pub c: f64,
    /// Standard error of a.
    pub se_a: f64,
    /// Standard error of b.
    pub se_b: f64,
    /// Answers it rests on.
    pub n: u32,
}

/// Why a text is not a lock file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// It is not TOML of the lock's form.
    #[error("malformed lock file, line {line}: {message}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
        /// Where, as a range of bytes.
        place: std::ops::Range<usize>,
    },
    /// It was written by another version.
    #[error("the lock file has format {found}, wanted {LOCK_FORMAT}")]
    Format {
        /// The format found.
        found: u32,
    },
    /// A number is out of its range.
    #[error("item `{item}` has {field} {found}, wanted {wanted}")]
    BadValue {
        /// The item.
        item: String,
        /// The parameter.
        field: &'static str,
        /// Its value.
        found: f64,
        /// The range wanted.
        wanted: &'static str,
    },
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    ///
    /// [`LockError`] with the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let lock: Self = toml::from_str(text).map_err(|error| {
            let place = error.span().unwrap_or(0..1);
            let before = text.bytes().take(place.start);
            LockError::Malformed {
                line: 1 + before.filter(|&byte| byte == b'\n').count(),
                message: error.message().to_owned(),
                place,
            }
        })?;
        if lock.format != LOCK_FORMAT {
            return Err(LockError::Format { found: lock.format });
        }
        lock.items
            .iter()
            .try_for_each(|(id, item)| item.check(id))?;
        Ok(lock)
    }

    /// The file's text: one line an item, by id.
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "# What answers told about items. Written by `paceline calibrate`; an edited item is stale until it is calibrated again.\nformat = {}\nmodel = \"{}\"\n\n[items]\n",
            self.format, self.model
        );
        for (id, item) in &self.items {
            let LockedItem {
                version,
                a,
                b,
                c,
                se_a,
                se_b,
                n,
                ..
            } = item;
            let status = item.status.name();
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "\"{id}\" = {{ version = \"{version}\", status = \"{status}\", a = {a:.5}, b = {b:.5}, c = {c:.5}, se_a = {se_a:.5}, se_b = {se_b:.5}, n = {n} }}"
            );
        }
        text
    }
}

impl LockedItem {
    /// Easiness z as banks keep it: the log odds of a right answer at ability 0, `-a b` without guessing.
    pub fn easiness(&self) -> f64 {
        let p = self.c + (1.0 - self.c) * wide::logistic(-self.a * self.b);
        wide::ln(p) - wide::ln((1.0 - self.c) * wide::logistic(self.a * self.b))
    }

    /// Standard deviation of the easiness, by the delta method, errors of a and b taken as independent.
    pub fn easiness_sd(&self) -> f64 {
        let (by_a, by_b) = (self.b * self.se_a, self.a * self.se_b);
        wide::sqrt(by_a * by_a + by_b * by_b)
    }

    /// The same parameters once the item was edited: as good a guess as before, but less sure.
    pub fn when_stale(self) -> Self {
        let wider = |error: f64, by: f64| wide::sqrt(error * error + by * by);
        Self {
            se_a: wider(self.se_a, EDIT_LOG_SD * self.a),
            se_b: wider(self.se_b, EDIT_SD / self.a),
            ..self
        }
    }

    /// Whether every number is in the range that a lock file holds.
    pub fn is_valid(&self) -> bool {
        self.check("").is_ok()
    }

    fn check(&self, item: &str) -> Result<(), LockError> {
        let bad = |field, found, wanted| {
            Err(LockError::BadValue {
                item: item.chars().take(160).collect(),
                field,
                found,
                wanted,
            })
        };
        if !(self.a > 0.0 && self.a <= 20.0) {
            return bad("a", self.a, "above 0 and at most 20");
        }
        if !(0.0..1.0).contains(&self.c) {
            return bad("c", self.c, "from 0 to below 1");
        }
        if !(self.b.abs() <= 50.0 && self.easiness().abs() <= 50.0) {
            return bad("b", self.b, "a b between -50 and 50");
        }
        for (field, se) in [("se_a", self.se_a), ("se_b", self.se_b)] {
            if !(0.0..=1e4).contains(&se) {
                return bad(field, se, "from 0 to 10000");
            }
        }
        Ok(())
    }
}

//! What an attempt is worth to memory.

use serde::{Deserialize, Serialize};

/// The four grades of FSRS, in its own order and numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Grade {
    /// Wrong, or the answer was revealed.
    Again = 1,
    /// Right after a hint or a retry.
    Hard = 2,
    /// Right.
    Good = 3,
    /// Right, unaided and quick.
    Easy = 4,
}

impl Grade {
    /// All grades, worst first.
    pub const ALL: [Self; 4] = [Self::Again, Self::Hard, Self::Good, Self::Easy];

    /// The rating 1 to 4, as Anki stores it.
    pub const fn rating(self) -> u8 {
        self as u8
    }

    /// Zero-based position in [`Grade::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize - 1
    }

    /// The grade of an attempt.
    ///
    /// Again = wrong or revealed; hard = right after a hint or a retry; good = right; easy = right,
    /// unaided, within half the learner's expected time. A later attempt on the same study day is at
    /// most good, and so is one whose time is missing, zero or looks like a guess.
    pub fn of(answered: &Answered) -> Self {
        let a = answered;
        if !a.correct || a.revealed {
            return Self::Again;
        }
        if a.hints > 0 || a.tries > 1 {
            return Self::Hard;
        }
        let timed = a.seconds > 0.0 && a.seconds.is_finite() && a.expected_seconds.is_finite();
        let quick = timed && a.seconds <= 0.5 * a.expected_seconds;
        if quick && !a.rapid_guess && !a.earlier_today {
            Self::Easy
        } else {
            Self::Good
        }
    }
}

/// One attempt on a skill, as far as its grade depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Answered {
    /// Whether the answer given in the end was right.
    pub correct: bool,
    /// Whether the solution was shown before the answer.
    pub revealed: bool,
    /// Hints and scaffolds taken.
    pub hints: u32,
    /// Tries it took; 0 and 1 both mean the first.
    pub tries: u32,
    /// Seconds it took; 0 where unknown.
    pub seconds: f32,
    /// Seconds this learner was expected to take.
    pub expected_seconds: f32,
    /// Whether the time says that the answer was guessed; see [`crate::pace`].
    pub rapid_guess: bool,
    /// Whether the skill was already attempted on this study day.
    pub earlier_today: bool,
}

//! The strategies: switches over terms of one planning problem, which a study can randomise one by one.

use serde::{Deserialize, Serialize};

/// One switch. Off means the plain-school default that its line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// A skill opens only when its prerequisites are mastered (a hard gate). Off: readiness weighs instead.
    MasteryGate,
    /// Review is placed where memory gains most. Off: no review beyond the syllabus.
    Spacing,
    /// The theme fits the learner's interests. Off: a random theme.
    InterestMatch,
    /// Items aim at a success rate. Off: the syllabus's difficulty.
    DifficultyTarget,
    /// Time is planned at the learner's own speed. Off: the class's average.
    Pace,
    /// Skills are mixed. Off: blocked practice.
    Interleaving,
    /// Practice credits the skills it contains. Off: no credit.
    ImplicitReview,
    /// A missing prerequisite is taken up again. Off: no going back.
    Remediation,
    /// A failed review is repeated until right. Off: it waits its turn.
    Relearning,
    /// A skill that is probably known begins with an item, and its lesson is left out where that goes well (curriculum
    /// compacting). Off: every skill begins with its lesson.
    Compacting,
}

impl Strategy {
    /// All ten, in the order in which they are listed everywhere.
    pub const ALL: [Self; 10] = [
        Self::MasteryGate,
        Self::Spacing,
        Self::InterestMatch,
        Self::DifficultyTarget,
        Self::Pace,
        Self::Interleaving,
        Self::ImplicitReview,
        Self::Remediation,
        Self::Relearning,
        Self::Compacting,
    ];

    /// Its name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MasteryGate => "mastery_gate",
            Self::Spacing => "spacing",
            Self::InterestMatch => "interest_match",
            Self::DifficultyTarget => "difficulty_target",
            Self::Pace => "pace",
            Self::Interleaving => "interleaving",
            Self::ImplicitReview => "implicit_review",
            Self::Remediation => "remediation",
            Self::Relearning => "relearning",
            Self::Compacting => "compacting",
        }
    }
}

/// A strategy name that is not one of the ten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy {found:?}; wanted one of {}", Strategy::ALL.map(Strategy::name).join(", "))]
pub struct UnknownStrategy {
    /// What was found.
    pub found: String,
}

impl std::str::FromStr for Strategy {
    type Err = UnknownStrategy;
    fn from_str(name: &str) -> Result<Self, UnknownStrategy> {
        let known = Self::ALL.into_iter().find(|s| s.name() == name);
        known.ok_or_else(|| UnknownStrategy {
            found: name.to_owned(),
        })
    }
}

/// The set of strategies that are on. Serialised as the list of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Strategy>", into = "Vec<Strategy>")]
pub struct Strategies(u16);

impl Strategies {
    /// No strategy: the fixed pacing guide.
    pub const NONE: Self = Self(0);

    /// This set with `strategy` on.
    #[must_use]
    pub const fn with(self, strategy: Strategy) -> Self {
        Self(self.0 | 1 << strategy as u16)
    }

    /// This set with `strategy` off.
    #[must_use]
    pub const fn without(self, strategy: Strategy) -> Self {
        Self(self.0 & !(1 << strategy as u16))
    }

    /// Whether `strategy` is on.
    #[must_use]
    pub const fn has(self, strategy: Strategy) -> bool {
        self.0 & (1 << strategy as u16) != 0
    }

    /// Those that are on, in the order of [`Strategy::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Strategy> {
        Strategy::ALL.into_iter().filter(move |s| self.has(*s))
    }
}

impl Default for Strategies {
    /// All but the hard mastery gate, which readiness replaces: the gate cost .49 SD when measured.
    fn default() -> Self {
        let all = Strategy::ALL.into_iter().collect::<Self>();
        all.without(Strategy::MasteryGate)
    }
}

impl FromIterator<Strategy> for Strategies {
    fn from_iter<I: IntoIterator<Item = Strategy>>(strategies: I) -> Self {
        strategies.into_iter().fold(Self::NONE, Self::with)
    }
}

impl From<Vec<Strategy>> for Strategies {
    fn from(strategies: Vec<Strategy>) -> Self {
        strategies.into_iter().collect()
    }
}

impl From<Strategies> for Vec<Strategy> {
    fn from(strategies: Strategies) -> Self {
        strategies.iter().collect()
    }
}

#[cfg(test)]
mod tests;

//! What a learner likes: one affinity a theme, keyed by the theme's external id so that it outlives a bank version.

use paceline_core::time::StudyDay;
use paceline_core::units::Probability;
use paceline_learner::interests::{Affinity, Evidence, Level, choose};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A declared interest from here on counts as one that the learner stated outright.
const DECLARED_FROM: f32 = 0.75;
/// Stars that a scale from dislike to love spans on either side of its middle.
const STARS_EACH_WAY: f32 = 2.0;

/// The affinities of one learner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Interests {
    themes: BTreeMap<String, Affinity>,
    level: Level,
}

impl Interests {
    /// The affinity of a theme on `day`.
    pub(crate) fn affinity(&self, theme: &str, day: StudyDay) -> Affinity {
        self.themes
            .get(theme)
            .map_or(Affinity::new(day), |affinity| affinity.on(day))
    }

    fn learn(&mut self, theme: &str, day: StudyDay, evidence: Evidence) {
        let affinity = self
            .themes
            .entry(theme.to_owned())
            .or_insert_with(|| Affinity::new(day));
        *affinity = affinity.after(day, evidence);
    }

    /// An interest stated at the start, 0 to 1.
    pub(crate) fn declared(&mut self, theme: &str, interest: Probability, day: StudyDay) {
        let above_level = (interest.get() - 0.5) * 2.0 * STARS_EACH_WAY;
        let stated = interest.get() >= DECLARED_FROM;
        let evidence = if stated {
            Evidence::Declared
        } else {
            Evidence::Rated { above_level }
        };
        self.learn(theme, day, evidence);
    }

    /// A rating, 0 to 1, read against the learner's own level of ratings.
    pub(crate) fn rated(&mut self, theme: &str, rating: Probability, day: StudyDay) {
        let stars = (1.0 + rating.get() * 2.0 * STARS_EACH_WAY + 0.5) as u8;
        let (level, evidence) = self.level.rated(stars);
        self.level = level;
        self.learn(theme, day, evidence);
    }

    /// One theme was chosen among several.
    pub(crate) fn chose(&mut self, theme: &str, among: &[&str], day: StudyDay) {
        let mut offered: Vec<_> = among
            .iter()
            .map(|theme| self.affinity(theme, day))
            .collect();
        if let Some(chosen) = among.iter().position(|other| *other == theme) {
            choose(day, &mut offered, chosen);
            let named = among.iter().map(|theme| (*theme).to_owned());
            self.themes.extend(named.zip(offered));
        }
    }

    /// An activity was finished.
    pub(crate) fn finished(&mut self, theme: &str, day: StudyDay) {
        self.learn(theme, day, Evidence::Finished);
    }

    /// An activity was left.
    pub(crate) fn left(&mut self, theme: &str, day: StudyDay) {
        self.learn(theme, day, Evidence::Abandoned);
    }
}

#[cfg(test)]
mod tests;

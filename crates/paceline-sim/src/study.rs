//! A study: schools that adopt a policy, through years and subjects, in many worlds, as a file states it.
//!
//! 1. [`Design::parse`] reads and checks the file; a wrong one is refused with the place.
//! 2. [`run`] teaches the study cell by cell (a world, subject, school and arm); [`Cells`] keeps finished cells, so that a run that was
//!    interrupted goes on where it stood. What is reported is read back from a cell's text, so both ways give the same bytes.
//! 3. [`Report`] tells the effects: the schools under the policy against the same pupils under the pacing guide, and against other schools.
//!
//! `docs/rand.md` has what came of `studies/rand.toml`, beside what was published.

mod cells;
mod report;

pub use cells::{Cells, Courses, Kept, Part, Stale, run};
pub use report::{Ablation, Curve, Effect, Report, SchoolEffect, Usage};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::calendar::Calendar;
use crate::compare::PolicyKind;
use crate::school::Population;
use crate::world::{Family, Variant};

/// Why a study file was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DesignError {
    /// It is no TOML, or a key or value in it is not known.
    #[error("{0}")]
    Syntax(String),
    /// A value is out of its range.
    #[error("{key}: found {found}, wanted {wanted}")]
    Value {
        /// Where: the keys on the way to it.
        key: &'static str,
        /// The value.
        found: String,
        /// What would do.
        wanted: &'static str,
    },
}

/// A study, as its file states it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Format of the file: 1.
    pub format: u32,
    /// Title of the report.
    pub name: String,
    /// Every random number follows from it.
    pub seed: u64,
    /// Policies that are studied, each against the fixed pacing guide.
    pub policies: Vec<Named>,
    /// What is reported; everything where none is given.
    #[serde(default = "all_outcomes")]
    pub outcomes: Vec<Outcome>,
    /// Pupils of the first school of each world whose answers are logged.
    #[serde(default)]
    pub log_pupils: u32,
    /// Worlds.
    #[serde(default)]
    pub worlds: Worlds,
    /// Schools.
    #[serde(default)]
    pub population: Population,
    /// Years, weeks, lessons.
    #[serde(default)]
    pub calendar: Calendar,
    /// What is taught.
    pub subjects: Vec<Subject>,
    /// Published figures to print beside the study's own.
    #[serde(default)]
    pub published: Vec<Published>,
}

/// The worlds of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Worlds {
    /// Families of students.
    pub families: Vec<Family>,
    /// Variants of each family.
    pub variants: Vec<Variant>,
    /// Worlds of each family and variant; every one has all the schools.
    pub each: u32,
}

impl Default for Worlds {
    fn default() -> Self {
        Self {
            families: Family::ALL.to_vec(),
            variants: vec![Variant::Plain],
            each: 1,
        }
    }
}

/// A course that is taught.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name in the report.
    pub name: String,
    /// A course of the content.
    pub course: Option<String>,
    /// In its place a generated curriculum.
    pub generated: Option<Generated>,
}

/// A generated curriculum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// Skills in all years.
    pub skills: u32,
    /// Items of each.
    pub items: u32,
    /// Seed of the curriculum.
    pub seed: u64,
}

/// A figure that was published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// What it is a figure of.
    pub what: String,
    /// SD.
    pub effect_sd: f64,
    /// Where it was published.
    pub source: String,
}

/// A policy, written by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Named(pub PolicyKind);

impl TryFrom<String> for Named {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let all = PolicyKind::all();
        let found = all.iter().find(|policy| policy.name() == name);
        found.copied().map(Named).ok_or_else(|| {
            let known: Vec<String> = all.iter().map(|policy| policy.name()).collect();
            format!("no policy {name:?}; wanted one of {}", known.join(", "))
        })
    }
}

impl From<Named> for String {
    fn from(named: Named) -> Self {
        named.0.name()
    }
}

/// What a study reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The test at the end of each year.
    EndTest,
    /// The test after the delay.
    DelayedTest,
    /// Effects by fifth of the first pre-test.
    StartQuintile,
    /// Effects by type of school.
    SchoolType,
    /// Effects school by school.
    Schools,
    /// The effect as a study without random assignment sees it.
    Matched,
    /// Curves of what is known.
    Learning,
    /// Minutes, dropout, wheel-spinning, teacher minutes.
    Use,
    /// What the engine loses without each strategy.
    Ablation,
}

fn all_outcomes() -> Vec<Outcome> {
    use Outcome as O;
    vec![
        O::EndTest,
        O::DelayedTest,
        O::StartQuintile,
        O::SchoolType,
        O::Schools,
        O::Matched,
        O::Learning,
        O::Use,
        O::Ablation,
    ]
}

impl Design {
    /// Reads a study from TOML and checks it.
    ///
    /// # Errors
    /// [`DesignError`] with the place.
    pub fn parse(text: &str) -> Result<Self, DesignError> {
        let design: Self =
            toml::from_str(text).map_err(|error| DesignError::Syntax(error.to_string()))?;
        design.check()?;
        Ok(design)
    }

    /// Names the design: 16 hexadecimal digits of a hash over all of it.
    pub fn digest(&self) -> String {
        let text =
            serde_json::to_vec(self).expect("a design has only string keys and finite numbers");
        let digest = Sha256::digest(text);
        digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn check(&self) -> Result<(), DesignError> {
        let p = &self.population;
        let finite = |x: f64, low: f64, high: f64| (low..=high).contains(&x);
        let one_course = |s: &Subject| s.course.is_some() != s.generated.is_some();
        let generated = self.subjects.iter().filter_map(|s| s.generated);
        let (schools, calendar) = (p.schools(), &self.calendar);
        let rules: [(&'static str, bool, String, &'static str); 16] = [
            ("format", self.format == 1, self.format.to_string(), "1"),
            (
                "policies",
                !self.policies.is_empty(),
                "none".to_owned(),
                "at least one",
            ),
            (
                "subjects",
                !self.subjects.is_empty(),
                "none".to_owned(),
                "at least one",
            ),
            (
                "subjects",
                self.subjects.iter().all(one_course),
                "both or neither".to_owned(),
                "either `course` or `generated` in each",
            ),
            (
                "subjects.generated",
                generated.clone().all(|g| g.skills > 0 && g.items > 0),
                "none".to_owned(),
                "at least one skill and one item a skill",
            ),
            (
                "worlds.families",
                !self.worlds.families.is_empty(),
                "none".to_owned(),
                "at least one",
            ),
            (
                "worlds.variants",
                !self.worlds.variants.is_empty(),
                "none".to_owned(),
                "at least one",
            ),
            (
                "worlds.each",
                self.worlds.each > 0,
                "0".to_owned(),
                "at least 1",
            ),
            (
                "population",
                (2..10_000).contains(&schools),
                format!("{schools} schools"),
                "2 to 9,999 schools, charter and district",
            ),
            (
                "population.pupils",
                (1..100_000).contains(&p.pupils),
                p.pupils.to_string(),
                "1 to 99,999",
            ),
            (
                "population.class",
                p.class > 0,
                "0".to_owned(),
                "at least 1",
            ),
            (
                "population.candidates",
                (1..100).contains(&p.candidates),
                p.candidates.to_string(),
                "1 to 99",
            ),
            (
                "population.selection",
                finite(p.selection, -1.0, 1.0),
                p.selection.to_string(),
                "a correlation from -1 to 1",
            ),
            (
                "population.transfer",
                finite(p.transfer, 0.0, 1.0),
                p.transfer.to_string(),
                "a share from 0 to 1",
            ),
            (
                "population",
                [
                    p.charter_minutes,
                    p.district_minutes,
                    p.minutes_sd,
                    p.demand_minutes,
                    p.ramp_weeks,
                ]
                .iter()
                .all(|&x| finite(x, 0.0, 10_000.0)),
                "negative minutes or weeks".to_owned(),
                "0 to 10,000 each",
            ),
            (
                "calendar",
                calendar.is_valid(),
                format!("{calendar:?}"),
                "at least a year, a week and a lesson a week, at most 7 lessons a week, lessons of 1 to 600 minutes, and 1,100 days in all",
            ),
        ];
        match rules.into_iter().find(|(_, holds, ..)| !holds) {
            Some((key, _, found, wanted)) => Err(DesignError::Value { key, found, wanted }),
            None => Ok(()),
        }
    }

    /// Whether the study reports `outcome`.
    pub fn reports(&self, outcome: Outcome) -> bool {
        self.outcomes.contains(&outcome)
    }
}

#[cfg(test)]
mod tests;

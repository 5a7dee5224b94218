//! Schools: who adopts, how much time teachers have, who moves away.
//!
//! A policy that personalises asks for a teacher's time. In a week, a class is taught by it in the share of its lessons
//! `min(1, available / demanded) (1 - e^(-weeks / ramp))`, and by the fixed pacing guide in the others: what teachers have, and how long
//! the school has been at it, is the cause of what differs between school types and years.

use paceline::Bank;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::SimError;
use crate::compare::PolicyKind;
use crate::draws::{Draws, Purpose};
use crate::math;
use crate::policy::Baseline;
use crate::term::{Class, Desk, Done, Outcome, Teacher};
use crate::world::World;

/// How a school is run; the same but for its teachers' time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchoolType {
    /// Run by itself.
    Charter,
    /// Run by a district.
    District,
}

impl SchoolType {
    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            SchoolType::Charter => "charter",
            SchoolType::District => "district",
        }
    }
}

/// The schools of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Population {
    /// Charter schools in the study.
    pub charter: u32,
    /// District schools in the study.
    pub district: u32,
    /// Pupils of a school.
    pub pupils: u32,
    /// Pupils of a class at most; a school's pupils are shared out evenly.
    pub class: u32,
    /// Schools that each school of the study is chosen from; with 2 or more, one that does not adopt is its comparison.
    pub candidates: u32,
    /// Correlation between adopting and the school's own growth.
    pub selection: f64,
    /// Minutes a week that the middle teacher of a charter school has for it.
    pub charter_minutes: f64,
    /// The same in a district school.
    pub district_minutes: f64,
    /// SD of the log of those minutes over teachers.
    pub minutes_sd: f64,
    /// Minutes a week that personalising a class takes; with 0 every lesson is personalised from the start.
    pub demand_minutes: f64,
    /// Weeks until a school is at it with about two thirds of its force.
    pub ramp_weeks: f64,
    /// Share of pupils who move to another school in a year; they count where they were.
    pub transfer: f64,
}

impl Default for Population {
    /// Eight charter and four district schools of two classes, chosen from three each; all else as in the crate's `docs/families.md`.
    fn default() -> Self {
        Self {
            charter: 8,
            district: 4,
            pupils: 56,
            class: 28,
            candidates: 3,
            selection: 0.3,
            charter_minutes: 60.0,
            district_minutes: 30.0,
            minutes_sd: 0.6,
            demand_minutes: 60.0,
            ramp_weeks: 30.0,
            transfer: 0.08,
        }
    }
}

impl Population {
    /// Schools in the study.
    pub fn schools(&self) -> u32 {
        self.charter + self.district
    }

    /// The type of a school of the study; charter schools come first.
    pub fn school_type(&self, school: u32) -> SchoolType {
        if school < self.charter {
            SchoolType::Charter
        } else {
            SchoolType::District
        }
    }

    /// Of the candidates for place `school` in the study: the one that adopts, and its comparison.
    fn adopter(&self, world: &World, school: u32) -> (u32, u32) {
        let rest = libm::sqrt(1.0 - self.selection * self.selection);
        let eagerness = |candidate: &u32| {
            let growth = world.draws.normal(Purpose::SchoolEffect, *candidate, 1);
            self.selection * growth + rest * world.draws.normal(Purpose::Adoption, *candidate, 0)
        };
        let first = school * self.candidates;
        let end = first + self.candidates;
        let adopter = (first..end)
            .max_by(|a, b| eagerness(a).total_cmp(&eagerness(b)))
            .unwrap_or(first);
        (
            adopter,
            if adopter + 1 < end {
                adopter + 1
            } else {
                first
            },
        )
    }

    /// Minutes a week that the teacher of a class has.
    fn available(&self, world: &World, kind: SchoolType, class: u32) -> f64 {
        let middle = match kind {
            SchoolType::Charter => self.charter_minutes,
            SchoolType::District => self.district_minutes,
        };
        let spread = self.minutes_sd * world.draws.normal(Purpose::TeacherTime, class, 0);
        middle * libm::exp(spread)
    }

    /// Sizes of a school's classes.
    fn classes(&self) -> impl Iterator<Item = u32> {
        let n = self.pupils.div_ceil(self.class.max(1)).max(1);
        let (pupils, share) = (self.pupils, self.pupils / n);
        (0..n).map(move |class| share + u32::from(class < pupils % n))
    }
}

/// Which of three groups of pupils a school is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arm {
    /// The schools that adopt, under the policy.
    Adopts(PolicyKind),
    /// The same pupils under the fixed pacing guide: what would have been.
    Twin,
    /// Other schools under the fixed pacing guide: all that a study without random assignment has.
    Comparison,
}

impl Arm {
    /// The name used in files.
    pub(crate) fn name(self) -> String {
        match self {
            Arm::Adopts(policy) => policy.name(),
            Arm::Twin => "twin".to_owned(),
            Arm::Comparison => "comparison".to_owned(),
        }
    }
}

/// One class as it came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taught {
    /// Teacher minutes a pupil and week for the policy.
    pub(crate) teacher_minutes: f64,
    /// Share of lessons that the policy taught.
    pub(crate) personal: f64,
    /// Mean probability of knowing a skill of the course at each school week's end.
    pub(crate) weekly: Vec<f64>,
    /// Results by pupil, without their own curves.
    pub(crate) pupils: Vec<Outcome>,
}

/// One place of the study under one arm.
pub(crate) struct School<'a> {
    pub(crate) population: &'a Population,
    pub(crate) bank: &'a Arc<Bank>,
    /// World, course and calendar; the numbers are filled in.
    pub(crate) setting: Class<'a>,
    /// Place in the study.
    pub(crate) place: u32,
    /// Pupils of the first class whose answers are kept.
    pub(crate) log_pupils: u32,
}

impl School<'_> {
    /// Takes every class of the school through all years.
    pub(crate) fn run(&self, arm: Arm) -> Result<Vec<Taught>, SimError> {
        let (adopter, comparison) = self.population.adopter(self.setting.world, self.place);
        let school = if arm == Arm::Comparison {
            comparison
        } else {
            adopter
        };
        let sizes: Vec<u32> = self.population.classes().collect();
        let class = |(nth, &pupils): (usize, &u32)| Class {
            school,
            class: school * sizes.len() as u32 + nth as u32,
            pupils,
            log_pupils: if nth == 0 { self.log_pupils } else { 0 },
            ..self.setting
        };
        sizes
            .iter()
            .enumerate()
            .map(|nth| self.class(class(nth), arm))
            .collect()
    }

    fn class(&self, class: Class<'_>, arm: Arm) -> Result<Taught, SimError> {
        let guide = PolicyKind::Baseline(Baseline::Fixed).start(class, self.bank)?;
        let (mut pupils, teacher_minutes, personal) = match arm {
            Arm::Adopts(policy) => {
                let kind = self.population.school_type(self.place);
                let available = self.population.available(class.world, kind, class.class);
                let lessons = personal_lessons(self.population, class, available);
                let personal = lessons.iter().filter(|&&is| is).count() as f64;
                let mut mixed = Mixed {
                    policy: policy.start(class, self.bank)?,
                    guide,
                    moves: moves(self.population, class),
                    week_lessons: class.calendar.lessons_per_week,
                    lessons,
                };
                let given = available.min(self.population.demand_minutes);
                (
                    class.run(&mut mixed)?,
                    given / f64::from(class.pupils),
                    personal / f64::from(class.calendar.n_lessons()),
                )
            }
            Arm::Twin | Arm::Comparison => {
                let mut guide = guide;
                (class.run(guide.as_mut())?, 0.0, 0.0)
            }
        };
        let weeks = pupils.first().map_or(0, |pupil| pupil.weekly.len());
        let mean = |week: usize| {
            let known = pupils.iter().map(|pupil| pupil.weekly[week]);
            known.sum::<f64>() / pupils.len().max(1) as f64
        };
        let weekly = (0..weeks).map(mean).collect();
        for pupil in &mut pupils {
            pupil.weekly = Vec::new();
        }
        Ok(Taught {
            teacher_minutes,
            personal,
            weekly,
            pupils,
        })
    }
}

/// Which lessons of a class the policy teaches.
fn personal_lessons(population: &Population, class: Class<'_>, available: f64) -> Vec<bool> {
    let draws = &class.world.draws;
    let share = |lesson: u16| {
        if population.demand_minutes <= 0.0 {
            return 1.0;
        }
        let weeks = f64::from(class.calendar.week_of(lesson) + 1);
        let ramp = 1.0 - math::exp(-weeks / population.ramp_weeks.max(1e-9));
        (available / population.demand_minutes).min(1.0) * ramp
    };
    (0..class.calendar.n_lessons())
        .map(|lesson| {
            draws.happens(
                Purpose::Personal,
                class.class,
                u32::from(lesson),
                share(lesson),
            )
        })
        .collect()
}

/// The school week in which each pupil moves away.
fn moves(population: &Population, class: Class<'_>) -> Vec<Option<u16>> {
    let (years, weeks) = (class.calendar.years, class.calendar.weeks);
    let of_pupil = |pupil: u32| {
        let key = [u64::from(class.class), u64::from(pupil)];
        let draws = Draws::new(
            "moves",
            class.world.draws.bits(Purpose::Transfer, 0, 0),
            &key,
        );
        (0..years).find_map(|year| {
            let place = draws.uniform(Purpose::Transfer, u32::from(year), 0);
            let place = place / population.transfer.max(1e-12);
            (place < 1.0).then(|| year * weeks + (place * f64::from(weeks)) as u16)
        })
    };
    (0..class.pupils).map(of_pupil).collect()
}

/// The policy in some lessons, the pacing guide in the others and for those who moved away.
///
/// What a pupil does in the one's lessons the other hears of, as a school's platform would record it.
struct Mixed<'a> {
    policy: Box<dyn Teacher + 'a>,
    guide: Box<dyn Teacher + 'a>,
    /// By lesson: whether the policy teaches it.
    lessons: Vec<bool>,
    /// By pupil: the school week in which it moves.
    moves: Vec<Option<u16>>,
    week_lessons: u16,
}

impl Teacher for Mixed<'_> {
    fn enrol(&mut self, pupil: u32, declared_tastes: &[f64]) -> Result<(), SimError> {
        self.policy.enrol(pupil, declared_tastes)?;
        self.guide.enrol(pupil, declared_tastes)
    }

    fn lesson(&mut self, pupil: u32, desk: &mut Desk<'_, '_>) -> Result<(), SimError> {
        let Some(now) = desk.now() else {
            return Ok(());
        };
        let week = now.lesson / self.week_lessons;
        let moved = self.moves[pupil as usize].is_some_and(|gone| gone <= week);
        if moved {
            return self.guide.lesson(pupil, desk);
        }
        let (gives, hears) = if self.lessons[usize::from(now.lesson)] {
            (&mut self.policy, &mut self.guide)
        } else {
            (&mut self.guide, &mut self.policy)
        };
        desk.keep();
        gives.lesson(pupil, desk)?;
        hears.hear(pupil, desk.done())
    }

    fn hear(&mut self, pupil: u32, done: &[Done]) -> Result<(), SimError> {
        self.policy.hear(pupil, done)?;
        self.guide.hear(pupil, done)
    }
}

#[cfg(test)]
mod tests;

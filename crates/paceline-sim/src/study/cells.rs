//! The cells of a study: what each is, and how they are taught, kept and read back.

use paceline::Bank;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Design, Report, Subject};
use crate::SimError;
use crate::curriculum::Curriculum;
use crate::generate;
use crate::school::{Arm, School, Taught};
use crate::term::Class;
use crate::world::{Family, Variant, World};

/// Where finished cells are kept; the caller's, since a library knows no disk.
pub trait Cells: Sync {
    /// Names the program that teaches, by something that changes whenever its behaviour may: a cell taught by another is not gone on from.
    fn build(&self) -> &str;

    /// What was kept under `name`, if anything was.
    fn load(&self, name: &str) -> Option<String>;

    /// Told that what is kept under `name` is of no use; the cell is taught anew, and saved in its place.
    fn set_aside(&self, name: &str, stale: Stale);

    /// Keeps `text` under `name`.
    ///
    /// # Errors
    /// Why it cannot be kept; the study ends with it.
    fn save(&self, name: &str, text: &str) -> Result<(), String>;
}

/// Why a kept cell is of no use to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stale {
    /// It was cut off, or is of another format.
    Unreadable,
    /// The study's file, or what was put in its place, said something else.
    Design,
    /// It was taught from other content.
    Content,
    /// Another build taught it, which may teach otherwise.
    Build,
}

/// Keeps nothing: a run that is interrupted begins anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept;

impl Cells for Kept {
    fn build(&self) -> &str {
        ""
    }

    fn load(&self, _: &str) -> Option<String> {
        None
    }

    fn set_aside(&self, _: &str, _: Stale) {}

    fn save(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// How far a study is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Share of the work that is done, 0 to 1; cells with a policy that plans count more.
    pub share: f64,
    /// Cells done.
    pub cells: u64,
    /// Cells in all.
    pub of: u64,
}

/// The courses that are taught, one a subject, with the banks to teach them from.
#[derive(Clone, Debug)]
pub struct Courses {
    pub(super) courses: Vec<(Curriculum, Arc<Bank>)>,
}

impl Courses {
    /// Finds the courses in `content`, and generates those that the design has generated.
    ///
    /// # Errors
    /// [`SimError::UnknownCourse`].
    pub fn of(design: &Design, content: Option<&Arc<Bank>>) -> Result<Self, SimError> {
        let course = |subject: &Subject| match (&subject.course, subject.generated, content) {
            (Some(course), _, Some(bank)) => {
                Ok((Curriculum::from_bank(bank, course)?, bank.clone()))
            }
            (_, Some(size), _) => {
                let (skills, items) = (size.skills as usize, size.items as usize);
                let curriculum = generate::curriculum(skills, items, size.seed);
                let bank = Arc::new(curriculum.bank()?);
                Ok((curriculum, bank))
            }
            (course, None, _) => Err(SimError::UnknownCourse {
                course: course.clone().unwrap_or_default(),
                known: Vec::new(),
            }),
        };
        let courses = design
            .subjects
            .iter()
            .map(course)
            .collect::<Result<_, _>>()?;
        Ok(Self { courses })
    }
}

/// One school of one world in one subject under one arm.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) family: Family,
    pub(super) variant: Variant,
    pub(super) world: u32,
    pub(super) subject: usize,
    pub(super) place: u32,
    pub(super) arm: Arm,
}

impl Cell {
    fn name(&self) -> String {
        format!(
            "{}-{}-{}-{}-{}-{}",
            self.family.name(),
            self.variant.name(),
            self.world,
            self.subject,
            self.place,
            self.arm.name()
        )
    }

    /// What it costs to teach, in cells under the pacing guide.
    fn cost(&self) -> u64 {
        match self.arm {
            Arm::Adopts(crate::PolicyKind::Baseline(_)) => 2,
            Arm::Adopts(_) => 20,
            Arm::Twin | Arm::Comparison => 1,
        }
    }
}

/// Version of the form that cells are kept in.
const FORMAT: u32 = 2;

/// A cell as it is kept.
#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    design: String,
    /// Versions of the banks that were taught from.
    bank: String,
    /// The program that taught.
    build: String,
    classes: Vec<Taught>,
}

/// What a cell's classes follow from, beside its name.
struct Key<'a> {
    design: &'a str,
    bank: &'a str,
    build: &'a str,
}

impl Key<'_> {
    /// The classes of a kept cell, if it is one of this key.
    fn open(&self, text: &str) -> Result<Vec<Taught>, Stale> {
        let stored: Stored = serde_json::from_str(text).map_err(|_| Stale::Unreadable)?;
        let rules = [
            (stored.format == FORMAT, Stale::Unreadable),
            (stored.design == self.design, Stale::Design),
            (stored.bank == self.bank, Stale::Content),
            (stored.build == self.build, Stale::Build),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, stale)) => Err(stale),
            None => Ok(stored.classes),
        }
    }
}

/// The cells of a design: of each family, variant, world and subject the twins first, then the comparison, then the policies, each
/// by school.
fn cells(design: &Design) -> Vec<Cell> {
    let mut arms = vec![Arm::Twin];
    if design.population.candidates > 1 {
        arms.push(Arm::Comparison);
    }
    arms.extend(design.policies.iter().map(|policy| Arm::Adopts(policy.0)));
    let mut cells = Vec::new();
    for &family in &design.worlds.families {
        for &variant in &design.worlds.variants {
            for world in 0..design.worlds.each {
                for subject in 0..design.subjects.len() {
                    for &arm in &arms {
                        cells.extend((0..design.population.schools()).map(|place| Cell {
                            family,
                            variant,
                            world,
                            subject,
                            place,
                            arm,
                        }));
                    }
                }
            }
        }
    }
    cells
}

/// Runs a study on all threads of the current rayon pool; `progress` may be called from any of them.
///
/// The same design and courses give the same report on any number of threads, whatever of it was kept before: only cells of the same
/// design, content and build are gone on from.
///
/// # Errors
/// [`SimError`] if the engine refuses what a pupil did, or a cell cannot be kept.
pub fn run(
    design: &Design,
    courses: &Courses,
    kept: &dyn Cells,
    progress: &(dyn Fn(Part) + Sync),
) -> Result<Report, SimError> {
    let cells = cells(design);
    let total: u64 = cells.iter().map(Cell::cost).sum();
    let (done, count) = (AtomicU64::new(0), AtomicU64::new(0));
    // One cell at a time on each thread: the costs differ too much for halving.
    let taught: Vec<Vec<Taught>> = cells
        .par_iter()
        .with_max_len(1)
        .map(|cell| {
            let taught = teach(design, courses, cell, kept)?;
            let done = done.fetch_add(cell.cost(), Ordering::Relaxed) + cell.cost();
            progress(Part {
                share: done as f64 / total as f64,
                cells: count.fetch_add(1, Ordering::Relaxed) + 1,
                of: cells.len() as u64,
            });
            Ok(taught)
        })
        .collect::<Result<_, SimError>>()?;
    Ok(Report::new(design, courses, &cells, &taught))
}

fn teach(
    design: &Design,
    courses: &Courses,
    cell: &Cell,
    kept: &dyn Cells,
) -> Result<Vec<Taught>, SimError> {
    let (curriculum, bank) = &courses.courses[cell.subject];
    let (name, digest, version) = (cell.name(), design.digest(), bank.version().to_string());
    let key = Key {
        design: &digest,
        bank: &version,
        build: kept.build(),
    };
    match kept.load(&name).map(|text| key.open(&text)) {
        Some(Ok(classes)) => return Ok(classes),
        Some(Err(stale)) => kept.set_aside(&name, stale),
        None => {}
    }
    let world = World::draw(
        cell.family,
        cell.variant,
        design.seed,
        cell.world,
        curriculum,
    );
    let setting = Class {
        world: &world,
        curriculum,
        calendar: &design.calendar,
        school: 0,
        class: 0,
        pupils: 0,
        log_pupils: 0,
    };
    let school = School {
        population: &design.population,
        bank,
        setting,
        place: cell.place,
        log_pupils: if cell.place == 0 {
            design.log_pupils
        } else {
            0
        },
    };
    let stored = Stored {
        format: FORMAT,
        design: digest,
        bank: version,
        build: kept.build().to_owned(),
        classes: school.run(cell.arm)?,
    };
    let text = serde_json::to_string(&stored).map_err(SimError::refused)?;
    kept.save(&name, &text)
        .map_err(|why| SimError::Kept { cell: name, why })?;
    // Read back, so that a number printed and read is the same in a run that was never interrupted.
    let stored: Stored = serde_json::from_str(&text).map_err(SimError::refused)?;
    Ok(stored.classes)
}

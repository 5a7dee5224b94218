//! What came of a study, in its own numbers: effects in SD of the twins' test, with 95 % intervals.
//!
//! A school's effect is the mean over its pupils of the score under the policy less the same pupil's under the pacing guide, in SD of all twins
//! of that world. Intervals are Student's t over worlds where there are three or more, else over schools, which then
//! share what is true of their world. The matched effect puts in the place of the twins what pupils of other schools of the same type scored who began
//! alike (a line through their pre-test, by least squares): all that can be had where nobody was assigned at random.

use serde::Serialize;

use super::cells::Cell;
use super::{Courses, Design, Outcome, Published};
use crate::compare::{Row, interval, mean, spread};
use crate::engine::TERM_START;
use crate::school::{Arm, SchoolType, Taught};
use crate::term::Outcome as Result;

/// What came of a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Version of this format: 1.
    pub format: u32,
    /// Title of the study.
    pub name: String,
    /// The seed of every random number.
    pub seed: u64,
    /// Hash of the design.
    pub design: String,
    /// Worlds of each family and variant.
    pub worlds: u32,
    /// What the intervals are taken over: `worlds` or `schools`.
    pub units: String,
    /// One row a family, variant and policy, over all subjects: the test at the end of the last year, and the delayed one.
    pub rows: Vec<Row>,
    /// Effects by subject, test and group.
    pub effects: Vec<Effect>,
    /// School by school, by effect within each policy and subject.
    pub schools: Vec<SchoolEffect>,
    /// What each strategy adds.
    pub ablations: Vec<Ablation>,
    /// Minutes, dropout, wheel-spinning, teacher time.
    pub usage: Vec<Usage>,
    /// What is known, week by week.
    pub curves: Vec<Curve>,
    /// Published figures to hold beside.
    pub published: Vec<Published>,
    /// Answers of the logged pupils, CSV in the format of answer logs; empty where none were asked for.
    #[serde(skip)]
    pub log: String,
}

/// The effect of a policy in one group of pupils.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Family of students, or `all`.
    pub family: String,
    /// Variant of its worlds.
    pub variant: String,
    /// Who taught.
    pub policy: String,
    /// What was taught.
    pub subject: String,
    /// `year-1` and so on for the test at a year's end, or `delayed`.
    pub test: String,
    /// `all`, a type of school, `quintile-1` (lowest start) to `quintile-5`, or `matched`.
    pub group: String,
    /// SD.
    pub effect_sd: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Points by which a pupil in the middle moves up among the twins.
    pub percentile_points: f64,
    /// Schools in the group, counting worlds.
    pub schools: usize,
    /// Schools whose effect is below zero.
    pub below_zero: usize,
}

/// One school's effect, on the test at the end of the last year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SchoolEffect {
    /// Family of students.
    pub family: String,
    /// Variant of its worlds.
    pub variant: String,
    /// The world, from 0.
    pub world: u32,
    /// Who taught.
    pub policy: String,
    /// What was taught.
    pub subject: String,
    /// Place in the study, from 0.
    pub school: u32,
    /// Type of school.
    pub kind: SchoolType,
    /// SD.
    pub effect_sd: f64,
    /// Lower end of the 95 % interval over its pupils.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

/// What the engine loses without one strategy, or gains by one that is off by default.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ablation {
    /// Family of students, or `all`.
    pub family: String,
    /// Variant of its worlds.
    pub variant: String,
    /// The policy that the engine as it is was set against.
    pub policy: String,
    /// The engine's effect less that policy's, SD.
    pub effect_sd: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
}

/// How a policy was used, means over pupils.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// Family of students.
    pub family: String,
    /// Variant of its worlds.
    pub variant: String,
    /// Who taught; `fixed` for the twins.
    pub policy: String,
    /// What was taught.
    pub subject: String,
    /// Minutes worked.
    pub minutes: f64,
    /// Activities.
    pub activities: f64,
    /// Share who left before the end.
    pub left: f64,
    /// Of the skills with answers, the share with more than ten and never three right in a row.
    pub spinning: f64,
    /// Share of lessons that the policy taught.
    pub personal: f64,
    /// Teacher minutes a pupil and week.
    pub teacher_minutes: f64,
}

/// What is known under a policy, week by week.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Family of students.
    pub family: String,
    /// Variant of its worlds.
    pub variant: String,
    /// Who taught; `fixed` for the twins.
    pub policy: String,
    /// What was taught.
    pub subject: String,
    /// Mean probability of knowing a skill of the course at each school week's end.
    pub weekly_known: Vec<f64>,
}

/// One school's mean effect.
#[derive(Clone, Copy)]
struct Unit {
    world: u32,
    effect: f64,
}

/// The schools of one world, subject and arm, by place.
type Schools<'a> = &'a [Vec<Taught>];

/// One family, variant and subject: its worlds, each with its arms.
struct Block<'a> {
    cell: Cell,
    worlds: Vec<Vec<Schools<'a>>>,
}

/// A test of the study.
#[derive(Clone, Copy)]
enum Test {
    Year(usize),
    Delayed,
}

impl Test {
    fn name(self) -> String {
        match self {
            Test::Year(year) => format!("year-{}", year + 1),
            Test::Delayed => "delayed".to_owned(),
        }
    }

    fn score(self, pupil: &Result) -> f64 {
        match self {
            Test::Year(year) => pupil.years.get(year).map_or(0.0, |year| year.1),
            Test::Delayed => pupil.delayed,
        }
    }
}

/// Whose effect is told.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    All,
    Kind(SchoolType),
    Quintile(usize),
    Matched,
}

impl Group {
    fn name(self) -> String {
        match self {
            Group::All => "all".to_owned(),
            Group::Kind(kind) => kind.name().to_owned(),
            Group::Quintile(fifth) => format!("quintile-{}", fifth + 1),
            Group::Matched => "matched".to_owned(),
        }
    }
}

fn pupils<'a>(schools: Schools<'a>) -> impl Iterator<Item = &'a Result> + Clone {
    schools.iter().flatten().flat_map(|class| &class.pupils)
}

fn pupils_of(school: &[Taught]) -> impl Iterator<Item = &Result> + Clone {
    school.iter().flat_map(|class| &class.pupils)
}

/// The fifth of the pre-test that each pupil of the twins is in, ties by order.
fn quintiles(twins: Schools<'_>) -> Vec<usize> {
    let before: Vec<f64> = pupils(twins).map(Result::pre).collect();
    let mut order: Vec<usize> = (0..before.len()).collect();
    order.sort_by(|&a, &b| before[a].total_cmp(&before[b]));
    let mut fifths = vec![0; order.len()];
    for (rank, &pupil) in order.iter().enumerate() {
        fifths[pupil] = rank * 5 / order.len();
    }
    fifths
}

impl Report {
    pub(super) fn new(
        design: &Design,
        courses: &Courses,
        cells: &[Cell],
        taught: &[Vec<Taught>],
    ) -> Self {
        let blocks = blocks(design, cells, taught);
        let tally = Tally { design, blocks };
        let keep = |outcome| design.reports(outcome);
        Self {
            format: 1,
            name: design.name.clone(),
            seed: design.seed,
            design: design.digest(),
            worlds: design.worlds.each,
            units: if tally.by_world() {
                "worlds"
            } else {
                "schools"
            }
            .to_owned(),
            rows: tally.rows(),
            effects: tally.effects(),
            schools: if keep(Outcome::Schools) {
                tally.schools()
            } else {
                Vec::new()
            },
            ablations: if keep(Outcome::Ablation) {
                tally.ablations()
            } else {
                Vec::new()
            },
            usage: if keep(Outcome::Use) {
                tally.usage()
            } else {
                Vec::new()
            },
            curves: if keep(Outcome::Learning) {
                tally.curves()
            } else {
                Vec::new()
            },
            published: design.published.clone(),
            log: log(courses, cells, taught),
        }
    }
}

/// Groups results by family, variant and subject.
fn blocks<'a>(design: &Design, cells: &[Cell], taught: &'a [Vec<Taught>]) -> Vec<Block<'a>> {
    let schools = design.population.schools() as usize;
    let arms = cells.len()
        / schools
        / design.subjects.len()
        / design.worlds.each as usize
        / design.worlds.families.len()
        / design.worlds.variants.len();
    let mut blocks: Vec<Block<'a>> = Vec::new();
    let groups = cells
        .chunks(schools * arms)
        .zip(taught.chunks(schools * arms));
    for (cells, taught) in groups {
        let cell = cells[0];
        let world: Vec<Schools<'a>> = taught.chunks(schools).collect();
        let same = |b: &&mut Block<'_>| {
            (b.cell.family, b.cell.variant, b.cell.subject)
                == (cell.family, cell.variant, cell.subject)
        };
        match blocks.iter_mut().find(same) {
            Some(block) => block.worlds.push(world),
            None => blocks.push(Block {
                cell,
                worlds: vec![world],
            }),
        }
    }
    blocks
}

struct Tally<'a> {
    design: &'a Design,
    blocks: Vec<Block<'a>>,
}

impl Tally<'_> {
    fn by_world(&self) -> bool {
        self.design.worlds.each >= 3
    }

    fn has_comparison(&self) -> bool {
        self.design.population.candidates > 1
    }

    /// Place of a policy among the arms.
    fn arm(&self, policy: usize) -> usize {
        1 + usize::from(self.has_comparison()) + policy
    }

    fn tests(&self) -> Vec<Test> {
        let mut tests = Vec::new();
        if self.design.reports(Outcome::EndTest) {
            tests.extend((0..usize::from(self.design.calendar.years)).map(Test::Year));
        }
        if self.design.reports(Outcome::DelayedTest) {
            tests.push(Test::Delayed);
        }
        tests
    }

    fn groups(&self) -> Vec<Group> {
        let mut groups = vec![Group::All];
        let population = &self.design.population;
        if self.design.reports(Outcome::SchoolType) {
            let kinds = [
                (population.charter, SchoolType::Charter),
                (population.district, SchoolType::District),
            ];
            groups.extend(
                kinds
                    .iter()
                    .filter(|(n, _)| *n > 0)
                    .map(|&(_, kind)| Group::Kind(kind)),
            );
        }
        if self.design.reports(Outcome::StartQuintile) {
            groups.extend((0..5).map(Group::Quintile));
        }
        if self.design.reports(Outcome::Matched) && self.has_comparison() {
            groups.push(Group::Matched);
        }
        groups
    }

    /// Effects school by school.
    fn units(&self, block: &Block<'_>, arm: usize, test: Test, group: Group) -> Vec<Unit> {
        let mut units = Vec::new();
        for (world, arms) in (0..).zip(&block.worlds) {
            let twins = arms[0];
            let sd = spread(pupils(twins).map(|pupil| test.score(pupil)));
            let fifths = quintiles(twins);
            let mut first = 0;
            for (place, (school, twin)) in (0..).zip(arms[arm].iter().zip(twins)) {
                let kind = self.design.population.school_type(place);
                let n = pupils_of(twin).count();
                let own = &fifths[first..first + n];
                first += n;
                if matches!(group, Group::Kind(wanted) if wanted != kind) {
                    continue;
                }
                let line = (group == Group::Matched).then(|| self.line(arms[1], kind, test));
                let pairs = pupils_of(school).zip(pupils_of(twin)).zip(own);
                let gains: Vec<f64> = pairs
                    .filter(
                        |(_, fifth)| !matches!(group, Group::Quintile(wanted) if wanted != **fifth),
                    )
                    .map(|((pupil, twin), _)| {
                        let against = match line {
                            Some((level, slope)) => level + slope * pupil.pre(),
                            None => test.score(twin),
                        };
                        (test.score(pupil) - against) / sd
                    })
                    .collect();
                if !gains.is_empty() {
                    let effect = mean(gains.into_iter());
                    units.push(Unit { world, effect });
                }
            }
        }
        units
    }

    /// The least-squares line of a test on the pre-test, in the comparison schools of one type: level and slope.
    fn line(&self, comparison: Schools<'_>, kind: SchoolType, test: Test) -> (f64, f64) {
        let of_kind = comparison
            .iter()
            .zip(0..)
            .filter(|(_, place)| self.design.population.school_type(*place) == kind);
        let points: Vec<(f64, f64)> = of_kind
            .flat_map(|(school, _)| pupils_of(school).map(|p| (p.pre(), test.score(p))))
            .collect();
        let (x, y) = (
            mean(points.iter().map(|point| point.0)),
            mean(points.iter().map(|point| point.1)),
        );
        let square: f64 = points.iter().map(|p| (p.0 - x) * (p.0 - x)).sum();
        let cross: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
        let slope = if square > 0.0 { cross / square } else { 0.0 };
        (y - slope * x, slope)
    }

    /// Mean and interval over units.
    fn summary(&self, units: &[Unit]) -> (f64, f64, f64) {
        if !self.by_world() {
            let effects: Vec<f64> = units.iter().map(|unit| unit.effect).collect();
            return interval(&effects);
        }
        let mut worlds: Vec<u32> = units.iter().map(|unit| unit.world).collect();
        worlds.sort_unstable();
        worlds.dedup();
        let of_world = |world: &u32| {
            let own = units.iter().filter(|unit| unit.world == *world);
            mean(own.map(|unit| unit.effect))
        };
        interval(&worlds.iter().map(of_world).collect::<Vec<_>>())
    }

    /// The blocks of one family and variant with their subject; a family of none is all families.
    fn effects(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for &variant in &self.design.worlds.variants {
            for (subject, named) in self.design.subjects.iter().enumerate() {
                for (place, policy) in self.design.policies.iter().enumerate() {
                    for test in self.tests() {
                        for group in self.groups() {
                            let name = Effect {
                                family: String::new(),
                                variant: variant.name().to_owned(),
                                policy: policy.0.name(),
                                subject: named.name.clone(),
                                test: test.name(),
                                group: group.name(),
                                effect_sd: 0.0,
                                low: 0.0,
                                high: 0.0,
                                percentile_points: 0.0,
                                schools: 0,
                                below_zero: 0,
                            };
                            let blocks = self.blocks.iter().filter(|block| {
                                (block.cell.variant, block.cell.subject) == (variant, subject)
                            });
                            let mut every = Vec::new();
                            for block in blocks {
                                let units = self.units(block, self.arm(place), test, group);
                                let family = block.cell.family.name();
                                effects.push(self.effect(&name, family, &units));
                                // Worlds of another family are other worlds.
                                let shift = every.len() as u32;
                                every.extend(units.into_iter().map(|unit| Unit {
                                    world: unit.world + shift,
                                    ..unit
                                }));
                            }
                            if self.design.worlds.families.len() > 1 {
                                effects.push(self.effect(&name, "all", &every));
                            }
                        }
                    }
                }
            }
        }
        effects
    }

    fn effect(&self, name: &Effect, family: &str, units: &[Unit]) -> Effect {
        let (effect_sd, low, high) = self.summary(units);
        Effect {
            family: family.to_owned(),
            effect_sd,
            low,
            high,
            percentile_points: 100.0 * (paceline::math::wide::normal_cdf(effect_sd) - 0.5),
            schools: units.len(),
            below_zero: units.iter().filter(|unit| unit.effect < 0.0).count(),
            ..name.clone()
        }
    }

    /// Effects over all subjects, school by school, for one family and variant.
    fn over_subjects(&self, policy: usize, test: Test, at: &Block<'_>) -> Vec<Unit> {
        let same = |block: &&Block<'_>| {
            (block.cell.family, block.cell.variant) == (at.cell.family, at.cell.variant)
        };
        let arm = self.arm(policy);
        let all: Vec<Vec<Unit>> = self
            .blocks
            .iter()
            .filter(same)
            .map(|block| self.units(block, arm, test, Group::All))
            .collect();
        let average = |nth: usize| Unit {
            effect: mean(all.iter().map(|units| units[nth].effect)),
            ..all[0][nth]
        };
        (0..all[0].len()).map(average).collect()
    }

    /// The first block of each family and variant.
    fn firsts(&self) -> impl Iterator<Item = &Block<'_>> {
        self.blocks.iter().filter(|block| block.cell.subject == 0)
    }

    fn last(&self) -> Test {
        Test::Year(usize::from(self.design.calendar.years - 1))
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for block in self.firsts() {
            for (place, policy) in self.design.policies.iter().enumerate() {
                let gain = self.summary(&self.over_subjects(place, self.last(), block));
                let delayed = self.summary(&self.over_subjects(place, Test::Delayed, block));
                let usage = self.usage();
                let own = usage.iter().filter(|usage| {
                    usage.policy == policy.0.name()
                        && usage.family == block.cell.family.name()
                        && usage.variant == block.cell.variant.name()
                });
                rows.push(Row {
                    family: block.cell.family.name().to_owned(),
                    variant: block.cell.variant.name().to_owned(),
                    policy: policy.0.name(),
                    gain_sd: gain.0,
                    gain_sd_low: gain.1,
                    gain_sd_high: gain.2,
                    delayed_sd: delayed.0,
                    delayed_sd_low: delayed.1,
                    delayed_sd_high: delayed.2,
                    minutes: mean(own.map(|usage| usage.minutes)),
                });
            }
        }
        rows
    }

    fn schools(&self) -> Vec<SchoolEffect> {
        let (mut schools, test) = (Vec::new(), self.last());
        for block in &self.blocks {
            for (place, policy) in self.design.policies.iter().enumerate() {
                let mut own = Vec::new();
                for (world, arms) in (0..).zip(&block.worlds) {
                    let sd = spread(pupils(arms[0]).map(|pupil| test.score(pupil)));
                    let both = arms[self.arm(place)].iter().zip(arms[0]);
                    own.extend((0..).zip(both).map(|(school, (taught, twin))| {
                        let pairs = pupils_of(taught).zip(pupils_of(twin));
                        let gain =
                            |(a, b): (&Result, &Result)| (test.score(a) - test.score(b)) / sd;
                        let (effect_sd, low, high) = interval(&pairs.map(gain).collect::<Vec<_>>());
                        SchoolEffect {
                            family: block.cell.family.name().to_owned(),
                            variant: block.cell.variant.name().to_owned(),
                            world,
                            policy: policy.0.name(),
                            subject: self.design.subjects[block.cell.subject].name.clone(),
                            school,
                            kind: self.design.population.school_type(school),
                            effect_sd,
                            low,
                            high,
                        }
                    }));
                }
                own.sort_by(|a, b| a.effect_sd.total_cmp(&b.effect_sd));
                schools.extend(own);
            }
        }
        schools
    }

    fn ablations(&self) -> Vec<Ablation> {
        let policies = &self.design.policies;
        let Some(engine) = policies
            .iter()
            .position(|policy| policy.0.name() == "engine")
        else {
            return Vec::new();
        };
        let others = policies.iter().enumerate();
        let others = others.filter(|(_, policy)| {
            policy.0.name().starts_with("engine-") || policy.0.name().starts_with("engine+")
        });
        let mut ablations = Vec::new();
        for (place, policy) in others {
            for block in self.firsts() {
                let whole = self.over_subjects(engine, self.last(), block);
                let without = self.over_subjects(place, self.last(), block);
                let both = whole.iter().zip(&without);
                let units: Vec<Unit> = both
                    .map(|(a, b)| Unit {
                        effect: a.effect - b.effect,
                        ..*a
                    })
                    .collect();
                let (effect_sd, low, high) = self.summary(&units);
                ablations.push(Ablation {
                    family: block.cell.family.name().to_owned(),
                    variant: block.cell.variant.name().to_owned(),
                    policy: policy.0.name(),
                    effect_sd,
                    low,
                    high,
                });
            }
        }
        ablations
    }

    /// Every block with the arms that are told of: the twins and the policies.
    fn told(&self) -> impl Iterator<Item = (&Block<'_>, usize, String)> {
        let arms = std::iter::once((0, "fixed".to_owned()));
        let policies = self.design.policies.iter().enumerate();
        let arms: Vec<_> = arms
            .chain(policies.map(|(place, policy)| (self.arm(place), policy.0.name())))
            .collect();
        self.blocks.iter().flat_map(move |block| {
            let arms = arms.clone().into_iter();
            arms.map(move |(arm, name)| (block, arm, name))
        })
    }

    fn usage(&self) -> Vec<Usage> {
        let usage = |(block, arm, policy): (&Block<'_>, usize, String)| {
            let classes = || {
                block
                    .worlds
                    .iter()
                    .flat_map(move |arms| arms[arm].iter().flatten())
            };
            let of = |value: fn(&Result) -> f64| {
                mean(classes().flat_map(|class| &class.pupils).map(value))
            };
            let tried = of(|pupil| f64::from(pupil.tried));
            Usage {
                family: block.cell.family.name().to_owned(),
                variant: block.cell.variant.name().to_owned(),
                policy,
                subject: self.design.subjects[block.cell.subject].name.clone(),
                minutes: of(|pupil| pupil.minutes),
                activities: of(|pupil| f64::from(pupil.activities)),
                left: of(|pupil| f64::from(u8::from(pupil.left_week.is_some()))),
                spinning: of(|pupil| f64::from(pupil.spinning)) / tried.max(1e-9),
                personal: mean(classes().map(|class| class.personal)),
                teacher_minutes: mean(classes().map(|class| class.teacher_minutes)),
            }
        };
        self.told().map(usage).collect()
    }

    fn curves(&self) -> Vec<Curve> {
        let curve = |(block, arm, policy): (&Block<'_>, usize, String)| {
            let classes = || {
                block
                    .worlds
                    .iter()
                    .flat_map(move |arms| arms[arm].iter().flatten())
            };
            let weeks = classes().next().map_or(0, |class| class.weekly.len());
            let known = |week: usize| mean(classes().map(|class| class.weekly[week]));
            Curve {
                family: block.cell.family.name().to_owned(),
                variant: block.cell.variant.name().to_owned(),
                policy,
                subject: self.design.subjects[block.cell.subject].name.clone(),
                weekly_known: (0..weeks).map(known).collect(),
            }
        };
        self.told().map(curve).collect()
    }
}

/// The answers of the logged pupils: pupil by pupil, in order of time.
fn log(courses: &Courses, cells: &[Cell], taught: &[Vec<Taught>]) -> String {
    let mut lines = String::new();
    for (cell, school) in cells.iter().zip(taught) {
        if cell.arm == Arm::Comparison {
            continue;
        }
        let curriculum = &courses.courses[cell.subject].0;
        for (number, pupil) in pupils_of(school).enumerate() {
            for &(item, day, second, right) in &pupil.log {
                let item = &curriculum.items[item as usize];
                let skill = &curriculum.skills[item.skill as usize].id;
                let at = TERM_START
                    .plus_days(i64::from(day))
                    .plus_seconds(i64::from(second));
                let (family, variant, arm) =
                    (cell.family.name(), cell.variant.name(), cell.arm.name());
                lines += &format!(
                    "{family}-{variant}-{}-{}-{arm}-{number},{},{skill},{},{}\n",
                    cell.world,
                    cell.subject,
                    item.id,
                    at.0,
                    u8::from(right),
                );
            }
        }
    }
    if lines.is_empty() {
        return lines;
    }
    format!("learner,item,skills,timestamp_s,correct\n{lines}")
}

//! Face validity: whether simulated pupils look like published ones, by models that know nothing of the simulator.
//!
//! Classes of several schools are taught by the fixed pacing guide in each of some worlds of a family; an
//! additive-factors model is fitted to the log alone, and each figure is set beside the published one.

pub(crate) mod afm;
mod reviews;

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;

use crate::SimError;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::math;
use crate::observation::{Activity, Now, Observation};
use crate::policy::{Baseline, Policy};
use crate::pupil::{Pupil, Seat};
use crate::term::{self, Class, Outcome, Separately};
use crate::world::{Family, Variant, World};
use afm::{Afm, Answer, mean};

/// Worlds of a family, schools of a world (a class each) and pupils of a class that are looked at.
const WORLDS: u32 = 40;
const SCHOOLS: u32 = 8;
const PUPILS: u32 = 15;
/// Opportunities that the additive-factors fit looks at.
const OPPORTUNITIES: u32 = 15;
/// Tries without three right in a row that count as wheel-spinning (Beck & Gong 2013).
const SPINNING: u32 = 10;
/// Share of the recommended minutes that counts as meeting them.
const MEETS: f64 = 0.8;

/// One gate in one family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gate {
    /// The family of students.
    pub family: Family,
    /// `G1` to `G10`.
    pub gate: &'static str,
    /// What is measured.
    pub what: &'static str,
    /// The published figure with its source.
    pub reference: &'static str,
    /// Lowest value that passes.
    pub low: f64,
    /// Highest value that passes.
    pub high: f64,
    /// What was found.
    pub found: f64,
    /// Whether the family can show it at all.
    pub applies: bool,
    /// Whether what was found lies within.
    pub passed: bool,
}

/// Looks at plain worlds of `families` on `curriculum` over a term; gates in the order of families and numbers.
///
/// A pure function of its arguments.
///
/// # Errors
///
/// [`SimError::Empty`] where the curriculum is empty.
pub fn gates(
    curriculum: &Curriculum,
    families: &[Family],
    seed: u64,
) -> Result<Vec<Gate>, SimError> {
    if curriculum.skills.is_empty() || curriculum.themes.is_empty() {
        return Err(SimError::Empty { what: "skills" });
    }
    let mut rows = Vec::new();
    for &family in families {
        rows.extend(Findings::of(curriculum, family, seed)?.gates(family));
    }
    Ok(rows)
}

/// Keeps every answer that a policy sees, in order.
struct Recorded<'a> {
    inner: Box<dyn Policy + 'a>,
    pupil: u32,
    log: Rc<RefCell<Vec<Answer>>>,
    tries: Vec<u32>,
}

impl Policy for Recorded<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        self.inner.next(now)
    }

    fn observe(&mut self, activity: Activity, seen: Observation, now: Now) {
        self.inner.observe(activity, seen, now);
        if let Some(right) = seen.right {
            let tries = &mut self.tries[activity.skill as usize];
            self.log.borrow_mut().push(Answer {
                pupil: self.pupil,
                skill: activity.skill,
                opportunity: *tries,
                right,
            });
            *tries += 1;
        }
    }
}

/// All schools of one world: the log, and the tests school by school.
struct Observed {
    log: Vec<Answer>,
    schools: Vec<Vec<Outcome>>,
}

fn observe(curriculum: &Curriculum, world: &World) -> Result<Observed, SimError> {
    let calendar = Calendar::default();
    let log = Rc::new(RefCell::new(Vec::new()));
    let mut schools = Vec::new();
    for school in 0..SCHOOLS {
        let start = |pupil| {
            let seat = Seat {
                school,
                class: school,
                pupil,
            };
            let draws = term::policy_draws(world, seat);
            let recorded = Recorded {
                inner: Baseline::Fixed.start(curriculum, &calendar, draws),
                pupil: school * PUPILS + pupil,
                log: log.clone(),
                tries: vec![0; curriculum.n_skills()],
            };
            Box::new(recorded) as Box<dyn Policy + '_>
        };
        let mut teacher = Separately::new(start);
        let class = Class {
            world,
            curriculum,
            calendar: &calendar,
            school,
            class: school,
            pupils: PUPILS,
            log_pupils: 0,
        };
        schools.push(class.run(&mut teacher)?);
    }
    let log = log.take();
    Ok(Observed { log, schools })
}

/// What was found in a family, each a mean over its worlds.
#[derive(Clone, Copy, Debug, Default)]
struct Findings {
    initial: f64,
    slope: f64,
    to_mastery: f64,
    low_to_high: f64,
    spinning: f64,
    best_gap: f64,
    school_icc: f64,
    pre_post: f64,
    dosage: f64,
    harm: f64,
}

impl Findings {
    fn of(curriculum: &Curriculum, family: Family, seed: u64) -> Result<Self, SimError> {
        let draw = |index| World::draw(family, Variant::Plain, seed, index, curriculum);
        let worlds: Vec<World> = (0..WORLDS).map(draw).collect();
        let mut sum = Self::default();
        let (mut spinning_low, mut spinning_high) = (0.0, 0.0);
        let (mut low, mut high) = (0.0, 0.0);
        for world in &worlds {
            let seen = observe(curriculum, world)?;
            let first = seen.log.iter().filter(|answer| answer.opportunity == 0);
            sum.initial += share(first.map(|answer| answer.right));
            let curve = Curve::fit(&seen.log, curriculum.n_skills());
            sum.slope += curve.slope;
            sum.to_mastery += curve.to_mastery(0.0);
            low += curve.to_mastery(curve.low_half);
            high += curve.to_mastery(curve.high_half);
            let (lowest, highest) = spinning(curriculum, &seen.log);
            spinning_low += lowest;
            spinning_high += highest;
            sum.school_icc += intraclass(&seen.schools);
            sum.pre_post += correlation(seen.schools.iter().flatten());
            sum.dosage += dosage(curriculum, world);
            sum.harm = sum.harm.max(reviews::worst_harm(world));
        }
        let n = f64::from(WORLDS);
        Ok(Self {
            initial: sum.initial / n,
            slope: sum.slope / n,
            to_mastery: sum.to_mastery / n,
            low_to_high: low / high.max(1e-9),
            spinning: spinning_low / spinning_high.max(1e-9),
            best_gap: reviews::best_gap(&worlds),
            school_icc: sum.school_icc / n,
            pre_post: sum.pre_post / n,
            dosage: sum.dosage / n,
            harm: sum.harm,
        })
    }

    fn gates(self, family: Family) -> Vec<Gate> {
        // A state that only practice restores is as well restored after any gap.
        let has_gap = family != Family::Fitted;
        let smooth = family != Family::Discrete;
        let gate = |gate, what, reference, (low, high), found, applies| Gate {
            family,
            gate,
            what,
            reference,
            low,
            high,
            found,
            applies,
            passed: (low..=high).contains(&found),
        };
        vec![
            gate(
                "G1",
                "share right at the first opportunity",
                ".65 (Koedinger et al. 2023)",
                (0.55, 0.75),
                self.initial,
                true,
            ),
            gate(
                "G2",
                "gain per opportunity, logit",
                ".10 (Koedinger et al. 2023)",
                (0.05, 0.20),
                self.slope,
                smooth,
            ),
            gate(
                "G3",
                "opportunities to 80 %",
                "7 (Koedinger et al. 2023)",
                (4.0, 11.0),
                self.to_mastery,
                true,
            ),
            gate(
                "G4",
                "the same, lower half over upper half",
                "13.1 / 3.7 (Koedinger et al. 2023)",
                (2.0, 6.0),
                self.low_to_high,
                true,
            ),
            gate(
                "G5",
                "wheel-spinning, lowest over highest fifth of prerequisites",
                "50 % / 10 % (Wan & Beck 2015)",
                (3.0, f64::INFINITY),
                self.spinning,
                true,
            ),
            gate(
                "G6",
                "best review gap over a delay of four weeks",
                ".20 (Cepeda et al. 2008)",
                (0.10, 0.40),
                self.best_gap,
                has_gap,
            ),
            gate(
                "G7",
                "share of post-test variance between schools",
                ".22 (Hedges & Hedberg 2007)",
                (0.15, 0.25),
                self.school_icc,
                true,
            ),
            gate(
                "G8",
                "correlation of pre-test and post-test",
                ".75 to .90",
                (0.75, 0.90),
                self.pre_post,
                true,
            ),
            gate(
                "G9",
                "pupils who reach the recommended minutes when free to",
                ".05 to .30",
                (0.05, 0.30),
                self.dosage,
                true,
            ),
            gate(
                "G10",
                "most that a practice takes from a later success",
                "none",
                (0.0, 0.0),
                self.harm,
                true,
            ),
        ]
    }
}

/// A learning curve from the additive-factors fit.
struct Curve {
    slope: f64,
    /// Logit of a typical pupil on a typical skill at the first opportunity.
    start: f64,
    /// Mean of the pupils below and above the median, relative to the mean pupil.
    low_half: f64,
    high_half: f64,
}

impl Curve {
    fn fit(log: &[Answer], n_skills: usize) -> Self {
        let early: Vec<Answer> = log
            .iter()
            .filter(|answer| answer.opportunity < OPPORTUNITIES)
            .copied()
            .collect();
        let mut afm = Afm::fit(&early, (SCHOOLS * PUPILS) as usize, n_skills);
        afm.pupils.sort_by(f64::total_cmp);
        let half = afm.pupils.len() / 2;
        Self {
            slope: afm.slope,
            start: mean(&afm.skills),
            low_half: mean(&afm.pupils[..half]),
            high_half: mean(&afm.pupils[half..]),
        }
    }

    /// Opportunities until a pupil `above` the mean is right in 80 %, at least one.
    fn to_mastery(&self, above: f64) -> f64 {
        let lacking = math::logit(0.8) - self.start - above;
        (lacking / self.slope.max(0.01)).clamp(1.0, 100.0)
    }
}

fn share(rights: impl Iterator<Item = bool>) -> f64 {
    let (mut right, mut n) = (0.0, 0.0);
    for is_right in rights {
        right += f64::from(u8::from(is_right));
        n += 1.0;
    }
    right / f64::max(n, 1.0)
}

/// Share of wheel-spinning among pupil-skills with enough tries, in the lowest and the highest fifth of the share
/// right on the skill's prerequisites.
fn spinning(curriculum: &Curriculum, log: &[Answer]) -> (f64, f64) {
    let n_skills = curriculum.n_skills();
    let cells = (SCHOOLS * PUPILS) as usize * n_skills;
    // Right, tries, run, longest run.
    let mut records = vec![(0u32, 0u32, 0u32, 0u32); cells];
    for answer in log {
        let (right, tries, run, longest) =
            &mut records[answer.pupil as usize * n_skills + answer.skill as usize];
        *tries += 1;
        *right += u32::from(answer.right);
        *run = if answer.right { *run + 1 } else { 0 };
        // What comes after the tries that are judged changes nothing.
        if *tries <= SPINNING {
            *longest = (*longest).max(*run);
        }
    }
    let mut cases: Vec<(f64, bool)> = Vec::new();
    for pupil in records.chunks(n_skills) {
        for (skill, &(_, tries, _, longest)) in curriculum.skills.iter().zip(pupil) {
            let before = skill.needs.iter().map(|&(p, _)| pupil[p as usize]);
            let (right, of) = before.fold((0, 0), |sum, r| (sum.0 + r.0, sum.1 + r.1));
            if tries >= SPINNING && of > 0 {
                cases.push((f64::from(right) / f64::from(of), longest < 3));
            }
        }
    }
    cases.sort_by(|a, b| a.0.total_cmp(&b.0));
    let fifth = cases.len() / 5;
    let spins = |cases: &[(f64, bool)]| share(cases.iter().map(|&(_, spins)| spins));
    (spins(&cases[..fifth]), spins(&cases[cases.len() - fifth..]))
}

/// Share of the post-test's variance between schools, by one-way analysis of variance.
fn intraclass(schools: &[Vec<Outcome>]) -> f64 {
    let posts = |school: &Vec<Outcome>| -> Vec<f64> { school.iter().map(|o| o.post()).collect() };
    let means: Vec<f64> = schools.iter().map(|school| mean(&posts(school))).collect();
    let squares = |values: &[f64]| {
        let centre = mean(values);
        values
            .iter()
            .map(|v| (v - centre) * (v - centre))
            .sum::<f64>()
    };
    let n = f64::from(PUPILS);
    let between = n * squares(&means) / f64::from(SCHOOLS - 1);
    let within: f64 = schools.iter().map(|school| squares(&posts(school))).sum();
    let within = within / f64::from(SCHOOLS * (PUPILS - 1));
    (between - within) / (between + (n - 1.0) * within).max(1e-12)
}

fn correlation<'a>(outcomes: impl Iterator<Item = &'a Outcome> + Clone) -> f64 {
    let n = outcomes.clone().count().max(1) as f64;
    let pre = outcomes.clone().map(|o| o.pre()).sum::<f64>() / n;
    let post = outcomes.clone().map(|o| o.post()).sum::<f64>() / n;
    let (mut both, mut a, mut b) = (0.0, 0.0, 0.0);
    for outcome in outcomes {
        let (x, y) = (outcome.pre() - pre, outcome.post() - post);
        both += x * y;
        a += x * x;
        b += y * y;
    }
    both / libm::sqrt((a * b).max(1e-24))
}

/// Share of pupils who take up enough of the term's lessons where nobody calls them in.
fn dosage(curriculum: &Curriculum, world: &World) -> f64 {
    let calendar = Calendar::default();
    let lessons = calendar.n_lessons();
    let meets = |school: u32, number: u32| {
        let seat = Seat {
            school,
            class: school,
            pupil: number,
        };
        let pupil = Pupil::new(world, curriculum, &calendar, seat);
        let taken = (0..lessons)
            .filter(|&lesson| pupil.takes_up(lesson))
            .count();
        taken as f64 >= MEETS * f64::from(lessons)
    };
    let all = (0..SCHOOLS).flat_map(|school| (0..PUPILS).map(move |pupil| (school, pupil)));
    share(all.map(|(school, pupil)| meets(school, pupil)))
}

#[cfg(test)]
mod tests;

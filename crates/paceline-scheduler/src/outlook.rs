//! Pacing over the days to a goal date: what time is worth, and whether the goal will be met.
//!
//! Each skill of the goal's closure is followed on its own through the days, practised or taught
//! whenever that gains more per minute than a price. A high price leaves only what pays best, a low one
//! fills the days; bisection finds the price at which the minutes fit what the learner has. That price
//! is then each lesson's reservation price, and the state it leads to on the last day is the outlook.

use paceline_core::ids::SkillIx;
use paceline_core::math::{self, wide};
use paceline_core::stream::stream;
use paceline_learner::memory::Fsrs;
use rand::Rng;

use crate::lesson::Outlook;
use crate::prepare::{Inputs, Prepared};
use crate::search::Rules;
use crate::value::{self, Branches, Horizon, SkillState};
use crate::{Goal, unlock};

#[cfg(test)]
mod tests;

/// Lowest and highest price tried, gain per minute.
const PRICES: (f32, f32) = (1e-4, 2.0);
/// Halvings of the range of prices (in logs).
const HALVINGS: usize = 12;
/// Most steps from now to the date.
const STEPS: f32 = 30.0;
/// Most answers on one skill on one day.
const ANSWERS_A_DAY: u32 = 3;
/// Most skills followed.
const MOST_SKILLS: usize = 400;
/// Draws for the probability of meeting the goal.
const DRAWS: usize = 200;
/// Share of goal skills at the threshold that counts as the goal met.
const MET: f32 = 0.9;
/// Share of the variance of a skill's log-odds that all skills have in common.
const COMMON: f32 = 0.4;
/// SD of what a skill gains until the date, as a share of the gain expected in log-odds. Simulated learners (four families, the whole
/// course as goal) to whom more than .8 was promised were promised .95 without it and kept .74 (281 cases), with it .92 and .78 (152).
const GROWTH: f32 = 0.5;

/// One skill of the closure.
#[derive(Clone, Copy, Debug)]
struct Followed {
    skill: u32,
    goal: bool,
    state: SkillState,
    worth: f32,
    lesson_minutes: f32,
    item_minutes: f32,
}

/// Where a price leads.
#[derive(Clone, Debug)]
struct Course {
    minutes: f32,
    end: Vec<Followed>,
}

/// Price and outlook for the request's goal; `None` where it has no date or no known skill.
pub(crate) fn look_ahead(
    inputs: &Inputs<'_>,
    prepared: &Prepared,
    rules: &Rules,
    seed: u64,
) -> Option<Outlook> {
    let goal = inputs
        .request
        .goal
        .as_ref()
        .filter(|goal| goal.date.is_some())?;
    let days = inputs.horizon_days();
    let followed = closure(inputs, prepared, goal);
    let n_goal = followed.iter().filter(|skill| skill.goal).count();
    if n_goal == 0 || days <= 0.0 {
        return None;
    }
    let minutes_a_day = if 0.0 < goal.minutes_a_day {
        goal.minutes_a_day
    } else {
        inputs.request.minutes
    };
    let pacer = Pacer {
        inputs,
        rules,
        days,
    };
    let budget = minutes_a_day * days.ceil();
    let (mut low, mut high) = (wide::ln(f64::from(PRICES.0)), wide::ln(f64::from(PRICES.1)));
    let mut needed = f32::INFINITY;
    let mut at = |ln_price: f64| {
        let course = pacer.follow(&followed, wide::exp(ln_price) as f32);
        if met(&rules.fsrs, &course, goal.threshold, n_goal) {
            needed = needed.min(course.minutes);
        }
        course
    };
    let mut course = at(low);
    let mut price = PRICES.0;
    let most = course.minutes;
    if budget < course.minutes {
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let tried = at(middle);
            if tried.minutes <= budget {
                high = middle;
                price = wide::exp(middle) as f32;
                course = tried;
            } else {
                low = middle;
            }
        }
        if budget < course.minutes {
            course = Course {
                minutes: 0.0,
                end: followed.clone(),
            };
            price = PRICES.1;
        }
    }
    // The least that would do, looked for on both sides of the price that fits.
    for step in 0..HALVINGS {
        let share = (step as f64 + 0.5) / HALVINGS as f64;
        let (from, to) = (wide::ln(f64::from(PRICES.0)), wide::ln(f64::from(PRICES.1)));
        at(from + share * (to - from));
    }
    let needed = if needed.is_finite() { needed } else { most };
    let ends = ends(inputs, &followed, &course);
    let (expected_share, p_goal) = draw(&ends, goal.threshold, seed);
    Some(Outlook {
        days,
        expected_share,
        p_goal,
        minutes_a_day_needed: needed / days.ceil(),
        minutes_a_day,
        price,
        expected: ends.iter().map(|end| (end.skill, end.success())).collect(),
    })
}

/// The goal's skills and everything untaught that they rest on, prerequisites first.
fn closure(inputs: &Inputs<'_>, prepared: &Prepared, goal: &Goal) -> Vec<Followed> {
    let n = inputs.columns.len();
    let mut wanted = vec![false; n];
    let mut todo: Vec<u32> = goal
        .skills
        .iter()
        .map(|skill| skill.0)
        .filter(|&s| (s as usize) < n)
        .collect();
    let mut is_goal = vec![false; n];
    for &skill in &todo {
        is_goal[skill as usize] = true;
    }
    while let Some(skill) = todo.pop() {
        if std::mem::replace(&mut wanted[skill as usize], true) {
            continue;
        }
        if !inputs.columns.taught.has(skill as usize) {
            todo.extend_from_slice(inputs.bank.prerequisites().targets(skill));
        }
    }
    let chosen = inputs
        .bank
        .topological_order()
        .iter()
        .filter(|skill| wanted[skill.at()]);
    let followed = chosen
        .filter(|skill| !prepared.is_barred(skill.at()))
        .map(|&skill| {
            let at = skill.at();
            Followed {
                skill: skill.0,
                goal: is_goal[at],
                state: inputs.state(at),
                worth: prepared.worth(inputs, at),
                lesson_minutes: prepared.bank_columns.lesson_minutes[at] * inputs.pace(),
                item_minutes: (prepared.bank_columns.typical_seconds[at]
                    * inputs.minutes_per_second())
                .max(0.05),
            }
        });
    followed.take(MOST_SKILLS).collect()
}

/// What a run through the days needs.
#[derive(Clone, Copy)]
struct Pacer<'a> {
    inputs: &'a Inputs<'a>,
    rules: &'a Rules,
    days: f32,
}

impl Pacer<'_> {
    /// Follows every skill to the date, doing whatever gains more than `price` a minute.
    fn follow(&self, followed: &[Followed], price: f32) -> Course {
        let mut end = followed.to_vec();
        let mut minutes = 0.0;
        let step = (self.days / STEPS).max(1.0);
        let mut day = 0.0;
        while day < self.days {
            let horizon = Horizon::new(&self.rules.objective, self.days - day);
            for i in 0..end.len() {
                minutes += self.one_day(&mut end, i, &horizon, price);
            }
            for skill in &mut end {
                skill.state.elapsed_days += step;
                skill.state.n_today = 0.0;
                skill.state.touched_today = false;
            }
            day += step;
        }
        Course { minutes, end }
    }

    /// What one skill gets on one day; minutes spent.
    fn one_day(&self, end: &mut [Followed], i: usize, horizon: &Horizon, price: f32) -> f32 {
        let (objective, fsrs) = (&self.rules.objective, &self.rules.fsrs);
        let readiness = self.readiness(end, i);
        let it = &mut end[i];
        let mut minutes = 0.0;
        if !it.state.taught {
            let depth = value::lesson_depth(objective, it.state.kappa, readiness);
            let gain =
                readiness * it.worth * depth * value::lesson_memory(objective, fsrs, horizon);
            if readiness == 0.0 || gain < price * it.lesson_minutes {
                return 0.0;
            }
            it.state = it.state.after_lesson(objective, fsrs, readiness);
            minutes += it.lesson_minutes;
        }
        for _ in 0..ANSWERS_A_DAY {
            let branches = Branches::of(objective, fsrs, horizon, &it.state);
            let rate = self.rules.learning_rate;
            let gain = value::practice_gain(objective, &it.state, &branches, readiness, rate);
            if gain.gain * it.worth < price * it.item_minutes {
                break;
            }
            it.state = it.state.after_practice(&branches, &gain);
            minutes += it.item_minutes;
        }
        minutes
    }

    /// Readiness among the skills followed; 0 while a hard prerequisite has not been taught.
    fn readiness(&self, end: &[Followed], i: usize) -> f32 {
        let columns = self.inputs.columns;
        let ready_at = self.rules.objective.ready_at;
        let skill = end[i].skill;
        if end[i].state.taught {
            return unlock::readiness(self.inputs.bank, columns, skill as usize, ready_at).max(0.5);
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for (before, weight) in self.inputs.bank.prerequisites().edges(skill) {
            // Prerequisites come before their dependants in the list.
            let followed = end[..i].iter().rev().find(|other| other.skill == before);
            let (p, taught) = match followed {
                Some(other) => (other.state.kappa, other.state.taught),
                None => (
                    columns.p_now[before as usize],
                    columns.taught.has(before as usize),
                ),
            };
            if 1.0 <= weight && !taught {
                return 0.0;
            }
            sum += weight * (p / ready_at).min(1.0);
            weights += weight;
        }
        if weights == 0.0 { 1.0 } else { sum / weights }
    }
}

/// Success on a typical item on the last day: what is forgotten is half lost.
fn success_at_end(fsrs: &Fsrs, skill: &Followed) -> f32 {
    if !skill.state.taught {
        return skill.state.kappa;
    }
    let recall = fsrs.retrievability(skill.state.elapsed_days, skill.state.stability_days);
    skill.state.kappa * (0.5 + 0.5 * recall)
}

fn met(fsrs: &Fsrs, course: &Course, threshold: f32, n_goal: usize) -> bool {
    let there = |skill: &&Followed| skill.goal && threshold <= success_at_end(fsrs, skill);
    MET * n_goal as f32 <= course.end.iter().filter(there).count() as f32
}

/// What is expected of a goal skill on the last day.
#[derive(Clone, Copy, Debug)]
struct End {
    skill: SkillIx,
    /// Log-odds of success on a typical item.
    logit: f32,
    sd: f32,
}

impl End {
    /// Expected success: the logistic of a normal, in the usual approximation (MacKay 1992).
    fn success(&self) -> f32 {
        let variance = self.sd * self.sd;
        math::logistic(self.logit / (1.0 + std::f32::consts::FRAC_PI_8 * variance).sqrt())
    }
}

/// The goal's skills on the last day: as uncertain as they are now, and more by what they are still to gain.
fn ends(inputs: &Inputs<'_>, now: &[Followed], course: &Course) -> Vec<End> {
    let pairs = now.iter().zip(&course.end).filter(|(_, end)| end.goal);
    pairs
        .map(|(now, end)| {
            let logit = math::logit(success_at_end(inputs.fsrs, end));
            let gained = logit - math::logit(success_at_end(inputs.fsrs, now));
            let known = inputs.columns.logit_variance[end.skill as usize].max(0.0);
            End {
                skill: SkillIx(end.skill),
                logit,
                sd: (known + (GROWTH * gained).powi(2)).sqrt(),
            }
        })
        .collect()
}

/// Expected share of goal skills at the threshold, and the probability of nine in ten.
fn draw(goal: &[End], threshold: f32, seed: u64) -> (f32, f32) {
    let bar = math::logit(threshold);
    let mut rng = stream("outlook", seed, b"");
    let (mut share, mut hits) = (0.0, 0);
    for _ in 0..DRAWS {
        let common = COMMON.sqrt() * normal(&mut rng);
        let there = goal
            .iter()
            .filter(|end| {
                let own = (1.0 - COMMON).sqrt() * normal(&mut rng);
                bar <= end.logit + end.sd * (common + own)
            })
            .count() as f32;
        share += there / goal.len() as f32;
        hits += usize::from(MET * goal.len() as f32 <= there);
    }
    (share / DRAWS as f32, hits as f32 / DRAWS as f32)
}

/// A standard normal draw: the sum of twelve uniform ones less six, near enough for a share.
fn normal(rng: &mut impl Rng) -> f32 {
    let sum: f32 = (0..12)
        .map(|_| (rng.next_u32() >> 8) as f32 / (1u32 << 24) as f32)
        .sum();
    sum - 6.0
}

//! Family C: ACT-R activation with a decay of its own for each trace (Pavlik & Anderson 2005).
//!
//! `A(t) = sum_n w_n (t - t_n)^-d_n`, `d_n = c A(t_n) + a`, success = `logistic((ln(A + prior) - tau) / s)`.
//! A trace laid down while much is active decays fast, so blocked practice is nearly worthless. Prior knowledge
//! counts as activation that no longer decays.

use std::cell::Cell;

use super::{Moment, Prior, SkillState, Study, Work};
use crate::math;
use crate::world::World;

/// Time between lessons passes more slowly than within them (Pavlik & Anderson 2005, h = .025).
const BETWEEN: f64 = 0.025;
const DAY_SECONDS: f64 = 86_400.0 * BETWEEN;
/// Decay per unit of activation at encoding.
const DECAY_SCALE: f64 = 0.13;
/// Noise of the threshold.
const NOISE: f64 = 0.5;
/// A lesson's doses make fewer, stronger traces: one of this share of their sum.
const LESSON_SHARE: f64 = 0.12;
/// Share of a pupil's advantage that is not activation and does not drown in it.
const BROUGHT: f64 = 0.7;
/// The youngest age that counts, seconds.
const YOUNGEST: f32 = 30.0;
/// Traces summed side by side.
const LANES: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Trace {
    time: f32,
    decay: f32,
    weight: f32,
}

/// One skill's traces and what was active before the term.
#[derive(Clone, Debug)]
pub(crate) struct Skill {
    prior: f64,
    /// Logits above a typical pupil at equal activation.
    brought: f64,
    /// In order of time.
    traces: Vec<Trace>,
    /// Where the traces of today begin, and the activation of all before, taken at the start of the day.
    earlier: Cell<Earlier>,
}

#[derive(Clone, Copy, Debug)]
struct Earlier {
    day: u16,
    first_of_today: usize,
    activation: f64,
}

fn seconds(at: Moment) -> f64 {
    f64::from(at.day) * DAY_SECONDS + at.minute * 60.0
}

/// The sum over traces of what each still gives.
fn active(traces: &[Trace], now: f64) -> f64 {
    let now = now as f32;
    let one = |trace: &Trace| {
        let age = (now - trace.time).max(YOUNGEST);
        trace.weight * paceline::math::exp(-trace.decay * paceline::math::ln(age))
    };
    // In lanes, so that the loop vectorises; the order of the sum is fixed.
    let mut lanes = [0.0f32; LANES];
    let chunks = traces.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().map(one).sum();
    for chunk in chunks {
        for (lane, trace) in lanes.iter_mut().zip(chunk) {
            *lane += one(trace);
        }
    }
    f64::from(lanes.iter().sum::<f32>() + rest)
}

impl Skill {
    /// Traces of earlier days hardly decay within a lesson: they are summed once a day.
    fn activation(&self, at: Moment) -> f64 {
        let mut earlier = self.earlier.get();
        if earlier.day != at.day {
            let morning = f64::from(at.day) * DAY_SECONDS;
            let before = |trace: &Trace| f64::from(trace.time) < morning;
            let first_of_today = self.traces.partition_point(before);
            earlier = Earlier {
                day: at.day,
                first_of_today,
                activation: active(&self.traces[..first_of_today], morning),
            };
            self.earlier.set(earlier);
        }
        earlier.activation + active(&self.traces[earlier.first_of_today..], seconds(at))
    }

    fn trace(&self, world: &World, (dose, work, at): Study) -> Trace {
        let share = match work {
            Work::Lesson => LESSON_SHARE,
            Work::Item => 1.0,
        };
        let decay = world.decay + world.massing * DECAY_SCALE * self.activation(at);
        Trace {
            time: seconds(at) as f32,
            decay: decay as f32,
            weight: (share * dose * world.gain / 0.1) as f32,
        }
    }

    fn success_at(&self, world: &World, activation: f64, shift: f64) -> f64 {
        let active = math::ln(self.prior + activation);
        math::logistic((active - threshold(world)) / NOISE + self.brought + shift)
    }
}

/// The threshold: six typical traces, each laid down in peace, a month ago.
fn threshold(world: &World) -> f64 {
    libm::log(6.0) - world.decay * libm::log(30.0 * DAY_SECONDS)
}

impl SkillState for Skill {
    fn new(world: &World, prior: Prior) -> Self {
        let brought = BROUGHT * (prior.logit - world.initial);
        Self {
            prior: libm::exp(threshold(world) + NOISE * (prior.logit - brought)),
            brought,
            traces: Vec::new(),
            earlier: Cell::new(Earlier {
                day: 0,
                first_of_today: 0,
                activation: 0.0,
            }),
        }
    }

    fn success(&self, world: &World, shift: f64, at: Moment) -> f64 {
        self.success_at(world, self.activation(at), shift)
    }

    fn study(&mut self, world: &World, dose: f64, work: Work, at: Moment) {
        let trace = self.trace(world, (dose, work, at));
        self.traces.push(trace);
    }

    /// The same as by a copy, without the copy and without moving the day's sum.
    fn prospect(&self, world: &World, study: Study, then: Moment) -> f64 {
        let then = seconds(then);
        let before = active(&self.traces, then);
        let after = before + active(&[self.trace(world, study)], then);
        self.success_at(world, after, 0.0) - self.success_at(world, before, 0.0)
    }
}

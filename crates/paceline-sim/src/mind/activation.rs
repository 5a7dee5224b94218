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
const NOISE: f64 = 0.4;
/// A lesson's doses make fewer, stronger traces: one of this share of their sum.
const LESSON_SHARE: f64 = 0.1;
/// The gain of a world over this one scales the weight of its traces.
const GAIN: f64 = 0.115;
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

/// Traces of one day side by side; a place that is not taken yet has no weight.
#[derive(Clone, Copy, Debug, Default)]
struct Traces {
    time: [f32; LANES],
    decay: [f32; LANES],
    weight: [f32; LANES],
}

/// One skill's traces and what was active before the term.
#[derive(Clone, Debug)]
pub(crate) struct Skill {
    prior: f64,
    /// Logits above a typical pupil at equal activation.
    brought: f64,
    threshold: f64,
    /// In order of time.
    traces: Vec<Traces>,
    /// Day of the last traces, and how many there are in their block.
    last: (u16, usize),
    /// Where the traces of today begin, and the activation of all before, taken at the start of the day.
    earlier: Cell<Earlier>,
    /// The moment that was looked at last, in seconds, and the activation then.
    latest: Cell<(f64, f64)>,
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
fn active(traces: &[Traces], now: f64) -> f64 {
    let now = now as f32;
    // In lanes, so that the loop vectorises; the order of the sum is fixed.
    let mut lanes = [0.0f32; LANES];
    for block in traces {
        for (nth, lane) in lanes.iter_mut().enumerate() {
            let age = (now - block.time[nth]).max(YOUNGEST);
            let left = paceline::math::exp(-block.decay[nth] * paceline::math::ln(age));
            *lane += block.weight[nth] * left;
        }
    }
    f64::from(lanes.iter().sum::<f32>())
}

impl Skill {
    /// Traces of earlier days hardly decay within a lesson: they are summed once a day.
    fn activation(&self, at: Moment) -> f64 {
        let now = seconds(at);
        let (seen, activation) = self.latest.get();
        if seen == now {
            return activation;
        }
        let mut earlier = self.earlier.get();
        if earlier.day != at.day {
            let morning = f64::from(at.day) * DAY_SECONDS;
            let before = |block: &Traces| f64::from(block.time[0]) < morning;
            let first_of_today = self.traces.partition_point(before);
            earlier = Earlier {
                day: at.day,
                first_of_today,
                activation: active(&self.traces[..first_of_today], morning),
            };
            self.earlier.set(earlier);
        }
        let activation = earlier.activation + active(&self.traces[earlier.first_of_today..], now);
        self.latest.set((now, activation));
        activation
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
            weight: (share * dose * world.gain / GAIN) as f32,
        }
    }

    fn logit_at(&self, activation: f64) -> f64 {
        let active = math::ln(self.prior + activation);
        (active - self.threshold) / NOISE + self.brought
    }
}

impl Traces {
    fn put(&mut self, nth: usize, trace: Trace) {
        self.time[nth] = trace.time;
        self.decay[nth] = trace.decay;
        self.weight[nth] = trace.weight;
    }
}

/// The threshold: six typical traces, each laid down in peace, a month ago.
fn threshold(world: &World) -> f64 {
    libm::log(6.0) - world.decay * libm::log(30.0 * DAY_SECONDS)
}

impl SkillState for Skill {
    fn new(world: &World, prior: Prior) -> Self {
        let brought = BROUGHT * (prior.logit - world.initial);
        let threshold = threshold(world);
        Self {
            prior: libm::exp(threshold + NOISE * (prior.logit - brought)),
            brought,
            threshold,
            traces: Vec::new(),
            last: (0, LANES),
            latest: Cell::new((-1.0, 0.0)),
            earlier: Cell::new(Earlier {
                day: 0,
                first_of_today: 0,
                activation: 0.0,
            }),
        }
    }

    fn logit(&self, _: &World, at: Moment) -> f64 {
        self.logit_at(self.activation(at))
    }

    fn study(&mut self, world: &World, dose: f64, work: Work, at: Moment) {
        let trace = self.trace(world, (dose, work, at));
        let (day, taken) = self.last;
        let nth = if day == at.day && taken < LANES {
            taken
        } else {
            self.traces.push(Traces::default());
            0
        };
        if let Some(block) = self.traces.last_mut() {
            block.put(nth, trace);
        }
        self.last = (at.day, nth + 1);
        self.latest.set((-1.0, 0.0));
    }

    /// The same as by a copy, without the copy and without moving the day's sum.
    fn prospect(&self, world: &World, study: Study, then: Moment) -> f64 {
        let then = seconds(then);
        let before = active(&self.traces, then);
        let mut one = Traces::default();
        one.put(0, self.trace(world, study));
        let after = before + active(&[one], then);
        math::logistic(self.logit_at(after)) - math::logistic(self.logit_at(before))
    }
}

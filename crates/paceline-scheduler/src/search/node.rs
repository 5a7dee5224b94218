//! A prefix of a lesson with everything that the next step needs, flat, so that a copy is two moves of memory.

use crate::local::{Local, Marks};
use crate::value::{Branches, SkillState};

/// What the prefix has made of one skill.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Now {
    pub(super) stability_days: f32,
    pub(super) n_today: f32,
    pub(super) kappa: f32,
    pub(super) p_now: f32,
    pub(super) credit: f32,
    pub(super) branches: Branches,
    /// Share in which the prerequisites are in place.
    pub(super) ready: f32,
    /// Of practising it next: weight of the success branch and step of kappa.
    pub(super) recall: f32,
    pub(super) kappa_step: f32,
    /// Gain of practising it next, credit and information apart.
    pub(super) base: f32,
    /// What the skills practised along would gain from a sure success.
    pub(super) related: f32,
    pub(super) used: u16,
    pub(super) taught: bool,
    pub(super) touched_today: bool,
    /// Whether an activity of the prefix was on it.
    pub(super) touched: bool,
    /// Whether something hard stands before its lesson.
    pub(super) locked: bool,
}

/// A prefix of a lesson, with what it leaves to gain.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Skills of the activities, in order.
    pub(crate) moves: Vec<u16>,
    /// Gain and minutes of each.
    pub(super) parts: Vec<(f32, f32)>,
    /// Sum of gains.
    pub(crate) value: f32,
    /// Minutes left.
    pub(crate) left: f32,
    pub(super) other_left: f32,
    pub(super) lessons: u16,
    pub(super) last: [u16; 2],
    /// Length of the run that began with the last skill's lesson; 0 where it was not a lesson.
    pub(super) run: u8,
    /// Order-free fingerprint of the activities.
    pub(super) key: u64,
    /// Gain of the next activity of each skill.
    pub(crate) gains: Vec<f32>,
    /// Minutes of it; infinite where there is none.
    pub(crate) minutes: Vec<f32>,
    /// Gain per minute of what pays, else [`NEVER`].
    pub(super) rates: Vec<f32>,
    pub(super) now: Vec<Now>,
    /// What may come next in time, by gain per minute, best first, and the sums up to each.
    pub(super) ranked: Vec<Ranked>,
    /// Skills whose next activity is another than when it was last ranked.
    pub(super) changed: Marks,
    /// Value, and what the minutes left would fetch from what is ranked, split at will.
    pub(super) bound: f32,
}

/// The rate of what does not pay or fits no more.
pub(super) const NEVER: f32 = -1.0;

/// A next activity in its rank.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ranked {
    pub(super) rate: f32,
    pub(super) skill: u16,
    /// Minutes and gains of this and everything before it.
    pub(super) minutes: f32,
    pub(super) gains: f32,
}

impl Node {
    /// Becomes a copy of `other`, keeping its memory.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.copy_without_rank(other);
        self.ranked.clone_from(&other.ranked);
        self.changed = other.changed;
        self.bound = other.bound;
    }

    /// [`Node::copy_from`] where nothing will be ranked.
    pub(super) fn copy_without_rank(&mut self, other: &Self) {
        self.moves.clone_from(&other.moves);
        self.parts.clone_from(&other.parts);
        self.value = other.value;
        self.left = other.left;
        self.other_left = other.other_left;
        self.lessons = other.lessons;
        self.last = other.last;
        self.run = other.run;
        self.key = other.key;
        self.gains.clone_from(&other.gains);
        self.minutes.clone_from(&other.minutes);
        self.rates.clone_from(&other.rates);
        self.now.clone_from(&other.now);
        self.ranked.clear();
    }

    /// The state of a skill after the prefix.
    pub(crate) fn state(&self, local: &Local, skill: usize) -> SkillState {
        let (now, before) = (&self.now[skill], &local.skills[skill].state);
        SkillState {
            stability_days: now.stability_days,
            difficulty: if now.taught && !before.taught {
                local.lesson_difficulty
            } else {
                before.difficulty
            },
            elapsed_days: if now.touched {
                0.0
            } else {
                before.elapsed_days
            },
            n_today: now.n_today,
            kappa: now.kappa,
            p_now: now.p_now,
            credit: now.credit,
            taught: now.taught,
            touched_today: now.touched_today,
        }
    }

    /// Whether a skill is taught after the prefix.
    pub(crate) fn taught(&self, skill: usize) -> bool {
        self.now[skill].taught
    }

    /// Items of the skill that the prefix has used.
    pub(crate) fn used(&self, skill: usize) -> usize {
        usize::from(self.now[skill].used)
    }
}

/// The place of the largest rate, the first of equals; `None` where nothing pays.
///
/// Two passes without a branch in the first, which vectorises: a third of the time of one pass that keeps
/// the place. Shape: `[n]`.
pub(crate) fn best_rate(rates: &[f32]) -> Option<usize> {
    const LANES: usize = 16;
    let mut top = [NEVER; LANES];
    let (whole, rest) = rates.as_chunks::<LANES>();
    for chunk in whole {
        for (top, &rate) in top.iter_mut().zip(chunk) {
            *top = if *top < rate { rate } else { *top };
        }
    }
    for (top, &rate) in top.iter_mut().zip(rest) {
        *top = if *top < rate { rate } else { *top };
    }
    let best = top.iter().fold(NEVER, |a, &b| if a < b { b } else { a });
    if best <= 0.0 {
        return None;
    }
    // By whole chunks, each compared without a branch, then within one.
    let holds = |chunk: &[f32; LANES]| chunk.iter().fold(false, |any, &rate| any | (rate == best));
    let from = LANES * whole.iter().position(holds).unwrap_or(whole.len());
    let within = rates[from..].iter().position(|&rate| rate == best)?;
    Some(from + within)
}

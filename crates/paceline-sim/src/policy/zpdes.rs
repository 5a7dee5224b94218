//! ZPDES, after Clement, Roy, Oudeyer & Lopes (2015): a bandit that follows learning progress.
//!
//! Active skills carry a weight that moves toward the recent rise in success; one is drawn in proportion
//! to its weight, with a share at random. Success above a bound retires a skill and activates those that need it.

use std::collections::VecDeque;

use super::Policy;
use super::ledger::Ledger;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Now, Observation};

/// Answers compared: the last half against the half before.
const WINDOW: usize = 8;
const KEEP: f64 = 0.8;
const LEARN: f64 = 0.2;
const EXPLORE: f64 = 0.2;
/// Share right in the window above which a skill retires, and above which it opens what needs it.
const RETIRES: f64 = 0.9;
const OPENS: f64 = 0.6;
/// Lowest weight of an active skill; also what a new one starts from, doubled.
const FLOOR: f64 = 0.05;

pub(super) struct Zpdes<'a> {
    ledger: Ledger<'a>,
    weights: Vec<f64>,
    recent: Vec<VecDeque<bool>>,
}

impl<'a> Zpdes<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, calendar: Calendar, draws: Draws) -> Self {
        let n = curriculum.n_skills();
        Self {
            ledger: Ledger::new(curriculum, calendar, draws),
            weights: vec![2.0 * FLOOR; n],
            recent: vec![VecDeque::with_capacity(WINDOW + 1); n],
        }
    }

    fn share_right(&self, skill: usize) -> f64 {
        let recent = &self.recent[skill];
        let right = recent.iter().filter(|&&right| right).count();
        right as f64 / recent.len().max(1) as f64
    }

    fn opens(&self, skill: usize) -> bool {
        self.recent[skill].len() >= WINDOW / 2 && self.share_right(skill) >= OPENS
    }

    fn active(&self, now: Now) -> Vec<usize> {
        let n = self.ledger.year(now).end;
        let needs = |k: usize| &self.ledger.curriculum.skills[k].needs;
        let open = |&k: &usize| needs(k).iter().all(|&(p, _)| self.opens(p as usize));
        let retired = |k: usize| self.recent[k].len() >= WINDOW && self.share_right(k) >= RETIRES;
        let zone: Vec<usize> = (0..n).filter(open).filter(|&k| !retired(k)).collect();
        if zone.is_empty() {
            (0..n).filter(open).collect()
        } else {
            zone
        }
    }

    /// Rise of the share right from the older half of the window to the newer.
    fn progress(&self, skill: usize) -> f64 {
        let recent = &self.recent[skill];
        let half = recent.len() / 2;
        if half == 0 {
            return 0.0;
        }
        let share = |range: std::ops::Range<usize>| {
            let n = range.len() as f64;
            recent.range(range).filter(|&&right| right).count() as f64 / n
        };
        share(recent.len() - half..recent.len()) - share(0..half)
    }
}

impl Policy for Zpdes<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        let active = self.active(now);
        let total: f64 = active.iter().map(|&k| self.weights[k]).sum();
        let mut left = self.ledger.uniform(1, now) * total;
        let by_weight = active.iter().copied().find(|&k| {
            left -= self.weights[k];
            left <= 0.0
        });
        let explores = self.ledger.uniform(0, now) < EXPLORE;
        let by_lot = active.get(self.ledger.below(2, now, active.len())).copied();
        let skill = if explores {
            by_lot
        } else {
            by_weight.or(by_lot)
        }?;
        Some(self.ledger.teach(skill, now))
    }

    fn observe(&mut self, activity: Activity, seen: Observation, _: Now) {
        self.ledger.observe(activity, seen);
        let Some(right) = seen.right else { return };
        let skill = activity.skill as usize;
        self.recent[skill].push_back(right);
        if self.recent[skill].len() > WINDOW {
            self.recent[skill].pop_front();
        }
        let weight = KEEP * self.weights[skill] + LEARN * self.progress(skill);
        self.weights[skill] = weight.max(FLOOR);
    }
}

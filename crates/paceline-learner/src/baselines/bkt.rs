//! Bayesian knowledge tracing, one hidden Markov model a skill, fitted by EM (Baum & Welch).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Mapped;

const ITERATIONS: usize = 20;

/// The four probabilities of each skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bkt {
    known: Vec<f32>,
    learn: Vec<f32>,
    guess: Vec<f32>,
    slip: Vec<f32>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Skill {
    pub(super) known: f64,
    pub(super) learn: f64,
    pub(super) guess: f64,
    pub(super) slip: f64,
}

impl Skill {
    pub(super) const START: Self = Self {
        known: 0.5,
        learn: 0.1,
        guess: 0.25,
        slip: 0.1,
    };

    fn p_right(&self, known: f64) -> f64 {
        known * (1.0 - self.slip) + (1.0 - known) * self.guess
    }

    fn after(&self, known: f64, right: bool) -> f64 {
        let (if_known, if_not) = if right {
            (1.0 - self.slip, self.guess)
        } else {
            (self.slip, 1.0 - self.guess)
        };
        let joint = known * if_known;
        let posterior = joint / (joint + (1.0 - known) * if_not).max(1e-12);
        posterior + (1.0 - posterior) * self.learn
    }

    /// EM over the sequences of a skill; one pseudo-count of each probability's start keeps skills
    /// of few answers sane.
    pub(super) fn fit(sequences: &[Vec<bool>]) -> Self {
        let mut skill = Self::START;
        for _ in 0..ITERATIONS {
            let mut sums = Sums::default();
            for sequence in sequences {
                sums.add(&skill, sequence);
            }
            let ratio = |(part, whole): (f64, f64), start: f64| {
                ((part + start) / (whole + 1.0)).clamp(0.001, 0.999)
            };
            skill = Self {
                known: ratio(sums.known, Self::START.known),
                learn: ratio(sums.learn, Self::START.learn),
                guess: ratio(sums.guess, Self::START.guess),
                slip: ratio(sums.slip, Self::START.slip),
            };
        }
        skill
    }
}

/// Expected counts: of what happened, and of what could have.
#[derive(Default)]
struct Sums {
    known: (f64, f64),
    learn: (f64, f64),
    guess: (f64, f64),
    slip: (f64, f64),
    forward: Vec<f64>,
}

impl Sums {
    fn add(&mut self, skill: &Skill, sequence: &[bool]) {
        let emission = |right: bool| {
            if right {
                (1.0 - skill.slip, skill.guess)
            } else {
                (skill.slip, 1.0 - skill.guess)
            }
        };
        // forward[t] = P(known at t | answers before t).
        self.forward.clear();
        let mut known = skill.known;
        for &right in sequence {
            self.forward.push(known);
            known = skill.after(known, right);
        }
        // Backward likelihoods of the answers after t, given known and not, scaled to sum to one.
        let (mut after_known, mut after_not) = (0.5, 0.5);
        for (t, &right) in sequence.iter().enumerate().rev() {
            let (if_known, if_not) = emission(right);
            let p = self.forward[t];
            let (a, b) = (p * if_known * after_known, (1.0 - p) * if_not * after_not);
            let posterior = a / (a + b).max(1e-300);
            if right {
                self.guess.0 += 1.0 - posterior;
            } else {
                self.slip.0 += posterior;
            }
            self.guess.1 += 1.0 - posterior;
            self.slip.1 += posterior;
            if t == 0 {
                self.known.0 += posterior;
                self.known.1 += 1.0;
                break;
            }
            // What the answers from t on say about the state at t, and through learning about t - 1.
            let (like_known, like_not) = (if_known * after_known, if_not * after_not);
            let (was_known, was_not) = (
                like_known,
                skill.learn * like_known + (1.0 - skill.learn) * like_not,
            );
            let (prev_known, prev_not) = emission(sequence[t - 1]);
            let q = self.forward[t - 1];
            let from_not = (1.0 - q) * prev_not;
            let total = q * prev_known * was_known + from_not * was_not;
            self.learn.0 += from_not * skill.learn * like_known / total.max(1e-300);
            self.learn.1 += from_not * was_not / total.max(1e-300);
            let scale = 1.0 / (was_known + was_not).max(1e-300);
            (after_known, after_not) = (was_known * scale, was_not * scale);
        }
    }
}

impl Bkt {
    pub(super) fn skills(&self) -> usize {
        let n = self.known.len();
        let same = [&self.learn, &self.guess, &self.slip]
            .iter()
            .all(|column| column.len() == n);
        if same { n } else { usize::MAX }
    }

    pub(super) fn fit(log: &Mapped<'_>, n_skills: usize) -> Self {
        let mut sequences: Vec<Vec<Vec<bool>>> = vec![Vec::new(); n_skills];
        let mut last = vec![usize::MAX; n_skills];
        for who in 0..log.learners() {
            log.rows(who, |_, skills, right| {
                for &skill in skills {
                    let skill = skill as usize;
                    if last[skill] != who {
                        last[skill] = who;
                        sequences[skill].push(Vec::new());
                    }
                    if let Some(sequence) = sequences[skill].last_mut() {
                        sequence.push(right);
                    }
                }
            });
        }
        let skills: Vec<Skill> = sequences.par_iter().map(|s| Skill::fit(s)).collect();
        let column = |f: fn(&Skill) -> f64| skills.iter().map(|s| f(s) as f32).collect();
        Self {
            known: column(|s| s.known),
            learn: column(|s| s.learn),
            guess: column(|s| s.guess),
            slip: column(|s| s.slip),
        }
    }

    fn skill(&self, skill: u32) -> Skill {
        let at = skill as usize;
        if at >= self.known.len() {
            return Skill::START;
        }
        Skill {
            known: f64::from(self.known[at]),
            learn: f64::from(self.learn[at]),
            guess: f64::from(self.guess[at]),
            slip: f64::from(self.slip[at]),
        }
    }

    /// The mean over the row's skills; each is then updated on its own.
    pub(super) fn predict(&self, log: &Mapped<'_>) -> Vec<f32> {
        log.predict(
            || (vec![-1.0_f64; log.n_skills], Vec::<u32>::new()),
            |(known, touched)| {
                for skill in touched.drain(..) {
                    known[skill as usize] = -1.0;
                }
            },
            |(known, touched), _, skills, right| {
                let mut sum = 0.0;
                for &at in skills {
                    let skill = self.skill(at);
                    let cell = &mut known[at as usize];
                    if *cell < 0.0 {
                        *cell = skill.known;
                        touched.push(at);
                    }
                    sum += skill.p_right(*cell);
                    *cell = skill.after(*cell, right);
                }
                (sum / skills.len() as f64) as f32
            },
        )
    }
}

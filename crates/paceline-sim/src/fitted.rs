//! The numbers of family E, and how they come out of a real answer log.

use paceline::log::AnswerLog;
use paceline::time::DAY_SECONDS;
use serde::{Deserialize, Serialize};

use crate::SimError;

/// What a log says of learning: a hidden state for each learner and skill, with an effect for each learner.
///
/// Stored as JSON. The default was fitted to KDD Cup 2010's Algebra I 2005-06 (the 90 learners of a split by
/// learner, 101,043 answers, with real times).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// Log-odds that a typical learner knows a skill before its first answer.
    pub known_logit: f64,
    /// Log-odds of a right answer of a typical learner where the skill is known.
    pub right_known_logit: f64,
    /// The same where it is not, or has lapsed.
    pub right_unknown_logit: f64,
    /// SD of the learner's effect on both.
    pub student_sd: f64,
    /// Chance that an opportunity makes an unknown skill known, 0 to 1.
    pub p_learn: f64,
    /// Hazard of a known skill's lapse after practice on one day, per day.
    pub lapse_per_day: f64,
    /// Power of the number of days practised by which a skill lasts longer.
    pub firming: f64,
}

impl Default for Fitted {
    fn default() -> Self {
        Self {
            known_logit: -0.2,
            right_known_logit: 2.15,
            right_unknown_logit: -0.12,
            student_sd: 0.363,
            p_learn: 0.042,
            lapse_per_day: 0.0278,
            firming: 0.44,
        }
    }
}

/// Nodes and weights of the learner's effect in SD: seven-point Gauss-Hermite (Abramowitz & Stegun 25.10, for the
/// standard normal).
const NODES: [(f64, f64); 7] = [
    (-3.750_439_717_725_742, 5.482_688_559_722_179e-4),
    (-2.366_759_410_734_541, 0.030_757_123_967_586),
    (-1.154_405_394_739_968, 0.240_123_178_605_012_7),
    (0.0, 0.457_142_857_142_857_1),
    (1.154_405_394_739_968, 0.240_123_178_605_012_7),
    (2.366_759_410_734_541, 0.030_757_123_967_586),
    (3.750_439_717_725_742, 5.482_688_559_722_179e-4),
];
/// Smallest step of the search, in the units of the coordinates.
const FINEST: f64 = 0.01;

/// The answers of one learner on one skill: days since the one before, and whether right.
type Sequence = Vec<(u16, bool)>;

impl Fitted {
    /// Reads the numbers from JSON.
    ///
    /// # Errors
    ///
    /// [`SimError::Fitted`] where they are no seven finite numbers in their ranges.
    pub fn from_json(text: &str) -> Result<Self, SimError> {
        let refused = |why: String| SimError::Fitted { why };
        let fitted: Self =
            serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
        let checks = [
            ("student_sd", fitted.student_sd, 0.0, 5.0),
            ("p_learn", fitted.p_learn, 0.0, 0.99),
            ("lapse_per_day", fitted.lapse_per_day, 0.0, 10.0),
            ("firming", fitted.firming, 0.0, 5.0),
            ("known_logit", fitted.known_logit, -10.0, 10.0),
            ("right_known_logit", fitted.right_known_logit, -10.0, 10.0),
            (
                "right_unknown_logit",
                fitted.right_unknown_logit,
                -10.0,
                10.0,
            ),
        ];
        for (name, found, low, high) in checks {
            if !(low..=high).contains(&found) {
                return Err(refused(format!(
                    "{name} is {found}; wanted {low} to {high}"
                )));
            }
        }
        Ok(fitted)
    }

    /// The numbers as JSON, one a line.
    ///
    /// # Errors
    ///
    /// [`SimError::Fitted`] where a number is not finite.
    pub fn to_json(&self) -> Result<String, SimError> {
        serde_json::to_string_pretty(self).map_err(|error| SimError::Fitted {
            why: error.to_string(),
        })
    }

    /// Fits the numbers to a log by maximum likelihood, and says the mean log-likelihood per answer.
    ///
    /// A set of skills counts as one skill. A pattern search from the default, so a pure function of the log.
    ///
    /// # Errors
    ///
    /// [`SimError::Empty`] where the log has no answer.
    pub fn fit(log: &AnswerLog) -> Result<(Self, f64), SimError> {
        let learners = sequences(log);
        if learners.is_empty() {
            return Err(SimError::Empty { what: "answers" });
        }
        let mut at = Self::default().coordinates();
        let mut best = likelihood(&learners, &Self::at(at));
        let mut step = 0.64;
        while step >= FINEST {
            let before = best;
            for coordinate in 0..at.len() {
                for direction in [step, -step] {
                    let mut other = at;
                    other[coordinate] += direction;
                    let found = likelihood(&learners, &Self::at(other));
                    if found > best {
                        (best, at) = (found, other);
                        break;
                    }
                }
            }
            if best - before < 1e-4 * before.abs() * step {
                step /= 2.0;
            }
        }
        Ok((Self::at(at), best / log.rows() as f64))
    }

    /// As unbounded coordinates.
    fn coordinates(&self) -> [f64; 7] {
        [
            self.known_logit,
            self.right_known_logit,
            self.right_unknown_logit,
            libm::log(self.student_sd),
            libm::log(self.p_learn / (1.0 - self.p_learn)),
            libm::log(self.lapse_per_day),
            self.firming,
        ]
    }

    fn at([known, right, wrong, sd, learn, lapse, firming]: [f64; 7]) -> Self {
        Self {
            known_logit: known.clamp(-8.0, 8.0),
            right_known_logit: right.clamp(-8.0, 8.0),
            right_unknown_logit: wrong.clamp(-8.0, 8.0).min(right),
            student_sd: libm::exp(sd).min(4.0),
            p_learn: logistic(learn).min(0.95),
            lapse_per_day: libm::exp(lapse).clamp(1e-6, 5.0),
            firming: firming.clamp(0.0, 3.0),
        }
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// Learner by learner the sequences of its skills.
fn sequences(log: &AnswerLog) -> Vec<Vec<Sequence>> {
    let n_sets = log.sets().len();
    let of_learner = |learner: usize| {
        let answers = log.answers(learner);
        let mut by_set: Vec<(Sequence, u32)> = vec![(Sequence::new(), 0); n_sets];
        for ((&set, &seconds), &right) in answers.set.iter().zip(answers.seconds).zip(answers.right)
        {
            let (sequence, last) = &mut by_set[set as usize];
            let gap = if sequence.is_empty() {
                0
            } else {
                i64::from(seconds.saturating_sub(*last)) / DAY_SECONDS
            };
            sequence.push((gap.min(i64::from(u16::MAX)) as u16, right));
            *last = seconds;
        }
        let met = by_set.into_iter().map(|(sequence, _)| sequence);
        met.filter(|sequence| !sequence.is_empty()).collect()
    };
    (0..log.learners().len()).map(of_learner).collect()
}

/// Log-likelihood of all answers.
fn likelihood(learners: &[Vec<Sequence>], fitted: &Fitted) -> f64 {
    let of_learner = |sequences: &Vec<Sequence>| {
        let by_node = NODES.map(|(z, weight)| {
            let node = Node::new(fitted, z);
            let sum: f64 = sequences
                .iter()
                .map(|sequence| node.likelihood(sequence))
                .sum();
            libm::log(weight) + sum
        });
        let most = by_node.into_iter().fold(f64::NEG_INFINITY, f64::max);
        most + libm::log(by_node.into_iter().map(|l| libm::exp(l - most)).sum())
    };
    learners.iter().map(of_learner).sum()
}

/// The model of a learner whose effect is known.
struct Node<'f> {
    fitted: &'f Fitted,
    p_known: f64,
    p_right: [f64; 2],
}

impl<'f> Node<'f> {
    fn new(fitted: &'f Fitted, z: f64) -> Self {
        let effect = fitted.student_sd * z;
        Self {
            fitted,
            p_known: logistic(fitted.known_logit + z),
            p_right: [
                logistic(fitted.right_unknown_logit + effect),
                logistic(fitted.right_known_logit + effect),
            ],
        }
    }

    /// The forward pass over unknown, lapsed and known.
    fn likelihood(&self, sequence: &Sequence) -> f64 {
        let (mut known, mut lapsed) = (self.p_known, 0.0);
        let mut days = 1.0f64;
        let mut sum = 0.0;
        for &(gap, right) in sequence {
            if gap > 0 {
                let life = libm::pow(days, self.fitted.firming);
                let stays = libm::exp(-self.fitted.lapse_per_day * f64::from(gap) / life);
                lapsed += known * (1.0 - stays);
                known *= stays;
                days += 1.0;
            }
            let [when_not, when_known] = self.p_right.map(|p| if right { p } else { 1.0 - p });
            let p = known * when_known + (1.0 - known) * when_not;
            sum += libm::log(p.max(1e-12));
            let (after, fell) = (known * when_known / p, lapsed * when_not / p);
            // Practice restores what has lapsed and teaches some of what was never known.
            known = after + fell + self.fitted.p_learn * (1.0 - after - fell);
            lapsed = 0.0;
        }
        sum
    }
}

#[cfg(test)]
mod tests;

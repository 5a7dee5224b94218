//! An additive-factors model, fitted to a log without any knowledge of what wrote it.
//!
//! `logit P(right) = pupil + skill + slope * opportunities` (Cen, Koedinger & Junker 2006), pupils and skills with
//! a normal prior of SD 1.5, by coordinate-wise Newton steps.

use crate::math;

/// One answer of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) pupil: u32,
    pub(crate) skill: u32,
    /// Answers by this pupil on this skill before.
    pub(crate) opportunity: u32,
    pub(crate) right: bool,
}

/// What the fit found, logits.
#[derive(Clone, Debug)]
pub(crate) struct Afm {
    /// Shape: `[n_pupils]`, mean 0.
    pub(crate) pupils: Vec<f64>,
    /// Shape: `[n_skills]`.
    pub(crate) skills: Vec<f64>,
    pub(crate) slope: f64,
}

const SWEEPS: usize = 25;
const PRIOR_PRECISION: f64 = 1.0 / (1.5 * 1.5);

impl Afm {
    /// Fits `answers`; indexes beyond the counts given are left out.
    pub(crate) fn fit(answers: &[Answer], n_pupils: usize, n_skills: usize) -> Self {
        let mut afm = Afm {
            pupils: vec![0.0; n_pupils],
            skills: vec![0.0; n_skills],
            slope: 0.0,
        };
        let known = |answer: &&Answer| {
            (answer.pupil as usize) < n_pupils && (answer.skill as usize) < n_skills
        };
        let answers: Vec<Answer> = answers.iter().filter(known).copied().collect();
        for _ in 0..SWEEPS {
            let steps = afm.steps(&answers, n_pupils, |answer| (answer.pupil as usize, 1.0));
            step(&mut afm.pupils, &steps, 0.0);
            let steps = afm.steps(&answers, n_skills, |answer| (answer.skill as usize, 1.0));
            let centre = mean(&afm.skills);
            step(&mut afm.skills, &steps, centre);
            let steps = afm.steps(&answers, 1, |answer| (0, f64::from(answer.opportunity)));
            let (gradient, curvature) = steps[0];
            afm.slope += gradient / curvature.max(1e-9);
            let shift = mean(&afm.pupils);
            afm.pupils.iter_mut().for_each(|pupil| *pupil -= shift);
            afm.skills.iter_mut().for_each(|skill| *skill += shift);
        }
        afm
    }

    /// Gradient and curvature of the log-likelihood in each of `n` coefficients; `term` says which one an answer
    /// has and with what factor.
    fn steps(
        &self,
        answers: &[Answer],
        n: usize,
        term: impl Fn(&Answer) -> (usize, f64),
    ) -> Vec<(f64, f64)> {
        let mut steps = vec![(0.0, 0.0); n];
        for answer in answers {
            let p = math::logistic(
                self.pupils[answer.pupil as usize]
                    + self.skills[answer.skill as usize]
                    + self.slope * f64::from(answer.opportunity),
            );
            let (at, factor) = term(answer);
            let (gradient, curvature) = &mut steps[at];
            *gradient += factor * (f64::from(u8::from(answer.right)) - p);
            *curvature += factor * factor * p * (1.0 - p);
        }
        steps
    }
}

fn step(values: &mut [f64], steps: &[(f64, f64)], centre: f64) {
    for (value, &(gradient, curvature)) in values.iter_mut().zip(steps) {
        let pull = PRIOR_PRECISION * (centre - *value);
        *value += (gradient + pull) / (curvature + PRIOR_PRECISION);
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

//! An item's curves in the coordinates that calibration moves in: thresholds, ln a, logit c, logit d.
//!
//! In them every value is allowed, beliefs are normal, and one kind of step serves all models.

use paceline_core::math;
use paceline_core::math::wide::{exp, ln, logistic, logit};

use super::{ItemCurve, Model};
use crate::irt::{Curve, GradedCurve, GradedModel};

/// What an item's parameters are and which of them are estimated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) family: Family,
    /// Scores above 0.
    pub(super) n_thresholds: usize,
    /// Whether ln a is a parameter; otherwise a = 1.
    pub(super) discriminates: bool,
    /// Whether logit c is; otherwise c = 0.
    pub(super) guesses: bool,
    /// Whether logit d is; otherwise d = 1.
    pub(super) slips: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Family {
    Logistic,
    Graded(GradedModel),
}

/// What a parameter is, for its prior and its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Threshold,
    LogDiscrimination,
    GuessLogit,
    SlipLogit,
}

/// An item's probabilities and log-derivatives at every node.
#[derive(Default)]
pub(super) struct Curves {
    /// Shape: `[n_scores, n_nodes]`.
    pub(super) p: Vec<f64>,
    /// d ln p by parameter. Shape: `[n_parameters, n_scores, n_nodes]`.
    pub(super) score: Vec<f64>,
    shifted: Vec<f32>,
}

/// Probabilities are kept above this, so that logarithms are finite.
const P_MIN: f64 = 1e-30;

impl Shape {
    pub(super) fn new(model: Model, graded: GradedModel, n_scores: usize) -> Self {
        let binary = n_scores == 2;
        let family = if binary {
            Family::Logistic
        } else {
            Family::Graded(graded)
        };
        Self {
            family,
            n_thresholds: n_scores - 1,
            discriminates: model != Model::OneParameter,
            guesses: binary && matches!(model, Model::ThreeParameter | Model::FourParameter),
            slips: binary && model == Model::FourParameter,
        }
    }

    /// The shape and parameters of a known curve.
    pub(super) fn of_curve(curve: &ItemCurve) -> (Self, Vec<f64>) {
        let plain = Self {
            family: Family::Logistic,
            n_thresholds: 1,
            discriminates: true,
            guesses: false,
            slips: false,
        };
        match curve {
            ItemCurve::RightOrWrong(Curve { a, b, c, d }) => {
                let (guesses, slips) = (*c > 0.0, *d < 1.0);
                let mut parameters = vec![*b, ln(*a)];
                parameters.extend(guesses.then(|| logit(*c)));
                parameters.extend(slips.then(|| logit(*d)));
                let shape = Self {
                    guesses,
                    slips,
                    ..plain
                };
                (shape, parameters)
            }
            ItemCurve::Graded(GradedCurve { model, a, b }) => {
                let shape = Self {
                    family: Family::Graded(*model),
                    n_thresholds: b.len(),
                    ..plain
                };
                (shape, b.iter().copied().chain([ln(*a)]).collect())
            }
        }
    }

    pub(super) fn n_scores(&self) -> usize {
        self.n_thresholds + 1
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = Role> + '_ {
        let others = [
            (self.discriminates, Role::LogDiscrimination),
            (self.guesses, Role::GuessLogit),
            (self.slips, Role::SlipLogit),
        ];
        std::iter::repeat_n(Role::Threshold, self.n_thresholds).chain(
            others
                .into_iter()
                .filter_map(|(is_free, role)| is_free.then_some(role)),
        )
    }

    pub(super) fn n_parameters(&self) -> usize {
        self.roles().count()
    }

    fn place(&self, role: Role) -> Option<usize> {
        self.roles().position(|own| own == role)
    }

    fn value(&self, parameters: &[f64], role: Role) -> Option<f64> {
        self.place(role).map(|i| parameters[i])
    }

    /// a, c, d.
    pub(super) fn asymptotes(&self, parameters: &[f64]) -> (f64, f64, f64) {
        (
            self.value(parameters, Role::LogDiscrimination)
                .map_or(1.0, exp),
            self.value(parameters, Role::GuessLogit)
                .map_or(0.0, logistic),
            self.value(parameters, Role::SlipLogit)
                .map_or(1.0, logistic),
        )
    }

    /// Fills `curves` at the nodes.
    pub(super) fn fill(&self, parameters: &[f64], nodes: &[f64], curves: &mut Curves) {
        let size = self.n_scores() * nodes.len();
        curves.p.resize(size, 0.0);
        curves.score.resize(size * self.n_parameters(), 0.0);
        match self.family {
            Family::Logistic => self.fill_logistic(parameters, nodes, curves),
            Family::Graded(model) => self.fill_graded(model, parameters, nodes, curves),
        }
    }

    fn fill_logistic(&self, parameters: &[f64], nodes: &[f64], curves: &mut Curves) {
        let (a, c, d) = self.asymptotes(parameters);
        let b = parameters[0];
        // f32 and branch-free, so this loop vectorises.
        curves.shifted.clear();
        let shifted = nodes
            .iter()
            .map(|x| math::exp(-((a * (x - b)).abs() as f32)));
        curves.shifted.extend(shifted);
        let n = nodes.len();
        let (p_wrong, p_right) = curves.p.split_at_mut(n);
        let place = |role| self.place(role).map(|i| i * 2 * n);
        let (a_at, c_at, d_at) = (
            place(Role::LogDiscrimination),
            place(Role::GuessLogit),
            place(Role::SlipLogit),
        );
        for (q, x) in nodes.iter().enumerate() {
            let small = f64::from(curves.shifted[q]);
            let (near, far) = (1.0 / (1.0 + small), small / (1.0 + small));
            let (s, u) = if *x >= b { (near, far) } else { (far, near) };
            let right = (c + (d - c) * s).max(P_MIN);
            let wrong = ((1.0 - d) + (d - c) * u).max(P_MIN);
            (p_right[q], p_wrong[q]) = (right, wrong);
            let mut put = |at: usize, dp: f64| {
                curves.score[at + q] = -dp / wrong;
                curves.score[at + n + q] = dp / right;
            };
            let by_line = (d - c) * s * u;
            put(0, -a * by_line);
            if let Some(at) = a_at {
                put(at, a * (x - b) * by_line);
            }
            if let Some(at) = c_at {
                put(at, c * (1.0 - c) * u);
            }
            if let Some(at) = d_at {
                put(at, d * (1.0 - d) * s);
            }
        }
    }

    fn fill_graded(
        &self,
        model: GradedModel,
        parameters: &[f64],
        nodes: &[f64],
        curves: &mut Curves,
    ) {
        let (a, ..) = self.asymptotes(parameters);
        let b = &parameters[..self.n_thresholds];
        for (q, x) in nodes.iter().enumerate() {
            let mut at = Node {
                curves,
                q,
                n_nodes: nodes.len(),
                n_scores: self.n_scores(),
            };
            match model {
                GradedModel::GradedResponse => at.graded_response(a, b, *x),
                GradedModel::PartialCredit => at.partial_credit(a, b, *x),
            }
        }
    }

    /// Where the shares of the scores alone put the item, shrunk so that all-right is finite.
    ///
    /// Shape of `counts`: `[n_scores]`.
    pub(super) fn first_guess(&self, counts: &[u32]) -> Vec<f64> {
        let n: f64 = counts.iter().map(|&n| f64::from(n)).sum();
        let mut above = n;
        let threshold = |count: &u32| {
            above -= f64::from(*count);
            let share = (above + 0.5) / (n + 1.0);
            // 1.2 undoes the flattening by abilities of variance 1.
            -1.2 * logit(share)
        };
        let mut parameters: Vec<f64> = counts[..self.n_thresholds].iter().map(threshold).collect();
        for i in 1..self.n_thresholds {
            parameters[i] = parameters[i].max(parameters[i - 1] + 0.01);
        }
        parameters.extend(self.roles().skip(self.n_thresholds).map(|role| match role {
            Role::Threshold | Role::LogDiscrimination => 0.0,
            Role::GuessLogit => -2.0,
            Role::SlipLogit => 3.5,
        }));
        parameters
    }

    /// Whether a leap may end here.
    pub(super) fn is_plausible(&self, parameters: &[f64]) -> bool {
        let inside = |(&x, role): (&f64, Role)| {
            let (low, high, _) = role.bounds();
            (low..=high).contains(&x)
        };
        parameters.iter().zip(self.roles()).all(inside) && self.is_ordered(parameters)
    }

    /// Whether the thresholds are in an order that the family allows.
    pub(super) fn is_ordered(&self, parameters: &[f64]) -> bool {
        self.family != Family::Graded(GradedModel::GradedResponse)
            || parameters[..self.n_thresholds]
                .windows(2)
                .all(|pair| pair[1] - pair[0] > 1e-3)
    }

    pub(super) fn curve(&self, parameters: &[f64]) -> ItemCurve {
        let (a, c, d) = self.asymptotes(parameters);
        match self.family {
            Family::Logistic => ItemCurve::RightOrWrong(Curve {
                a,
                b: parameters[0],
                c,
                d,
            }),
            Family::Graded(model) => ItemCurve::Graded(GradedCurve {
                model,
                a,
                b: parameters[..self.n_thresholds].to_vec(),
            }),
        }
    }
}

/// One node's cells of a graded item's curves. With discrimination fixed its derivatives have no cells.
struct Node<'a> {
    curves: &'a mut Curves,
    q: usize,
    n_nodes: usize,
    n_scores: usize,
}

impl Node<'_> {
    fn put_score(&mut self, parameter: usize, score: usize, value: f64) {
        let at = (parameter * self.n_scores + score) * self.n_nodes + self.q;
        if let Some(cell) = self.curves.score.get_mut(at) {
            *cell = value;
        }
    }

    /// `P(score >= k) = sigma(a (x - b_k))`, differences taken on the side where they do not cancel.
    fn graded_response(&mut self, a: f64, b: &[f64], x: f64) {
        let bound = |k: usize| match k.checked_sub(1) {
            None => (1.0, 0.0, 0.0),
            Some(i) if i == b.len() => (0.0, 1.0, 0.0),
            Some(i) => {
                let z = a * (x - b[i]);
                (logistic(z), logistic(-z), z)
            }
        };
        for k in 0..self.n_scores {
            let ((s, u, z), (s_next, u_next, z_next)) = (bound(k), bound(k + 1));
            let p = if s + s_next > 1.0 {
                u_next - u
            } else {
                s - s_next
            }
            .max(P_MIN);
            self.curves.p[k * self.n_nodes + self.q] = p;
            for i in 0..b.len() {
                let dp = match i {
                    _ if i + 1 == k => -a * s * u,
                    _ if i == k => a * s_next * u_next,
                    _ => 0.0,
                };
                self.put_score(i, k, dp / p);
            }
            self.put_score(b.len(), k, (z * s * u - z_next * s_next * u_next) / p);
        }
    }

    /// `P(k) ~ exp(z_k)`, `z_k = sum_(j <= k) a (x - b_j)`.
    fn partial_credit(&mut self, a: f64, b: &[f64], x: f64) {
        let mut z = vec![0.0; self.n_scores];
        for (k, b) in b.iter().enumerate() {
            z[k + 1] = z[k] + a * (x - b);
        }
        let top = z.iter().copied().fold(f64::MIN, f64::max);
        let weights: Vec<f64> = z.iter().map(|z| exp(z - top)).collect();
        let total: f64 = weights.iter().sum();
        let p = |k: usize| (weights[k] / total).max(P_MIN);
        let mean: f64 = (0..self.n_scores).map(|k| p(k) * z[k]).sum();
        let mut reached = 1.0;
        for i in 0..b.len() {
            reached -= p(i);
            for k in 0..self.n_scores {
                let own = if k > i { 1.0 } else { 0.0 };
                self.put_score(i, k, a * (reached - own));
            }
        }
        for (k, z) in z.iter().enumerate() {
            self.curves.p[k * self.n_nodes + self.q] = p(k);
            self.put_score(b.len(), k, z - mean);
        }
    }
}

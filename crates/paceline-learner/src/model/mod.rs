//! A fitted model as it is kept: weights by external ids, with where they came from.
//!
//! Version 1. As TOML for people and as bytes (a version number, then postcard) for programs; both hold
//! the same numbers. [`Model::bind`] turns it into the [`Rlkt`] of one bank version: what the bank
//! renamed, added or removed is followed, and told in a [`BindReport`].

use paceline_core::log::AnswerLog;
use serde::{Deserialize, Serialize};

use crate::baselines::Baselines;
use crate::fit::Easiness;
use crate::knowledge::{Dense, Dynamics, EasinessUse, Layout, N_DENSE, Rlkt, Variant, set_key};
use crate::knowledge::{ITEM_RETRIES, ITEM_SLOPES, SET_RETRIES, SKILL_SLOPES};

#[cfg(test)]
mod tests;

const FORMAT: u8 = 1;

/// Why a model file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The version is not one that this release reads.
    #[error("model has format {found}, wanted {FORMAT}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// The content is not a model.
    #[error("model is damaged: {0}")]
    Damaged(String),
}

/// Where a model comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Rows it was fitted to.
    pub rows: u64,
    /// Learners they are of.
    pub learners: u64,
    /// Earliest time in the log.
    pub first_seconds: u32,
    /// Latest time in the log.
    pub last_seconds: u32,
    /// Iterations of the optimiser.
    pub iterations: u32,
    /// Evaluations of the loss.
    pub evaluations: u32,
    /// Penalised log loss per row at the end.
    pub loss_per_row: f64,
    /// Largest gradient component at the end, in scaled variables.
    pub gradient: f64,
    /// Why the optimiser ended.
    pub ended: String,
}

/// Weights for what follows what, one or two rows later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Between skill sets; else between items.
    pub of_sets: bool,
    /// Rows between the two: 1 or 2.
    pub lag: u8,
    /// The earlier item or set, as an index of the model.
    pub before: u32,
    /// The later one.
    pub after: u32,
    /// Added to the logit whatever the earlier outcome.
    pub alpha: f32,
    /// Added if the earlier answer was right, subtracted if it was wrong.
    pub beta: f32,
}

/// A fitted model, keyed by external ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    format: u8,
    /// Which form.
    pub variant: Variant,
    bias: f32,
    dense: Vec<f32>,
    /// Standard deviations of the dense features in the log, in the order of the variant's list.
    spread: Vec<f32>,
    skills: Vec<String>,
    items: Vec<String>,
    sets: Vec<Vec<u32>>,
    item: Vec<f32>,
    skill: Vec<f32>,
    retry_item: Vec<f32>,
    retry_set: Vec<f32>,
    patterns: Vec<f32>,
    slope_skill: Vec<f32>,
    slope_item: Vec<f32>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The constants of the update.
    pub dynamics: Dynamics,
    /// Easiness of the log's items, by the model's indexes.
    pub easiness: Easiness,
    transitions: Pairs,
    baselines: Option<Baselines>,
}

/// Transitions as columns, which both formats hold compactly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Pairs {
    of_sets: Vec<bool>,
    lag: Vec<u8>,
    before: Vec<u32>,
    after: Vec<u32>,
    alpha: Vec<f32>,
    beta: Vec<f32>,
}

/// What a model learned, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Dense features by what one standard deviation of them adds to the logit, strongest first.
    pub features: Vec<(Dense, f32)>,
    /// Skill ids by the easiness of a typical item, hardest first.
    pub hardest: Vec<(String, f32)>,
    /// What most depends on the outcome before: ids of the earlier and the later item or skills.
    pub transitions: Vec<(String, String, Transition)>,
}

/// What binding a model to a bank found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BindReport {
    /// Skills of the model that the bank has.
    pub skills: usize,
    /// Ids of those it lacks.
    pub skills_dropped: Vec<String>,
    /// Skills of the bank that the model does not know: they start from what all skills share.
    pub skills_new: usize,
    /// Items of the model that the bank has.
    pub items: usize,
    /// Ids of those it lacks.
    pub items_dropped: Vec<String>,
    /// Items of the bank that the model does not know.
    pub items_new: usize,
    /// Transitions that lost one end.
    pub transitions_dropped: usize,
}

impl Model {
    /// Takes the weights of a model over a log's indexes.
    pub(crate) fn new(
        log: &AnswerLog,
        rlkt: &Rlkt,
        easiness: Easiness,
        transitions: Vec<Transition>,
        provenance: Provenance,
    ) -> Self {
        let l = &rlkt.layout;
        let take = |start: u32, end: u32| rlkt.weights[start as usize..end as usize].to_vec();
        let strings = |names: &[Box<str>]| names.iter().map(|name| name.to_string()).collect();
        let mut pairs = Pairs::default();
        for (i, pair) in transitions.iter().enumerate() {
            let at = l.pair_weights as usize + 2 * i;
            pairs.of_sets.push(pair.of_sets);
            pairs.lag.push(pair.lag);
            pairs.before.push(pair.before);
            pairs.after.push(pair.after);
            pairs.alpha.push(rlkt.weights[at]);
            pairs.beta.push(rlkt.weights[at + 1]);
        }
        Self {
            format: FORMAT,
            variant: l.variant,
            bias: rlkt.bias,
            dense: take(0, N_DENSE as u32),
            spread: vec![1.0; Dense::of(l.variant).len()],
            skills: strings(log.skills().all()),
            items: strings(log.items().all()),
            sets: log.sets().iter().map(|set| set.to_vec()).collect(),
            item: take(l.item, l.skill),
            skill: take(l.skill, l.retry_item),
            retry_item: take(l.retry_item, l.code_skill),
            retry_set: take(l.set_weights, l.len),
            patterns: take(l.code_skill, l.slope_skill),
            slope_skill: take(l.slope_skill, l.slope_item),
            slope_item: take(l.slope_item, l.pair_weights),
            provenance,
            dynamics: rlkt.dynamics,
            easiness,
            transitions: pairs,
            baselines: None,
        }
    }

    /// Ids of the skills the model knows.
    pub fn skills(&self) -> &[String] {
        &self.skills
    }

    /// Ids of the items the model knows.
    pub fn items(&self) -> &[String] {
        &self.items
    }

    /// Dense weights on their raw scale, with what they weigh.
    pub fn dense(&self) -> impl Iterator<Item = (Dense, f32)> + '_ {
        Dense::of(self.variant)
            .iter()
            .map(|&feature| (feature, self.dense[feature as usize]))
    }

    /// The baselines, if they were fitted.
    pub fn baselines(&self) -> Option<&Baselines> {
        self.baselines.as_ref()
    }

    pub(crate) fn set_baselines(&mut self, baselines: Baselines) {
        self.baselines = Some(baselines);
    }

    pub(crate) fn set_spread(&mut self, spread: &[f32]) {
        self.spread = spread.to_vec();
    }

    /// What the model learned, at most `n` of each kind.
    pub fn summary(&self, n: usize) -> Summary {
        let by_size = |a: f32, b: f32| b.abs().total_cmp(&a.abs());
        let mut features: Vec<(Dense, f32)> = self
            .dense()
            .zip(&self.spread)
            .map(|((feature, weight), spread)| (feature, weight * spread))
            .collect();
        features.sort_by(|a, b| by_size(a.1, b.1).then(a.0.cmp(&b.0)));
        let base = self.easiness.base;
        let skills = self.skills.iter().zip(&self.easiness.skill);
        let mut hardest: Vec<(String, f32)> =
            skills.map(|(id, s)| (id.clone(), base + s)).collect();
        hardest.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        let set_name = |set: u32| {
            let skills = self.sets[set as usize].iter();
            let ids: Vec<&str> = skills.map(|&k| self.skills[k as usize].as_str()).collect();
            ids.join(";")
        };
        let mut transitions: Vec<Transition> = self.transitions().collect();
        transitions.sort_by(|a, b| {
            by_size(a.beta, b.beta)
                .then((a.of_sets, a.before, a.after).cmp(&(b.of_sets, b.before, b.after)))
        });
        let transitions = transitions.iter().take(n).map(|pair| {
            let name = |at: u32| {
                if pair.of_sets {
                    set_name(at)
                } else {
                    self.items[at as usize].clone()
                }
            };
            (name(pair.before), name(pair.after), *pair)
        });
        Summary {
            transitions: transitions.collect(),
            features: features.into_iter().take(n).collect(),
            hardest: hardest.into_iter().take(n).collect(),
        }
    }

    /// All transitions.
    pub fn transitions(&self) -> impl ExactSizeIterator<Item = Transition> + '_ {
        let t = &self.transitions;
        (0..t.lag.len()).map(|i| Transition {
            of_sets: t.of_sets[i],
            lag: t.lag[i],
            before: t.before[i],
            after: t.after[i],
            alpha: t.alpha[i],
            beta: t.beta[i],
        })
    }

    /// The number of weights.
    pub fn weights(&self) -> usize {
        1 + Dense::of(self.variant).len()
            + [
                &self.item,
                &self.skill,
                &self.retry_item,
                &self.retry_set,
                &self.patterns,
                &self.slope_skill,
                &self.slope_item,
            ]
            .iter()
            .map(|table| table.len())
            .sum::<usize>()
            + 2 * self.transitions.lag.len()
    }

    /// The model over a bank (or a log) of `n_skills` and `n_items`.
    ///
    /// The closures give the index of an external id, renames followed, or none if it is gone.
    pub fn bind(
        &self,
        n_skills: usize,
        n_items: usize,
        skill_ix: impl Fn(&str) -> Option<u32>,
        item_ix: impl Fn(&str) -> Option<u32>,
    ) -> (Rlkt, BindReport) {
        let skill_to: Vec<Option<u32>> = self.skills.iter().map(|id| skill_ix(id)).collect();
        let item_to: Vec<Option<u32>> = self.items.iter().map(|id| item_ix(id)).collect();
        let lost = |ids: &[String], to: &[Option<u32>]| -> Vec<String> {
            let lost = ids.iter().zip(to).filter(|(_, to)| to.is_none());
            lost.map(|(id, _)| id.clone()).collect()
        };
        let mut report = BindReport {
            skills_dropped: lost(&self.skills, &skill_to),
            items_dropped: lost(&self.items, &item_to),
            ..BindReport::default()
        };
        report.skills = self.skills.len() - report.skills_dropped.len();
        report.items = self.items.len() - report.items_dropped.len();
        report.skills_new = n_skills.saturating_sub(report.skills);
        report.items_new = n_items.saturating_sub(report.items);

        let set_to: Vec<Option<u64>> = self
            .sets
            .iter()
            .map(|set| {
                let skills: Option<Vec<u32>> =
                    set.iter().map(|&skill| skill_to[skill as usize]).collect();
                skills.map(|skills| set_key(&skills))
            })
            .collect();
        let mut pairs = Vec::new();
        let mut pair_weights = Vec::new();
        for pair in self.transitions() {
            let key = pair.key(|item| item_to[item as usize], |set| set_to[set as usize]);
            match key {
                Some(key) => {
                    pairs.push(key);
                    pair_weights.extend([pair.alpha, pair.beta]);
                }
                None => report.transitions_dropped += 1,
            }
        }
        let (mut sets, mut set_weights) = (Vec::new(), Vec::new());
        for (key, weights) in set_to
            .iter()
            .zip(self.retry_set.chunks(SET_RETRIES as usize))
        {
            if let Some(key) = key {
                sets.push(*key);
                set_weights.extend(weights);
            }
        }
        let layout = Layout::new(self.variant, n_skills as u32, n_items as u32, &pairs, &sets);
        let mut weights = vec![0.0; layout.len as usize];
        let mut place = |start: u32, values: &[f32]| {
            weights[start as usize..][..values.len()].copy_from_slice(values);
        };
        place(0, &self.dense);
        place(layout.code_skill, &self.patterns);
        place(layout.pair_weights, &pair_weights);
        place(layout.set_weights, &set_weights);
        let mut spread = |start: u32, width: u32, values: &[f32], to: &[Option<u32>]| {
            for (values, to) in values.chunks(width as usize).zip(to) {
                if let Some(to) = to {
                    place(start + to * width, values);
                }
            }
        };
        spread(layout.item, 1, &self.item, &item_to);
        spread(layout.skill, 1, &self.skill, &skill_to);
        spread(layout.retry_item, ITEM_RETRIES, &self.retry_item, &item_to);
        spread(
            layout.slope_skill,
            SKILL_SLOPES,
            &self.slope_skill,
            &skill_to,
        );
        spread(layout.slope_item, ITEM_SLOPES, &self.slope_item, &item_to);
        let rlkt = Rlkt {
            dynamics: self.dynamics,
            easiness: EasinessUse::Known,
            bias: self.bias,
            weights,
            layout,
        };
        (rlkt, report)
    }

    /// The easiness of the model's items, over the indexes of a bank or log.
    pub fn bind_easiness(
        &self,
        n_skills: usize,
        n_items: usize,
        skill_ix: impl Fn(&str) -> Option<u32>,
        item_ix: impl Fn(&str) -> Option<u32>,
    ) -> Easiness {
        let mut bound = Easiness {
            base: self.easiness.base,
            item: vec![0.0; n_items],
            skill: vec![0.0; n_skills],
        };
        for (id, value) in self.skills.iter().zip(&self.easiness.skill) {
            if let Some(cell) = skill_ix(id).and_then(|at| bound.skill.get_mut(at as usize)) {
                *cell = *value;
            }
        }
        for (id, value) in self.items.iter().zip(&self.easiness.item) {
            if let Some(cell) = item_ix(id).and_then(|at| bound.item.get_mut(at as usize)) {
                *cell = *value;
            }
        }
        bound
    }

    /// The model as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Into a vector, of a type without maps or unsized parts: there is nothing that can fail.
        let body = postcard::to_allocvec(self).unwrap_or_default();
        let mut bytes = vec![FORMAT];
        bytes.extend(body);
        bytes
    }

    /// The model that [`Model::to_bytes`] wrote.
    ///
    /// # Errors
    /// Another format version, or damaged bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (&found, body) = bytes
            .split_first()
            .ok_or_else(|| ModelError::Damaged("no bytes".to_owned()))?;
        if found != FORMAT {
            return Err(ModelError::Version { found });
        }
        let model: Self =
            postcard::from_bytes(body).map_err(|e| ModelError::Damaged(e.to_string()))?;
        model.checked()
    }

    /// The model as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// The model that [`Model::to_toml`] wrote.
    ///
    /// # Errors
    /// Another format version, or what is wrong with the text.
    pub fn from_toml(text: &str) -> Result<Self, ModelError> {
        let model: Self = toml::from_str(text).map_err(|e| ModelError::Damaged(e.to_string()))?;
        if model.format != FORMAT {
            return Err(ModelError::Version {
                found: model.format,
            });
        }
        model.checked()
    }

    /// Refuses tables whose lengths do not fit, and numbers that are not finite.
    fn checked(self) -> Result<Self, ModelError> {
        let (skills, items) = (self.skills.len(), self.items.len());
        let full = |n: usize| if self.variant == Variant::Full { n } else { 0 };
        let t = &self.transitions;
        let pairs = t.lag.len();
        let patterns = Layout::new(self.variant, 0, 0, &[], &[]).len as usize - N_DENSE;
        let lengths = [
            ("dense", self.dense.len(), N_DENSE),
            ("spread", self.spread.len(), Dense::of(self.variant).len()),
            ("item", self.item.len(), items),
            ("skill", self.skill.len(), skills),
            (
                "retry_item",
                self.retry_item.len(),
                items * ITEM_RETRIES as usize,
            ),
            (
                "retry_set",
                self.retry_set.len(),
                self.sets.len() * SET_RETRIES as usize,
            ),
            ("patterns", self.patterns.len(), patterns),
            (
                "slope_skill",
                self.slope_skill.len(),
                full(skills * SKILL_SLOPES as usize),
            ),
            (
                "slope_item",
                self.slope_item.len(),
                full(items * ITEM_SLOPES as usize),
            ),
            ("easiness.item", self.easiness.item.len(), items),
            ("easiness.skill", self.easiness.skill.len(), skills),
            ("transitions.of_sets", t.of_sets.len(), pairs),
            ("transitions.before", t.before.len(), pairs),
            ("transitions.after", t.after.len(), pairs),
            ("transitions.alpha", t.alpha.len(), pairs),
            ("transitions.beta", t.beta.len(), pairs),
        ];
        for (name, found, wanted) in lengths {
            if found != wanted {
                let message = format!("{name} has {found} values, wanted {wanted}");
                return Err(ModelError::Damaged(message));
            }
        }
        let known = self.transitions().all(|pair| {
            let n = if pair.of_sets { self.sets.len() } else { items };
            (pair.before as usize) < n && (pair.after as usize) < n
        }) && self
            .sets
            .iter()
            .flatten()
            .all(|&skill| (skill as usize) < skills);
        if !known {
            return Err(ModelError::Damaged("an index is out of range".to_owned()));
        }
        if !self
            .baselines
            .as_ref()
            .is_none_or(|b| b.fits(skills, items))
        {
            return Err(ModelError::Damaged("baselines do not fit".to_owned()));
        }
        let numbers = [
            &self.dense,
            &self.item,
            &self.skill,
            &self.retry_item,
            &self.retry_set,
            &self.patterns,
            &self.slope_skill,
            &self.slope_item,
            &self.easiness.item,
            &self.easiness.skill,
            &t.alpha,
            &t.beta,
        ];
        let finite = numbers.into_iter().flatten().all(|x| x.is_finite())
            && self.bias.is_finite()
            && self.easiness.base.is_finite()
            && self.dynamics.v_g0 > 0.0
            && self.dynamics.v_k0 > 0.0;
        if finite {
            Ok(self)
        } else {
            Err(ModelError::Damaged("a number is not finite".to_owned()))
        }
    }
}

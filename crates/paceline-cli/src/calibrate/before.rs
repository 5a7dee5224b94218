//! Calibrating with what was known before the log.

use super::earlier::{self, Earlier, Known};
use crate::answers::Answers;
use anyhow::Context as _;
use indicatif::ProgressBar;
use paceline::bank::ability::Ability;
use paceline::bank::calibrate::{
    Beliefs, Calibration, ItemBelief, ItemCurve, Model, Options, Population,
};
use paceline::bank::linking::{Link, Shared, stocking_lord};
use paceline::bank::online::OnlineItem;
use std::collections::BTreeMap;

/// What is known before the log, and what it is for.
pub(super) enum Before {
    /// Edited items are beliefs, on the scale that the unedited ones set. Results are on the learners' scale.
    Lock(Earlier),
    /// Unedited items stay, and set the scale.
    Anchors(Earlier),
    /// All items are beliefs. Results are on their scale.
    Start(Earlier),
    /// Results are put on the unedited items' scale.
    Link(Earlier),
}

/// Estimates of the log's items, by item index.
pub(super) fn fit(
    answers: &Answers,
    options: &Options,
    before: &Before,
    bar: &ProgressBar,
) -> anyhow::Result<Calibration> {
    let batch = Batch {
        answers,
        options,
        bar,
    };
    match before {
        Before::Lock(earlier) => {
            let edited: Vec<_> = earlier.edited.iter().collect();
            Ok(batch.blend(&earlier.unedited, &edited)?.0)
        }
        Before::Anchors(earlier) => batch.hold(&earlier.unedited),
        Before::Start(earlier) => {
            let all: Vec<_> = earlier.all().collect();
            let (mut found, learners) = batch.blend(&earlier.unedited, &all)?;
            for (id, item) in all {
                if let Some(at) = answers.items.get(id) {
                    let own = &mut found.items[at as usize];
                    own.n = own.n.saturating_add(item.n);
                }
            }
            let link = Link {
                slope: learners.sd,
                intercept: learners.mean,
            };
            Ok(on_scale(found, link))
        }
        Before::Link(earlier) => {
            let found = batch.run(BTreeMap::new(), BTreeMap::new())?;
            let shared = |(id, item): (&String, _)| {
                let own = &found.items[answers.items.get(id)? as usize];
                let (from, to) = (own.curve(), earlier::curve(item));
                Some(Shared { from, to })
            };
            let shared: Vec<Shared> = earlier.unedited.iter().filter_map(shared).collect();
            let link = stocking_lord(&shared).with_context(|| {
                format!("the log shares {} items with the file of `--link`, wanted two or more of different difficulty", shared.len())
            })?;
            Ok(on_scale(found, link))
        }
    }
}

fn on_scale(mut found: Calibration, link: Link) -> Calibration {
    for item in &mut found.items {
        *item = earlier::moved(item, link);
        for point in &mut item.fit {
            point.ability = link.ability(point.ability);
        }
    }
    for learner in &mut found.abilities {
        learner.ability = link.ability(learner.ability);
        learner.standard_error *= link.slope;
    }
    found.population = Population {
        mean: link.ability(found.population.mean),
        sd: link.slope * found.population.sd,
    };
    found
}

/// Answers, and how they are calibrated.
struct Batch<'a> {
    answers: &'a Answers,
    options: &'a Options,
    bar: &'a ProgressBar,
}

impl Batch<'_> {
    fn run(
        &self,
        anchors: BTreeMap<u32, ItemCurve>,
        known: BTreeMap<u32, ItemBelief>,
    ) -> anyhow::Result<Calibration> {
        let options = Options {
            anchors,
            known,
            ..self.options.clone()
        };
        self.answers.calibrate(&options, self.bar)
    }

    /// The log's items among `known`, by index.
    fn anchors(&self, known: &Known) -> BTreeMap<u32, ItemCurve> {
        let each = known.iter();
        each.filter_map(|(id, item)| Some((self.answers.items.get(id)?, earlier::anchor(item))))
            .collect()
    }

    /// With `known` items as they are, errors and all.
    fn hold(&self, known: &Known) -> anyhow::Result<Calibration> {
        let anchors = self.anchors(known);
        anyhow::ensure!(
            !anchors.is_empty(),
            "the log names none of the {} items of `--anchors`",
            known.len()
        );
        let mut found = self.run(anchors, BTreeMap::new())?;
        for (id, item) in known {
            if let Some(at) = self.answers.items.get(id) {
                let own = &mut found.items[at as usize];
                (own.se_a, own.se_b, own.n) = (item.se_a, item.se_b, item.n);
            }
        }
        Ok(found)
    }

    /// With `beliefs` blended in; the learners as the scale of `basis` has them, since the beliefs are on it.
    fn blend(
        &self,
        basis: &Known,
        beliefs: &[(&String, &paceline::bank::LockedItem)],
    ) -> anyhow::Result<(Calibration, Population)> {
        let mut learners = Population { mean: 0.0, sd: 1.0 };
        let beliefs: Vec<_> = beliefs
            .iter()
            .filter_map(|(id, item)| Some((self.answers.items.get(id)?, *item)))
            .collect();
        let anchors = self.anchors(basis);
        if !(beliefs.is_empty() || anchors.is_empty()) {
            learners = self.run(anchors, BTreeMap::new())?.population;
            if self.options.model == Model::OneParameter {
                // Its unit is that of a = 1, however far apart learners are.
                learners.sd = 1.0;
            }
        }
        let known = beliefs
            .into_iter()
            .filter_map(|(at, item)| Some((at, earlier::belief(item, learners)?)));
        Ok((self.run(BTreeMap::new(), known.collect())?, learners))
    }
}

/// One pass over the log in the order of time: each answer moves what is believed of its item and its learner.
pub(super) fn one_pass(answers: &Answers, before: &Earlier) -> Calibration {
    let beliefs = Beliefs::default();
    let mut items = vec![OnlineItem::new(&beliefs); answers.items.all().len()];
    for (id, item) in before.all() {
        if let Some(at) = answers.items.get(id) {
            items[at as usize] = OnlineItem::resume(&earlier::estimate(item), &beliefs);
        }
    }
    let mut abilities = vec![
        Ability {
            ability: 0.0,
            standard_error: 1.0,
        };
        answers.learners.all().len()
    ];
    for answer in &answers.first {
        let item = &mut items[answer.item as usize];
        let learner = &mut abilities[answer.learner as usize];
        let before = *learner;
        *learner = item.ability_after(before, answer.right);
        item.answer(before, answer.right);
    }
    Calibration {
        items: items.iter().map(OnlineItem::estimate).collect(),
        abilities,
        population: Population { mean: 0.0, sd: 1.0 },
        beliefs: Some(beliefs),
        log_likelihood: f64::NAN,
        cycles: 0,
        last_change: 0.0,
        converged: true,
    }
}

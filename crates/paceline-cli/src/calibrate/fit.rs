//! The log in, estimates out.

use crate::answers::Answers;
use indicatif::ProgressBar;
use paceline::bank::calibrate::{self, Model, Options};

/// A family of response curves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Difficulty alone.
    One,
    /// Difficulty and discrimination.
    Two,
}

impl Family {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::One, Self::Two];

    /// As `--model` names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::One => "1pl",
            Self::Two => "2pl",
        }
    }
}

/// What was found of one item.
pub(crate) struct Item {
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
    pub(crate) se_a: f64,
    pub(crate) se_b: f64,
    pub(crate) n: u32,
}

/// What was found.
pub(crate) struct Fitted {
    pub(crate) family: Family,
    /// By item index of the log.
    pub(crate) items: Vec<Item>,
    pub(crate) cycles: usize,
    pub(crate) converged: bool,
    pub(crate) log_likelihood: f64,
}

pub(crate) fn fit(
    answers: &Answers,
    family: Family,
    no_priors: bool,
    bar: &ProgressBar,
) -> anyhow::Result<Fitted> {
    let triples: Vec<(u32, u32, bool)> = answers
        .first
        .iter()
        .map(|a| (a.learner, a.item, a.right))
        .collect();
    let laid_out = calibrate::Answers::new(
        answers.learners.all().len(),
        answers.items.all().len(),
        &triples,
    )?;
    let mut options = Options {
        model: match family {
            Family::One => Model::OneParameter,
            Family::Two => Model::TwoParameter,
        },
        ..Options::default()
    };
    if no_priors {
        options.priors = None;
    }
    bar.set_message("fitting");
    let found = calibrate::calibrate(&laid_out, &options);
    let item = |e: &calibrate::ItemEstimate| Item {
        a: e.a,
        b: e.b,
        c: 0.0,
        se_a: e.se_a,
        se_b: e.se_b,
        n: e.n,
    };
    Ok(Fitted {
        family,
        items: found.items.iter().map(item).collect(),
        cycles: found.cycles,
        converged: found.converged,
        log_likelihood: found.log_likelihood,
    })
}

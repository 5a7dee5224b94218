//! The log in, estimates out.

use crate::answers::Answers;
use indicatif::ProgressBar;
use paceline::bank::calibrate::{self, AnswerLog, Calibration, Model, Options, Priors};

/// A family of response curves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Difficulty alone.
    One,
    /// Difficulty and discrimination.
    Two,
    /// Guessing as well.
    Three,
}

impl Family {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];

    /// As `--model` names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::One => "1pl",
            Self::Two => "2pl",
            Self::Three => "3pl",
        }
    }

    const fn model(self) -> Model {
        match self {
            Self::One => Model::OneParameter,
            Self::Two => Model::TwoParameter,
            Self::Three => Model::ThreeParameter,
        }
    }
}

/// What holds estimates within reason.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    /// Beliefs that the items themselves bear out.
    Beliefs,
    /// Nothing: plain maximum likelihood.
    Nothing,
}

/// Estimates of the log's items, by item index.
pub(crate) fn fit(
    answers: &Answers,
    family: Family,
    holding: Holding,
    bar: &ProgressBar,
) -> anyhow::Result<Calibration> {
    let mut log = AnswerLog::with_capacity(answers.first.len());
    for answer in &answers.first {
        log.push(calibrate::Answer {
            learner: answer.learner,
            item: answer.item,
            score: u8::from(answer.right),
        })?;
    }
    let mut options = Options {
        model: family.model(),
        ..Options::default()
    };
    if holding == Holding::Nothing {
        options.priors = Priors::Off;
    }
    bar.set_length(options.max_cycles as u64);
    let laid_out = log.finish(answers.items.all().len())?;
    let found = calibrate::calibrate(&laid_out, &options, &mut |cycle| {
        bar.set_position(cycle.cycle as u64);
        bar.set_message(format!("log likelihood {:.1}", cycle.log_likelihood));
    })?;
    Ok(found)
}

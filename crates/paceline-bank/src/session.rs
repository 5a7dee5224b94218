//! An adaptive test of one ability: what to ask next, when to stop, what was found.
//!
//! A [`Test`] is the bank and its [`Settings`], shared by all who take it. A [`Session`] is one learner's way through it. All
//! that it must remember is its [`Record`]: seed, answers and the item that was asked. Everything else follows from
//! the record, so a session that is stored and resumed asks the same items as one that was not interrupted.
//!
//! Choice, in order of force: an item is asked once; pilots come at their share and never count; the blueprint; exposure; the
//! rule. A blueprint that cannot be met is refused where that can be known beforehand, and named in the
//! [`Outcome`] where exposure has used up an area.

use paceline_core::stream::keyed_u64;
use serde::{Deserialize, Serialize};

use crate::ability::{Ability, Estimator, Posterior, Prior, estimate};
use crate::irt::Curve;
use crate::select::{Exposure, Moment, Rule, Selector, SympsonHetter};

mod blueprint;
mod stopping;
#[cfg(test)]
mod tests;

pub use blueprint::{Area, Unmet};
pub use stopping::{Change, Classification, Classify, Ended, Side, Stopping};

/// Items listed at each ability.
const DEPTH: usize = 256;

/// An item of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestItem {
    /// Its curve.
    pub curve: Curve,
    /// Its content area, an index of [`Settings::blueprint`]; without a blueprint it says nothing.
    pub area: u16,
    /// What an answer to it is for.
    pub purpose: Purpose,
}

/// What an item is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To measure the learner.
    Measure,
    /// To calibrate the item; the answer counts for nothing else.
    Pilot,
}

/// How often items may be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// As often as the rule likes.
    Free,
    /// In this share of tests at most.
    MaxRate(f64),
    /// By these probabilities.
    SympsonHetter(SympsonHetter),
}

/// How a test goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How the next item is chosen.
    pub rule: Rule,
    /// The estimator.
    pub estimator: Estimator,
    /// What is believed beforehand.
    pub prior: Prior,
    /// When to stop.
    pub stopping: Stopping,
    /// How often items may be shown.
    pub control: Control,
    /// How many items of each content area; none where areas do not matter.
    pub blueprint: Vec<Area>,
    /// Share of pilots among the items asked, in 0..=0.5.
    pub pilot_share: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rule: Rule::default(),
            estimator: Estimator::PosteriorMean,
            prior: Prior::default(),
            stopping: Stopping::default(),
            control: Control::MaxRate(0.25),
            blueprint: Vec::new(),
            pilot_share: 0.0,
        }
    }
}

/// Why a test or a record was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// A setting is out of range.
    #[error("{setting} is {found}, wanted {wanted}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        wanted: &'static str,
    },
    /// An item's curve gives no probabilities, or its area is not in the blueprint.
    #[error("item {item}: {what}")]
    Item {
        /// Its index.
        item: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The blueprint asks for what the bank does not have or the length does not leave room for.
    #[error("blueprint area {area:?} wants {wanted} items, there is room for {available}")]
    Blueprint {
        /// The area, or `all areas`.
        area: String,
        /// Items it wants.
        wanted: usize,
        /// What there is.
        available: usize,
    },
    /// A record does not belong to this test.
    #[error("the record names item {item} at place {place}, {what}")]
    Record {
        /// The item.
        item: u32,
        /// Its place.
        place: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is nothing to answer.
    #[error("no item has been asked: call next first")]
    NothingAsked,
}

/// An adaptive test.
#[derive(Clone, Debug)]
pub struct Test {
    settings: Settings,
    items: Vec<TestItem>,
    selector: Selector,
    pilots: Vec<u32>,
}

impl Test {
    /// Makes a test of items.
    ///
    /// # Errors
    ///
    /// [`TestError`] for a setting or an item out of range, or a blueprint that cannot be met.
    pub fn new(items: Vec<TestItem>, settings: Settings) -> Result<Self, TestError> {
        stopping::check(&settings)?;
        blueprint::check(&items, &settings)?;
        let of = |purpose| {
            let all = (0..)
                .zip(&items)
                .filter(move |(_, item): &(u32, _)| item.purpose == purpose);
            all.map(|(index, _)| index).collect::<Vec<u32>>()
        };
        let curves = items.iter().map(|item| item.curve).collect();
        Ok(Self {
            selector: Selector::new(settings.rule, curves, of(Purpose::Measure), DEPTH),
            pilots: of(Purpose::Pilot),
            items,
            settings,
        })
    }

    /// Counters for this test, with its cap.
    pub fn exposure(&self) -> Exposure {
        let max_rate = match self.settings.control {
            Control::MaxRate(max_rate) => max_rate,
            Control::Free | Control::SympsonHetter(_) => 1.0,
        };
        Exposure::new(self.items.len(), max_rate)
    }

    /// Begins a session; sessions of different seeds draw independently.
    pub fn begin(&self, seed: u64) -> Session<'_> {
        Session {
            test: self,
            record: Record {
                seed,
                answers: Vec::new(),
                asked: None,
            },
            scored: Vec::new(),
            posterior: Posterior::new(self.settings.prior),
            ability: estimate(&[], self.settings.estimator, self.settings.prior),
            steady: 0,
        }
    }

    /// Continues a session where its record ends.
    ///
    /// # Errors
    ///
    /// [`TestError::Record`] where the record names an item twice, or one that the test does not have.
    pub fn resume(&self, record: &Record) -> Result<Session<'_>, TestError> {
        let mut session = self.begin(record.seed);
        for (place, &(item, right)) in record.answers.iter().enumerate() {
            session.check(item, place)?;
            session.take(item, right);
        }
        if let Some(item) = record.asked {
            session.check(item, record.answers.len())?;
            session.record.asked = Some(item);
        }
        Ok(session)
    }
}

/// All that a session must remember.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Keys the session's draws.
    pub seed: u64,
    /// Items and whether the answer was right, in order, pilots among them.
    pub answers: Vec<(u32, bool)>,
    /// The item that was asked and not answered yet.
    pub asked: Option<u32>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Ask this.
    Ask {
        /// The item.
        item: u32,
        /// What for.
        purpose: Purpose,
    },
    /// The test is over.
    Done(Outcome),
}

/// What a test found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The estimate and its standard error.
    pub ability: Ability,
    /// Which side of the cut, where the test was to classify.
    pub classification: Option<Classification>,
    /// Why it ended.
    pub ended: Ended,
    /// Areas that got fewer items than the blueprint wants.
    pub unmet: Vec<Unmet>,
    /// Answers that counted.
    pub scored: usize,
    /// Answers to pilots.
    pub pilots: usize,
}

/// One learner's way through a test.
#[derive(Clone, Debug)]
pub struct Session<'t> {
    test: &'t Test,
    record: Record,
    scored: Vec<(Curve, bool)>,
    posterior: Posterior,
    ability: Ability,
    /// Answers in a row that moved the estimate by less than asked for.
    steady: usize,
}

impl Session<'_> {
    /// What to store, so that [`Test::resume`] goes on from here.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The estimate so far.
    pub fn ability(&self) -> Ability {
        self.ability
    }

    /// What to ask, or what was found; the same again until it is answered.
    ///
    /// Counts what it shows in `exposure`, and the test at its first item.
    pub fn next(&mut self, exposure: &mut Exposure) -> Next {
        if let Some(item) = self.record.asked {
            return self.ask(item);
        }
        if self.record.answers.is_empty() {
            exposure.begin_test();
        }
        if let Some(ended) = self.ended() {
            return self.done(ended);
        }
        let pilot = if self.pilot_is_due() {
            self.pilot(exposure)
        } else {
            None
        };
        let Some(item) = pilot.or_else(|| self.choose(exposure)) else {
            return self.done(Ended::NoItemLeft);
        };
        exposure.show(item);
        self.record.asked = Some(item);
        self.ask(item)
    }

    /// Takes the answer to the item that was asked.
    ///
    /// # Errors
    ///
    /// [`TestError::NothingAsked`] where none was.
    pub fn answer(&mut self, response: Response) -> Result<(), TestError> {
        let item = self.record.asked.take().ok_or(TestError::NothingAsked)?;
        self.take(item, response == Response::Right);
        Ok(())
    }

    fn ask(&self, item: u32) -> Next {
        let purpose = self.test.items[item as usize].purpose;
        Next::Ask { item, purpose }
    }

    fn done(&self, ended: Ended) -> Next {
        let settings = &self.test.settings;
        let classify = settings.stopping.classify;
        Next::Done(Outcome {
            ability: self.ability,
            classification: classify.map(|classify| classify.decide(&self.scored)),
            ended,
            unmet: blueprint::unmet(&settings.blueprint, &self.in_areas()),
            scored: self.scored.len(),
            pilots: self.record.answers.len() - self.scored.len(),
        })
    }

    fn check(&self, item: u32, place: usize) -> Result<(), TestError> {
        let refuse = |what| Err(TestError::Record { item, place, what });
        if item as usize >= self.test.items.len() {
            return refuse("which the test does not have");
        }
        if self.is_answered(item) {
            return refuse("which it names before");
        }
        Ok(())
    }

    fn is_answered(&self, item: u32) -> bool {
        self.record.answers.iter().any(|answer| answer.0 == item)
    }

    fn take(&mut self, item: u32, right: bool) {
        self.record.answers.push((item, right));
        let TestItem { curve, purpose, .. } = self.test.items[item as usize];
        if purpose == Purpose::Pilot {
            return;
        }
        let settings = &self.test.settings;
        self.scored.push((curve, right));
        let before = self.ability.ability;
        self.ability = match settings.estimator {
            Estimator::PosteriorMean => {
                self.posterior.update(curve, right);
                self.posterior.ability()
            }
            other => estimate(&self.scored, other, settings.prior),
        };
        let within = settings.stopping.change.map_or(0.0, |change| change.within);
        let moved = (self.ability.ability - before).abs();
        self.steady = if moved < within { self.steady + 1 } else { 0 };
    }

    /// Whether the number of pilots so far lags behind their share; where in the test they come differs by seed.
    fn pilot_is_due(&self) -> bool {
        let share = self.test.settings.pilot_share;
        let asked = self.record.answers.len();
        let phase = unit(keyed_u64("test session pilots", self.record.seed, b""));
        let wanted = (share * (asked as f64 + 1.0) + phase) as usize;
        asked - self.scored.len() < wanted
    }

    /// The pilot shown least, the draw deciding among equals.
    fn pilot(&self, exposure: &Exposure) -> Option<u32> {
        let open = self
            .test
            .pilots
            .iter()
            .copied()
            .filter(|&item| !self.is_answered(item));
        let draw =
            |item: u32| keyed_u64("test session pilot", self.record.seed, &item.to_le_bytes());
        open.min_by_key(|&item| (exposure.shown(item).unwrap_or(0), draw(item), item))
    }

    fn choose(&self, exposure: &Exposure) -> Option<u32> {
        let settings = &self.test.settings;
        let moment = Moment {
            ability: self.ability.ability,
            answered: self.scored.len(),
            max_items: settings.stopping.max_items,
            random: self.draw(self.record.answers.len() as u32),
        };
        let in_areas = self.in_areas();
        let areas = blueprint::Open::new(settings, &in_areas, self.scored.len());
        let is_shown = |item: u32| match &settings.control {
            Control::Free => true,
            Control::MaxRate(_) => exposure.is_open(item),
            // One draw an item and session: refused once, it stays refused.
            Control::SympsonHetter(control) => control.shows(item, self.draw(!item)),
        };
        let choose = |areas: &blueprint::Open| {
            let fits = |item: u32| areas.is_open(self.test.items[item as usize].area);
            let is_open = |item: u32| !self.is_answered(item) && fits(item) && is_shown(item);
            self.test
                .selector
                .choose(&moment, is_open, |item| exposure.price(item))
        };
        // An area that owes items but has none left to show must not end the test.
        choose(&areas).or_else(|| choose(&areas.without_debts()))
    }

    fn draw(&self, key: u32) -> u64 {
        keyed_u64("test session", self.record.seed, &key.to_le_bytes())
    }

    /// Scored answers by area.
    fn in_areas(&self) -> Vec<usize> {
        let mut counts = vec![0; self.test.settings.blueprint.len()];
        for &(item, _) in &self.record.answers {
            let TestItem { area, purpose, .. } = self.test.items[item as usize];
            if let (Some(count), Purpose::Measure) = (counts.get_mut(usize::from(area)), purpose) {
                *count += 1;
            }
        }
        counts
    }
}

/// An answer to the item that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// Right.
    Right,
    /// Wrong.
    Wrong,
}

/// A draw as a number in [0, 1).
fn unit(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

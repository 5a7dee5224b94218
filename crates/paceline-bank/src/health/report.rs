//! From a log to what to mend first.
//!
//! 1. A learner's first answer to an item counts, later ones do not: they measure remembering.
//! 2. Abilities come from each learner's answers and the items' curves ([`Seen`]): with the answer where groups are
//!    matched, without it where the answer is judged.
//! 3. Every check asks for a size that matters and for chance below [`Options::alpha`], so that long logs do not
//!    flag trifles, nor short ones noise.

use std::ops::Range;

use paceline_core::math::wide::{exp, sqrt};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::distractor::{ChoiceUse, choices};
use super::persons::{Seen, Tables};
use super::seconds::{Pace, paces};
use super::{
    DifClass, Group, ItemFit, Judged, Predicted, logistic_dif, mantel_haenszel, point_biserial,
    two_sided,
};
use crate::irt::Curve;

mod sentence;
#[cfg(test)]
mod tests;

/// One row of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// Learner index.
    pub learner: u32,
    /// Item index.
    pub item: u32,
    /// When, in seconds of any epoch; equal everywhere where times are not known.
    pub at_s: u32,
    /// Whether it was right.
    pub right: bool,
    /// Which of the item's choices was chosen.
    pub choice: Option<u16>,
    /// Seconds it took.
    pub seconds: Option<f32>,
    /// The learner's group.
    pub group: Option<u16>,
}

/// What is known of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item<'a> {
    /// Its curve, calibrated from this log or kept by the bank.
    pub curve: Curve,
    /// Seconds its author expects.
    pub expected_seconds: Option<f64>,
    /// Names of its choices; none for an open question.
    pub choices: &'a [Box<str>],
}

/// A log and the names it uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Log<'a> {
    /// Rows in any order.
    pub answers: &'a [Answer],
    /// Items by index, also those without answers.
    pub items: &'a [Item<'a>],
    /// Names of groups by index; the one with most answers is what the others are compared with.
    pub groups: &'a [Box<str>],
}

/// From where on something is worth a finding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Chance of a finding where there is nothing, a check and item at most.
    pub alpha: f64,
    /// Answers below which an item is only counted; groups and periods need half of it each.
    pub fewest: u32,
    /// Share of learners above which an item is seen too often, unless all are.
    pub max_exposure: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            alpha: 0.01,
            fewest: 100,
            max_exposure: 0.25,
        }
    }
}

/// How soon to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// It does wrong to those who meet it.
    Now,
    /// It measures less than it could.
    Soon,
    /// It wastes work.
    Sometime,
}

/// What is wrong with an item, and by how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Stronger learners get it wrong more often.
    StrongGetItWrong {
        /// Correlation of right answers with ability.
        point_biserial: f64,
        /// P of one this low where there is none.
        p_value: f64,
    },
    /// A wrong choice draws stronger learners.
    StrongChoose {
        /// Which.
        choice: u16,
        /// Share of answers.
        share: f64,
        /// Ability of those who chose it over the others', in logits.
        ability_gap: f64,
        /// P of a gap this large where there is none.
        p_value: f64,
    },
    /// Harder or easier for a group at equal ability, by about the same at every ability.
    Unfair {
        /// The group compared.
        group: u16,
        /// The group compared with.
        reference: u16,
        /// Mantel-Haenszel delta; negative where it is harder for the group.
        delta: f64,
        /// Nagelkerke's R squared that the group adds.
        r2: f64,
        /// The larger of both methods' classes.
        class: DifClass,
        /// P of a delta this large where there is none.
        p_value: f64,
    },
    /// Tells abilities apart better in one group than in the other.
    UnevenSlope {
        /// The group compared.
        group: u16,
        /// The group compared with.
        reference: u16,
        /// Nagelkerke's R squared that the group and its slope add.
        r2: f64,
        /// The class.
        class: DifClass,
        /// P of a difference in slope this large where there is none.
        p_value: f64,
    },
    /// Grew harder or easier from the first half of the log's time to the second.
    Drifted {
        /// Later less earlier log odds of a right answer at equal ability.
        log_odds: f64,
        /// The class of the change, as for groups.
        class: DifClass,
        /// P of a change this large where there is none.
        p_value: f64,
    },
    /// Does not follow its curve.
    Misfit {
        /// Information-weighted mean square.
        infit: f64,
        /// Unweighted mean square.
        outfit: f64,
        /// Gap between observed and expected share right.
        gap: f64,
        /// P of a misfit this large where it fits.
        p_value: f64,
    },
    /// Hardly tells strong from weak.
    LittleDiscrimination {
        /// Correlation of right answers with ability.
        point_biserial: f64,
        /// The median item's.
        median: f64,
    },
    /// Answered without reading, or in much less time than expected.
    TooFast {
        /// Seconds of a learner of middling speed.
        typical_seconds: f64,
        /// What the author expects.
        expected_seconds: Option<f64>,
        /// Share of answers faster than a tenth of the typical time.
        rapid_share: f64,
    },
    /// Takes much more time than expected, or than the log's other items.
    TooSlow {
        /// Seconds of a learner of middling speed.
        typical_seconds: f64,
        /// What the author expects; else the median item's.
        wanted_seconds: f64,
    },
    /// Nobody, or next to nobody, chooses a wrong choice.
    NeverChosen {
        /// Which.
        choice: u16,
        /// How often it was chosen.
        chosen: u32,
    },
    /// Shown to too many.
    OverExposed {
        /// Share of learners.
        rate: f64,
        /// The mean item's.
        mean_rate: f64,
    },
    /// Shown to too few to be judged, or much less often than the others.
    UnderExposed {
        /// Share of learners.
        rate: f64,
        /// The mean item's.
        mean_rate: f64,
    },
}

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Item index.
    pub item: u32,
    /// Answers it rests on.
    pub n: u32,
    /// How soon.
    pub urgency: Urgency,
    /// Its size as a multiple of what would just be reported.
    pub size: f64,
    /// What is wrong.
    pub fault: Fault,
    /// The same in one plain sentence with its numbers.
    pub sentence: String,
}

/// Why a log was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// An index beyond what the log describes.
    #[error("answer {row} names {what} {index}, wanted below {n}")]
    OutOfRange {
        /// The answer's place.
        row: usize,
        /// `item`, `choice` or `group`.
        what: &'static str,
        /// The index found.
        index: u32,
        /// How many there are.
        n: usize,
    },
    /// A curve that gives no probabilities.
    #[error(
        "item {item} has the curve {curve:?}, wanted finite numbers, a > 0 and 0 <= c < d <= 1"
    )]
    Curve {
        /// Its index.
        item: usize,
        /// What was found.
        curve: Curve,
    },
}

/// Lists what to mend, most urgent first, then by size, then by item.
///
/// # Errors
///
/// [`ReportError`] where an index is out of range or a curve is none.
pub fn report(log: &Log<'_>, options: &Options) -> Result<Vec<Finding>, ReportError> {
    check(log)?;
    let study = Study::new(log, options);
    let mut findings: Vec<Finding> = (0..log.items.len())
        .into_par_iter()
        .flat_map_iter(|item| study.judge(item))
        .collect();
    findings.sort_by(|a, b| {
        (a.urgency.cmp(&b.urgency))
            .then(b.size.total_cmp(&a.size))
            .then(a.item.cmp(&b.item))
    });
    Ok(findings)
}

fn check(log: &Log<'_>) -> Result<(), ReportError> {
    if let Some(item) = log.items.iter().position(|item| !item.curve.is_sound()) {
        let curve = log.items[item].curve;
        return Err(ReportError::Curve { item, curve });
    }
    for (row, answer) in log.answers.iter().enumerate() {
        let of_item = log.items.get(answer.item as usize);
        let n_choices = of_item.map_or(0, |item| item.choices.len());
        for (what, index, n) in [
            ("item", Some(answer.item), log.items.len()),
            ("choice", answer.choice.map(u32::from), n_choices),
            ("group", answer.group.map(u32::from), log.groups.len()),
        ] {
            if let Some(index) = index.filter(|&index| index as usize >= n) {
                return Err(ReportError::OutOfRange {
                    row,
                    what,
                    index,
                    n,
                });
            }
        }
    }
    Ok(())
}

/// A log made ready: first answers by learner and time, and where each item's are.
struct Study<'a> {
    log: &'a Log<'a>,
    options: &'a Options,
    answers: Vec<Answer>,
    /// Shape: as `answers`.
    seen: Vec<Seen>,
    /// The same from the answers of one period alone.
    seen_in_period: Vec<Seen>,
    /// Where the second period begins.
    later_from_s: u32,
    /// Places in `answers`, by item.
    of_item: Vec<Vec<u32>>,
    paces: Vec<Pace>,
    /// Seconds of the median item.
    median_seconds: f64,
    /// Discrimination of the median item.
    median_biserial: f64,
    n_learners: usize,
    reference: Option<u16>,
}

impl<'a> Study<'a> {
    fn new(log: &'a Log<'a>, options: &'a Options) -> Self {
        let answers = first_answers(log.answers);
        let mut times: Vec<u32> = answers.iter().map(|answer| answer.at_s).collect();
        times.sort_unstable();
        let later_from_s = times.get(times.len() / 2).copied().unwrap_or(0);
        let learners: Vec<Range<usize>> = ranges(&answers, |a, b| a.learner == b.learner);
        let periods = ranges(&answers, |a, b| {
            a.learner == b.learner && (a.at_s < later_from_s) == (b.at_s < later_from_s)
        });
        let tables = Tables::new(log.items.iter().map(|item| item.curve));
        let marks: Vec<(u32, bool)> = answers.iter().map(|a| (a.item, a.right)).collect();
        let mut of_item = vec![Vec::new(); log.items.len()];
        for (place, answer) in (0..).zip(&answers) {
            of_item[answer.item as usize].push(place);
        }
        let times: Vec<(u32, u32, f32)> = (0..)
            .zip(&learners)
            .flat_map(|(learner, range)| answers[range.clone()].iter().map(move |a| (learner, a)))
            .filter_map(|(learner, a)| Some((learner, a.item, a.seconds?)))
            .collect();
        let mut study = Self {
            log,
            options,
            seen: tables.see(&learners, &marks),
            seen_in_period: tables.see(&periods, &marks),
            later_from_s,
            of_item,
            paces: paces(log.items.len(), &times),
            median_seconds: 0.0,
            median_biserial: 0.0,
            n_learners: learners.len(),
            reference: reference(&answers, log.groups.len()),
            answers,
        };
        let timed = study.paces.iter().filter(|pace| options.fewest <= pace.n);
        study.median_seconds = median(timed.map(|pace| pace.typical_seconds).collect());
        let judged = (0..log.items.len()).filter(|&item| study.has_enough(item));
        study.median_biserial = median(judged.filter_map(|item| study.biserial(item)).collect());
        study
    }

    fn has_enough(&self, item: usize) -> bool {
        self.options.fewest as usize <= self.of_item[item].len()
    }

    /// An item's answers and how their learners look.
    fn rows(&self, item: usize) -> impl Iterator<Item = (&Answer, &Seen)> {
        let places = self.of_item[item].iter().map(|&place| place as usize);
        places.map(|place| (&self.answers[place], &self.seen[place]))
    }

    fn biserial(&self, item: usize) -> Option<f64> {
        let judged: Vec<Judged> = self
            .rows(item)
            .map(|(answer, seen)| Judged {
                right: answer.right,
                score: seen.ability_without,
                group: Group::Reference,
            })
            .collect();
        point_biserial(&judged)
    }

    fn judge(&self, item: usize) -> Vec<Finding> {
        let mut found = Vec::new();
        self.exposure(item, &mut found);
        if self.has_enough(item) {
            self.discrimination(item, &mut found);
            self.fit(item, &mut found);
            self.groups(item, &mut found);
            self.periods(item, &mut found);
            self.distractors(item, &mut found);
        }
        self.pace(item, &mut found);
        let n = self.of_item[item].len() as u32;
        let finding = |(urgency, size, fault)| Finding {
            item: item as u32,
            n,
            urgency,
            size,
            sentence: sentence::of(&fault, n, &self.log.items[item], self.log.groups),
            fault,
        };
        found.into_iter().map(finding).collect()
    }

    fn exposure(&self, item: usize, found: &mut Vec<Found>) {
        let learners = self.n_learners.max(1) as f64;
        let rate = self.of_item[item].len() as f64 / learners;
        let mean_rate = self.answers.len() as f64 / learners / self.log.items.len() as f64;
        let most = self.options.max_exposure.max(2.0 * mean_rate);
        if most < rate {
            let fault = Fault::OverExposed { rate, mean_rate };
            found.push((Urgency::Sometime, rate / most, fault));
        }
        let least = (self.options.fewest as f64 / learners).min(0.1 * mean_rate);
        if rate < least {
            let fault = Fault::UnderExposed { rate, mean_rate };
            // Never shown is twice the size of just too seldom.
            found.push((Urgency::Sometime, 2.0 - rate / least, fault));
        }
    }

    fn discrimination(&self, item: usize, found: &mut Vec<Found>) {
        let Some(point_biserial) = self.biserial(item) else {
            return;
        };
        let n = self.of_item[item].len() as f64;
        let p_value = 0.5 * two_sided(point_biserial * sqrt(n));
        if point_biserial < 0.0 && p_value < self.options.alpha {
            let fault = Fault::StrongGetItWrong {
                point_biserial,
                p_value,
            };
            found.push((Urgency::Now, 1.0 - 10.0 * point_biserial, fault));
            return;
        }
        // Few answers a learner make all correlations low: half of the median item's is low there.
        let (median, wanted) = (
            self.median_biserial,
            0.1_f64.min(0.4 * self.median_biserial),
        );
        let clear = 0.5 * two_sided((point_biserial - median) * sqrt(n)) < self.options.alpha;
        if 0.0 < wanted && point_biserial < wanted && clear {
            let fault = Fault::LittleDiscrimination {
                point_biserial,
                median,
            };
            found.push((Urgency::Soon, 2.0 - point_biserial / wanted, fault));
        }
    }

    fn fit(&self, item: usize, found: &mut Vec<Found>) {
        let predicted: Vec<Predicted> = self
            .rows(item)
            .map(|(answer, seen)| Predicted {
                p: seen.p_without,
                right: answer.right,
            })
            .collect();
        let Some(fit) = ItemFit::of(&predicted) else {
            return;
        };
        if MISFIT_GAP <= fit.gap && fit.p_value < self.options.alpha {
            let fault = Fault::Misfit {
                infit: fit.infit,
                outfit: fit.outfit,
                gap: fit.gap,
                p_value: fit.p_value,
            };
            found.push((Urgency::Soon, fit.gap / MISFIT_GAP, fault));
        }
    }

    fn groups(&self, item: usize, found: &mut Vec<Found>) {
        let Some(reference) = self.reference else {
            return;
        };
        for group in (0..self.log.groups.len() as u16).filter(|&group| group != reference) {
            let side = |answer: &Answer| match answer.group {
                Some(of) if of == reference => Some(Group::Reference),
                Some(of) if of == group => Some(Group::Focal),
                _ => None,
            };
            let judged = self.judged(self.rows(item), side);
            if self.compares(&judged) {
                self.compare_groups(group, reference, &judged, found);
            }
        }
    }

    fn compare_groups(
        &self,
        group: u16,
        reference: u16,
        judged: &[Judged],
        found: &mut Vec<Found>,
    ) {
        let (Some(strata), Some(logistic)) =
            (mantel_haenszel(&in_strata(judged)), logistic_dif(judged))
        else {
            return;
        };
        let class = strata.class.max(logistic.class);
        let alpha = self.options.alpha;
        // Where the slope differs the groups' gap is not one number: say so instead of a mean of both signs.
        if logistic.p_non_uniform < alpha && logistic.r2_uniform < logistic.r2_non_uniform {
            let r2 = logistic.r2_uniform + logistic.r2_non_uniform;
            if UNEVEN_R2 <= r2 {
                let fault = Fault::UnevenSlope {
                    group,
                    reference,
                    r2,
                    class: logistic.class,
                    p_value: logistic.p_non_uniform,
                };
                found.push((urgency(logistic.class), r2 / UNEVEN_R2, fault));
            }
        } else if class > DifClass::A && strata.p_value < alpha {
            let fault = Fault::Unfair {
                group,
                reference,
                delta: strata.delta,
                r2: logistic.r2_uniform,
                class,
                p_value: strata.p_value,
            };
            found.push((urgency(class), strata.delta.abs(), fault));
        }
    }

    /// Drift is differential functioning between two periods: learners of both at equal ability.
    fn periods(&self, item: usize, found: &mut Vec<Found>) {
        let places = self.of_item[item].iter().map(|&place| place as usize);
        let rows = places.map(|place| (&self.answers[place], &self.seen_in_period[place]));
        let later = self.later_from_s;
        let judged = self.judged(rows, |answer| {
            Some(if answer.at_s < later {
                Group::Reference
            } else {
                Group::Focal
            })
        });
        if !self.compares(&judged) {
            return;
        }
        let Some(dif) = mantel_haenszel(&in_strata(&judged)) else {
            return;
        };
        if dif.class > DifClass::A && dif.p_value < self.options.alpha {
            let fault = Fault::Drifted {
                log_odds: dif.delta / 2.35,
                class: dif.class,
                p_value: dif.p_value,
            };
            found.push((Urgency::Soon, dif.delta.abs(), fault));
        }
    }

    fn judged<'b>(
        &self,
        rows: impl Iterator<Item = (&'b Answer, &'b Seen)>,
        side: impl Fn(&Answer) -> Option<Group>,
    ) -> Vec<Judged> {
        rows.filter_map(|(answer, seen)| {
            Some(Judged {
                right: answer.right,
                score: seen.ability,
                group: side(answer)?,
            })
        })
        .collect()
    }

    /// Whether both sides have answers enough.
    fn compares(&self, judged: &[Judged]) -> bool {
        let focal = judged.iter().filter(|a| a.group == Group::Focal).count();
        (self.options.fewest as usize).div_ceil(2) <= focal.min(judged.len() - focal)
    }

    fn distractors(&self, item: usize, found: &mut Vec<Found>) {
        let names = self.log.items[item].choices;
        let used: Vec<(u16, bool, f64)> = self
            .rows(item)
            .filter_map(|(answer, seen)| Some((answer.choice?, answer.right, seen.ability_without)))
            .collect();
        // Without a right answer the key cannot be told from the wrong choices.
        if used.len() < self.options.fewest as usize || !used.iter().any(|&(_, right, _)| right) {
            return;
        }
        for (choice, found_use) in (0..).zip(choices(names.len(), &used)) {
            let ChoiceUse {
                n,
                n_right,
                ability_gap,
                p_value,
            } = found_use;
            let share = f64::from(n) / used.len() as f64;
            if n_right > 0 {
                continue;
            }
            if share < NEVER_SHARE {
                let fault = Fault::NeverChosen { choice, chosen: n };
                found.push((Urgency::Sometime, 2.0 - share / NEVER_SHARE, fault));
            } else if ability_gap > 0.0 && p_value < 2.0 * self.options.alpha {
                let fault = Fault::StrongChoose {
                    choice,
                    share,
                    ability_gap,
                    p_value: 0.5 * p_value,
                };
                found.push((Urgency::Now, 1.0 + ability_gap, fault));
            }
        }
    }

    fn pace(&self, item: usize, found: &mut Vec<Found>) {
        let Pace {
            n,
            typical_seconds,
            rapid_share,
        } = self.paces[item];
        if n < self.options.fewest {
            return;
        }
        let expected_seconds = self.log.items[item].expected_seconds;
        let quick = expected_seconds.map_or(0.0, |expected| 0.5 * expected / typical_seconds);
        let size = quick.max(rapid_share / RAPID_SHARE);
        if 1.0 < size {
            let fault = Fault::TooFast {
                typical_seconds,
                expected_seconds,
                rapid_share,
            };
            found.push((Urgency::Soon, size, fault));
        }
        let (wanted_seconds, times) = match expected_seconds {
            Some(expected) => (expected, 2.0),
            None => (self.median_seconds, 3.0),
        };
        let size = typical_seconds / (times * wanted_seconds);
        if 1.0 < size {
            let fault = Fault::TooSlow {
                typical_seconds,
                wanted_seconds,
            };
            found.push((Urgency::Soon, size, fault));
        }
    }
}

type Found = (Urgency, f64, Fault);

/// Gap between observed and expected share right from which a curve is wrong enough to matter; large-scale tests act from
/// .10 or .12 (OECD 2017, PISA 2015 technical report, ch. 9).
const MISFIT_GAP: f64 = 0.08;
/// R squared from which a difference in slope is reported: half of Jodoin & Gierl's class B, as their classes were set for
/// differences in difficulty, which gain more.
const UNEVEN_R2: f64 = 0.0175;
/// Share of answers below which a choice is as good as never chosen.
const NEVER_SHARE: f64 = 0.01;
/// Share of answers too fast to have read the item from which that is a finding (Wise & Ma 2012).
const RAPID_SHARE: f64 = 0.1;
/// Strata of ability in a comparison of groups, at most, and answers in each at least.
const STRATA: usize = 20;
const STRATUM: usize = 20;

fn urgency(class: DifClass) -> Urgency {
    if class == DifClass::C {
        Urgency::Now
    } else {
        Urgency::Soon
    }
}

/// Abilities replaced by strata of equal size.
fn in_strata(judged: &[Judged]) -> Vec<Judged> {
    let mut sorted = judged.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let n = sorted.len();
    let strata = (n / STRATUM).clamp(1, STRATA);
    for (rank, answer) in sorted.iter_mut().enumerate() {
        answer.score = (rank * strata / n) as f64;
    }
    sorted
}

/// The first answer of each learner to each item, by learner and time.
fn first_answers(answers: &[Answer]) -> Vec<Answer> {
    let mut order: Vec<u32> = (0..answers.len() as u32).collect();
    let at = |row: u32| &answers[row as usize];
    order.sort_unstable_by_key(|&row| (at(row).learner, at(row).item, at(row).at_s, row));
    order.dedup_by_key(|row| (at(*row).learner, at(*row).item));
    order.sort_unstable_by_key(|&row| (at(row).learner, at(row).at_s, row));
    order.into_iter().map(|row| *at(row)).collect()
}

/// Runs of like answers.
fn ranges(answers: &[Answer], like: impl Fn(&Answer, &Answer) -> bool) -> Vec<Range<usize>> {
    let mut start = 0;
    answers
        .chunk_by(like)
        .map(|run| {
            start += run.len();
            start - run.len()..start
        })
        .collect()
}

/// The group with most answers, the first of equals; none where fewer than two have any.
fn reference(answers: &[Answer], n_groups: usize) -> Option<u16> {
    let mut counts = vec![0_usize; n_groups];
    for group in answers.iter().filter_map(|answer| answer.group) {
        counts[usize::from(group)] += 1;
    }
    let several = counts.iter().filter(|&&n| n > 0).count() >= 2;
    let best = (0..n_groups as u16)
        .rev()
        .max_by_key(|&group| counts[usize::from(group)]);
    best.filter(|_| several)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Odds from log odds, for sentences.
fn odds(log_odds: f64) -> f64 {
    exp(log_odds)
}

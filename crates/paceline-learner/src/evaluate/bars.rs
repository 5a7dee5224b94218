//! What is promised of mastery and intervals, held to the public logs.

use std::collections::HashSet;

use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::log::{AnswerLog, Order};
use paceline_core::math;
use paceline_core::time::{Timestamp, UtcOffset, study_day};

use super::metrics::row_loss;
use crate::fit::{Baselining, FitOptions, fit_log};
use crate::knowledge::{Dense, Source};
use crate::learner::{Learner, Observed, Params, Scratch};
use crate::mastery::Bar;
use crate::memory::Answered;
use crate::reference_data::path;

/// First tries that a mastered skill is judged by.
const NEXT: usize = 5;

/// Answers on a skill after which its interval is judged.
const AFTER: usize = 3;

#[derive(Default)]
struct Found {
    called: usize,
    tries_right: usize,
    judged: usize,
    covered: f64,
    /// Log loss of the prediction, and with the skill's own part decayed by retrievability.
    plain: f64,
    decayed: f64,
    rows: usize,
}

fn read(test: &str, name: &str, part: &str) -> Option<AnswerLog> {
    let file = path(test, &format!("answers/{name}/{part}.csv.gz"))?;
    let file = std::io::BufReader::new(std::fs::File::open(file).unwrap());
    Some(AnswerLog::read(file, Order::Given).unwrap())
}

/// A learner's first tries on each skill: row and whether it was right.
fn first_tries(log: &AnswerLog, who: usize) -> Vec<Vec<(usize, bool)>> {
    let rows = log.answers(who);
    let mut tries = vec![Vec::new(); log.skills().all().len()];
    let mut seen = HashSet::new();
    for (row, (&item, &set)) in rows.item.iter().zip(rows.set).enumerate() {
        if seen.insert(item) {
            for &skill in log.sets()[set as usize].iter() {
                tries[skill as usize].push((row, rows.right[row]));
            }
        }
    }
    tries
}

/// How far `right` of the next tries lies within the central 80 % of the number predicted: one if it is well inside, zero if
/// it is well outside, a share where the bound falls within it.
///
/// `mean`: logits of the tries, which share an error of deviation `sd`.
fn coverage(mean: &[f32], sd: f32, right: usize) -> f64 {
    let nodes = (-40..=40).map(|i| 0.1 * i as f32);
    let (mut total, mut number) = (0.0, [0.0_f64; NEXT + 1]);
    for node in nodes {
        let weight = f64::from(math::exp(-0.5 * node * node));
        let mut of = [0.0_f64; NEXT + 1];
        of[0] = weight;
        for &mean in mean {
            let p = f64::from(math::logistic(mean + sd * node));
            for k in (0..=NEXT).rev() {
                of[k] = of[k] * (1.0 - p) + if k > 0 { of[k - 1] * p } else { 0.0 };
            }
        }
        total += weight;
        number.iter_mut().zip(of).for_each(|(sum, of)| *sum += of);
    }
    let below = number[..right].iter().sum::<f64>() / total;
    let at = number[right] / total;
    ((below + at).min(0.9) - below.max(0.1)).max(0.0) / at
}

fn measure(test: &str, name: &str) -> Option<Found> {
    let (train, held_out) = (read(test, name, "train")?, read(test, name, "test")?);
    let options = FitOptions {
        baselines: Baselining::Skip,
        ..FitOptions::default()
    };
    let model = fit_log(&train, &options, &mut |_| ());
    let (skills, items) = (held_out.skills(), held_out.items());
    let (n_skills, n_items) = (skills.all().len(), items.all().len());
    let (skill, item) = (|id: &str| skills.get(id), |id: &str| items.get(id));
    let (params, _) = Params::from_model(&model, n_skills, n_items, skill, item);
    let easiness = model.bind_easiness(n_skills, n_items, skill, item);
    let z = |row: usize, rows: &paceline_core::log::Answers<'_>| {
        let set = &held_out.sets()[rows.set[row] as usize];
        easiness.of(rows.item[row], set)
    };
    let (mut found, mut scratch, bar) = (Found::default(), Scratch::default(), Bar::default());
    for who in 0..held_out.learners().len() {
        let (rows, tries) = (held_out.answers(who), first_tries(&held_out, who));
        let (mut learner, mut called) = (Learner::new(&params), vec![false; n_skills]);
        let mut answers = vec![0; n_skills];
        for row in 0..rows.item.len() {
            let set = &held_out.sets()[rows.set[row] as usize];
            let ids: Vec<SkillIx> = set.iter().map(|&skill| SkillIx(skill)).collect();
            let at = Timestamp(i64::from(rows.seconds[row]));
            let observed = Observed {
                skills: &ids,
                item: ItemIx(rows.item[row]),
                easiness: z(row, &rows),
                right: rows.right[row],
                at,
                offset: UtcOffset::UTC,
                answered: Answered {
                    correct: rows.right[row],
                    ..Answered::default()
                },
                credit: &[],
            };
            tie(&mut found, &learner, &params, &observed, &mut scratch);
            learner.observe(&params, &observed, &mut scratch);
            for &skill in set.iter() {
                let next: Vec<_> = tries[skill as usize]
                    .iter()
                    .filter(|(r, _)| *r > row)
                    .take(NEXT)
                    .collect();
                answers[skill as usize] += 1;
                if next.len() < NEXT {
                    continue;
                }
                let right = next.iter().filter(|(_, right)| *right).count();
                let variance = learner.fresh_variance(&params, SkillIx(skill));
                let of = |row: usize, scratch: &mut Scratch| {
                    learner.fresh_logit(&params, SkillIx(skill), z(row, &rows), scratch)
                };
                let mean: Vec<f32> = next.iter().map(|(r, _)| of(*r, &mut scratch)).collect();
                if answers[skill as usize] == AFTER {
                    found.judged += 1;
                    found.covered += coverage(&mean, variance.sqrt(), right);
                }
                let typical = mean.iter().sum::<f32>() / NEXT as f32;
                if !called[skill as usize] && bar.is_met(typical, variance) {
                    called[skill as usize] = true;
                    found.called += 1;
                    found.tries_right += right;
                }
            }
        }
    }
    Some(found)
}

/// Adds the loss of a row as it is predicted, and with the skill's own part times retrievability.
fn tie(
    found: &mut Found,
    learner: &Learner,
    params: &Params,
    row: &Observed<'_>,
    scratch: &mut Scratch,
) {
    let terms = learner.explain(params, row.skills, row.item, row.easiness, row.at, scratch);
    let own = |source: &Source| {
        let features = [Dense::KfK, Dense::K40, Dense::K70, Dense::K90, Dense::K98];
        features
            .iter()
            .any(|&feature| *source == Source::Dense(feature))
    };
    let logit: f32 = terms.iter().map(|(_, term)| term).sum();
    let own: f32 = terms
        .iter()
        .filter(|(source, _)| own(source))
        .map(|(_, term)| term)
        .sum();
    let day = study_day(row.at, row.offset);
    let kept = row.skills.iter().map(|&skill| match learner.skill(skill) {
        Some(_) => learner.retrievability(params, skill, day),
        None => 1.0,
    });
    let kept = kept.sum::<f32>() / row.skills.len() as f32;
    let loss = |logit: f32| row_loss(f64::from(math::logistic(logit)), row.right);
    found.plain += loss(logit);
    found.decayed += loss(logit - (1.0 - kept) * own);
    found.rows += 1;
}

#[test]
fn mastery_and_intervals_hold_on_the_public_logs() {
    let test = "mastery_and_intervals_hold_on_the_public_logs";
    if std::env::var("PACELINE_SLOW").as_deref() != Ok("1") {
        eprintln!("skipped {test}: slow; set PACELINE_SLOW=1");
        return;
    }
    // In assist15 a skill is one item, so that none is tried for the first time later.
    for name in ["assist09", "statics", "algebra05"] {
        let Some(found) = measure(test, name) else {
            return;
        };
        let right = found.tries_right as f64 / (NEXT * found.called) as f64;
        let covered = found.covered / found.judged as f64;
        let (plain, decayed) = (
            found.plain / found.rows as f64,
            found.decayed / found.rows as f64,
        );
        eprintln!(
            "{name}: {} called mastered, {right:.3} right on the next {NEXT}; {covered:.3} of {} intervals; \
             log loss {plain:.4}, {decayed:.4} decayed",
            found.called, found.judged
        );
        let bar = f64::from(Bar::default().threshold());
        assert!(right >= bar - 0.05, "{name}: {right}");
        // 75 to 85 %, give or take two standard errors of what so many intervals show.
        let slack = 0.05 + 2.0 * (0.8 * 0.2 / found.judged as f64).sqrt();
        assert!((covered - 0.8).abs() <= slack, "{name}: {covered}");
        // Why predictions leave memory alone: with real gaps, decaying the skill's own part does not pay.
        assert!(name != "algebra05" || plain <= decayed, "{plain} {decayed}");
    }
}

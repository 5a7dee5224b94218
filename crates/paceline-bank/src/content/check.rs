//! What only instances show: whether a template has enough of them, whether its checks hold, whether
//! a wrong answer says the same as the right one.

use std::collections::BTreeSet;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::item::CompiledItem;
use crate::body::{ItemBody, Key};
use crate::expr::{EvalError, Value};
use crate::instance::{DrawError, MAX_DRAWS, Reject, answer_value, clashes, draw};
use crate::text::{Fill, slot_mark};

/// Seeds tried on every template.
pub(super) const N_SEEDS: u64 = 400;
/// Distinct instances that a template must give among them.
const MIN_DISTINCT: usize = 20;
/// Seeds for which every language is rendered.
const N_RENDERED: u64 = 24;

/// A mistake found in instances.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) place: Range<usize>,
    pub(super) message: String,
    pub(super) found: String,
    pub(super) wanted: String,
    pub(super) help: Option<String>,
}

/// Draws instances of an item and returns the first mistake of each kind.
pub(super) fn check(id: &str, place: &Range<usize>, item: &CompiledItem) -> Vec<Finding> {
    let mut findings = Vec::new();
    let body = &item.body;
    let n_seeds = if body.is_template() { N_SEEDS } else { 1 };
    let mut seen = BTreeSet::new();
    for seed in 0..n_seeds {
        let values = match draw(id, body, seed) {
            Ok(drawn) => drawn.values,
            Err(error) => {
                findings.push(not_drawn(place, body, seed, error));
                return findings;
            }
        };
        let found = check_instance(item, seed, &values);
        if !found.is_empty() {
            findings.extend(found);
            return findings;
        }
        match rendering(body, &values) {
            Ok(text) => drop(seen.insert(digest(&text))),
            Err(error) => {
                findings.push(evaluation(place, body, seed, &values, &error));
                return findings;
            }
        }
    }
    if body.is_template() && seen.len() < MIN_DISTINCT {
        findings.push(Finding {
            place: place.clone(),
            message: "a template with too few instances".to_owned(),
            found: format!("{} distinct ones among {N_SEEDS} seeds", seen.len()),
            wanted: format!("at least {MIN_DISTINCT}"),
            help: Some("widen a range, add to a list, or loosen a `where`".to_owned()),
        });
    }
    findings
}

/// How many distinct instances a template is estimated to have: those seen, and by how many were seen
/// only once (Chao 1984) those not seen.
pub(crate) fn distinct_instances(id: &str, body: &ItemBody) -> u64 {
    if !body.is_template() {
        return 1;
    }
    let drawn = (0..N_SEEDS).filter_map(|seed| draw(id, body, seed).ok());
    let mut seen: Vec<u64> = drawn
        .filter_map(|drawn| Some(digest(&rendering(body, &drawn.values).ok()?)))
        .collect();
    seen.sort_unstable();
    let runs = seen.chunk_by(|a, b| a == b).map(<[u64]>::len);
    let (mut distinct, mut once, mut twice) = (0_u64, 0_u64, 0_u64);
    for run in runs {
        distinct += 1;
        once += u64::from(run == 1);
        twice += u64::from(run == 2);
    }
    distinct + once * once.saturating_sub(1) / (2 * (twice + 1))
}

fn digest(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8]
        .iter()
        .fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Everything a learner sees of an instance in the course's own language, slots by name.
fn rendering(body: &ItemBody, values: &[Value]) -> Result<String, EvalError> {
    let fill = Fill {
        values,
        slot: &slot_mark,
        language: "en",
    };
    let mut out = String::new();
    if let Some(texts) = body.texts.first() {
        out.push_str(&texts.stem.render(&fill)?);
        for part in &texts.parts {
            out.push_str(&part.stem.render(&fill)?);
            for choice in &part.choices {
                out.push('\n');
                out.push_str(&choice.render(&fill)?);
            }
        }
    }
    Ok(out)
}

fn values_text(body: &ItemBody, values: &[Value]) -> String {
    let named = body
        .variables
        .iter()
        .zip(values)
        .filter(|(_, value)| !matches!(value, Value::List(_)));
    let named: Vec<String> = named
        .take(12)
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    named.join(", ")
}

fn not_drawn(place: &Range<usize>, body: &ItemBody, seed: u64, error: DrawError) -> Finding {
    let place = place.clone();
    match error {
        DrawError::Evaluate(error) => evaluation(&place, body, seed, &[], &error),
        DrawError::NoInstance(_) if !body.is_template() => Finding {
            place,
            message: "two answers or choices say the same".to_owned(),
            found: clash_text(body, &[]),
            wanted: "answers and choices that differ".to_owned(),
            help: Some("where only the form differs (2/4 and 1/2), say `compare=text` behind the item's id".to_owned()),
        },
        DrawError::NoInstance(reject) => Finding {
            place,
            message: "a template without an instance".to_owned(),
            found: format!("none in {MAX_DRAWS} draws for seed {seed}: {}", match reject {
                Reject::Empty => "a range or list was empty",
                Reject::Where => "a `where` was false",
                Reject::Clash => "a wrong answer or choice equalled the right one or another",
            }),
            wanted: "an instance for every seed".to_owned(),
            help: Some(match reject {
                Reject::Clash => "where only the form differs (2/4 and 1/2), say `compare=text` behind the item's id".to_owned(),
                _ => "loosen the conditions, or draw so that they hold more often".to_owned(),
            }),
        },
    }
}

fn clash_text(body: &ItemBody, values: &[Value]) -> String {
    match clashes(body, values) {
        Ok(Some((a, b))) => format!("`{a}` and `{b}`"),
        _ => "two that are equal".to_owned(),
    }
}

fn evaluation(
    place: &Range<usize>,
    body: &ItemBody,
    seed: u64,
    values: &[Value],
    error: &EvalError,
) -> Finding {
    let values = values_text(body, values);
    Finding {
        place: place.clone(),
        message: "an expression has no value".to_owned(),
        found: format!(
            "{error} (seed {seed}{}{values})",
            if values.is_empty() { "" } else { ": " }
        ),
        wanted: "a value for every instance".to_owned(),
        help: None,
    }
}

fn check_instance(item: &CompiledItem, seed: u64, values: &[Value]) -> Vec<Finding> {
    let body = &item.body;
    let mut findings = Vec::new();
    for (i, part) in body.parts.iter().enumerate() {
        let place = item.parts.get(i).cloned().unwrap_or_default();
        let answer = match answer_value(body, i, values) {
            Ok(Some(answer)) => answer,
            Ok(None) => continue,
            Err(error) => {
                findings.push(evaluation(&place, body, seed, values, &error));
                continue;
            }
        };
        let drawn_choices = body.texts[0].parts[i]
            .choices
            .iter()
            .any(|c| (0..body.variables.len()).any(|v| c.uses(v)));
        let unordered = part
            .choices
            .iter()
            .all(|choice| !matches!(choice.key, Key::Place(_)));
        let numeric = part.choices.is_empty() && has_number(&answer);
        if part.checks.is_empty() && body.is_template() && (numeric || (drawn_choices && unordered))
        {
            findings.push(Finding {
                place: place.clone(),
                message: "a template without a `check`".to_owned(),
                found: "no relation".to_owned(),
                wanted: "`check` with what the answer must satisfy".to_owned(),
                help: Some(
                    "write it from the question, not from the answer: `check answer * d == a + b`"
                        .to_owned(),
                ),
            });
        }
        let mut variables = values.to_vec();
        variables.push(answer.clone());
        for (check, place) in part.checks.iter().zip(&item.checks[i]) {
            match check.holds(&variables) {
                Ok(true) => {}
                Ok(false) => findings.push(Finding {
                    place: place.clone(),
                    message: "a check does not hold".to_owned(),
                    found: format!(
                        "answer = {answer} with {} (seed {seed})",
                        values_text(body, values)
                    ),
                    wanted: "an answer that satisfies it".to_owned(),
                    help: None,
                }),
                Err(error) => {
                    variables.truncate(values.len());
                    variables.push(answer.clone());
                    findings.push(evaluation(place, body, seed, values, &error));
                }
            }
        }
    }
    if seed < N_RENDERED {
        let fill = Fill {
            values,
            slot: &slot_mark,
            language: "en",
        };
        let texts = body
            .texts
            .iter()
            .flat_map(|texts| body.texts_of(texts))
            .chain(body.answer_texts());
        if let Some(error) = texts.into_iter().find_map(|text| text.render(&fill).err()) {
            let place = item.parts.first().cloned().unwrap_or_default();
            findings.push(evaluation(&place, body, seed, values, &error));
        }
        findings.extend(scaffolds(item, seed, &fill));
    }
    findings
}

/// Answers of scaffolds must have values too.
fn scaffolds(item: &CompiledItem, seed: u64, fill: &Fill<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (part, place) in item.body.parts.iter().zip(&item.parts) {
        let answers = part
            .scaffolds
            .iter()
            .flatten()
            .flatten()
            .chain(part.wrongs.iter().map(|wrong| &wrong.answer));
        for answer in answers.chain(&part.answers) {
            if let Err(error) = answer.evaluate(fill) {
                findings.push(evaluation(place, &item.body, seed, fill.values, &error));
            }
        }
    }
    findings.truncate(1);
    findings
}

fn has_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::List(values) => values.iter().any(has_number),
        Value::Text(_) | Value::Truth(_) => false,
    }
}

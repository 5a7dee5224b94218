//! Drawing an instance: its values, whether they are to be taken, and the order of its choices.

use paceline_core::stream::{ChaCha8Rng, stream};
use rand::Rng;

use super::MAX_DRAWS;
use crate::answer::{Target, choice_value, fold_text};
use crate::body::{Choice, ItemBody, Key, Part, PartTexts, Step};
use crate::expr::{EvalError, Value};
use crate::rational::{ArithmeticError, Rational};
use crate::text::{Fill, slot_mark};

/// A drawn and valid set of values, with what each part expects.
pub(crate) struct Drawn {
    pub(crate) values: Vec<Value>,
}

/// Why drawing failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DrawError {
    NoInstance(Reject),
    Evaluate(EvalError),
}

impl From<EvalError> for DrawError {
    fn from(error: EvalError) -> Self {
        Self::Evaluate(error)
    }
}

/// Why the last draw was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reject {
    /// A range or list had nothing in it.
    Empty,
    /// A condition failed.
    Where,
    /// A wrong answer or choice equals the right one or another.
    Clash,
}

/// Draws the values of an item for a seed.
pub(crate) fn draw(id: &str, body: &ItemBody, seed: u64) -> Result<Drawn, DrawError> {
    let mut random = stream("paceline.instance", seed, id.as_bytes());
    let mut reject = Reject::Where;
    for _ in 0..MAX_DRAWS {
        let mut values = Vec::with_capacity(body.variables.len());
        match draw_once(&body.steps, &mut values, &mut random)? {
            Some(why) => reject = why,
            None if clashes(body, &values)?.is_none() => return Ok(Drawn { values }),
            None => reject = Reject::Clash,
        }
        if !body.is_template() {
            break;
        }
    }
    Err(DrawError::NoInstance(reject))
}

fn draw_once(
    steps: &[Step],
    values: &mut Vec<Value>,
    random: &mut ChaCha8Rng,
) -> Result<Option<Reject>, EvalError> {
    for step in steps {
        match step {
            Step::Derive(program) => values.push(program.evaluate(values)?),
            Step::Where(condition) => {
                if !condition.holds(values)? {
                    return Ok(Some(Reject::Where));
                }
            }
            Step::Pick(list) => {
                let Value::List(mut list) = list.evaluate(values)? else {
                    return Err(EvalError::Kind {
                        found: "a single value",
                        wanted: "a list after `in`",
                    });
                };
                if list.is_empty() {
                    return Ok(Some(Reject::Empty));
                }
                values.push(list.swap_remove(below(random, list.len() as u64) as usize));
            }
            Step::Range { low, high, step } => {
                let (low, high) = (low.number(values)?, high.number(values)?);
                let step = match step {
                    Some(step) => step.number(values)?,
                    None => {
                        low.integer()?;
                        high.integer()?;
                        Rational::whole(1)
                    }
                };
                if step.num() <= 0 {
                    return Err(EvalError::Kind {
                        found: "a step that is not positive",
                        wanted: "a positive step",
                    });
                }
                let count = high.minus(low)?.over(step)?.floor().integer()?;
                if count < 0 {
                    return Ok(Some(Reject::Empty));
                }
                let count = u64::try_from(count + 1).map_err(|_| ArithmeticError::Overflow)?;
                let drawn = Rational::new(i128::from(below(random, count)), 1)?;
                values.push(Value::Number(low.plus(drawn.times(step)?)?));
            }
        }
    }
    Ok(None)
}

/// A number below `n` from 64 random bits; the bias is below n / 2^64.
fn below(random: &mut ChaCha8Rng, n: u64) -> u64 {
    ((u128::from(random.next_u64()) * u128::from(n)) >> 64) as u64
}

/// A choice in one instance.
pub(super) struct Shown {
    pub(super) key: Key,
    pub(super) shown: String,
    pub(super) target: Target,
}

pub(super) fn options(
    part: &Part,
    texts: &PartTexts,
    fill: &Fill<'_>,
) -> Result<Vec<Shown>, EvalError> {
    let each = part.choices.iter().zip(&texts.choices);
    each.map(|(choice, text)| {
        let shown = text.render(fill)?;
        let target = match choice_value(
            &text.render_as_expression(&Fill {
                language: "en",
                ..*fill
            })?,
            &shown,
        ) {
            Value::Number(value) => Target::Number {
                value,
                shown: shown.clone(),
            },
            _ => Target::Text(shown.clone()),
        };
        Ok(Shown {
            key: choice.key,
            shown,
            target,
        })
    })
    .collect()
}

fn marks(values: &[Value]) -> Fill<'_> {
    Fill {
        values,
        slot: &slot_mark,
        language: "en",
    }
}

/// The first pair of answers or choices that say the same, which makes the instance invalid.
///
/// Looks at the course's own language with marks for theme slots, so neither theme nor language
/// decides whether an instance exists.
pub(crate) fn clashes(
    body: &ItemBody,
    values: &[Value],
) -> Result<Option<(String, String)>, EvalError> {
    let fill = marks(values);
    let Some(texts) = body.texts.first() else {
        return Ok(None);
    };
    for (part, texts) in body.parts.iter().zip(&texts.parts) {
        let options = options(part, texts, &fill)?;
        for (i, a) in options.iter().enumerate() {
            for b in &options[..i] {
                // Several right choices may well be equal: "which of these are 3?".
                let by_value = !body.compare_text && (a.key != Key::Right || b.key != Key::Right);
                let same_value = by_value && a.target.same(&b.target);
                if same_value || fold_text(&a.shown) == fold_text(&b.shown) {
                    return Ok(Some((b.shown.clone(), a.shown.clone())));
                }
            }
        }
        let right = part
            .answers
            .iter()
            .map(|answer| answer.evaluate(&fill))
            .collect::<Result<Vec<_>, _>>()?;
        let wrong = part
            .wrongs
            .iter()
            .map(|wrong| wrong.answer.evaluate(&fill))
            .collect::<Result<Vec<_>, _>>()?;
        for (i, a) in wrong.iter().enumerate() {
            if let Some(b) = right.iter().chain(&wrong[..i]).find(|b| b.same(a)) {
                return Ok(Some((b.shown(), a.shown())));
            }
        }
    }
    Ok(None)
}

/// What `check` calls `answer` for a part.
pub(crate) fn answer_value(
    body: &ItemBody,
    part: usize,
    values: &[Value],
) -> Result<Option<Value>, EvalError> {
    let fill = marks(values);
    let (Some(own), Some(texts)) = (
        body.parts.get(part),
        body.texts.first().and_then(|t| t.parts.get(part)),
    ) else {
        return Ok(None);
    };
    if let Some(answer) = own.answers.first() {
        return Ok(Some(answer.evaluate(&fill)?.value()));
    }
    let mut right: Vec<(u16, Value)> = options(own, texts, &fill)?
        .into_iter()
        .filter_map(|option| match option.key {
            Key::Wrong => None,
            Key::Right => Some((0, option.target.value())),
            Key::Place(place) => Some((place, option.target.value())),
        })
        .collect();
    right.sort_by_key(|&(place, _)| place);
    let mut values: Vec<Value> = right.into_iter().map(|(_, value)| value).collect();
    Ok(if values.len() == 1 {
        values.pop()
    } else {
        Some(Value::List(values))
    })
}

/// The order in which choices are shown: a seeded shuffle; an ordering task never starts out solved.
pub(super) fn shuffled(id: &str, seed: u64, part: usize, choices: &[Choice]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..choices.len()).collect();
    let mut random = stream("paceline.choices", seed, format!("{id}#{part}").as_bytes());
    for i in (1..order.len()).rev() {
        order.swap(i, below(&mut random, i as u64 + 1) as usize);
    }
    let place = |i: &usize| {
        if let Key::Place(place) = choices[*i].key {
            place
        } else {
            u16::MAX
        }
    };
    let is_order = choices
        .iter()
        .all(|choice| matches!(choice.key, Key::Place(_)));
    if is_order && order.len() > 1 && order.is_sorted_by_key(place) {
        order.rotate_left(1);
    }
    order
}

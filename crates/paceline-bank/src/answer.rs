//! Answers: what an author accepts, and what a learner's text means.
//!
//! Numbers are read in any usual notation and compared as exact rationals. A response that is not of
//! the kind asked for is *unreadable*: it is asked again and is not an attempt.

mod read;

use serde::{Deserialize, Serialize};

use crate::expr::{EvalError, Value};
use crate::rational::Rational;
use crate::text::{Fill, Text, has_decimal_comma};

pub(crate) use read::{choice_value, fold_text, normalise, read_authored, read_number};

#[cfg(test)]
mod tests;

/// The longest response that is read, in characters.
pub const MAX_RESPONSE_CHARS: usize = 1000;

/// How an answer's values belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Shape {
    #[default]
    One,
    /// Order and repeats do not matter.
    Set,
    List,
}

/// Which notation of the right value is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Form {
    #[default]
    Any,
    /// Lowest terms.
    Simplest,
    /// This very text.
    Exact,
}

/// One accepted answer, or one known wrong one, as written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) elements: Vec<Text>,
    pub(crate) shape: Shape,
    pub(crate) form: Form,
    /// The tolerance, and whether it is a percentage of the value.
    pub(crate) tolerance: Option<(Text, bool)>,
    pub(crate) unit: Option<String>,
    /// Written in quotes: never a number.
    pub(crate) quoted: bool,
}

/// A value an answer has in an instance.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Number { value: Rational, shown: String },
    Text(String),
}

impl Target {
    pub(crate) fn shown(&self) -> &str {
        match self {
            Self::Number { shown, .. } => shown,
            Self::Text(text) => text,
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Number { value, .. } => Value::Number(*value),
            Self::Text(text) => Value::Text(text.clone()),
        }
    }

    /// Whether both say the same: by value where both are numbers, else as folded text.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number { value, .. }, Self::Number { value: other, .. }) => value == other,
            (Self::Text(text), Self::Text(other)) => fold_text(text) == fold_text(other),
            _ => false,
        }
    }
}

/// An answer in one instance.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) targets: Vec<Target>,
    pub(crate) shape: Shape,
    form: Form,
    tolerance: Option<(Rational, bool)>,
    unit: Option<String>,
}

/// How one response meets one answer; later is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    Unreadable,
    No,
    WrongForm,
    Right,
}

impl Answer {
    pub(crate) fn evaluate(&self, fill: &Fill<'_>) -> Result<Expected, EvalError> {
        // Authors write decimal points whatever the language.
        let fill = &Fill {
            language: "en",
            ..*fill
        };
        let target = |text: &Text| -> Result<Target, EvalError> {
            let shown = text.render(fill)?.trim().to_owned();
            let value = if self.quoted {
                None
            } else {
                read_authored(&text.render_as_expression(fill)?)
            };
            Ok(value.map_or_else(
                || Target::Text(shown.clone()),
                |value| Target::Number {
                    value,
                    shown: shown.clone(),
                },
            ))
        };
        let tolerance = match &self.tolerance {
            None => None,
            Some((text, relative)) => {
                let found = EvalError::Kind {
                    found: "a tolerance that is not a number",
                    wanted: "a number after `±`",
                };
                Some((
                    read_authored(&text.render_as_expression(fill)?).ok_or(found)?,
                    *relative,
                ))
            }
        };
        Ok(Expected {
            targets: self.elements.iter().map(target).collect::<Result<_, _>>()?,
            shape: self.shape,
            form: self.form,
            tolerance,
            unit: self.unit.clone(),
        })
    }
}

impl Expected {
    /// What `check` calls `answer`: the value, or the list, a set's being sorted.
    pub(crate) fn value(&self) -> Value {
        let mut values: Vec<Value> = self.targets.iter().map(Target::value).collect();
        match self.shape {
            Shape::One => values.pop().unwrap_or(Value::List(Vec::new())),
            Shape::List => Value::List(values),
            Shape::Set => {
                values.sort_by(|a, b| match (a, b) {
                    (Value::Number(a), Value::Number(b)) => {
                        a.compare(*b).unwrap_or(std::cmp::Ordering::Equal)
                    }
                    (a, b) => a.to_string().cmp(&b.to_string()),
                });
                Value::List(values)
            }
        }
    }

    /// As a person writes it.
    pub(crate) fn shown(&self) -> String {
        let texts: Vec<&str> = self.targets.iter().map(Target::shown).collect();
        let unit = self
            .unit
            .as_deref()
            .map_or_else(String::new, |unit| format!(" {unit}"));
        format!("{}{unit}", texts.join("; "))
    }

    /// Whether a learner who means one has said the other.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let (a, b) = (&self.targets, &other.targets);
        match (self.shape, other.shape) {
            (Shape::Set, Shape::Set) => {
                a.iter().all(|x| b.iter().any(|y| x.same(y)))
                    && b.iter().all(|y| a.iter().any(|x| x.same(y)))
            }
            _ => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.same(y) || self.within(x, y)),
        }
    }

    fn within(&self, target: &Target, other: &Target) -> bool {
        match (target, other) {
            (Target::Number { value, .. }, Target::Number { value: other, .. }) => {
                self.accepts(*value, *other)
            }
            _ => false,
        }
    }

    /// Whether a number is the target, or within the tolerance of it.
    fn accepts(&self, target: Rational, found: Rational) -> bool {
        let exact = || -> Result<bool, crate::rational::ArithmeticError> {
            let Some((tolerance, relative)) = self.tolerance else {
                return Ok(target == found);
            };
            let bound = if relative {
                target.abs()?.times(tolerance)?.over(Rational::whole(100))?
            } else {
                tolerance
            };
            Ok(found.minus(target)?.abs()?.compare(bound)?.is_le())
        };
        // A number so large that the difference overflows is not within any tolerance.
        exact().unwrap_or(target == found)
    }

    pub(crate) fn is_number(&self) -> bool {
        self.targets
            .iter()
            .all(|target| matches!(target, Target::Number { .. }))
    }

    /// What a learner is told to give.
    pub(crate) fn wanted(&self, language: &str) -> String {
        let mark = if has_decimal_comma(language) {
            ','
        } else {
            '.'
        };
        let unit = self
            .unit
            .as_deref()
            .map_or_else(String::new, |unit| format!(", in {unit}"));
        match (self.shape, self.is_number(), self.form) {
            (Shape::One, true, Form::Simplest) => {
                format!("a whole number or a fraction in lowest terms, such as 3/4{unit}")
            }
            (Shape::One, true, _) => format!("a number, such as 12, 3/4, 1 1/2 or 0{mark}75{unit}"),
            (Shape::One, false, _) => "a word or a short text".to_owned(),
            (Shape::Set, true, _) => format!("numbers with `;` between them, in any order{unit}"),
            (Shape::List, true, _) => format!("numbers with `;` between them, in order{unit}"),
            (Shape::Set, false, _) => "words with `;` between them, in any order".to_owned(),
            (Shape::List, false, _) => "words with `;` between them, in order".to_owned(),
        }
    }

    /// How a normalised response meets this answer.
    pub(crate) fn meets(&self, response: &str, language: &str) -> Match {
        let comma = has_decimal_comma(language);
        if self.shape == Shape::One {
            return self
                .targets
                .first()
                .map_or(Match::No, |target| self.meets_one(target, response, comma));
        }
        let readings = read::split_values(response);
        readings
            .iter()
            .map(|parts| self.meets_many(parts, comma))
            .max()
            .unwrap_or(Match::Unreadable)
    }

    fn meets_one(&self, target: &Target, response: &str, comma: bool) -> Match {
        let (value, shown) = match target {
            Target::Text(text) if self.form == Form::Exact => {
                let same = normalise(text) == response;
                let alike = fold_text(text) == fold_text(response);
                return if same {
                    Match::Right
                } else if alike {
                    Match::WrongForm
                } else {
                    Match::No
                };
            }
            Target::Text(text) => {
                return if fold_text(text) == fold_text(response) {
                    Match::Right
                } else {
                    Match::No
                };
            }
            Target::Number { value, shown } => (*value, shown),
        };
        let bare = read::strip_equation(response);
        let (bare, unit) = self
            .unit
            .as_deref()
            .map_or((bare, read::Unit::None), |unit| {
                read::strip_unit(bare, unit)
            });
        let Some(number) = read_number(bare, comma) else {
            return Match::Unreadable;
        };
        let right_form = unit != read::Unit::Other
            && match self.form {
                Form::Any => true,
                Form::Simplest => number.is_lowest,
                Form::Exact => {
                    normalise(shown) == bare
                        || (comma && normalise(shown).replace('.', ",") == bare)
                }
            };
        match (self.accepts(value, number.value), right_form) {
            (true, true) => Match::Right,
            (true, false) => Match::WrongForm,
            (false, _) => Match::No,
        }
    }

    fn meets_many(&self, parts: &[&str], comma: bool) -> Match {
        let mut covered = vec![false; self.targets.len()];
        let mut result = Match::Right;
        for (i, part) in parts.iter().enumerate() {
            let best = match self.shape {
                Shape::List => self
                    .targets
                    .get(i)
                    .map(|target| (self.meets_one(target, part, comma), i)),
                _ => {
                    let each = self
                        .targets
                        .iter()
                        .zip(0..)
                        .map(|(target, t)| (self.meets_one(target, part, comma), t));
                    each.max_by_key(|&(found, t)| (found, usize::MAX - t))
                }
            };
            let (found, target) = best.unwrap_or((Match::No, 0));
            if found >= Match::WrongForm {
                covered[target] = true;
            }
            result = result.min(found);
        }
        let complete = match self.shape {
            Shape::List => parts.len() == self.targets.len(),
            // Two targets of one value are one.
            _ => self.targets.iter().zip(&covered).all(|(target, &done)| {
                done || self
                    .targets
                    .iter()
                    .zip(&covered)
                    .any(|(other, &done)| done && target.same(other))
            }),
        };
        if complete {
            result
        } else {
            result.min(Match::No)
        }
    }
}

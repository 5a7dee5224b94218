//! Instances: an item with its numbers drawn, rendered in a theme and a language, and judged.
//!
//! The numbers are a pure function of the item's id and the seed: a ChaCha8 stream keyed by both is
//! drawn from, at most [`MAX_DRAWS`] times, until all conditions hold and no wrong answer equals the
//! right one or another. Theme and language are looked at only afterwards.

use paceline_core::event::Instance;
use paceline_core::ids::ItemIx;
use paceline_core::stream::{ChaCha8Rng, stream};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::answer::{
    Expected, MAX_RESPONSE_CHARS, Match, Target, choice_value, fold_text, normalise,
};
use crate::bank::{Bank, Course, ItemThemes};
use crate::body::{ItemBody, ItemTexts, Key, Part, PartTexts, Step};
use crate::expr::{EvalError, Value};
use crate::rational::{ArithmeticError, Rational};
use crate::text::{Fill, Text, slot_mark};

/// How often an instance is drawn anew before its seed is given up.
pub const MAX_DRAWS: u32 = 1000;

/// Why an instance cannot be shown or judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// The item has no text: it belongs to a generated curriculum.
    #[error("item `{item}` has no text to show")]
    NoText {
        /// The item's external id.
        item: String,
    },
    /// No draw met the conditions.
    #[error(
        "item `{item}` has no instance for seed {seed}: none of {MAX_DRAWS} draws met its conditions"
    )]
    NoInstance {
        /// The item's external id.
        item: String,
        /// The seed.
        seed: u64,
    },
    /// An expression has no value.
    #[error("item `{item}`, seed {seed}: {error}")]
    Evaluate {
        /// The item's external id.
        item: String,
        /// The seed.
        seed: u64,
        /// What failed.
        error: EvalError,
    },
    /// The theme is not one that the item can take.
    #[error("item `{item}` has no theme `{theme}`")]
    UnknownTheme {
        /// The item's external id.
        item: String,
        /// The theme asked for.
        theme: String,
    },
    /// The item has no such part, or the part no such scaffold.
    #[error("item `{item}` has no {what} {index}; counting begins at 0")]
    UnknownPart {
        /// The item's external id.
        item: String,
        /// `part` or `scaffold`.
        what: &'static str,
        /// The index asked for.
        index: usize,
    },
}

/// How a part is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartKind {
    /// A number.
    Number,
    /// A word or a short text.
    Text,
    /// Several values in any order.
    Set,
    /// Several values in order.
    List,
    /// One choice.
    ChooseOne,
    /// All choices that apply.
    ChooseAll,
    /// All choices, put in order.
    Order,
}

/// An item as a learner sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    /// The item's external id.
    pub item: String,
    /// The language it is in, which is the course's own where a translation is missing.
    pub language: String,
    /// The theme it is about.
    pub theme: Option<String>,
    /// A text to read first, Markdown.
    pub passage: Option<String>,
    /// What all parts share, Markdown with TeX between dollar signs.
    pub stem: String,
    /// The questions; at least one.
    pub parts: Vec<RenderedPart>,
}

/// One question of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderedPart {
    /// The part's id; empty where the item has only one.
    pub label: String,
    /// The question; empty where the item's stem says it all.
    pub stem: String,
    /// How it is answered.
    pub kind: PartKind,
    /// What to give, in a few English words.
    pub wanted: String,
    /// The unit that the answer may name.
    pub unit: Option<String>,
    /// The choices in the order to show, a learner calling the first `a`.
    pub choices: Vec<RenderedChoice>,
    /// Hints and scaffolds, to be given one at a time.
    pub hints: Vec<RenderedHint>,
}

/// One choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderedChoice {
    /// Its place in the item's text, from 0, whatever the order shown.
    pub original: usize,
    /// Markdown with TeX.
    pub text: String,
}

/// One hint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderedHint {
    /// Markdown with TeX.
    pub text: String,
    /// Whether it is a question of its own; [`Bank::grade_scaffold`] judges its answer.
    pub is_scaffold: bool,
}

/// How a response was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Right.
    Right,
    /// Wrong, and perhaps known to be.
    Wrong {
        /// The misconception that leads to this answer.
        misconception: Option<String>,
        /// What to tell the learner.
        feedback: Option<String>,
    },
    /// The right value, but not as asked (not in lowest terms, in another unit).
    RightValueWrongForm,
    /// Not an answer of the kind asked: to be asked again, and not an attempt.
    Unreadable {
        /// What to give, in a few English words.
        wanted: String,
    },
}

/// A judged response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// The judgement.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The right answer as a person writes it, to show when it is time.
    pub answer: String,
}

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
struct Shown {
    key: Key,
    shown: String,
    target: Target,
}

fn options(part: &Part, texts: &PartTexts, fill: &Fill<'_>) -> Result<Vec<Shown>, EvalError> {
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
fn shuffled(id: &str, seed: u64, part: usize, choices: &[crate::body::Choice]) -> Vec<usize> {
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

/// An item opened for one instance.
struct Open<'a> {
    id: &'a str,
    body: ItemBody,
    texts: usize,
    course: &'a Course,
    theme: Option<usize>,
    values: Vec<Value>,
    instance: &'a Instance,
}

impl Open<'_> {
    fn texts(&self) -> &ItemTexts {
        &self.body.texts[self.texts]
    }

    fn slot(&self, name: &str) -> String {
        let language = &self.texts().language;
        let slots = self.theme.and_then(|theme| self.course.slots.get(theme));
        let slot = slots.and_then(|slots| slots.iter().find(|slot| slot.name == name));
        let texts = slot.map_or(&[][..], |slot| &slot.texts);
        let found = texts
            .iter()
            .find(|(code, _)| code == language)
            .or(texts.first());
        found.map_or_else(String::new, |(_, text)| text.clone())
    }

    fn with_fill<T>(
        &self,
        f: impl FnOnce(&Fill<'_>) -> Result<T, EvalError>,
    ) -> Result<T, InstanceError> {
        let slot = |name: &str| self.slot(name);
        let fill = Fill {
            values: &self.values,
            slot: &slot,
            language: &self.texts().language,
        };
        f(&fill).map_err(|error| InstanceError::Evaluate {
            item: self.id.to_owned(),
            seed: self.instance.seed,
            error,
        })
    }

    /// The language the learner writes numbers in.
    fn response_language(&self) -> &str {
        self.instance
            .language
            .as_deref()
            .unwrap_or(&self.texts().language)
    }

    fn part(&self, index: usize) -> Result<(&Part, &PartTexts), InstanceError> {
        let found = self
            .body
            .parts
            .get(index)
            .zip(self.texts().parts.get(index));
        found.ok_or_else(|| InstanceError::UnknownPart {
            item: self.id.to_owned(),
            what: "part",
            index,
        })
    }
}

impl Bank {
    fn open<'a>(&'a self, item: ItemIx, instance: &'a Instance) -> Result<Open<'a>, InstanceError> {
        let id = self.item_id(item);
        let body = self.body(item).ok_or_else(|| InstanceError::NoText {
            item: id.to_owned(),
        })?;
        let language = instance.language.as_deref();
        let texts = body
            .texts
            .iter()
            .position(|texts| Some(texts.language.as_str()) == language)
            .unwrap_or(0);
        if body.texts.is_empty() {
            return Err(InstanceError::NoText {
                item: id.to_owned(),
            });
        }
        let course = self.course_of(item);
        let theme = match (self.item_themes(item), instance.theme.as_deref()) {
            (ItemThemes::None, _) => None,
            (ItemThemes::Fixed(theme), _) => course.themes.iter().position(|&t| t == theme),
            // Without a wish, the course's first theme.
            (ItemThemes::Any, None) => Some(0),
            (ItemThemes::Any, Some(name)) => {
                let found = course
                    .themes
                    .iter()
                    .position(|&theme| self.theme(theme).id == name);
                let unknown = || InstanceError::UnknownTheme {
                    item: id.to_owned(),
                    theme: name.to_owned(),
                };
                Some(found.ok_or_else(unknown)?)
            }
        };
        let values = match draw(id, &body, instance.seed) {
            Ok(drawn) => drawn.values,
            Err(DrawError::NoInstance(_)) => {
                return Err(InstanceError::NoInstance {
                    item: id.to_owned(),
                    seed: instance.seed,
                });
            }
            Err(DrawError::Evaluate(error)) => {
                return Err(InstanceError::Evaluate {
                    item: id.to_owned(),
                    seed: instance.seed,
                    error,
                });
            }
        };
        Ok(Open {
            id,
            body,
            texts,
            course,
            theme,
            values,
            instance,
        })
    }

    /// The item as a learner sees it: a pure function of item, seed, theme and language.
    ///
    /// # Errors
    ///
    /// [`InstanceError`] where the item has no text, the seed no instance, or the theme is unknown. An
    /// item of a checked bank fails for no seed that the checker tried.
    pub fn instantiate(
        &self,
        item: ItemIx,
        instance: &Instance,
    ) -> Result<Rendered, InstanceError> {
        let open = self.open(item, instance)?;
        let texts = open.texts();
        let passage = texts
            .passage
            .and_then(|passage| self.passages.get(passage as usize))
            .cloned();
        let stem = open.with_fill(|fill| texts.stem.render(fill))?;
        let parts = (0..open.body.parts.len())
            .map(|part| render_part(&open, part))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Rendered {
            item: open.id.to_owned(),
            language: texts.language.clone(),
            theme: open
                .theme
                .and_then(|theme| open.course.themes.get(theme))
                .map(|&t| self.theme(t).id.clone()),
            passage,
            stem,
            parts,
        })
    }

    /// Judges a response to a part, counting from 0, in any usual notation.
    ///
    /// A choice may be given by its letter as shown, its number as shown from 1, or its text; several by
    /// letters (`a c`, `ac`) or by texts with `;` between.
    ///
    /// # Errors
    ///
    /// [`InstanceError`] as for [`Bank::instantiate`], or for an unknown part. Whatever the response says
    /// is a [`Verdict`], not an error.
    pub fn grade(
        &self,
        item: ItemIx,
        instance: &Instance,
        part: usize,
        response: &str,
    ) -> Result<Graded, InstanceError> {
        let open = self.open(item, instance)?;
        let (own, texts) = open.part(part)?;
        if own.choices.is_empty() {
            grade_text(&open, own, texts, response)
        } else {
            grade_choice(&open, own, texts, part, response)
        }
    }

    /// Judges a response to the scaffold that stands among a part's hints, both counting from 0.
    ///
    /// # Errors
    ///
    /// As for [`Bank::grade`], or where that hint is no scaffold.
    pub fn grade_scaffold(
        &self,
        item: ItemIx,
        instance: &Instance,
        part: usize,
        hint: usize,
        response: &str,
    ) -> Result<Graded, InstanceError> {
        let open = self.open(item, instance)?;
        let (own, _) = open.part(part)?;
        let Some(Some(answers)) = own.scaffolds.get(hint) else {
            return Err(InstanceError::UnknownPart {
                item: open.id.to_owned(),
                what: "scaffold",
                index: hint,
            });
        };
        let scaffold = Part {
            answers: answers.clone(),
            ..Part::default()
        };
        grade_text(&open, &scaffold, &PartTexts::default(), response)
    }

    /// The right answer of a part, counting from 0, as a person writes it.
    ///
    /// # Errors
    ///
    /// As for [`Bank::grade`].
    pub fn right_answer(
        &self,
        item: ItemIx,
        instance: &Instance,
        part: usize,
    ) -> Result<String, InstanceError> {
        let open = self.open(item, instance)?;
        let (own, texts) = open.part(part)?;
        open.with_fill(|fill| right_text(own, texts, fill))
    }
}

fn right_text(part: &Part, texts: &PartTexts, fill: &Fill<'_>) -> Result<String, EvalError> {
    if let Some(answer) = part.answers.first() {
        return Ok(answer.evaluate(fill)?.shown());
    }
    let mut right: Vec<(Key, String)> = options(part, texts, fill)?
        .into_iter()
        .map(|o| (o.key, o.shown))
        .collect();
    right.retain(|(key, _)| *key != Key::Wrong);
    right.sort_by_key(|(key, _)| {
        if let Key::Place(place) = key {
            *place
        } else {
            0
        }
    });
    Ok(right
        .into_iter()
        .map(|(_, shown)| shown)
        .collect::<Vec<_>>()
        .join("; "))
}

fn render_part(open: &Open<'_>, index: usize) -> Result<RenderedPart, InstanceError> {
    let (part, texts) = open.part(index)?;
    let language = open.response_language();
    open.with_fill(|fill| {
        let first = part
            .answers
            .first()
            .map(|answer| answer.evaluate(fill))
            .transpose()?;
        let (kind, wanted) = match &first {
            Some(expected) => (kind_of(expected), expected.wanted(language)),
            None => choice_kind(part),
        };
        let mut choices = Vec::with_capacity(part.choices.len());
        for original in shuffled(open.id, open.instance.seed, index, &part.choices) {
            choices.push(RenderedChoice {
                original,
                text: texts.choices[original].render(fill)?,
            });
        }
        let hints = texts.hints.iter().zip(&part.scaffolds);
        let hints = hints.map(|(text, scaffold)| {
            Ok(RenderedHint {
                text: text.render(fill)?,
                is_scaffold: scaffold.is_some(),
            })
        });
        Ok(RenderedPart {
            label: part.label.clone(),
            stem: texts.stem.render(fill)?,
            kind,
            wanted,
            unit: part.answers.iter().find_map(|answer| answer.unit.clone()),
            choices,
            hints: hints.collect::<Result<Vec<_>, EvalError>>()?,
        })
    })
}

fn kind_of(expected: &Expected) -> PartKind {
    use crate::answer::Shape;
    match expected.shape {
        Shape::One if expected.is_number() => PartKind::Number,
        Shape::One => PartKind::Text,
        Shape::Set => PartKind::Set,
        Shape::List => PartKind::List,
    }
}

fn choice_kind(part: &Part) -> (PartKind, String) {
    let last = letter(part.choices.len().saturating_sub(1));
    let right = part
        .choices
        .iter()
        .filter(|choice| choice.key == Key::Right)
        .count();
    if part
        .choices
        .iter()
        .any(|choice| matches!(choice.key, Key::Place(_)))
    {
        (
            PartKind::Order,
            format!("the letters a to {last} in order, such as `b a c`"),
        )
    } else if right > 1 {
        (
            PartKind::ChooseAll,
            format!("the letters of all that apply, a to {last}"),
        )
    } else {
        (PartKind::ChooseOne, format!("one letter, a to {last}"))
    }
}

fn letter(index: usize) -> char {
    char::from_digit(10 + index.min(25) as u32, 36).unwrap_or('z')
}

/// The response normalised, or the verdict that it cannot be read.
fn readable(response: &str, wanted: &str) -> Result<String, Verdict> {
    if response.chars().nth(MAX_RESPONSE_CHARS).is_some() {
        return Err(Verdict::Unreadable {
            wanted: format!("at most {MAX_RESPONSE_CHARS} characters: {wanted}"),
        });
    }
    let response = normalise(response);
    if response.is_empty() {
        Err(Verdict::Unreadable {
            wanted: wanted.to_owned(),
        })
    } else {
        Ok(response)
    }
}

fn grade_text(
    open: &Open<'_>,
    part: &Part,
    texts: &PartTexts,
    response: &str,
) -> Result<Graded, InstanceError> {
    let language = open.response_language();
    open.with_fill(|fill| {
        let expected = part
            .answers
            .iter()
            .map(|answer| answer.evaluate(fill))
            .collect::<Result<Vec<_>, _>>()?;
        let wanted = expected
            .first()
            .map_or_else(String::new, |first| first.wanted(language));
        let answer = expected.first().map_or_else(String::new, Expected::shown);
        let response = match readable(response, &wanted) {
            Ok(response) => response,
            Err(verdict) => return Ok(Graded { verdict, answer }),
        };
        let best = expected
            .iter()
            .map(|one| one.meets(&response, language))
            .max()
            .unwrap_or(Match::No);
        let verdict = match best {
            Match::Right => Verdict::Right,
            Match::WrongForm => Verdict::RightValueWrongForm,
            Match::No | Match::Unreadable => {
                // A known wrong answer may be of another kind than the right one, so it is looked at first.
                for (wrong, feedback) in part.wrongs.iter().zip(&texts.wrong_feedback) {
                    if wrong.answer.evaluate(fill)?.meets(&response, language) >= Match::WrongForm {
                        let feedback = feedback
                            .as_ref()
                            .map(|text| text.render(fill))
                            .transpose()?;
                        let misconception = wrong.misconception.clone();
                        return Ok(Graded {
                            verdict: Verdict::Wrong {
                                misconception,
                                feedback,
                            },
                            answer,
                        });
                    }
                }
                match best {
                    Match::Unreadable => Verdict::Unreadable { wanted },
                    _ => Verdict::Wrong {
                        misconception: None,
                        feedback: None,
                    },
                }
            }
        };
        Ok(Graded { verdict, answer })
    })
}

fn grade_choice(
    open: &Open<'_>,
    part: &Part,
    texts: &PartTexts,
    index: usize,
    response: &str,
) -> Result<Graded, InstanceError> {
    open.with_fill(|fill| {
        let answer = right_text(part, texts, fill)?;
        let (kind, wanted) = choice_kind(part);
        let options = options(part, texts, fill)?;
        let order = shuffled(open.id, open.instance.seed, index, &part.choices);
        let chosen = match readable(response, &wanted) {
            Ok(response) => chosen(&response, kind, &options, &order),
            Err(verdict) => return Ok(Graded { verdict, answer }),
        };
        let Some(chosen) = chosen else {
            return Ok(Graded {
                verdict: Verdict::Unreadable { wanted },
                answer,
            });
        };
        let is_right = match kind {
            PartKind::Order => chosen
                .iter()
                .zip(1..)
                .all(|(&i, place)| options[i].key == Key::Place(place)),
            _ => (0..options.len()).all(|i| chosen.contains(&i) == (options[i].key == Key::Right)),
        };
        if is_right {
            return Ok(Graded {
                verdict: Verdict::Right,
                answer,
            });
        }
        let first_wrong = chosen
            .iter()
            .copied()
            .find(|&i| options[i].key == Key::Wrong);
        let feedback = first_wrong.and_then(|i| texts.choice_feedback.get(i)?.as_ref());
        let verdict = Verdict::Wrong {
            misconception: first_wrong.and_then(|i| part.choices[i].misconception.clone()),
            feedback: feedback.map(|text: &Text| text.render(fill)).transpose()?,
        };
        Ok(Graded { verdict, answer })
    })
}

/// The choices that a normalised response names, by their place in the text; `None` where it names none
/// or not as many as asked.
fn chosen(
    response: &str,
    kind: PartKind,
    options: &[Shown],
    order: &[usize],
) -> Option<Vec<usize>> {
    if let Some(one) = chosen_by_text(response, options) {
        return (kind != PartKind::Order).then(|| vec![one]);
    }
    let one = |part: &str| {
        chosen_by_text(part, options).or_else(|| chosen_by_place(part, options, order))
    };
    let several = |parts: Vec<&str>| parts.into_iter().map(one).collect::<Option<Vec<usize>>>();
    let words = |separators: &[char]| -> Vec<String> {
        response
            .split(separators)
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect()
    };
    let tries = [
        words(&[';']),
        words(&[';', ',']),
        words(&[';', ',', ' ']),
        response.chars().map(String::from).collect(),
    ];
    let mut found = tries
        .iter()
        .find_map(|parts| several(parts.iter().map(String::as_str).collect()))?;
    if kind != PartKind::Order {
        found.sort_unstable();
        found.dedup();
    }
    let fits = match kind {
        PartKind::ChooseOne => found.len() == 1,
        PartKind::Order => {
            found.len() == options.len() && (0..options.len()).all(|i| found.contains(&i))
        }
        _ => !found.is_empty(),
    };
    fits.then_some(found)
}

fn chosen_by_text(part: &str, options: &[Shown]) -> Option<usize> {
    let folded = fold_text(part);
    let same = options
        .iter()
        .position(|option| !folded.is_empty() && fold_text(&option.shown) == folded);
    same.or_else(|| {
        let value = choice_value(part, part);
        let mut equal = (0..options.len())
            .filter(|&i| matches!(value, Value::Number(_)) && options[i].target.value() == value);
        equal.next().filter(|_| equal.next().is_none())
    })
}

fn chosen_by_place(part: &str, options: &[Shown], order: &[usize]) -> Option<usize> {
    let part = part
        .trim()
        .trim_start_matches('(')
        .trim_end_matches([')', '.']);
    let mut chars = part.chars();
    if let (Some(c @ ('a'..='z' | 'A'..='Z')), None) = (chars.next(), chars.next()) {
        return order
            .get((c.to_ascii_lowercase() as usize) - ('a' as usize))
            .copied();
    }
    // Where choices are numbers, a number is a choice's text and never its place.
    let numeric = options
        .iter()
        .any(|option| matches!(option.target, Target::Number { .. }));
    let place = part.parse::<usize>().ok().filter(|_| !numeric)?;
    order.get(place.checked_sub(1)?).copied()
}

//! Instances: an item with its numbers drawn, rendered in a theme and a language, and judged.
//!
//! The numbers are a pure function of the item's id and the seed: a ChaCha8 stream keyed by both is
//! drawn from, at most [`MAX_DRAWS`] times, until all conditions hold and no wrong answer equals the
//! right one or another. Theme and language are looked at only afterwards.

use paceline_core::event::Instance;
use paceline_core::ids::ItemIx;
use serde::{Deserialize, Serialize};

use crate::answer::{Expected, Shape};
use crate::bank::{Bank, Course, ItemThemes};
use crate::body::{ItemBody, ItemTexts, Key, Part, PartTexts};
use crate::expr::{EvalError, Value};
use crate::text::Fill;

mod draw;
mod grade;

use draw::shuffled;
pub(crate) use draw::{DrawError, Reject, answer_value, clashes, draw};

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

    /// The chance that a guess at an item is right: one over the choices where one is to be chosen, and 0 of a typed answer.
    pub fn p_guess(&self, item: ItemIx) -> f32 {
        let guess = |part: &Part| match choice_kind(part).0 {
            PartKind::ChooseOne if part.answers.is_empty() => 1.0 / part.choices.len() as f32,
            _ => 0.0,
        };
        self.body(item)
            .map_or(0.0, |body| body.parts.iter().map(guess).product())
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

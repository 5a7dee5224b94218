//! What an item says and accepts, compiled: the part of an item that only showing and judging it needs.

use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::expr::Program;
use crate::text::Text;

/// An item's content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemBody {
    /// Names of the variables, in the order drawn.
    pub(crate) variables: Vec<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) parts: Vec<Part>,
    /// Choices that are equal in value may still differ in form.
    pub(crate) compare_text: bool,
    /// The course's own language first, then the translations there are.
    pub(crate) texts: Vec<ItemTexts>,
}

/// One step of drawing an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Draws the next variable from `low..=high` in steps.
    Range {
        low: Program,
        high: Program,
        step: Option<Program>,
    },
    /// Draws the next variable from a list.
    Pick(Program),
    /// Computes the next variable.
    Derive(Program),
    /// Begins anew unless the condition holds.
    Where(Program),
}

/// A part: one question with one judgement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The part's id; empty where the item has only one.
    pub(crate) label: String,
    pub(crate) answers: Vec<Answer>,
    pub(crate) wrongs: Vec<Wrong>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) checks: Vec<Program>,
    /// For each hint, the answers of its scaffold.
    pub(crate) scaffolds: Vec<Option<Vec<Answer>>>,
}

/// A known wrong answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wrong {
    pub(crate) answer: Answer,
    pub(crate) misconception: Option<String>,
}

/// Which role a choice has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Key {
    Right,
    Wrong,
    /// Stands in this place of the right order, from 1.
    Place(u16),
}

/// A choice without its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) key: Key,
    pub(crate) misconception: Option<String>,
}

/// An item's words in one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ItemTexts {
    pub(crate) language: String,
    /// Index of the passage shown above the item.
    pub(crate) passage: Option<u32>,
    /// What all parts share.
    pub(crate) stem: Text,
    pub(crate) parts: Vec<PartTexts>,
}

/// A part's words in one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartTexts {
    pub(crate) stem: Text,
    pub(crate) choices: Vec<Text>,
    /// Feedback of each choice.
    pub(crate) choice_feedback: Vec<Option<Text>>,
    /// Feedback of each known wrong answer.
    pub(crate) wrong_feedback: Vec<Option<Text>>,
    pub(crate) hints: Vec<Text>,
}

impl ItemBody {
    /// Whether instances differ in more than the theme.
    pub(crate) fn is_template(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Range { .. } | Step::Pick(_)))
    }

    /// All texts that a learner may see, in one language.
    pub(crate) fn texts_of<'a>(&'a self, texts: &'a ItemTexts) -> impl Iterator<Item = &'a Text> {
        let parts = texts.parts.iter().flat_map(|part| {
            let feedback = part
                .choice_feedback
                .iter()
                .chain(&part.wrong_feedback)
                .flatten();
            std::iter::once(&part.stem)
                .chain(&part.choices)
                .chain(feedback)
                .chain(&part.hints)
        });
        std::iter::once(&texts.stem).chain(parts)
    }

    /// All answer texts, which no language changes.
    pub(crate) fn answer_texts(&self) -> impl Iterator<Item = &Text> {
        let answers = self.parts.iter().flat_map(|part| {
            let wrongs = part.wrongs.iter().map(|wrong| &wrong.answer);
            part.answers
                .iter()
                .chain(wrongs)
                .chain(part.scaffolds.iter().flatten().flatten())
        });
        answers.flat_map(|answer| {
            answer
                .elements
                .iter()
                .chain(answer.tolerance.iter().map(|(text, _)| text))
        })
    }

    /// The theme slots it names, in any language.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &str> {
        let texts = self.texts.iter().flat_map(|texts| self.texts_of(texts));
        texts.chain(self.answer_texts()).flat_map(Text::slots)
    }
}

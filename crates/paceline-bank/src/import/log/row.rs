//! One row, and the names that other logs give its fields.

use std::collections::BTreeMap;

use paceline_core::stream::keyed_u64;

use super::LogImportError;
use super::time;
use crate::bank::Bank;

/// An answer as it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    pub(super) learner: String,
    pub(super) item: String,
    pub(super) skills: String,
    pub(super) seconds_since_1970: u32,
    pub(super) right: bool,
    pub(super) score: String,
    pub(super) choice: String,
    pub(super) seconds: String,
    pub(super) hint: String,
    pub(super) version: String,
}

/// Our field and the names that other logs have for it, lower case; ours first.
const NAMES: [(&str, &[&str]); 10] = [
    (
        "learner",
        &[
            "learner",
            "learner_id",
            "user",
            "user_id",
            "userid",
            "student",
            "student_id",
            "studentid",
            "anon student id",
            "anon_id",
        ],
    ),
    (
        "item",
        &[
            "item",
            "item_id",
            "itemid",
            "question",
            "question_id",
            "problem",
            "problem_id",
            "problemid",
            "step",
            "step_id",
            "stepid",
        ],
    ),
    (
        "skills",
        &[
            "skills",
            "skill",
            "skill_id",
            "skill_name",
            "skill_ids",
            "kc",
            "kcs",
            "concept",
            "concepts",
        ],
    ),
    (
        "timestamp_s",
        &[
            "timestamp_s",
            "timestamp",
            "timestamp_ms",
            "time",
            "datetime",
            "date",
            "at",
            "start_time",
            "order_id",
        ],
    ),
    (
        "correct",
        &[
            "correct",
            "is_correct",
            "iscorrect",
            "right",
            "success",
            "outcome",
            "answered_correctly",
        ],
    ),
    ("score", &["score", "partial_credit", "scaled"]),
    (
        "choice",
        &["choice", "answer", "response", "user_answer", "answer_text"],
    ),
    (
        "seconds",
        &[
            "seconds",
            "seconds_taken",
            "duration_s",
            "elapsed_s",
            "response_time_s",
        ],
    ),
    ("hint", &["hint", "hints", "hint_count", "hints_used"]),
    ("version", &["version", "item_version"]),
];

/// The names a field may have.
pub(super) fn names(field: &str) -> &'static [&'static str] {
    NAMES
        .iter()
        .find(|(own, _)| *own == field)
        .map_or(&[], |(_, names)| names)
}

/// Where each of our fields stands.
pub(super) fn columns(
    header: &csv::StringRecord,
) -> Result<BTreeMap<&'static str, usize>, LogImportError> {
    let plain: Vec<String> = header
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').trim().to_lowercase())
        .collect();
    let mut columns = BTreeMap::new();
    for (field, names) in NAMES {
        if let Some(at) = names
            .iter()
            .find_map(|name| plain.iter().position(|own| own == name))
        {
            columns.insert(field, at);
        }
    }
    let is_judged = columns.contains_key("correct") || columns.contains_key("score");
    for wanted in ["learner", "item", "timestamp_s", "correct"] {
        let is_there = columns.contains_key(wanted) || (wanted == "correct" && is_judged);
        if !is_there {
            return Err(LogImportError::MissingColumn {
                wanted,
                found: plain,
                names: names(wanted),
            });
        }
    }
    Ok(columns)
}

impl Row {
    /// Reads a row of texts by our field names; a missing field is an empty text.
    pub(super) fn read<'f>(field: &dyn Fn(&str) -> &'f str) -> Result<Self, String> {
        let required = |name: &str| match field(name) {
            "" => Err(format!("no {name}")),
            text => Ok(clean(text)),
        };
        let score = optional_number(field("score"), "score")?;
        let right = match field("correct") {
            "" => score
                .map(|score| score >= 1.0)
                .ok_or("neither correct nor score")?,
            text => judged(text).ok_or_else(|| format!("correct is {text:?}, wanted 0 or 1"))?,
        };
        let at = field("timestamp_s");
        let seconds_since_1970 = time::parse(at)
            .ok_or_else(|| format!("the time is {at:?}, wanted seconds since 1970 or RFC 3339"))?;
        let seconds = optional_number(field("seconds"), "seconds")?
            .filter(|seconds| (0.0..=86_400.0).contains(seconds));
        let hint = optional_number(field("hint"), "hint")?;
        Ok(Self {
            learner: anonymous(required("learner")?),
            item: required("item")?,
            skills: skills(field("skills").split("~~").flat_map(|part| part.split(';'))),
            seconds_since_1970,
            right,
            score: score.map_or_else(String::new, |score| score.to_string()),
            choice: clean(field("choice")),
            seconds: seconds.map_or_else(String::new, |seconds| seconds.to_string()),
            hint: hint.map_or_else(String::new, |hint| hint.to_string()),
            version: clean(field("version")),
        })
    }

    /// The skills of its item, as the log wants them.
    pub(super) fn skills_in(&self, bank: &Bank) -> String {
        let own = bank
            .item_ix(&self.item)
            .map_or(&[][..], |item| bank.item_skills(item));
        skills(own.iter().map(|&skill| bank.skill(skill).id.as_str()))
    }

    /// The fields as the header names them.
    pub(super) fn fields(&self) -> [String; 10] {
        let own = |text: &String| text.clone();
        [
            own(&self.learner),
            own(&self.item),
            own(&self.skills),
            self.seconds_since_1970.to_string(),
            u8::from(self.right).to_string(),
            own(&self.score),
            own(&self.choice),
            own(&self.seconds),
            own(&self.hint),
            own(&self.version),
        ]
    }
}

/// Skills joined as the log wants them.
pub(super) fn skills<'s>(parts: impl Iterator<Item = &'s str>) -> String {
    let parts = parts
        .map(|part| clean(part).replace(';', ","))
        .filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(";")
}

fn judged(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "1.0" | "true" | "t" | "yes" | "correct" | "right" => Some(true),
        "0" | "0.0" | "-1" | "false" | "f" | "no" | "incorrect" | "wrong" => Some(false),
        _ => None,
    }
}

fn optional_number(text: &str, name: &str) -> Result<Option<f64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number
        .map(Some)
        .ok_or_else(|| format!("{name} is {text:?}, wanted a number"))
}

/// One line, without control characters, at most a thousand characters.
pub(super) fn clean(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(1000)
        .collect()
}

/// A learner's id, which is no address: of one that looks like it only a digest.
fn anonymous(learner: String) -> String {
    if learner.contains('@') {
        digest(&learner)
    } else {
        learner
    }
}

/// An id that does not tell whose it is.
pub(super) fn digest(person: &str) -> String {
    format!("actor-{:016x}", keyed_u64("actor", 0, person.as_bytes()))
}

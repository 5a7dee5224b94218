//! One step and its pathway to an item.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::read::{Problem, Source, Step};
use super::text;

/// An item of the course, written.
pub(super) struct Item {
    pub(super) id: String,
    /// OATutor's id of the step.
    pub(super) step: String,
    pub(super) skills: Vec<String>,
    /// The item in our notation, from its heading on.
    pub(super) text: String,
    /// The step says nothing: the problem's last text is what it asks.
    pub(super) problem_asks: bool,
    /// The step and its pathway as OATutor has them.
    pub(super) json: Value,
    pub(super) pathway: Value,
    pub(super) n_hints: usize,
}

/// The most hints of an item.
const MAX_HINTS: usize = 64;
/// The most choices of an item.
const MAX_CHOICES: usize = 26;

/// Writes a step; none where it has nothing that could be right.
pub(super) fn item(
    source: &mut Source<'_>,
    problem: &Problem<'_>,
    step: &str,
    parts: &Step<'_>,
    id: String,
    skills: Vec<String>,
) -> Option<Item> {
    let json = &parts.json;
    let texts = |json: &Value, keys: [&str; 2]| {
        let text = |key| text::stem(json.get(key).and_then(Value::as_str).unwrap_or(""));
        let texts = keys.map(text).into_iter().filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>()
    };
    let mut stem = texts(json, ["stepTitle", "stepBody"]);
    let problem_asks = stem.is_empty();
    if problem_asks {
        stem = texts(&problem.json, ["title", "body"])
            .pop()
            .into_iter()
            .collect();
    }
    let mut question = Question::of(json, "stepAnswer");
    for what in std::mem::take(&mut question.defects) {
        source.defect(parts.path, format!("step {step}: {what}"));
    }
    if question.answers.is_empty() {
        source.defect(
            parts.path,
            format!("step {step} is left out: it has no answer"),
        );
        return None;
    }
    let varies = |value: &Value| {
        value
            .get("variabilization")
            .and_then(Value::as_object)
            .is_some_and(|v| !v.is_empty())
    };
    if varies(json) || varies(&problem.json) {
        source.defect(parts.path, format!("step {step}: its variabilization is not taken over; the text shows the names of its variables"));
    }
    let (hints, defects) = hints(&parts.pathway);
    for what in defects {
        source.defect(parts.pathway_path, format!("step {step}: {what}"));
    }
    let compare = if question.choices.is_empty() {
        ""
    } else {
        " compare=text"
    };
    let mut out = format!("## {id} {{skills={}{compare}}}\n", skills.join(","));
    for paragraph in stem {
        let _ = writeln!(out, "{paragraph}\n");
    }
    question.write(&mut out);
    hints.iter().for_each(|hint| hint.write(&mut out));
    Some(Item {
        id,
        step: step.to_owned(),
        skills,
        text: out,
        problem_asks,
        json: json.clone(),
        pathway: parts.pathway.clone(),
        n_hints: hints.len(),
    })
}

/// What is asked: choices, or answers to type.
#[derive(Default)]
struct Question {
    answers: Vec<String>,
    /// Empty where the answer is typed.
    choices: Vec<String>,
    defects: Vec<String>,
}

impl Question {
    /// Reads a step or a scaffold whose answers stand under `key`.
    fn of(json: &Value, key: &str) -> Self {
        let texts = |key: &str| -> Vec<String> {
            let list = json
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            list.filter_map(as_text)
                .filter(|text| !text.trim().is_empty())
                .collect()
        };
        let mut question = Self {
            answers: texts(key),
            ..Self::default()
        };
        if json.get("problemType").and_then(Value::as_str) == Some("MultipleChoice") {
            question.choose(&texts("choices"));
        }
        question
    }

    /// Takes choices over: each once, the right ones among them.
    fn choose(&mut self, choices: &[String]) {
        let mut seen = BTreeSet::new();
        let key = |text: &str| crate::answer::fold_text(&text::line(text));
        for choice in choices {
            if seen.insert(key(choice)) {
                self.choices.push(choice.clone());
            } else {
                self.defects
                    .push(format!("choice {choice:?} stands twice; it is kept once"));
            }
        }
        for answer in &self.answers {
            if seen.insert(key(answer)) {
                self.defects.push(format!(
                    "the answer {answer:?} is none of the choices; it is added to them"
                ));
                self.choices.push(answer.clone());
            }
        }
        if !(2..=MAX_CHOICES).contains(&self.choices.len()) {
            self.defects.push(format!(
                "{} choices, wanted 2 to {MAX_CHOICES}; the answer is to be typed",
                self.choices.len()
            ));
            self.choices.clear();
        }
    }

    fn is_right(&self, choice: &str) -> bool {
        let key = |text: &str| crate::answer::fold_text(&text::line(text));
        self.answers.iter().any(|answer| key(answer) == key(choice))
    }

    fn write(&self, out: &mut String) {
        for choice in &self.choices {
            let mark = if self.is_right(choice) { 'x' } else { ' ' };
            // Writing to a string does not fail.
            let _ = writeln!(out, "- [{mark}] {}", text::line(choice));
        }
        if self.choices.is_empty() {
            let _ = writeln!(out, "= {}", self.typed());
        }
    }

    fn typed(&self) -> String {
        let mut answers: Vec<String> = Vec::new();
        for answer in self.answers.iter().flat_map(|answer| text::answers(answer)) {
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        answers.join(" | ")
    }
}

/// A text, or a number as a text.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A hint or scaffold.
struct Hint {
    id: String,
    title: String,
    text: String,
    dependencies: Vec<String>,
    scaffold: Option<Question>,
}

impl Hint {
    fn write(&self, out: &mut String) {
        let (title, body) = (text::line(&self.title), text::line(&self.text));
        let mut words = match (title.is_empty(), body.is_empty()) {
            (true, _) => body,
            (false, true) => format!("**{title}**"),
            (false, false) => format!("**{title}** {body}"),
        };
        if let Some(question) = &self.scaffold {
            let choices: Vec<String> = question
                .choices
                .iter()
                .map(|choice| text::line(choice))
                .collect();
            if !choices.is_empty() {
                let _ = write!(words, " ({})", choices.join(" / "));
            }
        }
        match &self.scaffold {
            Some(question) if !question.answers.is_empty() => {
                let _ = writeln!(out, "? {words} => {}", question.typed());
            }
            _ => {
                let _ = writeln!(out, "? {words}");
            }
        }
    }
}

/// The hints of a pathway, each after those it depends on, and what is wrong with them.
fn hints(pathway: &Value) -> (Vec<Hint>, Vec<String>) {
    let mut hints = Vec::new();
    let mut defects = Vec::new();
    collect(pathway, None, &mut hints, &mut defects);
    if MAX_HINTS < hints.len() {
        defects.push(format!(
            "{} hints, wanted at most {MAX_HINTS}; the rest is left out",
            hints.len()
        ));
        hints.truncate(MAX_HINTS);
    }
    let known: BTreeSet<String> = hints.iter().map(|hint| hint.id.clone()).collect();
    for hint in &mut hints {
        for id in &mut hint.dependencies {
            match meant(id, pathway, &known) {
                Some(found) => *id = found,
                None => defects.push(format!(
                    "hint {} depends on {id}, which does not exist",
                    hint.id
                )),
            }
        }
    }
    (in_order(hints, &known, &mut defects), defects)
}

/// The hint that a dependency names: by its id, by its place in the pathway, from 0, or by the end of one id alone, since
/// copies of problems put a prefix before their own ids only.
fn meant(name: &str, pathway: &Value, known: &BTreeSet<String>) -> Option<String> {
    if known.contains(name) || name.is_empty() {
        return known.get(name).cloned();
    }
    if let Ok(place) = name.parse::<usize>() {
        let id = pathway.get(place)?.get("id")?.as_str()?;
        return known.get(id).cloned();
    }
    let mut ends = known.iter().filter(|id| id.ends_with(name));
    let only = ends.next()?;
    ends.next().is_none().then(|| only.clone())
}

/// Hints and, behind each scaffold, its own; those within depend on it.
fn collect(list: &Value, parent: Option<&str>, hints: &mut Vec<Hint>, defects: &mut Vec<String>) {
    for json in list.as_array().into_iter().flatten() {
        let text = |key: &str| {
            json.get(key)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let dependencies = json.get("dependencies").and_then(Value::as_array);
        let mut dependencies: Vec<String> = dependencies
            .into_iter()
            .flatten()
            .filter_map(as_text)
            .collect();
        dependencies.extend(parent.map(str::to_owned));
        let mut scaffold = (text("type") == "scaffold").then(|| Question::of(json, "hintAnswer"));
        let id = text("id");
        if let Some(question) = &mut scaffold {
            let own = std::mem::take(&mut question.defects).into_iter();
            defects.extend(own.map(|what| format!("hint {id}: {what}")));
            if question.answers.is_empty() {
                defects.push(format!("scaffold {id} has no answer; it is a hint"));
            }
        }
        let (title, words) = (text("title"), text("text"));
        if title.trim().is_empty() && words.trim().is_empty() {
            defects.push(format!("hint {id} says nothing; it is left out"));
            continue;
        }
        hints.push(Hint {
            id: id.clone(),
            title,
            text: words,
            dependencies,
            scaffold,
        });
        if let Some(inner) = json.get("subHints") {
            collect(inner, Some(&id), hints, defects);
        }
    }
}

/// The earliest hint whose dependencies are met comes next; of a cycle, the earliest.
fn in_order(mut left: Vec<Hint>, known: &BTreeSet<String>, defects: &mut Vec<String>) -> Vec<Hint> {
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let met = |hint: &Hint| {
            hint.dependencies
                .iter()
                .all(|id| done.contains(id) || !known.contains(id))
        };
        let at = left.iter().position(met).unwrap_or_else(|| {
            defects.push(format!(
                "hint {} depends on itself through others",
                left[0].id
            ));
            0
        });
        let hint = left.remove(at);
        done.insert(hint.id.clone());
        ordered.push(hint);
    }
    ordered
}

//! Entries of JSON logs: fields by name, our journal's attempts, xAPI statements.

use paceline_core::event::Instance;
use serde::Deserialize as _;
use serde_json::Value;

use super::row::{Row, digest, names, skills};
use super::time;
use crate::bank::Bank;

/// A row of named fields, or an attempt of our journal; other events are none.
pub(super) fn row(value: &Value, bank: Option<&Bank>) -> Option<Result<Row, String>> {
    match value.get("event").and_then(Value::as_str) {
        Some("attempt") => Some(attempt(value, bank)),
        Some(_) => None,
        None => Some(named(value)),
    }
}

fn named(value: &Value) -> Result<Row, String> {
    let find = |field: &str| names(field).iter().find_map(|name| value.get(*name));
    let texts: Vec<(&str, String)> = [
        "learner",
        "item",
        "timestamp_s",
        "correct",
        "score",
        "choice",
        "seconds",
        "hint",
        "version",
    ]
    .iter()
    .filter_map(|field| Some((*field, plain(find(field)?))))
    .collect();
    let listed = find("skills").map_or_else(String::new, |value| match value {
        Value::Array(list) => {
            let each: Vec<String> = list.iter().map(plain).collect();
            skills(each.iter().map(String::as_str))
        }
        other => plain(other),
    });
    Row::read(&|name| {
        if name == "skills" {
            return &listed;
        }
        texts
            .iter()
            .find(|(own, _)| *own == name)
            .map_or("", |(_, text)| text.trim())
    })
}

/// An attempt counts as right as the engine counts it: at the first try, with no more help than a hint.
fn attempt(value: &Value, bank: Option<&Bank>) -> Result<Row, String> {
    let text = |key: &str| value.get(key).map_or_else(String::new, plain);
    let score = ["judged", "score"]
        .iter()
        .find_map(|key| value.get(key)?.as_f64());
    let score = score.ok_or("an attempt without a judgement: record it first, then export it")?;
    let tries = value.get("tries").and_then(Value::as_u64).unwrap_or(1);
    let is_helped = ["scaffold", "revealed"].contains(&text("help").as_str());
    let right = score >= 1.0 && tries <= 1 && !is_helped;
    let responses = value.get("response").and_then(Value::as_array);
    let as_given = || {
        responses.map_or_else(String::new, |parts| {
            parts.iter().map(plain).collect::<Vec<_>>().join(" | ")
        })
    };
    let choice = bank
        .and_then(|bank| chosen(value, bank))
        .unwrap_or_else(as_given);
    let fields = [
        ("learner", text("learner")),
        ("item", text("item")),
        ("timestamp_s", text("at")),
        ("correct", u8::from(right).to_string()),
        ("score", score.to_string()),
        ("choice", choice),
        ("seconds", text("seconds")),
        ("hint", text("hints")),
        ("version", text("version")),
    ];
    Row::read(&|name| {
        fields
            .iter()
            .find(|(own, _)| *own == name)
            .map_or("", |(_, text)| text.as_str())
    })
}

/// The choice that an attempt on the bank's version of an item chose.
fn chosen(attempt: &Value, bank: &Bank) -> Option<String> {
    let item = bank.item_ix(attempt.get("item")?.as_str()?)?;
    let version = bank.item_version(item).to_string();
    let is_same = attempt.get("version").is_none_or(|own| *own == version);
    let instance = Instance::deserialize(attempt.get("instance")?).ok()?;
    let response = attempt.pointer("/response/0")?.as_str()?;
    let chosen = bank.chosen(item, &instance, response).filter(|_| is_same)?;
    bank.choice_names(item).into_iter().nth(chosen)
}

/// An xAPI statement that says somebody answered something; others are none.
pub(super) fn xapi(value: &Value, _: Option<&Bank>) -> Option<Result<Row, String>> {
    let verb = value.pointer("/verb/id").and_then(Value::as_str)?;
    (verb.rsplit(['/', '#']).next() == Some("answered")).then(|| answered(value))
}

fn answered(value: &Value) -> Result<Row, String> {
    let at = |pointer: &str| value.pointer(pointer);
    let text = |pointer: &str| at(pointer).and_then(Value::as_str).unwrap_or("");
    let score = at("/result/score/scaled").and_then(Value::as_f64);
    let success = at("/result/success").and_then(Value::as_bool);
    let right = success
        .or(score.map(|score| score >= 1.0))
        .ok_or("neither result.success nor result.score.scaled")?;
    let seconds = time::duration(text("/result/duration"));
    let groups = [
        "/context/contextActivities/grouping",
        "/context/contextActivities/parent",
    ];
    let listed = groups
        .iter()
        .find_map(|pointer| Some(group_ids(at(pointer)?)).filter(|ids| !ids.is_empty()));
    let learner = actor(at("/actor").unwrap_or(&Value::Null));
    let fields = [
        ("learner", learner),
        ("item", text("/object/id").to_owned()),
        ("skills", skills(listed.unwrap_or_default().into_iter())),
        ("timestamp_s", text("/timestamp").to_owned()),
        ("correct", u8::from(right).to_string()),
        (
            "score",
            score.map_or_else(String::new, |score| score.to_string()),
        ),
        ("choice", text("/result/response").to_owned()),
        (
            "seconds",
            seconds.map_or_else(String::new, |seconds| seconds.to_string()),
        ),
    ];
    Row::read(&|name| {
        fields
            .iter()
            .find(|(own, _)| *own == name)
            .map_or("", |(_, text)| text.as_str())
    })
}

fn group_ids(value: &Value) -> Vec<&str> {
    let list = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter()
        .filter_map(|group| group.get("id")?.as_str())
        .collect()
}

/// Who: an account's name as it is, else a digest of the address or page that stands for the person.
fn actor(actor: &Value) -> String {
    let known = ["/account/name", "/mbox", "/mbox_sha1sum", "/openid"];
    let at = |pointer: &&str| actor.pointer(pointer)?.as_str();
    match known.iter().position(|pointer| at(pointer).is_some()) {
        None => String::new(),
        Some(0) => at(&known[0]).unwrap_or_default().to_owned(),
        Some(other) => digest(at(&known[other]).unwrap_or_default()),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(right) => u8::from(*right).to_string(),
        other => other.to_string(),
    }
}

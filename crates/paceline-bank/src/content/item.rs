//! One item: its marks to a body, and what its version is a hash of.

use std::ops::Range;

use paceline_core::ids::check_local_id;
use serde_json::json;

use super::page::{Attribute, Located, RawChoice, RawItem, RawPart, StepMark};
use crate::answer::{Answer, Form, Shape};
use crate::bank::ItemStatus;
use crate::body::{Choice, ItemBody, ItemTexts, Key, Part, PartTexts, Step, Wrong};
use crate::builder::Level;
use crate::diagnostic::Report;
use crate::expr::{Parser, Program, canonical};
use crate::suggest::closest;
use crate::text::{SyntaxError, Text};
use crate::version::ItemVersion;

/// Variables an item may have.
const MAX_VARIABLES: usize = 256;
/// Parts, choices, hints an item may have.
const MAX_PARTS: usize = 64;

/// What the heading says of an item.
#[derive(Debug, Default)]
pub(super) struct Heading {
    pub(super) level: Option<Level>,
    pub(super) seconds: Option<f32>,
    pub(super) status: Option<ItemStatus>,
    pub(super) theme: Option<(String, Range<usize>)>,
    /// Skills with whether they add to the page's.
    pub(super) skills: Vec<(String, bool, Range<usize>)>,
    compare_text: bool,
}

/// A compiled item and the places that later checks point at.
#[derive(Debug)]
pub(super) struct CompiledItem {
    pub(super) heading: Heading,
    pub(super) body: ItemBody,
    pub(super) version: ItemVersion,
    /// The place of each `check` by part, in the order of the body.
    pub(super) checks: Vec<Vec<Range<usize>>>,
    /// The place of each part, or of the item.
    pub(super) parts: Vec<Range<usize>>,
    /// `(slot, place)` of every theme slot.
    pub(super) slots: Vec<(String, Range<usize>)>,
}

fn syntax(report: &mut Report<'_>, located: &Located, message: &str, error: SyntaxError) {
    // An error at the end of the text points at its last byte.
    let place = located.place(error.start..error.end.max(error.start + 1));
    report.error_with_help(place, message, &error.found, &error.wanted, error.help);
}

pub(super) fn text(
    report: &mut Report<'_>,
    located: &Located,
    variables: &[String],
    slots: &mut Vec<(String, Range<usize>)>,
) -> Text {
    match Text::parse(&located.text, variables) {
        Ok(text) => {
            for slot in text.slots() {
                let at = located.text.find(&format!("theme.{slot}")).unwrap_or(0);
                slots.push((slot.to_owned(), located.place(at..at + 6 + slot.len())));
            }
            text
        }
        Err(errors) => {
            errors
                .into_iter()
                .for_each(|error| syntax(report, located, "malformed text", error));
            Text::default()
        }
    }
}

pub(super) fn read_heading(report: &mut Report<'_>, attributes: &[Attribute]) -> Heading {
    let mut heading = Heading::default();
    for Attribute { name, value, place } in attributes {
        let place = place.clone();
        let mut wrong = |wanted: &str| {
            report.error(
                place.clone(),
                &format!("malformed `{name}`"),
                &format!("`{value}`"),
                wanted,
            )
        };
        match name.as_str() {
            "level" => match level(value) {
                Some(level) => heading.level = Some(level),
                None => wrong("`easy`, `medium` or `hard`"),
            },
            "seconds" => match value.parse::<f32>() {
                Ok(seconds) if seconds > 0.0 && seconds <= 36_000.0 => {
                    heading.seconds = Some(seconds)
                }
                _ => wrong("seconds, above 0 and at most 36000"),
            },
            "status" => match value.as_str() {
                "draft" => heading.status = Some(ItemStatus::Draft),
                "pilot" => heading.status = Some(ItemStatus::Pilot),
                "live" => heading.status = Some(ItemStatus::Live),
                "stale" => heading.status = Some(ItemStatus::Stale),
                "retired" => heading.status = Some(ItemStatus::Retired),
                _ => wrong("`draft`, `pilot`, `live`, `stale` or `retired`"),
            },
            "compare" => match value.as_str() {
                "text" => heading.compare_text = true,
                _ => wrong("`text`"),
            },
            "theme" => heading.theme = Some((value.clone(), place)),
            "skills" => {
                for skill in value.split(',') {
                    let (skill, adds) = skill
                        .strip_prefix('+')
                        .map_or((skill, false), |skill| (skill, true));
                    heading.skills.push((skill.to_owned(), adds, place.clone()));
                }
            }
            _ => {
                let known = ["level", "seconds", "skills", "theme", "status", "compare"];
                let help = closest(name, known.into_iter())
                    .map(|known| format!("did you mean `{known}`?"));
                report.error_with_help(
                    place,
                    "unknown attribute",
                    &format!("`{name}`"),
                    &format!("one of {}", known.join(", ")),
                    help,
                );
            }
        }
    }
    heading
}

pub(super) fn level(name: &str) -> Option<Level> {
    match name {
        "easy" => Some(Level::Easy),
        "medium" => Some(Level::Medium),
        "hard" => Some(Level::Hard),
        _ => None,
    }
}

/// Compiles an item in the course's own language.
pub(super) fn compile(report: &mut Report<'_>, raw: &RawItem, language: &str) -> CompiledItem {
    let mut item = CompiledItem {
        heading: read_heading(report, &raw.attributes),
        body: ItemBody::default(),
        version: ItemVersion::default(),
        checks: Vec::new(),
        parts: Vec::new(),
        slots: Vec::new(),
    };
    item.body.compare_text = item.heading.compare_text;
    steps(report, raw, &mut item.body);
    let variables = item.body.variables.clone();
    let mut texts = ItemTexts {
        language: language.to_owned(),
        ..ItemTexts::default()
    };
    let parts: Vec<&RawPart> = if raw.parts.is_empty() {
        vec![&raw.shared]
    } else {
        raw.parts.iter().collect()
    };
    if let (false, Some(place)) = (raw.parts.is_empty(), raw.shared.first_mark()) {
        report.error(
            place,
            "a mark before the first part",
            "a question's mark",
            "it under the `###` it belongs to",
        );
    }
    texts.stem = text(report, &raw.shared.stem, &variables, &mut item.slots);
    if parts.len() > MAX_PARTS {
        report.error(
            raw.place.clone(),
            "too many parts",
            &parts.len().to_string(),
            &format!("at most {MAX_PARTS}"),
        );
    }
    for part in parts.iter().take(MAX_PARTS) {
        if !raw.parts.is_empty() && check_local_id(&part.label).is_err() {
            report.error(
                part.place.clone(),
                "malformed part id",
                &format!("`{}`", part.label),
                "lower-case letters, digits, `-` and `_`",
            );
        }
        let place = if raw.parts.is_empty() {
            raw.place.clone()
        } else {
            part.place.clone()
        };
        if parts
            .iter()
            .filter(|other| other.label == part.label)
            .count()
            > 1
        {
            report.error(
                place.clone(),
                "a part's id is used twice",
                &format!("`{}`", part.label),
                "an id of its own",
            );
        }
        let stem_is_empty =
            part.stem.text.is_empty() && (raw.parts.is_empty() || raw.shared.stem.text.is_empty());
        if stem_is_empty {
            report.error(
                place.clone(),
                "a question without a text",
                "no stem",
                "what the learner is asked",
            );
        }
        let (compiled, mut words, checks) = self::part(report, part, &place, &variables, &mut item);
        if !raw.parts.is_empty() {
            words.stem = text(report, &part.stem, &variables, &mut item.slots);
        }
        item.body.parts.push(compiled);
        texts.parts.push(words);
        item.checks.push(checks);
        item.parts.push(place);
    }
    item.body.texts.push(texts);
    unused_variables(report, raw, &item);
    item.version = version(raw, &parts);
    item
}

fn steps(report: &mut Report<'_>, raw: &RawItem, body: &mut ItemBody) {
    let mut conditions: Vec<Program> = Vec::new();
    // All `let`s are read first, so that a condition may stand anywhere; each is then tested as early as
    // its variables are known.
    for (mark, line) in &raw.steps {
        if *mark != StepMark::Let {
            continue;
        }
        match read_let(&line.text, &body.variables) {
            Ok((name, step)) if body.variables.len() < MAX_VARIABLES => {
                body.variables.push(name);
                body.steps.push(step);
            }
            Ok(_) => report.error(
                line.whole(),
                "too many variables",
                "one more",
                &format!("at most {MAX_VARIABLES}"),
            ),
            Err(error) => {
                syntax(report, line, "malformed `let`", error);
                // The name stays known, so that its uses are not reported too.
                let name = line
                    .text
                    .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default();
                body.variables.push(name.to_owned());
                body.steps.push(Step::Derive(Program::default()));
            }
        }
    }
    for (_, line) in raw
        .steps
        .iter()
        .filter(|(mark, _)| *mark == StepMark::Where)
    {
        match Parser::new(&line.text, &body.variables).whole() {
            Ok(condition) => conditions.push(condition),
            Err(mut error) => {
                error.help.get_or_insert_with(|| {
                    "a line that begins with `where` is a condition; where it is prose, join it to the line before".to_owned()
                });
                syntax(report, line, "malformed `where`", error);
            }
        }
    }
    for condition in conditions.into_iter().rev() {
        let n = condition.n_variables();
        let drawn = body.steps.iter().scan(0, |drawn, step| {
            *drawn += usize::from(!matches!(step, Step::Where(_)));
            Some(*drawn)
        });
        let at = drawn.take_while(|&drawn| drawn < n).count() + usize::from(n > 0);
        body.steps
            .insert(at.min(body.steps.len()), Step::Where(condition));
    }
}

/// Reads what follows `let`.
fn read_let(source: &str, variables: &[String]) -> Result<(String, Step), SyntaxError> {
    let mut parser = Parser::new(source, variables);
    let reserved = [
        "answer", "theme", "and", "or", "not", "if", "in", "step", "true", "false",
    ];
    let free =
        |name: &str| !reserved.contains(&name) && variables.iter().all(|known| known != name);
    let fits = parser
        .peek()
        .is_some_and(|token| token.is_name() && free(token.text));
    let name = match parser.take_name() {
        Some(name) if fits => name.to_owned(),
        Some(name) => {
            let mut error = parser.unexpected("a name that is free");
            (error.start, error.end, error.found) = (0, name.len(), format!("`{name}`"));
            error.help = Some("it is reserved, or an earlier `let` has it".to_owned());
            return Err(error);
        }
        None => return Err(parser.unexpected("the name of a variable")),
    };
    if parser.take("in") {
        let list = parser.expression()?;
        parser.finish("the end")?;
        return Ok((name, Step::Pick(list)));
    }
    if !parser.take("=") {
        return Err(parser.unexpected("`=` or `in`"));
    }
    let first = parser.expression()?;
    if !parser.take("..") {
        parser.finish("an operator, `..` or the end")?;
        return Ok((name, Step::Derive(first)));
    }
    let high = parser.expression()?;
    let step = if parser.take("step") {
        Some(parser.expression()?)
    } else {
        None
    };
    parser.finish("`step` or the end")?;
    Ok((
        name,
        Step::Range {
            low: first,
            high,
            step,
        },
    ))
}

fn unused_variables(report: &mut Report<'_>, raw: &RawItem, item: &CompiledItem) {
    let body = &item.body;
    let lines = raw.steps.iter().filter(|(mark, _)| *mark == StepMark::Let);
    for (v, ((_, line), name)) in lines.zip(&body.variables).enumerate() {
        let in_steps = body.steps.iter().any(|step| match step {
            Step::Range { low, high, step } => {
                low.uses(v) || high.uses(v) || step.as_ref().is_some_and(|s| s.uses(v))
            }
            Step::Pick(program) | Step::Derive(program) | Step::Where(program) => program.uses(v),
        });
        let in_checks = body
            .parts
            .iter()
            .flat_map(|part| &part.checks)
            .any(|check| check.uses(v));
        let texts = body
            .texts
            .iter()
            .flat_map(|texts| body.texts_of(texts))
            .chain(body.answer_texts());
        if !in_steps
            && !in_checks
            && !texts.into_iter().any(|text| text.uses(v))
            && !name.is_empty()
        {
            let place = line.place(0..name.len());
            report.warning(
                place,
                "a variable is never used",
                &format!("`{name}`"),
                "a use of it, or no `let`",
                None,
            );
        }
    }
}

fn part(
    report: &mut Report<'_>,
    raw: &RawPart,
    place: &Range<usize>,
    variables: &[String],
    item: &mut CompiledItem,
) -> (Part, PartTexts, Vec<Range<usize>>) {
    let mut part = Part {
        label: raw.label.clone(),
        ..Part::default()
    };
    let mut words = PartTexts::default();
    let slots = &mut item.slots;
    choices(report, raw, variables, slots, &mut part, &mut words);
    for line in &raw.answers {
        for alternative in split_outside(&line.text, "|") {
            part.answers.extend(answer(
                report,
                &line.slice(alternative),
                variables,
                slots,
                None,
            ));
        }
    }
    let first = part
        .answers
        .first()
        .map(|answer| (answer.shape, answer.unit.clone()));
    for line in &raw.wrongs {
        let (line, misconception) = take_misconception(report, line);
        let gap = find_gap(&line.text);
        let value = line.slice(0..gap.map_or(line.text.len(), |(start, _)| start));
        let feedback = gap.map(|(_, end)| line.slice(end..line.text.len()));
        let feedback = feedback.map(|feedback| text(report, &feedback, variables, slots));
        if let Some(answer) = answer(report, &value, variables, slots, first.as_ref()) {
            part.wrongs.push(Wrong {
                answer,
                misconception,
            });
            words.wrong_feedback.push(feedback);
        }
    }
    for line in &raw.hints {
        let (question, scaffold) = match line.text.rfind("=>") {
            None => (line.clone(), None),
            Some(at) => (line.slice(0..at), Some(line.slice(at + 2..line.text.len()))),
        };
        words.hints.push(text(report, &question, variables, slots));
        part.scaffolds.push(scaffold.map(|answers| {
            let alternatives = split_outside(&answers.text, "|");
            let each = alternatives.into_iter();
            each.filter_map(|range| answer(report, &answers.slice(range), variables, slots, None))
                .collect()
        }));
    }
    let mut checks = Vec::new();
    let mut with_answer = variables.to_vec();
    with_answer.push("answer".to_owned());
    for line in &raw.checks {
        match Parser::new(&line.text, &with_answer).whole() {
            Ok(program) => {
                part.checks.push(program);
                checks.push(line.whole());
            }
            Err(error) => syntax(report, line, "malformed `check`", error),
        }
    }
    judgeable(report, raw, place, &part);
    (part, words, checks)
}

fn choices(
    report: &mut Report<'_>,
    raw: &RawPart,
    variables: &[String],
    slots: &mut Vec<(String, Range<usize>)>,
    part: &mut Part,
    words: &mut PartTexts,
) {
    for choice in &raw.choices {
        let key = match choice.mark.trim() {
            "x" | "X" => Key::Right,
            "" => Key::Wrong,
            place => match place.parse() {
                Ok(place) => Key::Place(place),
                Err(_) => {
                    report.error(
                        choice.text.whole(),
                        "unknown choice mark",
                        &format!("`[{place}]`"),
                        "`[x]`, `[ ]` or a place such as `[1]`",
                    );
                    continue;
                }
            },
        };
        let feedback = choice
            .feedback
            .as_ref()
            .map(|feedback| take_misconception(report, feedback));
        let (feedback, misconception) = feedback.map_or((None, None), |(text, misconception)| {
            (Some(text), misconception)
        });
        if choice.text.text.is_empty() {
            report.error(
                choice.text.whole(),
                "an empty choice",
                "no text",
                "what the learner may choose",
            );
        }
        part.choices.push(Choice { key, misconception });
        words
            .choices
            .push(text(report, &choice.text, variables, slots));
        words
            .choice_feedback
            .push(feedback.map(|feedback| text(report, &feedback, variables, slots)));
    }
}

/// Reports what keeps a response from being judged.
fn judgeable(report: &mut Report<'_>, raw: &RawPart, place: &Range<usize>, part: &Part) {
    let at =
        |choice: Option<&RawChoice>| choice.map_or(place.clone(), |choice| choice.text.whole());
    let places: Vec<u16> = part
        .choices
        .iter()
        .filter_map(|c| {
            if let Key::Place(place) = c.key {
                Some(place)
            } else {
                None
            }
        })
        .collect();
    let n_right = part
        .choices
        .iter()
        .filter(|choice| choice.key == Key::Right)
        .count();
    if part.choices.is_empty() && part.answers.is_empty() {
        report.error(
            place.clone(),
            "a question without an answer",
            "neither choices nor `=`",
            "`= answer`, or choices with one `- [x]`",
        );
    } else if !part.choices.is_empty() && !part.answers.is_empty() {
        report.error(
            raw.answers[0].whole(),
            "an answer beside choices",
            "`=` and `- [ ]`",
            "one of them",
        );
    } else if !part.choices.is_empty() && (part.choices.len() < 2 || part.choices.len() > 26) {
        report.error(
            at(raw.choices.first()),
            "too few or too many choices",
            &part.choices.len().to_string(),
            "2 to 26",
        );
    } else if !places.is_empty() {
        let mut sorted = places.clone();
        sorted.sort_unstable();
        if !(1..=part.choices.len() as u16).eq(sorted.iter().copied()) {
            let found = places
                .iter()
                .map(u16::to_string)
                .collect::<Vec<_>>()
                .join(", ");
            report.error(
                at(raw.choices.first()),
                "an order with gaps",
                &found,
                "each place from `[1]` on once, and no `[x]`",
            );
        }
    } else if !part.choices.is_empty() && n_right == 0 {
        report.error(
            at(raw.choices.first()),
            "no right choice",
            "only `- [ ]`",
            "at least one `- [x]`",
        );
    }
    if let (Some(wrong), false) = (raw.wrongs.first(), part.choices.is_empty()) {
        let help = Some("feedback on a choice is an indented `> ...` under it".to_owned());
        report.error_with_help(
            wrong.whole(),
            "a known wrong answer beside choices",
            "`!`",
            "feedback under the choice",
            help,
        );
    }
    let counts = [
        raw.wrongs.len(),
        raw.hints.len(),
        raw.answers.len(),
        raw.checks.len(),
    ];
    if let Some(count) = counts.iter().find(|&&count| count > MAX_PARTS) {
        report.error(
            place.clone(),
            "too many marks of one kind",
            &count.to_string(),
            &format!("at most {MAX_PARTS}"),
        );
    }
}

fn take_misconception(report: &mut Report<'_>, line: &Located) -> (Located, Option<String>) {
    let text = line.text.trim_end();
    let Some(at) = text
        .rfind("{misconception=")
        .filter(|_| text.ends_with('}'))
    else {
        return (line.clone(), None);
    };
    let id = &text[at + 15..text.len() - 1];
    if check_local_id(id).is_err() {
        let place = line.place(at + 15..text.len() - 1);
        report.error(
            place,
            "malformed misconception",
            &format!("`{id}`"),
            "lower-case letters, digits, `-` and `_`",
        );
        return (line.slice(0..at), None);
    }
    (line.slice(0..at), Some(id.to_owned()))
}

/// The first run of two or more spaces outside of braces: where it starts and ends.
fn find_gap(text: &str) -> Option<(usize, usize)> {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    for (i, &b) in bytes.iter().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b' ' if depth == 0 && bytes.get(i + 1) == Some(&b' ') => {
                let end = bytes[i..]
                    .iter()
                    .position(|&b| b != b' ')
                    .map_or(bytes.len(), |n| i + n);
                return Some((i, end));
            }
            _ => {}
        }
    }
    None
}

/// Ranges between a mark, which inside of braces or quotes is text.
fn split_outside(text: &str, mark: &str) -> Vec<Range<usize>> {
    let (mut depth, mut quoted, mut start) = (0_usize, false, 0);
    let mut ranges = Vec::new();
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth = depth.saturating_sub(1),
            _ if !quoted && depth == 0 && text[i..].starts_with(mark) => {
                ranges.push(start..i);
                start = i + mark.len();
            }
            _ => {}
        }
    }
    ranges.push(start..text.len());
    ranges
}

/// Reads one answer with its modifiers; `inherited` is the shape and unit of the right answer.
fn answer(
    report: &mut Report<'_>,
    line: &Located,
    variables: &[String],
    slots: &mut Vec<(String, Range<usize>)>,
    inherited: Option<&(Shape, Option<String>)>,
) -> Option<Answer> {
    let mut answer = Answer::default();
    let mut end = line.text.trim_end().len();
    // Modifiers are taken off from behind.
    loop {
        let rest = line.text[..end].trim_end();
        let start = rest.rfind(' ').map_or(0, |space| space + 1);
        match &rest[start..] {
            _ if start == 0 => break,
            "simplest" => answer.form = Form::Simplest,
            "exact" => answer.form = Form::Exact,
            "set" => answer.shape = Shape::Set,
            "list" => answer.shape = Shape::List,
            word => match word.strip_prefix("unit=") {
                Some(unit) if !unit.is_empty() => {
                    answer.unit = Some(unit.trim_matches('"').to_owned())
                }
                _ => break,
            },
        }
        end = start;
    }
    let mut value = line.slice(0..end);
    if let Some(at) = value.text.rfind('±') {
        let bound = value.slice(at + '±'.len_utf8()..value.text.len());
        let relative = bound.text.ends_with('%');
        let number = bound.slice(0..bound.text.len() - usize::from(relative));
        if number.text.is_empty() {
            report.error(
                value.place(at..at + 2),
                "a tolerance without a number",
                "`±`",
                "`± 0.1` or `± 5%`",
            );
        }
        answer.tolerance = Some((text(report, &number, variables, slots), relative));
        value = value.slice(0..at);
    }
    if let (Some((shape, unit)), Shape::One) = (inherited, answer.shape) {
        answer.shape = *shape;
        answer.unit = answer.unit.or_else(|| unit.clone());
    }
    let quoted = value.text.len() >= 2 && value.text.starts_with('"') && value.text.ends_with('"');
    if quoted {
        answer.quoted = true;
        value = value.slice(1..value.text.len() - 1);
    }
    let ranges = if answer.shape == Shape::One {
        std::iter::once(0..value.text.len()).collect()
    } else {
        split_outside(&value.text, ";")
    };
    for range in ranges {
        let element = value.slice(range);
        if element.text.is_empty() {
            report.error(line.whole(), "an empty answer", "no value", "a value");
            return None;
        }
        answer
            .elements
            .push(text(report, &element, variables, slots));
    }
    Some(answer)
}

/// Compiles a translation of an item against its body; `None` where it does not match.
pub(super) fn translate(
    report: &mut Report<'_>,
    raw: &RawItem,
    own: &CompiledItem,
    language: &str,
    slots: &mut Vec<(String, Range<usize>)>,
) -> Option<ItemTexts> {
    let variables = &own.body.variables;
    for attribute in &raw.attributes {
        report.error(
            attribute.place.clone(),
            "an attribute in a translation",
            &format!("`{}`", attribute.name),
            "only the id; the rest is the original's",
        );
    }
    for (_, line) in &raw.steps {
        report.error(
            line.whole(),
            "a template's line in a translation",
            "`let` or `where`",
            "prose and choices only",
        );
    }
    let parts: Vec<&RawPart> = if raw.parts.is_empty() {
        vec![&raw.shared]
    } else {
        raw.parts.iter().collect()
    };
    let labels: Vec<&str> = parts.iter().map(|part| part.label.as_str()).collect();
    let wanted: Vec<&str> = own
        .body
        .parts
        .iter()
        .map(|part| part.label.as_str())
        .collect();
    if labels != wanted {
        let name = |labels: &[&str]| {
            if labels == [""] {
                "no parts".to_owned()
            } else {
                format!("parts `{}`", labels.join("`, `"))
            }
        };
        report.error(
            raw.place.clone(),
            "a translation with other parts",
            &name(&labels),
            &name(&wanted),
        );
        return None;
    }
    let mut texts = ItemTexts {
        language: language.to_owned(),
        ..ItemTexts::default()
    };
    texts.stem = text(report, &raw.shared.stem, variables, slots);
    if raw.shared.stem.text.is_empty() && parts.iter().all(|part| part.stem.text.is_empty()) {
        report.error(
            raw.place.clone(),
            "a question without a text",
            "no stem",
            "what the learner is asked",
        );
    }
    for (part, own) in parts.iter().zip(&own.body.parts) {
        for line in part.answers.iter().chain(&part.checks) {
            report.error(
                line.whole(),
                "an answer or check in a translation",
                "`=` or `check`",
                "prose and choices only",
            );
        }
        let counts = [
            ("choices", part.choices.len(), own.choices.len()),
            ("feedback lines `!`", part.wrongs.len(), own.wrongs.len()),
            ("hints", part.hints.len(), own.scaffolds.len()),
        ];
        for (what, found, wanted) in counts {
            // Feedback and hints may be left out whole; they then stay in the course's own language.
            if found != wanted && (found > 0 || what == "choices") {
                let place = if raw.parts.is_empty() {
                    raw.place.clone()
                } else {
                    part.place.clone()
                };
                report.error(
                    place,
                    &format!("a translation with another number of {what}"),
                    &found.to_string(),
                    &wanted.to_string(),
                );
            }
        }
        let mut words = PartTexts::default();
        if !raw.parts.is_empty() {
            words.stem = text(report, &part.stem, variables, slots);
        }
        for choice in &part.choices {
            words
                .choices
                .push(text(report, &choice.text, variables, slots));
            let feedback = choice
                .feedback
                .as_ref()
                .map(|feedback| take_misconception(report, feedback).0);
            words
                .choice_feedback
                .push(feedback.map(|feedback| text(report, &feedback, variables, slots)));
        }
        for line in &part.wrongs {
            let feedback = take_misconception(report, line).0;
            words
                .wrong_feedback
                .push(Some(text(report, &feedback, variables, slots)));
        }
        for line in &part.hints {
            let question = line
                .text
                .rfind("=>")
                .map_or(line.clone(), |at| line.slice(0..at));
            words.hints.push(text(report, &question, variables, slots));
        }
        texts.parts.push(words);
    }
    for (words, own) in texts.parts.iter_mut().zip(&own.body.texts[0].parts) {
        if words.wrong_feedback.is_empty() {
            words.wrong_feedback.clone_from(&own.wrong_feedback);
        }
        if words.hints.is_empty() {
            words.hints.clone_from(&own.hints);
        }
    }
    Some(texts)
}

/// The hash of canonical JSON: what is asked and accepted, in one spelling, keys in order.
fn version(raw: &RawItem, parts: &[&RawPart]) -> ItemVersion {
    let spelling = |mark: StepMark| -> Vec<String> {
        raw.steps
            .iter()
            .filter(|(own, _)| *own == mark)
            .map(|(_, line)| canonical(&line.text))
            .collect()
    };
    let prose = |located: &Located| {
        located
            .text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let parts: Vec<_> = parts
        .iter()
        .map(|part| {
            let choices: Vec<_> = part.choices.iter().map(|choice| json!([choice.mark.trim(), prose(&choice.text)])).collect();
            let answers: Vec<_> = part.answers.iter().map(prose).collect();
            json!({ "answers": answers, "choices": choices, "label": part.label, "stem": prose(&part.stem) })
        })
        .collect();
    let canonical = json!({
        "constraints": spelling(StepMark::Where),
        "parts": parts,
        "stem": prose(&raw.shared.stem),
        "variables": spelling(StepMark::Let),
    });
    ItemVersion::of(canonical.to_string().as_bytes())
}

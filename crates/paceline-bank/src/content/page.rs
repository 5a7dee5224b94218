//! A page: front matter, lesson text, and items by their marks, each with its place in the file.
//!
//! Nothing is resolved here; what a mark means is [`super::item`]'s.

use std::ops::Range;

use crate::diagnostic::Report;

/// The longest line that is read, in bytes.
const MAX_LINE_BYTES: usize = 1 << 20;

/// A text that may span lines, and where its pieces stand in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Located {
    pub(super) text: String,
    /// `(offset in the text, offset in the file)` of each line.
    starts: Vec<(usize, usize)>,
}

impl Located {
    fn push(&mut self, separator: char, line: &str, offset: usize) {
        if !self.starts.is_empty() {
            self.text.push(separator);
        }
        self.starts.push((self.text.len(), offset));
        self.text.push_str(line);
    }

    /// The place in the file of a range of the text.
    pub(super) fn place(&self, range: Range<usize>) -> Range<usize> {
        let line = self
            .starts
            .partition_point(|&(start, _)| start <= range.start)
            .saturating_sub(1);
        let (start, offset) = self.starts.get(line).copied().unwrap_or_default();
        let begin = offset + range.start.saturating_sub(start);
        begin..begin + range.end.saturating_sub(range.start)
    }

    /// The place of the whole, or of its first line.
    pub(super) fn whole(&self) -> Range<usize> {
        let first = self.text.lines().next().unwrap_or_default();
        self.place(0..first.len())
    }

    /// The part from a byte on, trimmed.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        let inner = &self.text[range.clone()];
        let start = range.start + (inner.len() - inner.trim_start().len());
        let text = inner.trim().to_owned();
        let mut starts = vec![(0, self.place(start..start).start)];
        let later = self
            .starts
            .iter()
            .filter(|&&(at, _)| at > start && at < start + text.len());
        starts.extend(later.map(|&(at, offset)| (at - start, offset)));
        Self { text, starts }
    }

    fn trimmed(&self) -> Self {
        self.slice(0..self.text.len())
    }
}

/// A page as it stands in its file.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The front matter's TOML and its offset.
    pub(super) front: Option<(Range<usize>, usize)>,
    pub(super) title: Option<Located>,
    pub(super) lesson: Located,
    pub(super) has_worked_example: bool,
    pub(super) items: Vec<RawItem>,
}

/// `{name=value ...}` behind a heading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) place: Range<usize>,
}

#[derive(Debug, Default)]
pub(super) struct RawItem {
    pub(super) id: String,
    pub(super) place: Range<usize>,
    pub(super) attributes: Vec<Attribute>,
    /// `let` and `where` lines without the mark, in order.
    pub(super) steps: Vec<(StepMark, Located)>,
    /// What stands before the first `###`; where there is none, the whole item.
    pub(super) shared: RawPart,
    pub(super) parts: Vec<RawPart>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepMark {
    Let,
    Where,
}

#[derive(Debug, Default)]
pub(super) struct RawPart {
    pub(super) label: String,
    pub(super) place: Range<usize>,
    pub(super) stem: Located,
    pub(super) choices: Vec<RawChoice>,
    pub(super) answers: Vec<Located>,
    pub(super) wrongs: Vec<Located>,
    pub(super) hints: Vec<Located>,
    pub(super) checks: Vec<Located>,
}

impl RawPart {
    /// The first mark that makes it a question, if any.
    pub(super) fn first_mark(&self) -> Option<Range<usize>> {
        let choice = self.choices.first().map(|choice| choice.text.whole());
        let marks = [&self.answers, &self.wrongs, &self.hints, &self.checks];
        choice.or_else(|| {
            marks
                .iter()
                .find_map(|lines| lines.first().map(Located::whole))
        })
    }
}

#[derive(Debug)]
pub(super) struct RawChoice {
    /// What stands between the square brackets.
    pub(super) mark: String,
    pub(super) text: Located,
    pub(super) feedback: Option<Located>,
}

/// Which text a following indented line continues.
#[derive(Clone, Copy)]
enum Continues {
    Nothing,
    Step,
    Choice,
    Feedback,
    Answer,
    Wrong,
    Hint,
    Check,
}

/// Reads a page; mistakes in its marks go to the report.
pub(super) fn read(report: &mut Report<'_>) -> Page {
    let text = report.source.text.as_str();
    let mut page = Page::default();
    let mut fenced = false;
    let mut continues = Continues::Nothing;
    let mut offset = front_matter(report, &mut page);
    for line in text[offset..].split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        if line.len() > MAX_LINE_BYTES {
            let found = format!("{} bytes", line.len());
            report.error(
                start..start + 1,
                "a line is too long",
                &found,
                "a line of at most 1 MiB",
            );
            continue;
        }
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let is_heading = !fenced && (line.starts_with("## ") || line == "##");
        if is_heading {
            let item = heading(report, &line[2..], start + 2);
            page.items.push(item);
            continues = Continues::Nothing;
            continue;
        }
        match page.items.last_mut() {
            None => lesson_line(&mut page, line, start, fenced),
            Some(item) => continues = item_line(report, item, line, start, fenced, continues),
        }
    }
    page.lesson = page.lesson.trimmed();
    for item in &mut page.items {
        item.shared.stem = item.shared.stem.trimmed();
        item.parts
            .iter_mut()
            .for_each(|part| part.stem = part.stem.trimmed());
    }
    page
}

/// Finds the TOML between `+++` lines; returns where the page goes on.
fn front_matter(report: &mut Report<'_>, page: &mut Page) -> usize {
    let text = report.source.text.as_str();
    let first = text.find('\n').map_or(text.len(), |end| end + 1);
    if text[..first].trim_end() != "+++" {
        return 0;
    }
    let mut at = first;
    for line in text[first..].split_inclusive('\n') {
        if line.trim_end() == "+++" {
            page.front = Some((first..at, first));
            return at + line.len();
        }
        at += line.len();
    }
    report.error(
        0..3,
        "the front matter does not end",
        "`+++` without another",
        "a line `+++` after it",
    );
    text.len()
}

fn lesson_line(page: &mut Page, line: &str, start: usize, fenced: bool) {
    match line.strip_prefix("# ") {
        Some(title) if !fenced && page.title.is_none() && page.lesson.text.trim().is_empty() => {
            let mut located = Located::default();
            located.push(' ', title, start + 2);
            page.title = Some(located.trimmed());
        }
        _ => {
            let heading = line.trim_start_matches('#').trim();
            page.has_worked_example |=
                line.starts_with("###") && heading.to_lowercase().starts_with("worked example");
            page.lesson.push('\n', line, start);
        }
    }
}

/// Reads `id {attributes}` behind `##`.
fn heading(report: &mut Report<'_>, text: &str, offset: usize) -> RawItem {
    let (id, attributes) = match text.split_once('{') {
        Some((id, rest)) => {
            let at = offset + id.len() + 1;
            let inner = rest.trim_end().strip_suffix('}');
            if inner.is_none() {
                report.error(
                    at - 1..at + rest.len(),
                    "the attributes do not end",
                    "`{` without `}`",
                    "a closing `}`",
                );
            }
            (id, read_attributes(report, inner.unwrap_or(rest), at))
        }
        None => (text, Vec::new()),
    };
    let start = offset + (id.len() - id.trim_start().len());
    let id = id.trim().to_owned();
    let place = start..start + id.len().max(1);
    RawItem {
        id,
        place,
        attributes,
        ..RawItem::default()
    }
}

pub(super) fn read_attributes(
    report: &mut Report<'_>,
    text: &str,
    offset: usize,
) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let start = at;
        at += word.len();
        let word = word.trim_end();
        let place = offset + start..offset + start + word.len();
        match word.split_once('=') {
            _ if word.is_empty() => {}
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                let value = value.trim_matches('"').to_owned();
                attributes.push(Attribute {
                    name: name.to_owned(),
                    value,
                    place,
                });
            }
            _ => report.error(
                place,
                "malformed attribute",
                &format!("`{word}`"),
                "`name=value`",
            ),
        }
    }
    attributes
}

fn item_line(
    report: &mut Report<'_>,
    item: &mut RawItem,
    line: &str,
    start: usize,
    fenced: bool,
    continues: Continues,
) -> Continues {
    let is_fence = line.trim_start().starts_with("```");
    if fenced || is_fence {
        current(item).stem.push('\n', line, start);
        return Continues::Nothing;
    }
    if line.starts_with("  ") && !line.trim().is_empty() && !matches!(continues, Continues::Nothing)
    {
        return continuation(report, item, line, start, continues);
    }
    if let Some(label) = line.strip_prefix("### ") {
        let trimmed = label.trim();
        let at = start + 4 + (label.len() - label.trim_start().len());
        let part = RawPart {
            label: trimmed.to_owned(),
            place: at..at + trimmed.len().max(1),
            ..RawPart::default()
        };
        item.parts.push(part);
        return Continues::Nothing;
    }
    let located = |prefix: usize| {
        let mut located = Located::default();
        located.push(' ', &line[prefix..], start + prefix);
        located.trimmed()
    };
    if let Some((mark, prefix)) = choice_mark(line) {
        current(item).choices.push(RawChoice {
            mark,
            text: located(prefix),
            feedback: None,
        });
        return Continues::Choice;
    }
    if is_let(line) {
        item.steps.push((StepMark::Let, located(4)));
        return Continues::Step;
    }
    if line.starts_with("where ") {
        item.steps.push((StepMark::Where, located(6)));
        return Continues::Step;
    }
    let part = current(item);
    let (lines, prefix, continues) = match line {
        _ if line.starts_with("= ") => (&mut part.answers, 2, Continues::Answer),
        _ if line.starts_with("! ") => (&mut part.wrongs, 2, Continues::Wrong),
        _ if line.starts_with("? ") => (&mut part.hints, 2, Continues::Hint),
        _ if line.starts_with("check ") => (&mut part.checks, 6, Continues::Check),
        _ => {
            part.stem.push('\n', line, start);
            return Continues::Nothing;
        }
    };
    lines.push(located(prefix));
    continues
}

fn current(item: &mut RawItem) -> &mut RawPart {
    item.parts.last_mut().unwrap_or(&mut item.shared)
}

/// `- [x] ` and its kin: the mark, and how many bytes come before the text.
fn choice_mark(line: &str) -> Option<(String, usize)> {
    let (mark, rest) = line.strip_prefix("- [")?.split_once(']')?;
    let is_mark = mark.len() <= 3
        && (mark.is_empty() || mark.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '));
    // `- [text](link)` is Markdown.
    (is_mark && rest.starts_with(' ')).then(|| (mark.to_owned(), 3 + mark.len() + 2))
}

/// `let name =` or `let name in`, so that prose may begin with the word.
fn is_let(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("let ") else {
        return false;
    };
    let rest = rest.trim_start();
    let name = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let after = rest[name..].trim_start();
    name > 0 && (after.starts_with('=') || after.starts_with("in "))
}

fn continuation(
    report: &mut Report<'_>,
    item: &mut RawItem,
    line: &str,
    start: usize,
    continues: Continues,
) -> Continues {
    let indent = line.len() - line.trim_start().len();
    let (text, at) = (line.trim(), start + indent);
    if let Some(feedback) = text.strip_prefix('>') {
        let Some(choice) = current(item)
            .choices
            .last_mut()
            .filter(|_| matches!(continues, Continues::Choice | Continues::Feedback))
        else {
            report.error(
                at..at + 1,
                "feedback without a choice",
                "`>`",
                "a choice `- [ ]` above it",
            );
            return continues;
        };
        let shift = 1 + (feedback.len() - feedback.trim_start().len());
        choice
            .feedback
            .get_or_insert_default()
            .push(' ', feedback.trim_start(), at + shift);
        return Continues::Feedback;
    }
    let part = item.parts.last_mut().unwrap_or(&mut item.shared);
    let target = match continues {
        Continues::Step => item.steps.last_mut().map(|(_, text)| text),
        Continues::Choice => part.choices.last_mut().map(|choice| &mut choice.text),
        Continues::Feedback => part
            .choices
            .last_mut()
            .and_then(|choice| choice.feedback.as_mut()),
        Continues::Answer => part.answers.last_mut(),
        Continues::Wrong => part.wrongs.last_mut(),
        Continues::Hint => part.hints.last_mut(),
        Continues::Check => part.checks.last_mut(),
        Continues::Nothing => None,
    };
    if let Some(target) = target {
        target.push(' ', text, at);
    }
    continues
}

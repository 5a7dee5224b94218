//! What is wrong with content, and where: file, line, columns, what was found and what was wanted.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::source::SourceFile;

#[cfg(test)]
mod tests;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The content cannot be used.
    Error,
    /// It can, but is probably not what was meant.
    Warning,
}

/// One mistake, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file's path.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// First column and one past the last, in characters from 1.
    pub columns: (u32, u32),
    /// What is wrong, in one line.
    pub message: String,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub wanted: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let severity = if self.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        write!(
            f,
            "{severity}: {}\n --> {}:{}:{}\n",
            self.message, self.path, self.line, self.columns.0
        )?;
        write!(f, "  = found {}, wanted {}", self.found, self.wanted)?;
        match &self.help {
            Some(help) => write!(f, "\n  = help: {help}"),
            None => Ok(()),
        }
    }
}

/// The longest excerpt of a line that is printed, in characters.
const MAX_EXCERPT: usize = 160;

impl Diagnostic {
    /// The diagnostic with the line it is about and carets under it, given the file's text.
    pub fn render(&self, source: &str) -> String {
        let line = source
            .lines()
            .nth(self.line as usize - 1)
            .unwrap_or_default();
        let severity = if self.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        // A window of a long line, so that a file on one line does not fill the screen.
        let (start, end) = (
            self.columns.0.max(1) as usize - 1,
            self.columns.1.max(2) as usize - 1,
        );
        let skip = if start > MAX_EXCERPT / 2 {
            start - MAX_EXCERPT / 4
        } else {
            0
        };
        let excerpt: String = line
            .chars()
            .skip(skip)
            .take(MAX_EXCERPT)
            .collect::<String>()
            .replace('\t', " ");
        let carets = end.min(skip + MAX_EXCERPT).saturating_sub(start).max(1);
        let indent = " ".repeat(start - skip);
        let mut out = format!(
            "{severity}: {}\n{gutter}--> {}:{}:{}\n{gutter} |\n{number} | {}\n{gutter} | {indent}{} found {}, wanted {}\n",
            self.message,
            self.path,
            self.line,
            self.columns.0,
            excerpt.trim_end(),
            "^".repeat(carets),
            self.found,
            self.wanted,
        );
        if let Some(help) = &self.help {
            out.push_str(&format!("{gutter} = help: {help}\n"));
        }
        out
    }
}

/// How many diagnostics of one file are kept.
const MAX_PER_FILE: usize = 100;

/// Collects the diagnostics of one file, whose places are byte ranges of its text.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) source: &'a SourceFile,
    line_starts: Vec<usize>,
    diagnostics: Vec<Diagnostic>,
    dropped: usize,
    /// How bad the worst of the dropped is.
    worst_dropped: Severity,
}

impl<'a> Report<'a> {
    pub(crate) fn new(source: &'a SourceFile) -> Self {
        let breaks = source
            .text
            .bytes()
            .enumerate()
            .filter(|&(_, b)| b == b'\n')
            .map(|(i, _)| i + 1);
        let line_starts = std::iter::once(0).chain(breaks).collect();
        Self {
            source,
            line_starts,
            diagnostics: Vec::new(),
            dropped: 0,
            worst_dropped: Severity::Warning,
        }
    }

    pub(crate) fn error(&mut self, at: Range<usize>, message: &str, found: &str, wanted: &str) {
        self.add(Severity::Error, at, message, found, wanted, None);
    }

    pub(crate) fn error_with_help(
        &mut self,
        at: Range<usize>,
        message: &str,
        found: &str,
        wanted: &str,
        help: Option<String>,
    ) {
        self.add(Severity::Error, at, message, found, wanted, help);
    }

    pub(crate) fn warning(
        &mut self,
        at: Range<usize>,
        message: &str,
        found: &str,
        wanted: &str,
        help: Option<String>,
    ) {
        self.add(Severity::Warning, at, message, found, wanted, help);
    }

    fn add(
        &mut self,
        severity: Severity,
        at: Range<usize>,
        message: &str,
        found: &str,
        wanted: &str,
        help: Option<String>,
    ) {
        if self.diagnostics.len() >= MAX_PER_FILE {
            self.dropped += 1;
            self.worst_dropped = self.worst_dropped.min(severity);
            return;
        }
        let text = &self.source.text;
        let start = floor_boundary(text, at.start);
        let line = self
            .line_starts
            .partition_point(|&line_start| line_start <= start)
            .max(1);
        let line_start = self.line_starts[line - 1];
        let line_end = self
            .line_starts
            .get(line)
            .map_or(text.len(), |next| next - 1);
        let end = floor_boundary(text, at.end.min(line_end)).max(start);
        let column = |byte: usize| text[line_start..byte].chars().count() as u32 + 1;
        self.diagnostics.push(Diagnostic {
            severity,
            path: self.source.path.clone(),
            line: line as u32,
            columns: (column(start), column(end).max(column(start) + 1)),
            message: shorten(message),
            found: shorten(found),
            wanted: shorten(wanted),
            help: help.map(|help| shorten(&help)),
        });
    }

    /// How many errors there are, so that later checks of what is broken anyway can be left out.
    pub(crate) fn n_errors(&self) -> usize {
        self.dropped
            + self
                .diagnostics
                .iter()
                .filter(|d| d.severity == Severity::Error)
                .count()
    }

    /// The diagnostics by line, then column, with one more where some were left out.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics
            .sort_by_key(|d| (d.line, d.columns, d.severity));
        if self.dropped > 0 {
            let message = format!("{} more in this file are not shown", self.dropped);
            self.diagnostics.push(Diagnostic {
                severity: self.worst_dropped,
                path: self.source.path.clone(),
                line: 1,
                columns: (1, 2),
                message,
                found: format!("{} mistakes", self.dropped + MAX_PER_FILE),
                wanted: "none; mend the ones shown and check again".to_owned(),
                help: None,
            });
        }
        self.diagnostics
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One line of at most 300 characters.
fn shorten(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

//! Response logs of other systems to the log that models are fitted to.
//!
//! CSV with a header, JSON Lines, our own journal, and xAPI statements come to one form, in the order of time. A row that
//! cannot be read is named and left out.

mod json;
mod row;
mod time;

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Read as _, Write};

use paceline_core::log::{LINE_BYTES, Lines};
use serde_json::Value;

use crate::bank::Bank;
use row::Row;

/// The header of the log that is written.
pub const LOG_HEADER: &str =
    "learner,item,skills,timestamp_s,correct,score,choice,seconds,hint,version";

/// The longest input that is one JSON document and not lines.
const MAX_DOCUMENT: u64 = 1 << 30;
/// How many rows that cannot be read are named.
const NAMED: usize = 20;

/// What the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line: our journal's events, or fields named as in CSV.
    JsonLines,
    /// xAPI statements: one a line, a list, or a `statements` document.
    Xapi,
}

/// Why a log could not be taken over at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogImportError {
    /// A column that every row needs is missing.
    #[error("the log has no column for {wanted}: found {}; wanted one of {}", found.join(", "), names.join(", "))]
    MissingColumn {
        /// What it would hold.
        wanted: &'static str,
        /// The columns there are.
        found: Vec<String>,
        /// The names it may have.
        names: &'static [&'static str],
    },
    /// A document is too long to be read whole.
    #[error("the document is over 1 GiB; wanted one statement a line")]
    TooLong,
    /// A document is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What became of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogImport {
    /// Rows written.
    pub rows: u64,
    /// Learners among them.
    pub learners: usize,
    /// Items among them.
    pub items: usize,
    /// Entries that tell of something else than an answer.
    pub other: u64,
    /// Rows that could not be read.
    pub unreadable: u64,
    /// The first of them: line and what is wrong.
    pub named: Vec<(u64, String)>,
}

/// Collects rows and writes them in the order of time.
struct LogWriter<'a> {
    bank: Option<&'a Bank>,
    rows: Vec<Row>,
    found: LogImport,
}

impl LogWriter<'_> {
    /// Takes a row, or notes why it is none: `None` is an entry about something else.
    fn take(&mut self, line: u64, row: Option<Result<Row, String>>) {
        match row {
            None => self.found.other += 1,
            Some(Ok(mut row)) => {
                if row.skills.is_empty() {
                    row.skills = self
                        .bank
                        .map_or_else(String::new, |bank| row.skills_in(bank));
                }
                self.rows.push(row);
            }
            Some(Err(why)) => {
                self.found.unreadable += 1;
                if self.found.named.len() < NAMED {
                    self.found.named.push((line, why));
                }
            }
        }
    }

    /// Writes the log; rows of the same second keep their order.
    fn finish(mut self, out: &mut dyn Write) -> Result<LogImport, LogImportError> {
        self.rows.sort_by_key(|row| row.seconds_since_1970);
        let count = |of: fn(&Row) -> &str| {
            let mut names: Vec<&str> = self.rows.iter().map(of).collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        self.found.learners = count(|row| &row.learner);
        self.found.items = count(|row| &row.item);
        self.found.rows = self.rows.len() as u64;
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(LOG_HEADER.split(','))
            .map_err(io::Error::other)?;
        for row in &self.rows {
            csv.write_record(row.fields()).map_err(io::Error::other)?;
        }
        csv.flush()?;
        Ok(self.found)
    }
}

/// Takes a log over from `input` and writes it to `out`.
///
/// With a bank, items get their skills where the log does not tell, and in our journal's attempts the choice is named as
/// [`Bank::choice_names`] has it, whatever letter it had in the order shown.
///
/// # Errors
///
/// [`LogImportError`] where nothing in it can be read; single rows are left out and counted.
pub fn import_log(
    input: impl BufRead,
    kind: LogKind,
    bank: Option<&Bank>,
    out: &mut dyn Write,
) -> Result<LogImport, LogImportError> {
    let mut writer = LogWriter {
        bank,
        rows: Vec::new(),
        found: LogImport::default(),
    };
    match kind {
        LogKind::Csv => read_csv(input, &mut writer)?,
        LogKind::JsonLines => read_json(input, &mut writer, json::row)?,
        LogKind::Xapi => read_json(input, &mut writer, json::xapi)?,
    }
    writer.finish(out)
}

fn read_csv(input: impl BufRead, writer: &mut LogWriter<'_>) -> Result<(), LogImportError> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(Lines::new(input));
    let found = reader.headers().map_err(io::Error::other)?.clone();
    let columns = row::columns(&found)?;
    let mut record = csv::StringRecord::new();
    loop {
        let start = reader.position().clone();
        let read = reader.read_record(&mut record);
        let line =
            |position: Option<&csv::Position>| reader.get_ref().line(position.unwrap_or(&start));
        match read {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = line(record.position());
                let field = |name: &str| {
                    columns
                        .get(name)
                        .and_then(|&at| record.get(at))
                        .unwrap_or("")
                        .trim()
                };
                writer.take(line, Some(Row::read(&field)));
            }
            Err(error) => {
                let line = line(error.position());
                match error.into_kind() {
                    csv::ErrorKind::Io(error) => return Err(error.into()),
                    other => writer.take(line, Some(Err(format!("{other:?}")))),
                }
            }
        }
    }
}

/// Reads one entry of a JSON log; none where it tells of something else.
type Entry = fn(&Value, Option<&Bank>) -> Option<Result<Row, String>>;

fn read_json(
    mut input: impl BufRead,
    writer: &mut LogWriter<'_>,
    row: Entry,
) -> Result<(), LogImportError> {
    let first = skip_space(&mut input)?;
    if first == Some(b'[') {
        return document(input, writer, row);
    }
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if (&mut input)
            .take(LINE_BYTES as u64 + 1)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(());
        }
        if line.len() > LINE_BYTES {
            writer.take(number, Some(Err("a line over 1 MiB".to_owned())));
            skip_line(&mut input)?;
            continue;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Value>(&line) {
            Ok(value) => entries(&value, number, writer, row),
            Err(error) => writer.take(number, Some(Err(format!("not JSON ({error})")))),
        }
    }
    Ok(())
}

/// One entry, or the statements of a document on one line.
fn entries(value: &Value, line: u64, writer: &mut LogWriter<'_>, row: Entry) {
    match value.get("statements").and_then(Value::as_array) {
        Some(statements) => statements
            .iter()
            .for_each(|statement| writer.take(line, row(statement, writer.bank))),
        None => writer.take(line, row(value, writer.bank)),
    }
}

/// A whole document: a list of entries.
fn document(
    input: impl BufRead,
    writer: &mut LogWriter<'_>,
    row: Entry,
) -> Result<(), LogImportError> {
    let mut text = Vec::new();
    if input.take(MAX_DOCUMENT + 1).read_to_end(&mut text)? as u64 > MAX_DOCUMENT {
        return Err(LogImportError::TooLong);
    }
    let list: Vec<Value> = serde_json::from_slice(&text)
        .map_err(|error| LogImportError::NotJson(error.to_string()))?;
    for (number, value) in (1..).zip(&list) {
        writer.take(number, row(value, writer.bank));
    }
    Ok(())
}

/// The first byte that is not space, which stays unread.
fn skip_space(input: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        // A byte order mark is three bytes that UTF-8 never begins a document with otherwise.
        let space = buffer
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(byte))
            .count();
        if let Some(&first) = buffer.get(space) {
            input.consume(space);
            return Ok(Some(first));
        }
        input.consume(space);
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let n = end.map_or(buffer.len(), |at| at + 1);
        let is_over = end.is_some() || buffer.is_empty();
        input.consume(n);
        if is_over {
            return Ok(());
        }
    }
}

//! Answer logs: the table of past answers that models are fitted to and judged by.
//!
//! A log is CSV with the columns `learner,item,skills,timestamp_s,correct`, found by name in any
//! order beside others, plain or gzipped; several skills are joined by `;`. `choice`, `seconds`, `version` and `group` are
//! read where they are there. [`Reader`] streams
//! rows; [`AnswerLog`] keeps a whole log in 13 bytes a row, ids interned, grouped by learner.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

#[cfg(test)]
mod tests;

/// The longest line that is read.
pub const LINE_BYTES: usize = 1 << 20;

/// Why a log was refused. Rows count from 1 at the first after the header, lines from 1 at the top.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// There is nothing in it, or only a header.
    #[error("the log is empty: wanted a header and at least one row")]
    Empty,
    /// A column is missing.
    #[error("the log has no column {wanted:?}: found {}", found.join(", "))]
    MissingColumn {
        /// Its name.
        wanted: &'static str,
        /// The columns there are.
        found: Vec<String>,
    },
    /// A row has fewer or more fields than the header.
    #[error("row {row} (line {line}): found {found} fields, wanted {wanted} as in the header")]
    Fields {
        /// Which row.
        row: u64,
        /// Where it begins.
        line: u64,
        /// Its number of fields.
        found: u64,
        /// The header's.
        wanted: u64,
    },
    /// An outcome is not 0 or 1.
    #[error("row {row} (line {line}): correct is {found:?}, wanted 0 or 1")]
    Outcome {
        /// Which row.
        row: u64,
        /// Where it begins.
        line: u64,
        /// What stands there.
        found: String,
    },
    /// A time is not a number of seconds since 1970.
    #[error(
        "row {row} (line {line}): timestamp_s is {found:?}, wanted seconds since 1970, 0 to 4294967295"
    )]
    Time {
        /// Which row.
        row: u64,
        /// Where it begins.
        line: u64,
        /// What stands there.
        found: String,
    },
    /// A learner or item id is empty.
    #[error("row {row} (line {line}): {column} is empty")]
    NoId {
        /// Which row.
        row: u64,
        /// Where it begins.
        line: u64,
        /// Which column.
        column: &'static str,
    },
    /// A learner's times go back, and sorting was not asked for.
    #[error(
        "row {row} (line {line}): time goes back for learner {learner:?}, from {last} to {found}; sort the log, or ask for sorting"
    )]
    TimeGoesBack {
        /// Which row.
        row: u64,
        /// Where it begins.
        line: u64,
        /// Whose.
        learner: String,
        /// The learner's last time before.
        last: u32,
        /// The time found.
        found: u32,
    },
    /// A gzip stream ends before its end mark.
    #[error("row {row} (line {line}): the gzip stream is cut short")]
    CutShort {
        /// The row that was being read.
        row: u64,
        /// Where it begins.
        line: u64,
    },
    /// A line is longer than [`LINE_BYTES`].
    #[error("row {row} (line {line}): the line is over 1 MiB long")]
    LongLine {
        /// The row that was being read.
        row: u64,
        /// Where it begins.
        line: u64,
    },
    /// A row is not UTF-8.
    #[error("row {row} (line {line}): not UTF-8")]
    Utf8 {
        /// Which row.
        row: u64,
        /// Where it begins.
        line: u64,
    },
    /// There are more rows or ids than 32 bits can count.
    #[error("row {row}: the log has more rows or ids than 4294967295")]
    TooLarge {
        /// Which row.
        row: u64,
    },
    /// Reading failed.
    #[error("row {row} (line {line}): {source}")]
    Io {
        /// The row that was being read.
        row: u64,
        /// Where it begins.
        line: u64,
        /// What went wrong.
        source: io::Error,
    },
}

/// One answer, with the external ids of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRow<'a> {
    /// Who.
    pub learner: &'a str,
    /// Which item.
    pub item: &'a str,
    /// Its skills, joined by `;`; see [`LogRow::skill_ids`].
    pub skills: &'a str,
    /// Seconds since 1970, or the row's place in the learner's history where times are not known.
    pub seconds: u32,
    /// Whether it was right.
    pub right: bool,
    /// What was chosen or answered; empty where the log does not tell, as the following.
    pub choice: &'a str,
    /// Seconds it took; see [`LogRow::seconds_taken`].
    pub taken: &'a str,
    /// The version of the item.
    pub version: &'a str,
    /// The learner's group.
    pub group: &'a str,
    /// Line of the file on which the row begins, from 1.
    pub line: u64,
}

impl<'a> LogRow<'a> {
    /// The ids of the skills. An item without skills has the one skill `""`.
    pub fn skill_ids(&self) -> impl Iterator<Item = &'a str> {
        self.skills.split(';').map(str::trim)
    }

    /// Seconds it took, where the log tells a positive number.
    pub fn seconds_taken(&self) -> Option<f32> {
        let seconds = self.taken.parse::<f32>().ok()?;
        (seconds > 0.0 && seconds.is_finite()).then_some(seconds)
    }
}

/// Streams the rows of a log.
pub struct Reader<R> {
    csv: csv::Reader<Lines<Plain<R>>>,
    record: csv::StringRecord,
    columns: [usize; 5],
    /// Where each of `MORE_COLUMNS` stands, beyond the row where it does not.
    more: [usize; 4],
    row: u64,
}

const COLUMNS: [&str; 5] = ["learner", "item", "skills", "timestamp_s", "correct"];
const MORE_COLUMNS: [&str; 4] = ["choice", "seconds", "version", "group"];

impl<R: BufRead> Reader<R> {
    /// Reads the header; gzip is recognised by its first two bytes.
    ///
    /// # Errors
    /// An empty input, a missing column, or a header that cannot be read.
    pub fn new(mut input: R) -> Result<Self, LogError> {
        let io_error = |source| LogError::Io {
            row: 0,
            line: 1,
            source,
        };
        let start = input.fill_buf().map_err(io_error)?;
        if start.is_empty() {
            return Err(LogError::Empty);
        }
        let input = if start.starts_with(&[0x1f, 0x8b]) {
            Plain::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(input)))
        } else {
            Plain::Text(input)
        };
        let mut csv = csv::ReaderBuilder::new()
            .buffer_capacity(1 << 16)
            .from_reader(Lines::new(input));
        let found = csv
            .headers()
            .map_err(|error| log_error(error, 0, 1))?
            .clone();
        let mut columns = [0; 5];
        if found.iter().all(|name| name.trim().is_empty()) {
            return Err(LogError::Empty);
        }
        let place = |wanted: &str| {
            let same = |name: &str| name.trim_start_matches('\u{feff}').trim() == wanted;
            found.iter().position(same)
        };
        for (column, wanted) in columns.iter_mut().zip(COLUMNS) {
            *column = place(wanted).ok_or_else(|| LogError::MissingColumn {
                wanted,
                found: found.iter().map(str::to_owned).collect(),
            })?;
        }
        Ok(Self {
            csv,
            record: csv::StringRecord::new(),
            columns,
            more: MORE_COLUMNS.map(|name| place(name).unwrap_or(usize::MAX)),
            row: 0,
        })
    }

    /// Number of the row read last, from 1.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// The next row, none at the end.
    ///
    /// # Errors
    /// The first thing that is wrong with the row.
    pub fn next_row(&mut self) -> Result<Option<LogRow<'_>>, LogError> {
        let start = self.csv.position().clone();
        let row = self.row + 1;
        let more = self.csv.read_record(&mut self.record);
        let line =
            |position: Option<&csv::Position>| self.csv.get_ref().line(position.unwrap_or(&start));
        if !more.map_err(|error| {
            let line = line(error.position());
            log_error(error, row, line)
        })? {
            return Ok(None);
        }
        self.row = row;
        let line = line(self.record.position());
        let field = |i: usize| self.record.get(self.columns[i]).unwrap_or("").trim();
        let more = |i: usize| self.record.get(self.more[i]).unwrap_or("").trim();
        for (i, column) in [(0, "learner"), (1, "item")] {
            if field(i).is_empty() {
                return Err(LogError::NoId { row, line, column });
            }
        }
        let seconds = seconds(field(3)).ok_or_else(|| LogError::Time {
            row,
            line,
            found: shorten(field(3)),
        })?;
        let right = match field(4) {
            "1" | "1.0" => true,
            "0" | "0.0" => false,
            found => {
                return Err(LogError::Outcome {
                    row,
                    line,
                    found: shorten(found),
                });
            }
        };
        Ok(Some(LogRow {
            learner: field(0),
            item: field(1),
            skills: field(2),
            seconds,
            right,
            choice: more(0),
            taken: more(1),
            version: more(2),
            group: more(3),
            line,
        }))
    }
}

fn seconds(text: &str) -> Option<u32> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let seconds: f64 = text.parse().ok()?;
    (0.0..=f64::from(u32::MAX))
        .contains(&seconds)
        .then_some(seconds as u32)
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

fn log_error(error: csv::Error, row: u64, line: u64) -> LogError {
    match error.into_kind() {
        csv::ErrorKind::Utf8 { .. } => LogError::Utf8 { row, line },
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => LogError::Fields {
            row,
            line,
            found: len,
            wanted: expected_len,
        },
        csv::ErrorKind::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
            LogError::CutShort { row, line }
        }
        csv::ErrorKind::Io(source) if source.kind() == io::ErrorKind::FileTooLarge => {
            LogError::LongLine { row, line }
        }
        csv::ErrorKind::Io(source) => LogError::Io { row, line, source },
        other => LogError::Io {
            row,
            line,
            source: io::Error::other(format!("{other:?}")),
        },
    }
}

/// The log's text, unpacked where it is packed.
enum Plain<R> {
    Text(R),
    Gzip(Box<flate2::bufread::MultiGzDecoder<R>>),
}

impl<R: BufRead> Read for Plain<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Text(input) => input.read(buffer),
            Self::Gzip(input) => input.read(buffer),
        }
    }
}

/// The lines of a table: one over [`LINE_BYTES`] is refused before it fills the memory, and places are counted right however lines end.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    line_bytes: usize,
    last: u8,
    /// Whether lines end in a carriage return and a line feed, once one has ended.
    crlf: Option<bool>,
}

impl<R> Lines<R> {
    /// The lines of `input`.
    pub const fn new(input: R) -> Self {
        let (line_bytes, last, crlf) = (0, 0, None);
        Self {
            input,
            line_bytes,
            last,
            crlf,
        }
    }

    /// The line of a record, from 1. The reader of the table stops between a carriage return and its line feed, and so is a
    /// line behind after the first.
    pub fn line(&self, position: &csv::Position) -> u64 {
        position.line() + u64::from(self.crlf == Some(true) && 0 < position.byte())
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        let read = &buffer[..n];
        if self.crlf.is_none()
            && let Some(at) = read.iter().position(|&byte| byte == b'\n')
        {
            let before = if at == 0 { self.last } else { read[at - 1] };
            self.crlf = Some(before == b'\r');
        }
        self.last = read.last().copied().unwrap_or(self.last);
        match read.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => self.line_bytes = n - at - 1,
            None => self.line_bytes += n,
        }
        if self.line_bytes > LINE_BYTES {
            let message = "a line is over 1 MiB long";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(n)
    }
}

/// What to do with a learner whose rows are not in time order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Refuse the log.
    #[default]
    Given,
    /// Put each learner's rows in time order; rows of equal time stay as they are.
    Sort,
}

/// Strings and their indexes, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<Box<str>>,
    index: HashMap<Box<str>, u32>,
}

impl Names {
    /// The index of a name, a new one if it has none yet.
    pub fn intern(&mut self, name: &str) -> u32 {
        if let Some(&at) = self.index.get(name) {
            return at;
        }
        let at = self.names.len() as u32;
        self.names.push(name.into());
        self.index.insert(name.into(), at);
        at
    }

    /// The index of a name.
    pub fn get(&self, name: &str) -> Option<u32> {
        self.index.get(name).copied()
    }

    /// All names by index.
    pub fn all(&self) -> &[Box<str>] {
        &self.names
    }
}

/// A whole log in memory: 13 bytes a row, and each id once.
#[derive(Clone, Debug, Default)]
pub struct AnswerLog {
    learners: Names,
    items: Names,
    skills: Names,
    /// Distinct skill sets, each ascending.
    sets: Vec<Box<[u32]>>,
    starts: Vec<usize>,
    item: Vec<u32>,
    set: Vec<u32>,
    seconds: Vec<u32>,
    right: Vec<bool>,
}

/// The rows of one learner in time order. Shape: all slices alike.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    /// Items.
    pub item: &'a [u32],
    /// Skill sets.
    pub set: &'a [u32],
    /// Seconds since 1970.
    pub seconds: &'a [u32],
    /// Outcomes.
    pub right: &'a [bool],
}

impl AnswerLog {
    /// Reads a log to its end.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(input: impl BufRead, order: Order) -> Result<Self, LogError> {
        let mut reader = Reader::new(input)?;
        let mut log = Self::default();
        let mut set_index = HashMap::<Box<str>, u32>::new();
        let mut by_content = HashMap::<Box<[u32]>, u32>::new();
        let mut learner = Vec::<u32>::new();
        let mut last = Vec::<u32>::new();
        loop {
            let row = reader.row() + 1;
            let Some(found) = reader.next_row()? else {
                break;
            };
            if row >= u64::from(u32::MAX) {
                return Err(LogError::TooLarge { row });
            }
            let who = log.learners.intern(found.learner);
            if who as usize == last.len() {
                last.push(0);
            }
            let latest = &mut last[who as usize];
            if found.seconds < *latest && order == Order::Given {
                return Err(LogError::TimeGoesBack {
                    row,
                    line: found.line,
                    learner: found.learner.to_owned(),
                    last: *latest,
                    found: found.seconds,
                });
            }
            *latest = found.seconds;
            let set = match set_index.get(found.skills) {
                Some(&set) => set,
                None => {
                    let mut set: Vec<u32> =
                        found.skill_ids().map(|id| log.skills.intern(id)).collect();
                    set.sort_unstable();
                    set.dedup();
                    let next = log.sets.len() as u32;
                    let set = set.into_boxed_slice();
                    let at = *by_content.entry(set.clone()).or_insert(next);
                    if at == next {
                        log.sets.push(set);
                    }
                    set_index.insert(found.skills.into(), at);
                    at
                }
            };
            learner.push(who);
            log.item.push(log.items.intern(found.item));
            log.set.push(set);
            log.seconds.push(found.seconds);
            log.right.push(found.right);
        }
        if learner.is_empty() {
            return Err(LogError::Empty);
        }
        log.group(&learner, order);
        Ok(log)
    }

    /// Brings rows together by learner.
    fn group(&mut self, learner: &[u32], order: Order) {
        self.starts = vec![0; self.learners.all().len() + 1];
        for &who in learner {
            self.starts[who as usize + 1] += 1;
        }
        for i in 1..self.starts.len() {
            self.starts[i] += self.starts[i - 1];
        }
        if order == Order::Given && learner.is_sorted() {
            return;
        }
        let mut rows: Vec<u32> = (0..learner.len() as u32).collect();
        rows.sort_by_key(|&row| {
            let seconds = match order {
                Order::Given => 0,
                Order::Sort => self.seconds[row as usize],
            };
            (learner[row as usize], seconds)
        });
        fn reorder<T: Copy>(column: &mut Vec<T>, rows: &[u32]) {
            *column = rows.iter().map(|&row| column[row as usize]).collect();
        }
        reorder(&mut self.item, &rows);
        reorder(&mut self.set, &rows);
        reorder(&mut self.seconds, &rows);
        reorder(&mut self.right, &rows);
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.item.len()
    }

    /// Learner ids by index.
    pub fn learners(&self) -> &[Box<str>] {
        self.learners.all()
    }

    /// Items and their ids.
    pub fn items(&self) -> &Names {
        &self.items
    }

    /// Skills and their ids.
    pub fn skills(&self) -> &Names {
        &self.skills
    }

    /// The distinct skill sets that occur, each ascending.
    pub fn sets(&self) -> &[Box<[u32]>] {
        &self.sets
    }

    /// Where a learner's rows begin among all rows.
    pub fn start(&self, learner: usize) -> usize {
        self.starts[learner]
    }

    /// The rows of one learner, in time order.
    pub fn answers(&self, learner: usize) -> Answers<'_> {
        let rows = self.starts[learner]..self.starts[learner + 1];
        Answers {
            item: &self.item[rows.clone()],
            set: &self.set[rows.clone()],
            seconds: &self.seconds[rows.clone()],
            right: &self.right[rows],
        }
    }

    /// All items, sets and outcomes, learner by learner.
    pub fn all(&self) -> Answers<'_> {
        Answers {
            item: &self.item,
            set: &self.set,
            seconds: &self.seconds,
            right: &self.right,
        }
    }

    /// The earliest and the latest time.
    pub fn span(&self) -> (u32, u32) {
        let least = self.seconds.iter().copied().min().unwrap_or(0);
        (least, self.seconds.iter().copied().max().unwrap_or(0))
    }
}

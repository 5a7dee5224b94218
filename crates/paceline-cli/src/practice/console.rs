//! A conversation, line by line.

use crate::context::Clock;
use crate::record::read_line;
use std::io::{self, BufRead, Write};

/// What somebody typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// An answer.
    Text(String),
    /// `?`: the next hint.
    Hint,
    /// `!`: the answer.
    Reveal,
    /// `s`: on to the next activity.
    Skip,
    /// `q`, or the end of the input.
    Quit,
}

/// Where a lesson is read and answered.
pub(super) struct Console<'a> {
    pub(super) input: &'a mut dyn BufRead,
    pub(super) output: &'a mut dyn Write,
    pub(super) clock: Clock,
}

impl Console<'_> {
    /// Prints a line.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output, "{text}")
    }

    /// Prints a prompt and waits for a line.
    pub(super) fn ask(&mut self, prompt: &str) -> io::Result<Line> {
        loop {
            write!(self.output, "{prompt}")?;
            self.output.flush()?;
            let Some(line) = read_line(self.input)? else {
                self.say("")?;
                return Ok(Line::Quit);
            };
            self.clock.line();
            match line {
                Ok(bytes) => return Ok(command(&String::from_utf8_lossy(&bytes))),
                Err(why) => self.say(&why)?,
            }
        }
    }
}

/// What a line asks for. Where an answer itself is `s` or `q`, a capital letter says it.
fn command(line: &str) -> Line {
    match line.trim() {
        "?" => Line::Hint,
        "!" => Line::Reveal,
        "s" => Line::Skip,
        "q" => Line::Quit,
        text => Line::Text(text.to_owned()),
    }
}

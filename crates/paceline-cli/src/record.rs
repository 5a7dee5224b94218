//! Recording events from JSON Lines, however many and however broken.

use crate::args;
use crate::context::Context;
use crate::{files, progress};
use paceline::event::Event;
use paceline::{Engine, Update};
use serde_json::json;
use std::io::{self, BufRead, Read};
use std::process::ExitCode;

/// The longest line that is read.
const MAX_LINE: usize = 1 << 20;
/// Events that are recorded together.
const BATCH: usize = 1_000;
/// Bad lines that are named; the others are counted.
const NAMED: usize = 50;

/// What became of the lines.
#[derive(Default)]
struct Tally {
    recorded: u64,
    duplicates: u64,
    unreadable: u64,
    errors: Vec<(u64, String)>,
    failed: u64,
}

pub(crate) fn run(context: &Context, args: &args::Record) -> anyhow::Result<ExitCode> {
    let engine = context.engine()?;
    let mut input = files::open_unpacked(&args.file)?;
    let progress = progress::spinner();
    let mut tally = Tally::default();
    let mut batch = Vec::new();
    let mut number = 0;
    while let Some(line) = read_line(&mut input)? {
        number += 1;
        match line.and_then(|line| parse(&line)) {
            Ok(Some(event)) => batch.push((number, event)),
            Ok(None) => {}
            Err(why) => tally.fail(number, why),
        }
        if batch.len() >= BATCH {
            tally.record(&engine, &mut batch);
            progress.set_message(format!(
                "{} recorded, {} refused",
                tally.recorded, tally.failed
            ));
        }
    }
    tally.record(&engine, &mut batch);
    progress.finish_and_clear();
    tally.errors.sort();
    let Tally {
        recorded,
        duplicates,
        unreadable,
        errors,
        failed,
    } = &tally;
    let named: Vec<_> = errors
        .iter()
        .map(|(line, error)| json!({ "line": line, "error": error }))
        .collect();
    let document = json!({
        "format": 1, "recorded": recorded, "duplicates": duplicates, "unreadable": unreadable, "refused": failed, "errors": named,
    });
    context.print(&document, |out| {
        for (line, error) in errors {
            writeln!(out, "line {line}: {error}")?;
        }
        if *failed > errors.len() as u64 {
            writeln!(out, "and {} more", failed - errors.len() as u64)?;
        }
        writeln!(out, "{recorded} recorded, {duplicates} there already, {unreadable} unreadable answers, {failed} refused")
    })?;
    Ok(if *failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Tally {
    fn record(&mut self, engine: &Engine, batch: &mut Vec<(u64, Event)>) {
        let (numbers, events): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        for (number, answer) in numbers.into_iter().zip(engine.record_many(events)) {
            match answer {
                Ok(update) => self.count(&update),
                Err(error) => self.fail(number, error.to_string()),
            }
        }
    }

    fn count(&mut self, update: &Update) {
        if update.duplicate {
            self.duplicates += 1;
        } else if update
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.unreadable)
        {
            self.unreadable += 1;
        } else {
            self.recorded += 1;
        }
    }

    fn fail(&mut self, line: u64, why: String) {
        self.failed += 1;
        if self.errors.len() < NAMED {
            self.errors.push((line, why));
        }
    }
}

/// The next line, or why it is refused; none at the end. A line that is too long is passed over without being held.
pub(crate) fn read_line(input: &mut dyn BufRead) -> io::Result<Option<Result<Vec<u8>, String>>> {
    let mut line = Vec::new();
    let read = input
        .take(MAX_LINE as u64 + 1)
        .read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.len() > MAX_LINE && line.last() != Some(&b'\n') {
        let rest = skip_line(input)?;
        let bytes = line.len() as u64 + rest;
        return Ok(Some(Err(format!(
            "the line has {bytes} bytes; wanted at most {MAX_LINE}"
        ))));
    }
    Ok(Some(Ok(line)))
}

/// Passes over the rest of a line; returns how many bytes that was.
fn skip_line(input: &mut dyn BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        skipped += used as u64;
        let done = end.is_some() || buffer.is_empty();
        input.consume(used);
        if done {
            return Ok(skipped);
        }
    }
}

/// The event on a line; none on an empty one.
fn parse(line: &[u8]) -> Result<Option<Event>, String> {
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("not UTF-8 text: {error}"))?
        .trim();
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text)
        .map(Some)
        .map_err(|error| format!("not an event: {error}"))
}

#[cfg(test)]
mod tests;

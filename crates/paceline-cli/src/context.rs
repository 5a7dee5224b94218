//! What every command needs: where content and store are, the time, and how to print.

use crate::args::Global;
use anyhow::{Context as _, bail};
use paceline::bank::{Bank, Diagnostic, SourceFile};
use paceline::event::{Event, EventBody};
use paceline::ids::{EventId, LearnerId};
use paceline::store::{JournalOptions, JournalStore};
use paceline::time::{Timestamp, UtcOffset};
use paceline::{Config, Engine, Params, Update, content, stream};
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Settings of one run.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) now: Timestamp,
    offset: UtcOffset,
}

impl Context {
    /// The only place that reads the clock.
    pub(crate) fn new(global: Global) -> Self {
        let clock = jiff::Timestamp::now();
        let now = global.now.unwrap_or_else(|| clock.as_second());
        // A fixed time is a fixed run, so it does not depend on where the machine stands.
        let offset = match global.now {
            Some(_) => UtcOffset::UTC,
            None => UtcOffset::new(jiff::tz::TimeZone::system().to_offset(clock).seconds()),
        };
        Self {
            global,
            now: Timestamp(now),
            offset,
        }
    }

    /// A clock that begins now.
    pub(crate) fn clock(&self) -> Clock {
        Clock {
            start: self.now,
            began: self.global.now.is_none().then(Instant::now),
            lines: 0,
        }
    }

    /// Prints a document as JSON, or lets `text` print it for a person.
    pub(crate) fn print<T: Serialize>(
        &self,
        document: &T,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        if self.global.json {
            serde_json::to_writer(&mut stdout, document)?;
            writeln!(stdout)?;
        } else {
            text(&mut stdout)?;
        }
        Ok(stdout.flush()?)
    }

    /// The folder of the courses.
    pub(crate) fn content(&self) -> &Path {
        let usual = Path::new("content");
        self.global.content.as_deref().unwrap_or(usual)
    }

    /// Reads and compiles the content.
    pub(crate) fn bank(&self) -> anyhow::Result<Bank> {
        let folder = self.content();
        let sources = content::read_dir(folder)?;
        match Bank::compile(&sources) {
            Ok((bank, _)) => Ok(bank),
            Err(errors) => {
                render(&errors, &sources, &mut io::stderr().lock())?;
                bail!(
                    "{} errors in {}; `paceline check` shows them",
                    errors.len(),
                    folder.display()
                )
            }
        }
    }

    /// The bank, where `--content` names a folder.
    pub(crate) fn named_bank(&self) -> anyhow::Result<Option<Bank>> {
        let named = self.global.content.is_some();
        named.then(|| self.bank()).transpose()
    }

    /// Opens the engine on content and store.
    pub(crate) fn engine(&self) -> anyhow::Result<Engine> {
        let bank = Arc::new(self.bank()?);
        let dir = &self.global.store;
        let store = JournalStore::open(dir, JournalOptions::default())
            .with_context(|| format!("could not open the store {}", dir.display()))?;
        let Some(file) = &self.global.model else {
            return Ok(Engine::open(bank, Box::new(store))?);
        };
        let model = crate::model::read_model(file)?;
        let skill_ix = |id: &str| bank.skill_ix(id).map(|skill| skill.0);
        let item_ix = |id: &str| bank.item_ix(id).map(|item| item.0);
        let (n_skills, n_items) = (bank.n_skills(), bank.n_items());
        let (params, _) = Params::from_model(&model, n_skills, n_items, skill_ix, item_ix);
        let digest = stream::keyed_u64("model", 0, &model.to_bytes());
        let config = Config {
            params_version: format!("{digest:016x}"),
            ..Config::default()
        };
        Ok(Engine::open_with(bank, Box::new(store), params, config)?)
    }

    /// Records something that happens now. Its id is a digest of what happens and when, so that a repeated command changes nothing.
    pub(crate) fn record(
        &self,
        engine: &Engine,
        learner: &LearnerId,
        body: EventBody,
    ) -> anyhow::Result<Update> {
        self.record_at(engine, learner, self.now, body)
    }

    /// Records something that happens at a later moment of this run.
    pub(crate) fn record_at(
        &self,
        engine: &Engine,
        learner: &LearnerId,
        at: Timestamp,
        body: EventBody,
    ) -> anyhow::Result<Update> {
        let text = serde_json::to_vec(&(learner, at, &body))?;
        let event_id = EventId::new(format!("cli-{:016x}", stream::keyed_u64("event", 0, &text)))?;
        Ok(engine.record(Event {
            utc_offset: self.offset,
            ..Event::new(event_id, learner.clone(), at, body)
        })?)
    }
}

/// What a line that is typed takes where the time is fixed.
const SECONDS_A_LINE: f32 = 10.0;

/// The time that passes while a command talks with somebody.
///
/// Where `--now` fixes the moment it is ten seconds a line, so that the same input gives the same result.
pub(crate) struct Clock {
    start: Timestamp,
    began: Option<Instant>,
    lines: u16,
}

impl Clock {
    /// A line was typed.
    pub(crate) fn line(&mut self) {
        self.lines = self.lines.saturating_add(1);
    }

    /// Seconds since the clock began.
    pub(crate) fn seconds(&self) -> f32 {
        match self.began {
            Some(began) => began.elapsed().as_secs_f32(),
            None => f32::from(self.lines) * SECONDS_A_LINE,
        }
    }

    /// The moment.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.start.0 + self.seconds() as i64)
    }
}

/// Prints diagnostics in the manner of a compiler.
pub(crate) fn render(
    diagnostics: &[Diagnostic],
    sources: &[SourceFile],
    out: &mut dyn Write,
) -> io::Result<()> {
    for diagnostic in diagnostics {
        let source = sources.iter().find(|source| source.path == diagnostic.path);
        writeln!(
            out,
            "{}",
            diagnostic.render(source.map_or("", |source| &source.text))
        )?;
    }
    Ok(())
}

/// Reads a learner's id.
pub(crate) fn learner(id: &str) -> anyhow::Result<LearnerId> {
    LearnerId::new(id).with_context(|| format!("{id:?} is not a learner id"))
}

/// Reads a time as a person writes it: RFC 3339, a date (its midnight UTC), or seconds since 1970.
pub(crate) fn parse_time(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(seconds);
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(moment.as_second());
    }
    let date: jiff::civil::Date = text
        .parse()
        .map_err(|_| "wanted 2026-11-24T12:00:00Z, 2026-11-24 or seconds since 1970".to_owned())?;
    let midnight = jiff::tz::TimeZone::UTC
        .to_timestamp(date.at(0, 0, 0, 0))
        .map_err(|error| error.to_string())?;
    Ok(midnight.as_second())
}

/// A moment as a date.
pub(crate) fn date(moment: Timestamp) -> String {
    match jiff::Timestamp::from_second(moment.0) {
        Ok(moment) => jiff::tz::TimeZone::UTC
            .to_datetime(moment)
            .date()
            .to_string(),
        Err(_) => "a far date".to_owned(),
    }
}

//! A study from a file: taught cell by cell, kept on disk as it goes, reported in five forms.

use super::page;
use crate::context::Context;
use crate::{args, files, progress};
use anyhow::Context as _;
use indicatif::ProgressBar;
use paceline_sim::study::{Cells, Courses, Design, Effect, Part, Report, Stale, run as teach};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a line of progress is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// Steps of the bar.
const STEPS: u64 = 1_000;

pub(super) fn run(context: &Context, file: &Path, args: &args::Simulate) -> anyhow::Result<()> {
    let design = design(file, args)?;
    let needs_content = design
        .subjects
        .iter()
        .any(|subject| subject.course.is_some());
    let bank = needs_content
        .then(|| context.bank().map(Arc::new))
        .transpose()?;
    let courses = Courses::of(&design, bank.as_ref())?;
    let pool = super::threads(args)?;
    let clock = Clock::start();
    let kept = Folder {
        path: args.out.join("cells"),
        build: build()?,
        told: Mutex::default(),
        bar: clock.bar.clone(),
    };
    let report = pool.install(|| teach(&design, &courses, &kept, &|part| clock.show(part)))?;
    clock.bar.finish_and_clear();
    let tables = page::tables(&report);
    let files = [
        ("study.json", serde_json::to_string(&report)?),
        ("study.md", page::markdown(&report, &tables)),
        ("study.html", page::html(&report, &tables)?),
        ("effects.csv", effects(&report)?),
        ("log.csv", report.log.clone()),
    ];
    for (name, text) in files.iter().filter(|(_, text)| !text.is_empty()) {
        files::write(&args.out.join(name), text.as_bytes())?;
    }
    context.print(&report, |out| {
        writeln!(out, "{}", page::short(&report))?;
        writeln!(out, "Report: {}", args.out.join("study.html").display())
    })
}

fn design(file: &Path, args: &args::Simulate) -> anyhow::Result<Design> {
    let name = file.display();
    let mut design =
        Design::parse(&files::read_text(file)?).with_context(|| format!("{name} is no study"))?;
    if let Some(pupils) = args.pupils {
        design.population.pupils = pupils;
    }
    Ok(design)
}

/// Names this program by a hash of its own bytes: any change to the engine, the simulation or what they are built with changes it.
fn build() -> anyhow::Result<String> {
    let bytes = std::env::current_exe()
        .and_then(fs::read)
        .context("could not read this program, by which a study's finished cells are known")?;
    let digest = Sha256::digest(bytes);
    Ok(digest[..8].iter().map(|b| format!("{b:02x}")).collect())
}

/// Finished cells as files of a folder.
struct Folder {
    path: PathBuf,
    build: String,
    /// The reasons for which cells were set aside so far; each is told once.
    told: Mutex<Vec<Stale>>,
    bar: ProgressBar,
}

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.json"))
    }
}

impl Cells for Folder {
    fn build(&self) -> &str {
        &self.build
    }

    fn load(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    fn set_aside(&self, name: &str, stale: Stale) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.contains(&stale) {
            return;
        }
        told.push(stale);
        let why = match stale {
            Stale::Design => "by another configuration of the study",
            Stale::Content => "from other content",
            Stale::Build => "by another build of paceline",
            _ => "but cannot be read",
        };
        let path = self.path(name);
        self.bar.suspend(|| {
            eprintln!(
                "cells that were taught {why} are set aside and taught anew; the first is {}",
                path.display()
            );
        });
    }

    fn save(&self, name: &str, text: &str) -> Result<(), String> {
        // Renamed into place: a cell is there whole or not at all.
        let (path, part) = (self.path(name), self.path.join(format!("{name}.part")));
        fs::create_dir_all(&self.path)
            .and_then(|()| fs::write(&part, text))
            .and_then(|()| fs::rename(&part, &path))
            .map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// Tells how far a study is: a bar on a terminal, a line now and then elsewhere.
struct Clock {
    bar: ProgressBar,
    start: Instant,
    last: Mutex<Instant>,
}

impl Clock {
    fn start() -> Self {
        let start = Instant::now();
        Self {
            bar: progress::bar(STEPS, "{bar:40} {percent} %, {eta} left"),
            start,
            last: Mutex::new(start),
        }
    }

    fn show(&self, part: Part) {
        self.bar.set_position((part.share * STEPS as f64) as u64);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if io::stderr().is_terminal() || last.elapsed() < LINE_EVERY {
            return;
        }
        *last = Instant::now();
        let left = self.start.elapsed().as_secs_f64() * (1.0 / part.share.max(1e-9) - 1.0);
        let (cells, of) = (part.cells, part.of);
        eprintln!(
            "{cells} of {of} cells, about {:.0} min left",
            (left / 60.0).ceil()
        );
    }
}

/// Every effect, one a line.
fn effects(report: &Report) -> anyhow::Result<String> {
    let mut text = "family,variant,policy,subject,test,group,effect_sd,low,high,percentile_points,schools,below_zero\n".to_owned();
    for effect in &report.effects {
        let Effect {
            family,
            variant,
            policy,
            subject,
            test,
            group,
            ..
        } = effect;
        if subject.contains([',', '"', '\n']) {
            anyhow::bail!(
                "the subject {subject:?} cannot stand in a CSV file: no comma, quote or line break"
            );
        }
        text += &format!(
            "{family},{variant},{policy},{subject},{test},{group},{:.4},{:.4},{:.4},{:.2},{},{}\n",
            effect.effect_sd,
            effect.low,
            effect.high,
            effect.percentile_points,
            effect.schools,
            effect.below_zero
        );
    }
    Ok(text)
}

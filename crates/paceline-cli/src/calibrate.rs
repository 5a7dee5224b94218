//! Calibrating items from an answer log: a lock file beside the content, or a table.

mod before;
mod earlier;
mod figures;
mod page;

use crate::answers::Answers;
use crate::args;
use crate::context::Context;
use crate::{files, progress};
use anyhow::{Context as _, bail, ensure};
use before::Before;
use earlier::Earlier;
use paceline::bank::calibrate::{Calibration, ItemEstimate, Model, Options, Population, Priors};
use paceline::bank::{Bank, ItemStatus, LOCK_FORMAT, Lock, LockedItem};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

/// Families of curves, as `--model` names them.
const MODELS: [(&str, Model); 3] = [
    ("1pl", Model::OneParameter),
    ("2pl", Model::TwoParameter),
    ("3pl", Model::ThreeParameter),
];
/// Easiness known to this standard deviation, in logits, makes a pilot live.
const LIVE_SD: f64 = 0.4;
/// An estimate replaces what is known where it is about as sure: a lock rounds.
const ABOUT: f64 = 1.01;
/// Items that a summary names.
const NAMED: usize = 3;

pub(crate) fn run(context: &Context, args: &args::Calibrate) -> anyhow::Result<()> {
    let (name, model) = model(context, args)?;
    let mut options = Options {
        model,
        ..Options::default()
    };
    if args.no_priors {
        options.priors = Priors::Off;
    }
    let is_table = args.out.extension().is_some_and(|ending| ending == "csv");
    let bank = if context.global.content.is_some() || !is_table {
        Some(context.bank().context("a lock file is keyed by item version, so the content is needed; `--out FILE.csv` does without")?)
    } else {
        None
    };
    let bar = progress::told();
    bar.set_message("reading the log");
    let answers = Answers::read(&args.log, bank.as_ref())?;
    bar.set_message(format!("{} answers", answers.first.len()));
    let lock = if is_table {
        Lock::default()
    } else {
        old_lock(&args.out)?
    };
    let before = before(args, lock.clone(), bank.as_ref())?;
    let fitted = match &before {
        Before::Lock(earlier) | Before::Start(earlier) if args.online => {
            before::one_pass(&answers, earlier)
        }
        before => before::fit(&answers, &options, before, &bar)?,
    };
    bar.finish_and_clear();
    let written = match &bank {
        Some(bank) if !is_table => {
            write_lock(&args.out, lock, bank, &answers, &fitted, name, &before)?
        }
        _ => write_table(&args.out, &answers, &fitted, bank.as_ref())?,
    };
    if let Some(html) = &args.html {
        files::write(html, page::page(&answers, &fitted, name)?.as_bytes())?;
    }
    let document = json!({
        "format": 1, "out": args.out, "scale": before.name(), "model": name, "answers": answers.first.len(), "learners": answers.learners.all().len(),
        "repeats": answers.repeats, "items": written.items, "kept": written.kept, "unknown": written.unknown, "blended": written.blended,
        "population": fitted.population,
        "cycles": fitted.cycles, "converged": fitted.converged, "log_likelihood": fitted.log_likelihood,
    });
    context.print(&document, |out| {
        let title = format!(
            "{} answers of {} learners to {} items, {}: ",
            answers.first.len(),
            answers.learners.all().len(),
            fitted.items.len(),
            name
        );
        write!(out, "{title}")?;
        summarise(&answers, &fitted, &written, out)?;
        writeln!(
            out,
            "wrote {} items to {}",
            written.items,
            args.out.display()
        )
    })
}

/// What is known of the items before the log.
fn before(args: &args::Calibrate, lock: Lock, bank: Option<&Bank>) -> anyhow::Result<Before> {
    let read = |path: &std::path::PathBuf| Earlier::read(path, bank);
    Ok(match (&args.anchors, &args.start, &args.link) {
        (Some(path), ..) => Before::Anchors(read(path)?),
        (_, Some(path), _) => Before::Start(read(path)?),
        (.., Some(path)) => Before::Link(read(path)?),
        _ if args.no_priors => Before::Lock(Earlier::default()),
        _ => Before::Lock(Earlier::of_lock(lock, bank)),
    })
}

impl Before {
    /// Whose scale the results are on.
    const fn name(&self) -> &'static str {
        match self {
            Self::Lock(_) => "learners",
            Self::Anchors(_) => "anchors",
            Self::Start(_) => "start",
            Self::Link(_) => "link",
        }
    }

    /// Whether what was known of an item is in its estimate, so that this replaces it.
    fn is_in(&self, id: &str) -> bool {
        match self {
            Self::Lock(earlier) => earlier.edited.contains_key(id),
            Self::Anchors(earlier) => earlier.unedited.contains_key(id),
            Self::Start(earlier) => earlier.all().any(|(known, _)| known == id),
            Self::Link(_) => false,
        }
    }
}

/// The family of curves that `--model` names, and its name.
fn model(context: &Context, args: &args::Calibrate) -> anyhow::Result<(&'static str, Model)> {
    let wanted = match &context.global.model {
        Some(model) => model.to_string_lossy().to_lowercase(),
        None => "2pl".to_owned(),
    };
    let found = MODELS.into_iter().find(|(name, _)| *name == wanted);
    let found =
        found.with_context(|| format!("the model is {wanted:?}, wanted 1pl, 2pl or 3pl"))?;
    ensure!(
        !args.online || found.1 == Model::TwoParameter,
        "the model is {wanted:?}, wanted 2pl, which is all that `--online` knows"
    );
    Ok(found)
}

/// What was written.
#[derive(Default)]
struct Written {
    items: usize,
    /// Items that keep what was known of them: it is surer.
    kept: usize,
    /// Items of the log that the content does not have.
    unknown: usize,
    /// Items of the log in an older version.
    older: usize,
    /// Items in whose estimates what was known before is blended.
    blended: usize,
}

fn write_lock(
    path: &Path,
    mut lock: Lock,
    bank: &Bank,
    answers: &Answers,
    fitted: &Calibration,
    model: &str,
    before: &Before,
) -> anyhow::Result<Written> {
    lock.format = LOCK_FORMAT;
    lock.model = model.to_owned();
    lock.items.retain(|id, _| bank.item_ix(id).is_some());
    let mut written = Written::default();
    for (id, found) in answers.items.all().iter().zip(&fitted.items) {
        let Some(item) = bank.item_ix(id) else {
            if id.contains('@') {
                written.older += 1;
            } else {
                written.unknown += 1;
            }
            continue;
        };
        let mut locked = LockedItem {
            version: bank.item_version(item),
            status: ItemStatus::Pilot,
            a: found.a,
            b: found.b,
            c: found.c,
            se_a: found.se_a,
            se_b: found.se_b,
            n: found.n,
        };
        let sd = locked.easiness_sd();
        if sd <= LIVE_SD {
            locked.status = ItemStatus::Live;
        }
        let known = f64::from(bank.item_easiness_sd()[item.at()]);
        let is_in = before.is_in(id);
        if (is_in || sd <= known * ABOUT) && locked.is_valid() {
            lock.items.insert(id.to_string(), locked);
            written.items += 1;
            written.blended += usize::from(is_in);
        } else {
            written.kept += 1;
        }
    }
    ensure!(
        written.items + written.kept > 0,
        "no item of the log is in the content: ids are `course/item`, as `paceline check --list` shows them"
    );
    files::write(path, lock.to_toml().as_bytes())?;
    Ok(written)
}

/// The lock file that is there, whose items stay where nothing better is known.
fn old_lock(path: &Path) -> anyhow::Result<Lock> {
    match std::fs::read_to_string(path) {
        Ok(text) => Lock::parse(&text)
            .with_context(|| format!("{} is there and cannot be read", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lock::default()),
        Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
    }
}

fn write_table(
    path: &Path,
    answers: &Answers,
    fitted: &Calibration,
    bank: Option<&Bank>,
) -> anyhow::Result<Written> {
    let mut written = Written::default();
    let mut table = String::from("item,a,b,c,se_a,se_b,n\n");
    for (id, item) in answers.items.all().iter().zip(&fitted.items) {
        if bank.is_some_and(|bank| bank.item_ix(id).is_none()) {
            written.unknown += 1;
            continue;
        }
        let quoted = if id.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", id.replace('"', "\"\""))
        } else {
            id.to_string()
        };
        let ItemEstimate {
            a,
            b,
            c,
            se_a,
            se_b,
            n,
            ..
        } = item;
        writeln!(
            table,
            "{quoted},{a:.6},{b:.6},{c:.6},{se_a:.6},{se_b:.6},{n}"
        )?;
        written.items += 1;
    }
    if written.items == 0 {
        bail!("no item of the log is in the content");
    }
    files::write(path, table.as_bytes())?;
    Ok(written)
}

fn summarise(
    answers: &Answers,
    fitted: &Calibration,
    written: &Written,
    out: &mut dyn Write,
) -> io::Result<()> {
    match (fitted.cycles, fitted.converged) {
        (0, _) => writeln!(out, "one pass")?,
        (n, true) => writeln!(out, "{n} cycles, come to rest")?,
        (n, false) => writeln!(
            out,
            "{n} cycles, not come to rest: more answers, or priors, would help"
        )?,
    }
    let Population { mean, sd } = fitted.population;
    if mean != 0.0 {
        writeln!(
            out,
            "on the scale of the items known before, the learners are at {mean:+.2} ± {sd:.2}"
        )?;
    }
    if answers.repeats > 0 {
        writeln!(
            out,
            "{} repeated answers left out: only a first one tells how hard an item is",
            answers.repeats
        )?;
    }
    let mut order: Vec<usize> = (0..fitted.items.len()).collect();
    order.sort_by(|&i, &j| fitted.items[j].b.total_cmp(&fitted.items[i].b));
    let name = |&i: &usize| {
        format!(
            "{} ({:+.2} ± {:.2})",
            answers.items.all()[i],
            fitted.items[i].b,
            fitted.items[i].se_b
        )
    };
    // No item is both.
    let half = NAMED.min(order.len().div_ceil(2));
    let hardest: Vec<String> = order.iter().take(half).map(name).collect();
    writeln!(out, "  hardest  {}", hardest.join(", "))?;
    let easiest = order[half..].iter().rev().take(NAMED).map(name);
    let easiest: Vec<String> = easiest.collect();
    if !easiest.is_empty() {
        writeln!(out, "  easiest  {}", easiest.join(", "))?;
    }
    let mut slopes: Vec<f64> = fitted.items.iter().map(|item| item.a).collect();
    slopes.sort_by(f64::total_cmp);
    if let (Some(low), Some(high)) = (slopes.first(), slopes.last()) {
        writeln!(
            out,
            "  discrimination {low:.2} to {high:.2}, median {:.2}",
            slopes[slopes.len() / 2]
        )?;
    }
    for (n, what) in [
        (
            written.kept,
            "keep what was known of them: the log does not tell it more surely",
        ),
        (
            written.blended,
            "blend what was known before with the log's answers",
        ),
        (
            written.older,
            "are of an older version: they helped to place the learners",
        ),
        (written.unknown, "are not in the content"),
    ] {
        if n > 0 {
            writeln!(out, "  {n} {what}")?;
        }
    }
    Ok(())
}

//! Fitting the learner model to an answer log, and judging it on another.

use crate::args;
use crate::context::Context;
use crate::simulate::plots;
use crate::{files, html, progress};
use anyhow::Context as _;
use indicatif::ProgressBar;
use paceline::learner::evaluate::{EvaluateOptions, Evaluation, evaluate};
use paceline::learner::fit::{Baselining, FitOptions, Overflow, Progress, Workspace, fit};
use paceline::learner::knowledge::Variant;
use paceline::learner::model::{Model, Summary};
use paceline::log::Order;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

/// Features, skills and transitions that a summary names.
const NAMED: usize = 5;

pub(crate) fn run_fit(context: &Context, args: &args::Fit) -> anyhow::Result<()> {
    let options = FitOptions {
        variant: match args.variant {
            args::ModelVariant::Lite => Variant::Lite,
            args::ModelVariant::Full => Variant::Full,
        },
        order: order(args.sort),
        baselines: if args.no_baselines {
            Baselining::Skip
        } else {
            Baselining::Fit
        },
        ..FitOptions::default()
    };
    let bar = progress::told();
    let overflow = || {
        let folder = args.out.parent().filter(|it| !it.as_os_str().is_empty());
        let file = tempfile::tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Box::new(file) as Box<dyn Overflow>)
    };
    let workspace = Workspace {
        memory_bytes: args.memory << 20,
        open: Some(&overflow),
    };
    let model = fit(
        files::open(&args.log)?,
        &options,
        &workspace,
        &mut |progress| show(&bar, &progress),
    )
    .with_context(|| format!("could not fit to {}", args.log.display()))?;
    bar.finish_and_clear();
    let bytes = if is_toml(&args.out) {
        model.to_toml().into_bytes()
    } else {
        model.to_bytes()
    };
    files::write(&args.out, &bytes)?;
    let summary = model.summary(NAMED);
    let p = &model.provenance;
    context.print(
        &serde_json::json!({ "format": 1, "out": args.out, "provenance": p }),
        |out| {
            writeln!(
                out,
                "Fitted to {} rows of {} learners: {} iterations, {} ({:.5} a row), wrote {}\n",
                p.rows,
                p.learners,
                p.iterations,
                p.ended,
                p.loss_per_row,
                args.out.display()
            )?;
            print_summary(&summary, out)
        },
    )
}

pub(crate) fn run_evaluate(context: &Context, args: &args::Evaluate) -> anyhow::Result<()> {
    let file = context
        .global
        .model
        .as_ref()
        .context("no model is named; wanted --model FILE, as `paceline fit` writes it")?;
    let model = read_model(file)?;
    let options = EvaluateOptions {
        order: order(args.sort),
        ..EvaluateOptions::default()
    };
    let found = evaluate(files::open(&args.log)?, &model, &options)
        .with_context(|| format!("could not evaluate on {}", args.log.display()))?;
    if let Some(report) = &args.report {
        files::write(report, page(&found)?.as_bytes())?;
    }
    let document = found.to_json(&args.log.display().to_string());
    context.print(&document, |out| print_table(&found, out))
}

/// What the model learned.
fn print_summary(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Most telling features (change of the log odds for one standard deviation):"
    )?;
    for (feature, effect) in &summary.features {
        writeln!(
            out,
            "  {effect:>+6.3}  {:<10} {}",
            feature.name(),
            feature.meaning()
        )?;
    }
    writeln!(
        out,
        "Hardest skills (easiness of a typical item, log odds):"
    )?;
    for (skill, easiness) in &summary.hardest {
        writeln!(out, "  {easiness:>+6.3}  {skill}")?;
    }
    writeln!(
        out,
        "What depends most on the outcome before (change of the log odds):"
    )?;
    for (before, after, pair) in &summary.transitions {
        writeln!(out, "  {:>+6.3}  {before} -> {after}", 2.0 * pair.beta)?;
    }
    Ok(())
}

/// Reads a model, TOML or binary by its first bytes.
pub(crate) fn read_model(path: &Path) -> anyhow::Result<Model> {
    let unreadable = || format!("could not read the model {}", path.display());
    let bytes = std::fs::read(path).with_context(unreadable)?;
    let model = match std::str::from_utf8(&bytes) {
        Ok(text) if is_toml(path) => Model::from_toml(text),
        _ => Model::from_bytes(&bytes),
    };
    model.with_context(unreadable)
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml")
}

const fn order(sort: bool) -> Order {
    if sort { Order::Sort } else { Order::Given }
}

fn show(bar: &ProgressBar, progress: &Progress) {
    match *progress {
        Progress::Read { rows, learners } => {
            bar.set_message(format!("{rows} rows of {learners} learners"));
        }
        Progress::Easiness => bar.set_message("item easiness found"),
        Progress::Features { weights } => bar.set_message(format!("{weights} weights")),
        Progress::Baselines => bar.set_message("baselines fitted"),
        Progress::Iteration { done, of, loss } => {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
            bar.set_message(format!("loss {loss:.5} a row"));
        }
        _ => {}
    }
}

fn print_table(found: &Evaluation, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} rows of {} learners\n", found.rows, found.learners)?;
    writeln!(
        out,
        "{:<12} {:>6} {:^17} {:>8} {:^17} {:>6} {:>6}",
        "model", "AUC", "95 %", "log loss", "95 %", "RMSE", "ECE"
    )?;
    for judged in &found.results {
        let m = &judged.metrics;
        writeln!(
            out,
            "{:<12} {:>6.4} ({:.4} - {:.4}) {:>8.4} ({:.4} - {:.4}) {:>6.4} {:>6.4}",
            judged.model,
            m.auc,
            judged.auc.low,
            judged.auc.high,
            m.log_loss,
            judged.log_loss.low,
            judged.log_loss.high,
            m.rmse,
            m.ece
        )?;
    }
    Ok(())
}

/// The report: tables, the reliability curve and the learning curve.
fn page(found: &Evaluation) -> anyhow::Result<String> {
    let mut table = Vec::new();
    print_table(found, &mut table)?;
    let mut page = html::begin("Evaluation");
    write!(page, "<pre>{}</pre>", String::from_utf8_lossy(&table))?;
    let names = found.results.iter().map(|judged| judged.model.as_str());
    let curves = names.zip(&found.reliability).map(|(name, bins)| {
        let filled = bins.iter().filter(|bin| bin.rows > 0);
        (name, filled.map(|bin| (bin.p_mean, bin.right)).collect())
    });
    let svg = plots::lines("predicted", "share right", curves.collect())?;
    write!(page, "<h2>Reliability</h2>{svg}")?;
    let points = |value: fn(&paceline::learner::evaluate::CurvePoint) -> f64| {
        let points = found.learning_curve.iter();
        points.map(|p| (p.opportunity as f64, value(p))).collect()
    };
    let curves = vec![
        ("right", points(|p| p.right)),
        ("predicted", points(|p| p.predicted)),
    ];
    let svg = plots::lines("answer on the skill", "share", curves)?;
    write!(page, "<h2>Learning curve</h2>{svg}")?;
    for (title, slices) in [
        ("By position in the history", &found.by_position),
        ("Cold start", &found.cold_start),
    ] {
        write!(page, "<h2>{title}</h2><table><tr><th>part<th>rows")?;
        found
            .results
            .iter()
            .try_for_each(|judged| write!(page, "<th>{}", judged.model))?;
        page.push_str("</tr>");
        for slice in slices {
            write!(page, "<tr><td>{}<td>{}", slice.name, slice.rows)?;
            slice
                .metrics
                .iter()
                .try_for_each(|m| write!(page, "<td>{:.4}", m.log_loss))?;
            page.push_str("</tr>");
        }
        page.push_str("</table><p>Log loss.</p>");
    }
    page.push_str("<h2>By skill</h2><table><tr><th>skill<th>rows<th>right<th>predicted</tr>");
    for skill in &found.by_skill {
        let id = html::escape(&skill.skill);
        write!(
            page,
            "<tr><td>{id}<td>{}<td>{:.3}<td>{:.3}</tr>",
            skill.rows, skill.right, skill.predicted
        )?;
    }
    page.push_str("</table></html>\n");
    Ok(page)
}

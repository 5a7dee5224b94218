//! Simulation: three students side by side, then the engine against other policies.

mod gates;
mod html;
mod page;
pub(crate) mod plots;
mod study;

use crate::args;
use crate::context::Context;
use crate::plan::word;
use crate::{files, progress};
use anyhow::Context as _;
use paceline::Bank;
use paceline_sim::{
    Config, Curriculum, Lead, PolicyKind, Progress, Row, Shown, Study, compare, showcase,
};
use serde::Serialize;
use std::io::{self, Write};
use std::sync::Arc;

/// The course that simulated classes study.
const COURSE: &str = "math";
/// Classes a family with `--quick`.
const QUICK_CLASSES: u32 = 6;
/// Width of a student's column.
const COLUMN: usize = 38;

/// What `--json` prints: the comparison, and the three students.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    comparison: &'a paceline_sim::Comparison,
    students: &'a [Shown],
}

pub(crate) fn run(context: &Context, args: &args::Simulate) -> anyhow::Result<()> {
    if args.check_worlds {
        return gates::run(context);
    }
    if let Some(file) = &args.study {
        return study::run(context, file, args);
    }
    let bank = Arc::new(context.bank()?);
    let students = showcase(&bank, COURSE, context.global.seed)?;
    if !context.global.json {
        print_students(&bank, &students, &mut io::stdout().lock())?;
    }
    let study = comparison(&bank, context.global.seed, args)?;
    let report = args.out.join("simulate.html");
    files::write(&report, html::page(&bank, &students, &study)?.as_bytes())?;
    files::write(
        &args.out.join("simulate.json"),
        &serde_json::to_vec(&study.comparison)?,
    )?;
    let document = Document {
        comparison: &study.comparison,
        students: &students,
    };
    context.print(&document, |out| {
        print_table(&study, out)?;
        writeln!(out, "\nReport: {}", report.display())
    })
}

fn comparison(bank: &Arc<Bank>, seed: u64, args: &args::Simulate) -> anyhow::Result<Study> {
    let curriculum = Curriculum::from_bank(bank, COURSE)?;
    let mut default = Config::default();
    if !args.oracle {
        default
            .policies
            .retain(|policy| *policy != PolicyKind::Oracle);
    }
    let classes = if args.quick {
        QUICK_CLASSES
    } else {
        default.classes
    };
    let fitted = match &args.fitted {
        Some(path) => gates::fitted(path)?,
        None => default.fitted,
    };
    let config = Config {
        seed,
        fitted,
        classes: args.classes.unwrap_or(classes),
        bank: Some(bank.clone()),
        ..default
    };
    let pool = threads(args)?;
    let bar = progress::bar(0, "{bar:40} {pos}/{len} classes, {eta} left");
    let show = |progress: Progress| {
        bar.set_length(progress.total as u64);
        bar.inc(1);
    };
    let study = pool.install(|| compare(&curriculum, &config, &show))?;
    bar.finish_and_clear();
    Ok(study)
}

fn threads(args: &args::Simulate) -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.unwrap_or(0))
        .build()
        .context("could not start the threads")
}

/// What a student's lesson says of each activity, in one line.
fn line(bank: &Bank, activity: &paceline::Activity) -> (String, String) {
    let title = bank
        .skill_ix(activity.skill())
        .map_or("", |skill| &bank.skill(skill).title);
    let theme = activity
        .instance
        .theme
        .as_ref()
        .map_or(String::new(), |theme| format!(" [{theme}]"));
    let why = activity.reasons.first().map_or("", |reason| &reason.text);
    (
        format!("{} {title}{theme}", word(activity.kind)),
        why.to_owned(),
    )
}

fn print_students(bank: &Bank, students: &[Shown], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Three students, twenty minutes, the same course:\n")?;
    let columns: Vec<Vec<String>> = students
        .iter()
        .map(|student| column(bank, student))
        .collect();
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    for row in 0..rows {
        let cells: Vec<_> = columns
            .iter()
            .map(|column| {
                let cell = column.get(row).map_or("", String::as_str);
                format!("{cell:<COLUMN$}")
            })
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    for student in students {
        writeln!(out, "\nWhy, for {}:", student.learner)?;
        for activity in student.plan.activities.iter().take(3) {
            let (what, _) = line(bank, activity);
            let reasons: Vec<_> = activity.reasons.iter().map(|r| &*r.text).collect();
            writeln!(out, "  {what}: {}", reasons.join("; "))?;
        }
    }
    Ok(())
}

fn column(bank: &Bank, student: &Shown) -> Vec<String> {
    let cut = |text: String| text.chars().take(COLUMN).collect::<String>();
    let (answers, right) = student.answers;
    let mut lines = vec![
        cut(format!(
            "{}: {}",
            student.learner.to_uppercase(),
            student.about
        )),
        cut(format!("{right} of {answers} right so far")),
        "-".repeat(COLUMN),
    ];
    for activity in &student.plan.activities {
        lines.push(cut(format!(
            "{:>4.1} {}",
            activity.minutes.get(),
            line(bank, activity).0
        )));
    }
    lines
}

fn print_table(study: &Study, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\nGain over a fixed pacing guide at equal minutes, in SD of its test, with 95 % intervals over {} classes a family:\n",
        study.comparison.worlds
    )?;
    writeln!(
        out,
        "{:<11} {:<16} {:^24} {:^24} {:>7}",
        "students", "policy", "end of term", "30 days later", "minutes"
    )?;
    let mut family = "";
    for row in &study.comparison.rows {
        let name = if row.family == family {
            ""
        } else {
            &row.family
        };
        family = &row.family;
        writeln!(
            out,
            "{name:<11} {:<16} {}  {}  {:>7.0}",
            row.policy,
            end(row),
            delayed(row),
            row.minutes
        )?;
    }
    writeln!(
        out,
        "\nThe engine ahead of the best other policy, by the same classes under both:\n"
    )?;
    for lead in closest(study) {
        writeln!(
            out,
            "{:<11} {:<16} {}  {}",
            lead.family,
            lead.policy,
            interval(lead.end),
            interval(lead.delayed)
        )?;
    }
    Ok(())
}

/// Of each family, the baseline that the engine is least ahead of at the end of the term.
fn closest(study: &Study) -> Vec<&Lead> {
    let mut closest: Vec<&Lead> = Vec::new();
    for lead in &study.leads {
        match closest.last_mut() {
            Some(least) if least.family == lead.family => {
                if lead.end.0 < least.end.0 {
                    *least = lead;
                }
            }
            _ => closest.push(lead),
        }
    }
    closest
}

fn end(row: &Row) -> String {
    interval((row.gain_sd, row.gain_sd_low, row.gain_sd_high))
}

fn delayed(row: &Row) -> String {
    interval((row.delayed_sd, row.delayed_sd_low, row.delayed_sd_high))
}

fn interval((mean, low, high): (f64, f64, f64)) -> String {
    format!("{mean:>+7.2} ({low:+.2} {high:+.2})")
}

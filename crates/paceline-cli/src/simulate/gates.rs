//! Whether simulated students resemble published ones.

use crate::context::Context;
use crate::files;
use paceline_sim::{Family, Fitted, Gate, gates, generate};
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

/// The generated course that the gates are looked at on: skills, items of each, seed.
const COURSE: (usize, usize, u64) = (60, 6, 1);

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    seed: u64,
    gates: &'a [Gate],
}

pub(super) fn run(context: &Context) -> anyhow::Result<()> {
    let (n_skills, items, course) = COURSE;
    let curriculum = generate::curriculum(n_skills, items, course);
    let seed = context.global.seed;
    let rows = gates(&curriculum, &Family::ALL, seed)?;
    let document = Document {
        format: 1,
        seed,
        gates: &rows,
    };
    context.print(&document, |out| print(&rows, out))
}

/// Reads the numbers of the fitted family.
pub(super) fn fitted(path: &Path) -> anyhow::Result<Fitted> {
    Ok(Fitted::from_json(&files::read_text(path)?)?)
}

fn print(rows: &[Gate], out: &mut dyn Write) -> io::Result<()> {
    let mut family = None;
    for row in rows {
        if family != Some(row.family) {
            let name = row.family.name();
            writeln!(out, "{name}:")?;
            family = Some(row.family);
        }
        let verdict = match (row.applies, row.passed) {
            (false, _) => "does not apply",
            (true, true) => "pass",
            (true, false) => "MISS",
        };
        let range = match row.high.is_finite() {
            true => format!("{} to {}", row.low, row.high),
            false => format!("{} or more", row.low),
        };
        writeln!(
            out,
            "  {:<4} {:<58} {:>7.3}  wanted {range:<12} {verdict:<15} published {}",
            row.gate, row.what, row.found, row.reference
        )?;
    }
    let missed = rows.iter().filter(|row| row.applies && !row.passed);
    writeln!(out, "{} gates, {} missed", rows.len(), missed.count())
}

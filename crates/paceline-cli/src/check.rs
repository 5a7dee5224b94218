//! Checking content.

use crate::args;
use crate::context::{Context, render};
use paceline::bank::{Bank, Diagnostic};
use paceline::content;
use paceline::ids::SkillIx;
use serde_json::json;
use std::io::{self, Write};
use std::process::ExitCode;

pub(crate) fn run(context: &Context, args: &args::Check) -> anyhow::Result<ExitCode> {
    let folder = args.dir.as_deref().unwrap_or(context.content());
    let sources = content::read_dir(folder)?;
    match Bank::compile(&sources) {
        Ok((bank, warnings)) => {
            let inventory = bank.inventory();
            let document = json!({
                "format": 1, "bank": bank.version().to_string(), "warnings": documents(&warnings), "inventory": inventory,
            });
            context.print(&document, |out| {
                render(&warnings, &sources, out)?;
                write!(out, "{inventory}")?;
                writeln!(
                    out,
                    "bank {}: no errors, {} warnings",
                    bank.version(),
                    warnings.len()
                )?;
                if args.list { list(&bank, out) } else { Ok(()) }
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(errors) => {
            let document = json!({ "format": 1, "errors": documents(&errors) });
            context.print(&document, |out| {
                render(&errors, &sources, out)?;
                writeln!(out, "{} errors in {}", errors.len(), folder.display())
            })?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn documents(diagnostics: &[Diagnostic]) -> Vec<serde_json::Value> {
    let document = |d: &Diagnostic| {
        json!({
            "path": d.path, "line": d.line, "columns": d.columns, "message": d.message, "found": d.found, "wanted": d.wanted, "help": d.help,
        })
    };
    diagnostics.iter().map(document).collect()
}

fn list(bank: &Bank, out: &mut dyn Write) -> io::Result<()> {
    for skill in (0..bank.n_skills() as u32).map(SkillIx) {
        writeln!(out, "{}  {}", bank.skill(skill).id, bank.skill(skill).title)?;
        for &item in bank.items_of(skill) {
            writeln!(out, "    {}", bank.item_id(item))?;
        }
    }
    Ok(())
}

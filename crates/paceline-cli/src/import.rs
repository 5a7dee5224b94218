//! Taking other systems' courses and logs over.

use crate::args;
use crate::context::Context;
use crate::files;
use anyhow::{Context as _, ensure};
use paceline::bank::SourceFile;
use paceline::bank::import::{Defect, LogImport, LogKind, import_log, oatutor};
use paceline::ids::check_local_id;
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;

/// Defects that are printed.
const NAMED: usize = 20;
/// Folders below an OATutor folder deeper than this are left out.
const MAX_DEPTH: usize = 12;

pub(crate) fn run(context: &Context, args: &args::Import) -> anyhow::Result<()> {
    match args {
        args::Import::Oatutor(args) => course(context, args),
        args::Import::Log(args) => log(context, args),
    }
}

fn course(context: &Context, args: &args::ImportOatutor) -> anyhow::Result<()> {
    let name = args
        .out
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    ensure!(
        check_local_id(&name).is_ok(),
        "the folder {name:?} is to be the course's id; wanted lower-case letters, digits, `-` and `_`"
    );
    let mut files = Vec::new();
    let mut unreadable = Vec::new();
    walk(&args.dir, &args.dir, 0, &mut files, &mut unreadable)
        .with_context(|| format!("could not read {}", args.dir.display()))?;
    let mut imported = oatutor::import(&files, &name);
    imported.defects.extend(unreadable);
    ensure!(
        imported.items > 0,
        "{} holds no OATutor problem; wanted <problem>/steps/<step>/<step>.json below it",
        args.dir.display()
    );
    for file in &imported.files {
        let path = file
            .path
            .strip_prefix(&format!("{name}/"))
            .unwrap_or(&file.path);
        files::write(&args.out.join(path), file.text.as_bytes())?;
    }
    let document = json!({
        "format": 1, "out": args.out, "skills": imported.skills, "problems": imported.problems, "items": imported.items, "hints": imported.hints,
        "left_out": imported.left_out, "defects": imported.defects,
    });
    context.print(&document, |out| {
        print_defects(&imported.defects, out)?;
        writeln!(
            out,
            "{} problems, {} items, {} hints, {} skills written to {}; {} steps left out, {} defects",
            imported.problems,
            imported.items,
            imported.hints,
            imported.skills,
            args.out.display(),
            imported.left_out,
            imported.defects.len()
        )
    })
}

fn print_defects(defects: &[Defect], out: &mut dyn Write) -> io::Result<()> {
    for defect in defects.iter().take(NAMED) {
        writeln!(out, "{}: {}", defect.path, defect.what)?;
    }
    match defects.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(out, "{more} more defects; `--json` lists them all"),
    }
}

/// Collects the JSON files below a folder, in the order of their paths.
fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<SourceFile>,
    unreadable: &mut Vec<Defect>,
) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let relative = relative
            .iter()
            .map(|part| part.to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            if depth < MAX_DEPTH {
                walk(root, &path, depth + 1, files, unreadable)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "json") {
            match std::fs::read_to_string(&path) {
                Ok(text) => files.push(SourceFile {
                    path: relative,
                    text,
                }),
                Err(error) => unreadable.push(Defect {
                    path: relative,
                    what: format!("could not be read ({error}); the file is left out"),
                }),
            }
        }
    }
    Ok(())
}

fn log(context: &Context, args: &args::ImportLog) -> anyhow::Result<()> {
    let bank = context.named_bank()?;
    let input = files::open_unpacked(&args.file)?;
    let name = args.file.to_string_lossy().to_lowercase();
    let plain = name.trim_end_matches(".gz");
    let kind = match plain {
        _ if args.xapi => LogKind::Xapi,
        _ if plain.ends_with(".jsonl")
            || plain.ends_with(".json")
            || plain.ends_with(".ndjson") =>
        {
            LogKind::JsonLines
        }
        _ => LogKind::Csv,
    };
    let mut bytes = Vec::new();
    let found = import_log(input, kind, bank.as_ref(), &mut bytes)
        .with_context(|| format!("could not take {} over", args.file.display()))?;
    ensure!(
        found.rows > 0,
        "{} holds no answer that could be read: {}",
        args.file.display(),
        first_reason(&found)
    );
    if args.out.extension().is_some_and(|ending| ending == "gz") {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&bytes)?;
        bytes = packed.finish()?;
    }
    files::write(&args.out, &bytes)?;
    let named: Vec<_> = found
        .named
        .iter()
        .map(|(line, error)| json!({ "line": line, "error": error }))
        .collect();
    let document = json!({
        "format": 1, "out": args.out, "rows": found.rows, "learners": found.learners, "items": found.items, "other": found.other,
        "unreadable": found.unreadable, "errors": named,
    });
    context.print(&document, |out| {
        for (line, why) in &found.named {
            writeln!(out, "line {line}: {why}")?;
        }
        writeln!(
            out,
            "{} answers of {} learners to {} items written to {}; {} other entries, {} unreadable",
            found.rows,
            found.learners,
            found.items,
            args.out.display(),
            found.other,
            found.unreadable
        )
    })
}

fn first_reason(found: &LogImport) -> String {
    match found.named.first() {
        Some((line, why)) => format!("line {line}: {why}"),
        None => format!("{} entries about something else", found.other),
    }
}

//! Checks a folder of content: prints every mistake, or what the folder holds.
//!
//! `cargo run -p paceline-bank --example check -- content`

use std::path::Path;
use std::process::ExitCode;

use paceline_bank::{Bank, Diagnostic, SourceFile};

fn read(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &name, files)?;
        } else if name.ends_with(".md") || name.ends_with(".toml") {
            files.push(SourceFile {
                path: name,
                text: std::fs::read_to_string(entry.path())?,
            });
        }
    }
    Ok(())
}

fn print(files: &[SourceFile], diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let source = files.iter().find(|file| file.path == diagnostic.path);
        println!(
            "{}",
            diagnostic.render(source.map_or("", |file| &file.text))
        );
    }
}

fn main() -> std::io::Result<ExitCode> {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "content".to_owned());
    let mut files = Vec::new();
    read(Path::new(&folder), folder.trim_end_matches('/'), &mut files)?;
    match Bank::compile(&files) {
        Err(diagnostics) => {
            print(&files, &diagnostics);
            println!("{} mistakes and warnings", diagnostics.len());
            Ok(ExitCode::FAILURE)
        }
        Ok((bank, warnings)) => {
            print(&files, &warnings);
            println!("{}version {}", bank.inventory(), bank.version());
            Ok(ExitCode::SUCCESS)
        }
    }
}

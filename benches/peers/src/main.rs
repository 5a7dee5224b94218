//! The engine beside its peers: prints the table of ratios and writes it to `target/peers.json`. Each row is measured in
//! turns, ours and theirs, on the same seeded input in one process. `README.md` says how to run it and what came out.

mod draws;
mod lessons;
mod library;
mod memory;
mod ours;
mod simulation;
mod timing;

use lessons::Extent;
use std::path::Path;
use std::process::ExitCode;
use timing::Row;

const USAGE: &str = "usage: paceline-peers [--quick] [memory|simulation|lessons]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["--resident", who, dir] = args[..] {
        let bytes = lessons::child(who, Path::new(dir));
        println!("{}", bytes.map_or(String::new(), |bytes| bytes.to_string()));
        return ExitCode::SUCCESS;
    }
    let (extent, parts) = match args[..] {
        ["--quick", ref parts @ ..] => (Extent::Quick, parts),
        ref parts => (Extent::Full, parts),
    };
    let rows = match parts {
        [] => [memory::rows(), simulation::rows(), lessons::rows(extent)].concat(),
        ["memory"] => memory::rows(),
        ["simulation"] => simulation::rows(),
        ["lessons"] => lessons::rows(extent),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    print(&rows);
    match write(&rows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write target/peers.json: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(rows: &[Row]) {
    println!(
        "{:<36} {:<13} {:>15} {:>15} {:>10} {:>8}",
        "what", "peer", "ours ns", "peer ns", "ratio", "target"
    );
    for row in rows {
        let missed = row.ratio() < row.target;
        println!(
            "{:<36} {:<13} {:>15.2} {:>15.2} {:>10.2} {:>8}{}",
            row.name,
            row.peer,
            row.ours_ns,
            row.peer_ns,
            row.ratio(),
            row.target,
            if missed { "  missed" } else { "" }
        );
    }
}

fn write(rows: &[Row]) -> std::io::Result<()> {
    let table: Vec<_> = rows.iter().map(Row::to_json).collect();
    let text = serde_json::to_string_pretty(&table)?;
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/target");
    std::fs::create_dir_all(dir)?;
    std::fs::write(format!("{dir}/peers.json"), text + "\n")
}

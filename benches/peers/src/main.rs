//! The engine beside its peers: `cargo run --release` in this directory prints the table of ratios and writes it to
//! `target/peers.json`. Each row is measured in turns, ours and theirs, on the same seeded input in one process.

mod memory;
mod timing;

use std::process::ExitCode;

fn main() -> ExitCode {
    let rows = memory::rows();
    println!(
        "{:<34} {:<12} {:>12} {:>12} {:>8} {:>8}",
        "what", "peer", "ours ns", "peer ns", "ratio", "target"
    );
    for row in &rows {
        let mark = if row.ratio() >= row.target {
            ""
        } else {
            "  missed"
        };
        println!(
            "{:<34} {:<12} {:>12.2} {:>12.2} {:>8.2} {:>8.2}{mark}",
            row.name,
            row.peer,
            row.ours_ns,
            row.peer_ns,
            row.ratio(),
            row.target
        );
    }
    let table: Vec<_> = rows.iter().map(timing::Row::to_json).collect();
    let text = serde_json::to_string_pretty(&table).expect("numbers and strings are JSON");
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/target");
    match std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(format!("{dir}/peers.json"), text + "\n"))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {dir}/peers.json: {error}");
            ExitCode::FAILURE
        }
    }
}

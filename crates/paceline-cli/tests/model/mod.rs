//! `fit` and `evaluate` on the logs that platforms have: small, odd and bad ones.

#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::fmt::Write as _;
use std::path::Path;

use super::{paceline, stdout};

const HEADER: &str = "learner,item,skills,timestamp_s,correct\n";

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder has a plain name")
}

/// Fits both variants to `train` and judges them on `test`: every figure must be a number that can be.
fn check(train: &str, test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let (train_log, test_log) = (store.join("train.csv"), store.join("test.csv"));
    std::fs::write(&train_log, format!("{HEADER}{train}")).unwrap();
    std::fs::write(&test_log, format!("{HEADER}{test}")).unwrap();
    for (variant, model) in [("lite", "m.toml"), ("full", "m.bin")] {
        let model = store.join(model);
        let fit = [
            "fit",
            "--log",
            text(&train_log),
            "--variant",
            variant,
            "--out",
            text(&model),
        ];
        stdout(store, &fit, "");
        let judge = [
            "evaluate",
            "--log",
            text(&test_log),
            "--model",
            text(&model),
            "--json",
        ];
        let json: serde_json::Value = serde_json::from_str(&stdout(store, &judge, "")).unwrap();
        assert_eq!(json["rows"], test.lines().count(), "{json}");
        assert_eq!(json["results"][0]["model"], format!("rlkt-{variant}"));
        assert_eq!(json["results"].as_array().unwrap().len(), 7);
        for result in json["results"].as_array().unwrap() {
            for figure in ["auc", "auc_low", "auc_high", "rmse", "ece"] {
                let found = result[figure].as_f64();
                let sane = found.is_some_and(|it| (0.0..=1.0).contains(&it));
                assert!(sane, "{figure} of {result} on\n{train}");
            }
            let loss = result["log_loss"].as_f64();
            assert!(
                loss.is_some_and(|it| (0.0..20.0).contains(&it)),
                "{result} on\n{train}"
            );
        }
    }
}

/// Rows of two learners, with skills and outcomes by row number.
fn rows(n: usize, skills: impl Fn(usize) -> &'static str, right: impl Fn(usize) -> bool) -> String {
    let mut text = String::new();
    for row in 0..n {
        let (who, y) = (row * 2 / n.max(1), u8::from(right(row)));
        writeln!(text, "l{who},i{},{},{row},{y}", row % 7, skills(row)).unwrap();
    }
    text
}

#[test]
fn small_and_odd_logs_give_numbers() {
    let mixed = |row: usize| !row.is_multiple_of(3);
    let usual = rows(60, |row| ["a", "b"][row % 2], mixed);
    check(&usual, &usual);
    check(&rows(5, |_| "a", mixed), &usual);
    check("l,i,a,0,1\n", "l,i,a,0,0\n");
    check(&rows(40, |_| "", mixed), &rows(20, |_| "", mixed));
    check(
        &rows(40, |row| ["a;b", "b", "b;c;a"][row % 3], mixed),
        &usual,
    );
    check(&rows(40, |_| "a", |_| true), &rows(20, |_| "a", |_| true));
    check(&rows(40, |_| "a", |_| false), &usual);
    let one: String = usual.replace("l1,", "l0,");
    check(&one, &one);
    let timeless: String = usual
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            format!(
                "{},{},{},0,{}\n",
                fields[0], fields[1], fields[2], fields[4]
            )
        })
        .collect();
    check(&timeless, &timeless);
    // Nothing in it was seen in fitting.
    check(&usual, "new,j1,z,1600000000,1\nnew,j2,z;y,1700000000,0\n");
}

#[test]
fn bad_logs_are_refused_with_the_row_by_fit_and_evaluate() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path();
    let (log, model, good) = (
        store.join("log.csv"),
        store.join("m.bin"),
        store.join("good.csv"),
    );
    std::fs::write(&good, format!("{HEADER}l,i,s,0,1\n")).unwrap();
    stdout(
        store,
        &["fit", "--log", text(&good), "--out", text(&model)],
        "",
    );
    let mut packed = Vec::new();
    let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::none());
    std::io::Write::write_all(
        &mut encoder,
        format!("{HEADER}l,i,s,0,1\nl,i,s,1,1\n").as_bytes(),
    )
    .unwrap();
    encoder.finish().unwrap();
    packed.truncate(packed.len() - 20);
    let long = format!("{HEADER}l,i,s,0,1\nl,{},s,1,1\n", "x".repeat(1 << 21));
    let plain = |rows: &str| format!("{HEADER}{rows}").into_bytes();
    let bad: [(Vec<u8>, &str); 7] = [
        (
            b"learner,item,skills,timestamp_s\nl,i,s,0\n".to_vec(),
            "no column \"correct\"",
        ),
        (
            plain("l,i,s,5,1\nl,i,s,4,1\n"),
            "row 2 (line 3): time goes back",
        ),
        (
            plain("l,i,s,5,yes\n"),
            "row 1 (line 2): correct is \"yes\", wanted 0 or 1",
        ),
        (Vec::new(), "the log is empty"),
        (plain(""), "the log is empty"),
        (packed, ": the gzip stream is cut short"),
        (long.into_bytes(), "row 2 (line 3): the line is over 1 MiB"),
    ];
    let unused = store.join("unused.bin");
    let fit = ["fit", "--log", text(&log), "--out", text(&unused)];
    let judge = ["evaluate", "--log", text(&log), "--model", text(&model)];
    for (bytes, wanted) in bad {
        std::fs::write(&log, bytes).unwrap();
        for command in [&fit[..], &judge[..]] {
            let run = paceline(store, command, b"");
            assert!(
                !run.ok && run.stderr.contains(wanted),
                "{wanted}: {}",
                run.stderr
            );
        }
        assert!(!unused.exists());
    }
    std::fs::write(&log, plain("l,i,s,5,1\nl,i,s,4,1\n")).unwrap();
    stdout(store, &[&fit[..], &["--sort"]].concat(), "");
    stdout(store, &[&judge[..], &["--sort"]].concat(), "");
}

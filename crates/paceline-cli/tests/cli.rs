//! The program as a person or a script runs it: arguments, standard input, output and exit code.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run came to.
struct Run {
    ok: bool,
    stdout: String,
    stderr: String,
}

/// Runs the program on the small course and a store, at a fixed moment, with `input` on standard input.
fn paceline(store: &Path, args: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_paceline"))
        .args(["--content", "tests/fixtures/small"])
        .args(["--now", "2026-11-02T09:00:00Z", "--seed", "7", "--store"])
        .arg(store)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is built");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    // A run that ends early closes the pipe, which is no failure of the test.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("writing does not panic");
    Run {
        ok: output.status.success(),
        stdout: String::from_utf8(output.stdout).expect("it prints UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("it prints UTF-8"),
    }
}

/// The same where it must succeed; returns standard output.
fn stdout(store: &Path, args: &[&str], input: &str) -> String {
    let run = paceline(store, args, input.as_bytes());
    assert!(run.ok, "{args:?}: {}{}", run.stdout, run.stderr);
    run.stdout
}

#[test]
fn check_names_file_and_line_of_every_mistake() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}

#[test]
fn the_content_that_ships_has_no_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let run = stdout(folder.path(), &["check", "../../content"], "");
    assert!(run.contains("no errors"), "{run}");
}

#[test]
fn a_learner_is_enrolled_planned_for_recorded_shown_exported_and_erased() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("store");
    let run = |args: &[&str]| stdout(store, args, "");
    assert_eq!(
        run(&["enrol", "ada", "--minutes", "10", "--interest", "space=1"]),
        "ada is enrolled; next: paceline plan ada\n"
    );
    run(&["goal", "ada", "sums", "--by", "2026-12-01"]);
    let plan = run(&["plan", "ada", "--json"]);
    assert_eq!(
        plan,
        run(&["plan", "ada", "--json"]),
        "the same inputs give the same plan"
    );
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let first = &plan["activities"][0];
    assert_eq!(first["kind"], "lesson");
    let lines = format!(
        "{}\n{}\n",
        event(
            "a1",
            "\"event\":\"studied\",\"skill\":\"sums/count\",\"seconds\":40"
        ),
        right("a2"),
    );
    assert_eq!(
        stdout(store, &["record"], &lines),
        "2 recorded, 0 there already, 0 unreadable answers, 0 refused\n"
    );
    let report = run(&["learner", "ada"]);
    assert!(report.starts_with("ada: 1 answers"), "{report}");
    assert!(report.contains("sums/count"), "{report}");
    assert!(run(&["learner", "ada", "--explain", "sums/count"]).contains("in all"));
    assert_eq!(run(&["export", "ada"]).lines().count(), 4);
    assert_eq!(run(&["learners"]), "ada\n");
    assert!(
        !paceline(store, &["erase", "ada"], b"").ok,
        "erasing needs --yes"
    );
    assert!(run(&["erase", "ada", "--yes"]).contains("4 events erased"));
    assert_eq!(run(&["learners"]), "");
    let gone = paceline(store, &["plan", "ada"], b"");
    assert!(!gone.ok && gone.stderr.contains("hint: enrol the learner first"));
}

#[test]
fn record_names_each_bad_line_and_keeps_the_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("store");
    stdout(store, &["enrol", "ada"], "");
    let unknown = event(
        "b3",
        "\"event\":\"attempt\",\"item\":\"sums/nowhere\",\"response\":[\"1\"],\"seconds\":5",
    );
    let reused = right("b1").replace("nine", "seven");
    let mut input = [
        right("b1"),
        "not JSON".into(),
        unknown,
        right("b1"),
        String::new(),
    ]
    .join("\n")
    .into_bytes();
    input.extend(std::iter::repeat_n(b'x', (1 << 20) + 5));
    input.extend(b"\n\xff\xfe\n");
    input.extend(format!("{}\n{reused}\n", right("b2")).bytes());
    let run = paceline(store, &["record"], &input);
    assert!(!run.ok, "refused lines make the exit code");
    let named: Vec<_> = run
        .stdout
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(line, _)| line)
        .collect();
    assert_eq!(
        named,
        ["line 2", "line 3", "line 5", "line 6", "line 8"],
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("line 3: no item \"sums/nowhere\""),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("line 5: the line has 1048582 bytes; wanted at most 1048576"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .ends_with("2 recorded, 1 there already, 0 unreadable answers, 5 refused\n"),
        "{}",
        run.stdout
    );
    let report = stdout(store, &["learner", "ada", "--json"], "");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["attempts"], 2);
}

/// An attempt that is right.
fn right(id: &str) -> String {
    event(
        id,
        "\"event\":\"attempt\",\"item\":\"sums/larger\",\"response\":[\"nine\"],\"seconds\":5",
    )
}

fn event(id: &str, body: &str) -> String {
    format!(
        "{{\"event_id\":\"{id}\",\"learner\":\"ada\",\"at\":1793610000,\"received\":1793610000,{body}}}"
    )
}

#[test]
fn practice_helps_asks_again_and_sums_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("store");
    stdout(store, &["enrol", "ada"], "");
    // Read the lesson; a hint, a scaffold, something unreadable, a wrong answer; then the answer; then end.
    let input = "\n?\n?\nthree\nx y z\n1\n!\n";
    let said = stdout(store, &["practice", "ada", "--minutes", "5"], input);
    for wanted in [
        "--- 1. lesson: Count on",
        "because ",
        "To add one, say the next number.",
        "Hint: Say the number after",
        "hint> ",
        "I cannot read that; please give a number",
        "Not so.",
        "Try once more; ? gives a hint.",
        "The answer is ",
        "0 of 1 right, 0 more with help or at the second try, 0 skipped.",
        "  Count on: ",
    ] {
        assert!(said.contains(wanted), "no {wanted:?} in {said}");
    }
    let journal = stdout(store, &["export", "ada"], "");
    let attempt = journal
        .lines()
        .find(|line| line.contains("\"event\":\"attempt\""))
        .unwrap();
    for wanted in [
        "\"hints\":2",
        "\"help\":\"revealed\"",
        "\"response\":[\"1\"]",
    ] {
        assert!(attempt.contains(wanted), "no {wanted} in {attempt}");
    }
    assert!(
        journal.contains("\"event\":\"abandoned\""),
        "the end of the input leaves an activity"
    );
}

#[test]
fn practice_plans_anew_after_two_wrong_answers_in_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("store");
    stdout(store, &["enrol", "ada"], "");
    let input = "1\n".repeat(40);
    let said = stdout(store, &["practice", "ada", "--minutes", "5"], &input);
    assert!(said.contains("Let us do something else first."), "{said}");
    let plans = stdout(store, &["export", "ada"], "")
        .matches("\"event\":\"offered\"")
        .count();
    assert!(plans >= 2, "{plans} plans");
}

#[test]
fn practice_skips_and_quits() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("store");
    stdout(store, &["enrol", "ada"], "");
    let run = paceline(
        store,
        &["practice", "ada", "--minutes", "5", "--json"],
        b"s\nq\n",
    );
    assert!(run.ok, "{}", run.stderr);
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&summary["skipped"], &summary["asked"]),
        (&1.into(), &0.into())
    );
    let journal = stdout(store, &["export", "ada"], "");
    assert!(
        journal.contains("\"event\":\"skipped\"") && journal.contains("\"event\":\"abandoned\"")
    );
}

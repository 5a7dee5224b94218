//! The program as a person or a script runs it: arguments, standard input, output and exit code.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

mod model;

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
    assert_eq!(first["kind"], "practice");
    assert_eq!(first["reasons"][0]["code"], "probably_known");
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
    // A hint, a scaffold, something unreadable, a wrong answer; then the answer; then end.
    let input = "?\n?\nthree\nx y z\n1\n!\n";
    let said = stdout(store, &["practice", "ada", "--minutes", "5"], input);
    for wanted in [
        "--- 1. practice: Count on",
        "because probably known already",
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

/// Runs the program with these arguments alone; returns standard output.
fn plain(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_paceline"))
        .args(args)
        .output()
        .expect("the program is built");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{args:?}: {out}{err}");
    out.into_owned()
}

/// The small course in a folder of its own.
fn copy_of_small(folder: &Path) -> String {
    let course = folder.join("content/sums");
    std::fs::create_dir_all(&course).expect("a temporary folder takes files");
    for name in [
        "course.toml",
        "skills.toml",
        "themes.toml",
        "count.md",
        "double.md",
    ] {
        std::fs::copy(
            Path::new("tests/fixtures/small/sums").join(name),
            course.join(name),
        )
        .expect("the fixture is there");
    }
    format!("{}/content", folder.display())
}

const LOG: &str = "tests/fixtures/answers.csv.gz";

#[test]
fn a_calibration_is_in_use_until_its_item_is_edited() {
    let folder = tempfile::tempdir().unwrap();
    let content = &copy_of_small(folder.path());
    let lock = &format!("{content}/calibration.lock.toml");
    let html = folder.path().join("c.html");
    let run = || {
        plain(&[
            "calibrate",
            "--content",
            content,
            "--log",
            LOG,
            "--out",
            lock,
            "--html",
            html.to_str().unwrap(),
        ])
    };
    let summary = run();
    assert!(
        summary.starts_with("640 answers of 160 learners to 4 items, 2pl: "),
        "{summary}"
    );
    assert!(
        summary.ends_with(&format!("wrote 4 items to {lock}\n")),
        "{summary}"
    );
    let written = std::fs::read_to_string(lock).unwrap();
    run();
    assert_eq!(
        std::fs::read_to_string(lock).unwrap(),
        written,
        "the same log gives the same file"
    );
    assert!(std::fs::read_to_string(&html).unwrap().contains("<svg"));
    let before = plain(&["check", content]);
    assert!(before.contains("no errors, 0 warnings"), "{before}");
    let page = Path::new(content).join("sums/double.md");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&page, text.replace("## twice", "## twice-again")).unwrap();
    let page = Path::new(content).join("sums/count.md");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(
        &page,
        text.replace("Which is larger?", "Which is the larger?"),
    )
    .unwrap();
    let after = plain(&["check", content]);
    assert!(
        after.contains("found `sums/twice`, wanted items that exist"),
        "{after}"
    );
    assert!(
        after.contains("found `sums/larger`, wanted the version that was calibrated"),
        "{after}"
    );
    assert!(after.contains("no errors, 2 warnings"), "{after}");
    // The log's answers to the edited item move what was known of it, and it is no longer stale.
    let summary = run();
    assert!(summary.contains("  1 blend what was known"), "{summary}");
    let after = plain(&["check", content]);
    assert!(after.contains("no errors, 0 warnings"), "{after}");
    let line = |text: &str| {
        text.lines()
            .find(|line| line.contains("larger"))
            .map(str::to_owned)
    };
    let blended = std::fs::read_to_string(lock).unwrap();
    assert_ne!(line(&blended), line(&written), "{blended}");
}

/// `calibrate --log LOG` with more arguments; the summary and the table, by item: a, b, c, se_a, se_b, n.
fn calibrated(out: &Path, more: &[&str]) -> (String, Vec<(String, Vec<f64>)>) {
    let to = [
        "calibrate",
        "--log",
        LOG,
        "--out",
        out.to_str().expect("UTF-8"),
    ];
    let summary = plain(&[&to, more].concat());
    let text = std::fs::read_to_string(out).expect("it was written");
    let row = |line: &str| {
        let (id, numbers) = line.split_once(',').expect("it has columns");
        let numbers = numbers.split(',').map(|x| x.parse().expect("a number"));
        (id.to_owned(), numbers.collect())
    };
    (summary, text.lines().skip(1).map(row).collect())
}

#[test]
fn anchors_stay_and_give_the_others_their_scale() {
    let folder = tempfile::tempdir().unwrap();
    let anchors = folder.path().join("anchors.csv");
    // Known from elsewhere: on a scale on which these learners are strong.
    let known = "item,a,b,se_a,se_b,n\nsums/one-more,1,-1.0,.1,.05,900\nsums/twice,1,2.5,.1,.06,800\nsums/none,1,0,0,0,0\n";
    std::fs::write(&anchors, known).unwrap();
    let out = folder.path().join("params.csv");
    let (_, free) = calibrated(&out, &[]);
    let (summary, held) = calibrated(&out, &["--anchors", anchors.to_str().unwrap()]);
    assert!(summary.contains("the learners are at +"), "{summary}");
    let of = |rows: &[(String, Vec<f64>)], id: &str| {
        rows.iter().find(|row| row.0 == id).unwrap().1.clone()
    };
    assert_eq!(of(&held, "sums/twice"), [1.0, 2.5, 0.0, 0.1, 0.06, 800.0]);
    let b = |rows| of(rows, "sums/before-after")[1];
    assert!(b(&free) + 0.3 < b(&held), "{free:?} {held:?}");
    let (_, linked) = calibrated(&out, &["--link", anchors.to_str().unwrap()]);
    let (easy, hard) = (
        of(&linked, "sums/one-more")[1],
        of(&linked, "sums/twice")[1],
    );
    assert!(
        (easy + 1.0).abs() < 0.3 && (hard - 2.5).abs() < 0.3,
        "{linked:?}"
    );
}

#[test]
fn one_pass_hands_over_to_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.csv"), folder.path().join("2.csv"));
    let (summary, online) = calibrated(&first, &["--online"]);
    assert!(summary.contains("2pl: one pass\n"), "{summary}");
    let (_, batch) = calibrated(&second, &[]);
    for ((id, one), (_, all)) in online.iter().zip(&batch) {
        assert!((one[1] - all[1]).abs() < 0.8, "{id}: {one:?} {all:?}");
    }
    let start = ["--start", first.to_str().unwrap()];
    let (_, blended) = calibrated(&second, &start);
    let (_, further) = calibrated(&second, &[&start[..], &["--online"]].concat());
    for (i, (id, one)) in online.iter().enumerate() {
        // As if the log had come twice.
        assert_eq!(blended[i].1[5], 320.0, "{id}");
        assert!(
            blended[i].1[4] < one[4].min(batch[i].1[4]),
            "{id}: {blended:?}"
        );
        assert!(
            further[i].1[4] < one[4] && further[i].1[5] == 320.0,
            "{id}: {further:?}"
        );
    }
}

#[test]
fn a_bare_log_calibrates_what_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("params.csv");
    let table = |model: &[&str]| {
        plain(
            &[
                &["calibrate", "--log", LOG, "--out", out.to_str().unwrap()],
                model,
            ]
            .concat(),
        );
        std::fs::read_to_string(&out).unwrap()
    };
    let two = table(&[]);
    let mut lines = two.lines();
    assert_eq!(lines.next(), Some("item,a,b,c,se_a,se_b,n"));
    assert!(
        lines
            .clone()
            .all(|line| line.split(',').count() == 7 && line.ends_with(",160")),
        "{two}"
    );
    assert_eq!(lines.count(), 4);
    let one = table(&["--model", "1pl"]);
    assert!(
        one.lines().skip(1).all(|line| line.contains(",1.000000,")),
        "{one}"
    );
    assert_ne!(table(&["--no-priors"]), two);
}

#[test]
fn an_oatutor_course_is_taken_over_with_its_defects_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("content/jars");
    let text = plain(&[
        "import",
        "oatutor",
        "tests/fixtures/oatutor",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(
        text.contains("jars1b.json: step jars1b: choice \"$2\" stands twice; it is kept once"),
        "{text}"
    );
    assert!(
        text.contains("1 problems, 2 items, 2 hints, 2 skills written to"),
        "{text}"
    );
    assert!(text.ends_with("1 steps left out, 3 defects\n"), "{text}");
    let checked = plain(&["check", folder.path().join("content").to_str().unwrap()]);
    assert!(
        checked.contains("items           2") && checked.contains("no errors, 0 warnings"),
        "{checked}"
    );
}

#[test]
fn an_export_becomes_a_log_with_versions_and_skills() {
    let folder = tempfile::tempdir().unwrap();
    let store = &folder.path().join("store");
    stdout(store, &["enrol", "ada"], "");
    stdout(store, &["record"], &format!("{}\n", right("x1")));
    let export = folder.path().join("ada.jsonl");
    std::fs::write(&export, stdout(store, &["export", "ada"], "")).unwrap();
    let log = folder.path().join("log.csv");
    let text = plain(&[
        "import",
        "log",
        export.to_str().unwrap(),
        "--content",
        "tests/fixtures/small",
        "--out",
        log.to_str().unwrap(),
    ]);
    assert!(
        text.starts_with("1 answers of 1 learners to 1 items written to"),
        "{text}"
    );
    let log = std::fs::read_to_string(log).unwrap();
    let mut lines = log.lines();
    assert_eq!(
        lines.next(),
        Some("learner,item,skills,timestamp_s,correct,score,choice,seconds,hint,version")
    );
    let row: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(
        (row[0], row[2], row[4]),
        ("ada", "sums/count", "1"),
        "{log}"
    );
    assert_eq!(row[9].len(), 32, "the version that was answered");
}
/// A study small enough to run in a second.
const STUDY: &str = r#"
format = 1
name = "Small"
seed = 3
policies = ["engine", "engine-spacing"]
log_pupils = 1
worlds = { families = ["additive", "discrete"] }
population = { charter = 2, district = 1, pupils = 4, class = 4 }
calendar = { weeks = 3, lessons_per_week = 3 }

[[subjects]]
name = "mathematics"
generated = { skills = 10, items = 3, seed = 1 }
"#;

#[test]
fn a_study_reports_in_every_form_and_goes_on_where_it_stood() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("study.toml");
    std::fs::write(&file, STUDY).unwrap();
    let run = |out: &str, threads: &str| {
        let out = dir.path().join(out);
        let args = [
            "simulate",
            file.to_str().unwrap(),
            "--threads",
            threads,
            "--out",
        ];
        let args: Vec<&str> = args.into_iter().chain([out.to_str().unwrap()]).collect();
        stdout(&dir.path().join("store"), &args, "");
        let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
        [
            "study.json",
            "study.md",
            "study.html",
            "effects.csv",
            "log.csv",
        ]
        .map(read)
    };
    let first = run("a", "2");
    let [json, markdown, html, effects, log] = &first;
    assert!(
        json.starts_with(r#"{"format":1,"name":"Small","seed":3,"#),
        "{json}"
    );
    assert!(markdown.contains("\n## By type of school\n"));
    assert!(html.contains("<svg") && html.ends_with("</html>\n"));
    assert!(
        effects
            .lines()
            .any(|line| line.contains("mathematics,year-1,matched,"))
    );
    assert!(log.starts_with("learner,item,skills,timestamp_s,correct\n"));
    // As after an interruption: some cells are there, one is cut off, the rest are not.
    std::fs::create_dir_all(dir.path().join("b/cells")).unwrap();
    let cells = std::fs::read_dir(dir.path().join("a/cells")).unwrap();
    for (nth, cell) in cells
        .map(Result::unwrap)
        .enumerate()
        .filter(|(nth, _)| nth % 2 == 0)
    {
        let text = std::fs::read(cell.path()).unwrap();
        let kept = if nth == 0 { &text[..100] } else { &text[..] };
        std::fs::write(dir.path().join("b/cells").join(cell.file_name()), kept).unwrap();
    }
    assert_eq!(run("b", "1"), first);
}

#[test]
fn a_study_goes_on_from_no_cell_of_another_build() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("study.toml");
    std::fs::write(&file, STUDY).unwrap();
    let out = dir.path().join("out");
    let study = || {
        let args = ["simulate", file.to_str().unwrap(), "--out"];
        let args: Vec<&str> = args.into_iter().chain([out.to_str().unwrap()]).collect();
        let run = paceline(&dir.path().join("store"), &args, b"");
        assert!(run.ok, "{}", run.stderr);
        (
            std::fs::read_to_string(out.join("study.json")).unwrap(),
            run.stderr,
        )
    };
    let (first, _) = study();
    for cell in std::fs::read_dir(out.join("cells")).unwrap() {
        let path = cell.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut cell: serde_json::Value = serde_json::from_str(&text).unwrap();
        cell["build"] = "0123456789abcdef".into();
        cell["classes"].as_array_mut().unwrap().reverse();
        std::fs::write(&path, cell.to_string()).unwrap();
    }
    let (again, told) = study();
    assert_eq!(again, first);
    assert_eq!(
        told.matches("taught by another build of paceline").count(),
        1,
        "{told}"
    );
    let (again, told) = study();
    assert_eq!((again, told.contains("another build")), (first, false));
}

#[test]
fn a_wrong_study_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("study.toml");
    std::fs::write(
        &file,
        STUDY.replace("\"engine-spacing\"", "\"engine-gravity\""),
    )
    .unwrap();
    let run = paceline(dir.path(), &["simulate", file.to_str().unwrap()], b"");
    assert!(!run.ok);
    assert!(
        run.stderr.contains("line 5") && run.stderr.contains("no policy \"engine-gravity\""),
        "{}",
        run.stderr
    );
}

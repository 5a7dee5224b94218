//! Whatever the input, nothing panics and memory stays bounded.
//!
//! Seeded mutations of valid inputs: a few thousand each, a million each behind `PACELINE_SLOW=1`.

use std::io::Write as _;

use paceline_bank::import::{LogKind, import_log, oatutor};
use paceline_bank::{Bank, SourceFile};
use paceline_core::log::{AnswerLog, Order, Reader};
use paceline_core::stream::{ChaCha8Rng, stream};
use rand::Rng;

/// The most memory that the process may ever have used, KiB.
const MOST_KIB: u64 = 1 << 20;

fn rounds(quick: u64) -> u64 {
    if std::env::var_os("PACELINE_SLOW").is_some_and(|slow| slow == "1") {
        return 1_000_000;
    }
    let _ = writeln!(
        std::io::stderr(),
        "{quick} inputs; PACELINE_SLOW=1 takes a million"
    );
    quick
}

/// Runs `take` on mutations of `seeds`, each from its own stream.
fn fuzz(
    name: &str,
    quick: u64,
    seeds: &[&str],
    words: &[&str],
    take: impl Fn(&mut ChaCha8Rng, Vec<u8>),
) {
    for round in 0..rounds(quick) {
        let mut rng = stream(name, round, b"");
        let seed = seeds[below(&mut rng, seeds.len())];
        let input = mutated(&mut rng, seed.as_bytes(), words);
        take(&mut rng, input);
    }
    let peak = peak_kib();
    assert!(
        peak.is_none_or(|kib| kib < MOST_KIB),
        "{name} took {peak:?} KiB"
    );
}

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    rng.next_u32() as usize % n.max(1)
}

fn mutated(rng: &mut ChaCha8Rng, seed: &[u8], words: &[&str]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=below(rng, 6) {
        let at = below(rng, bytes.len() + 1);
        let end = (at + below(rng, 24)).min(bytes.len());
        match below(rng, 6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let copy = bytes[at..end].to_vec();
                let to = below(rng, bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            2 => {
                let word = words[below(rng, words.len())].as_bytes().to_vec();
                bytes.splice(at..at, word);
            }
            3 => {
                let word = words[below(rng, words.len())].repeat(below(rng, 40));
                bytes.splice(at..end, word.into_bytes());
            }
            4 if at < bytes.len() => bytes[at] = rng.next_u32() as u8,
            _ => bytes.truncate(bytes.len() - below(rng, 8).min(bytes.len())),
        }
    }
    bytes
}

/// The process's greatest resident memory, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn file(path: &str, text: String) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text,
    }
}

const COURSE: &str = "id = \"m\"\ntitle = \"M\"\nlanguages = [\"en\", \"de\"]\n";
const SKILLS: &str = "[add]\ntitle = \"Add\"\nminutes = 3\n\n[sub]\ntitle = \"Sub\"\nneeds = [{ skill = \"add\", weight = 0.5 }]\nencompasses = { add = 0.5 }\n";
const THEMES: &str = "[space]\ntitle = { en = \"Space\" }\nwho = { en = \"Mira\" }\n";
const LOCK: &str = "format = 1\nmodel = \"2pl\"\n\n[items]\n\"m/sum\" = { version = \"00112233445566778899aabbccddeeff\", status = \"live\", a = 1.0, b = 0.5, c = 0.0, se_a = 0.1, se_b = 0.1, n = 40 }\n";
const PAGES: [&str; 3] = [
    "+++\nskills = [\"add\"]\n+++\n# Add\nText.\n\n## sum {level=hard seconds=20 skills=+sub}\nlet a = 2..30\nlet b in [1, 2, 3]\nwhere a != b\n{theme.who} has {a} {a|coin|coins} and $\\frac{{{a}}}{2}$.\n= {a+b} | 1/2 ± 5%\ncheck answer - a == b\n! {a*b}  No. {misconception=m}\n? Count from {a}.\n? What is {a} + 1? => {a+1}\n",
    "+++\nskills = [\"add\"]\npassage = \"A text\"\n+++\n## pick {status=pilot compare=text}\nWhich?\n- [x] one\n- [ ] two\n  > No. {misconception=n}\n\n## parts\n### a\nOrder?\n- [2] b\n- [1] a\n### b\nBoth?\n= 2; 3 set\n",
    "+++\nskills = [\"sub\"]\ntheme = \"space\"\n+++\n## t {theme=space}\nWhich letter?\n= \"a\" exact\n\n## u\nHow long?\n= 3 unit=cm simplest | 40%\n",
];
const MARKS: [&str; 30] = [
    "## ",
    "### ",
    "{",
    "}",
    "{{",
    "}}",
    "$",
    "$$",
    "\\",
    "= ",
    "! ",
    "? ",
    "=> ",
    "- [x] ",
    "- [1] ",
    "let a = 1..",
    "9999999999999999",
    "where ",
    "check ",
    "+++\n",
    "\"",
    "±",
    "^",
    "(",
    "[",
    " | ",
    "# ",
    "```\n",
    "\u{0}",
    "ß",
];

/// A course of one page.
fn course(page: &str) -> Vec<SourceFile> {
    vec![
        file("m/course.toml", COURSE.to_owned()),
        file("m/skills.toml", SKILLS.to_owned()),
        file("m/themes.toml", THEMES.to_owned()),
        file("m/calibration.lock.toml", LOCK.to_owned()),
        file("m/page.md", page.to_owned()),
    ]
}

#[test]
fn the_content_parser_takes_any_text() {
    let seeds = [PAGES[0], PAGES[1], PAGES[2], SKILLS, THEMES, COURSE, LOCK];
    for page in PAGES {
        assert!(Bank::compile(&course(page)).is_ok(), "{page}");
    }
    fuzz("content", 1500, &seeds, &MARKS, |rng, input| {
        let mut files = course(PAGES[0]);
        let place = [
            "m/course.toml",
            "m/skills.toml",
            "m/themes.toml",
            "m/calibration.lock.toml",
            "m/page.md",
            "m/page.md",
            "m/page.md",
            "m/page.de.md",
        ];
        let path = place[below(rng, place.len())];
        files.retain(|file| file.path != path);
        files.push(file(path, text(&input)));
        match Bank::compile(&files) {
            Ok((bank, _)) => assert_eq!(Bank::from_bytes(&bank.to_bytes()).as_ref(), Ok(&bank)),
            Err(errors) => assert!(!errors.is_empty() && errors.len() < 1000),
        }
    });
}

const STEP: &str = r#"{"id":"s","stepAnswer":["$$\\frac{1}{2}$$","x"],"problemType":"MultipleChoice","stepTitle":"A $$\\frac{{a}}{2}$$ {b} $5","stepBody":"= 2","choices":["x","y","1/2"],"variabilization":{}}"#;
const PATHWAY: &str = r#"[{"id":"a","type":"hint","dependencies":["b"],"title":"T","text":"t => u"},{"id":"b","type":"scaffold","problemType":"TextBox","hintAnswer":["$$4x$$"],"dependencies":["a"],"title":"","text":"?","subHints":[{"id":"c","type":"hint","text":"x"}]}]"#;
const PROBLEM: &str = r#"{"id":"p","title":"T","body":"b $$x$$ $2","oer":"u <n>","license":"u <l>","variabilization":{}}"#;
const MODEL: &str = r#"{"s":["a skill","B"],"t":[]}"#;
const PLANS: &str = r#"[{"courseName":"C","language":"en","courseLicense":"l","lessons":[{"id":"x","learningObjectives":{"a skill":0.85,"B":2}}]}]"#;
const JSON_WORDS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "null",
    "1e999",
    "-1",
    "$$",
    "\\\\frac{",
    "\\\\",
    "{{",
    "\\u0000",
    "=>",
    "TextBox",
    "MultipleChoice",
    "scaffold",
    "stepAnswer",
    "choices",
    "dependencies",
    "0.85",
    "\"\"",
];

#[test]
fn the_course_importer_takes_any_files() {
    let seeds = [STEP, PATHWAY, PROBLEM, MODEL, PLANS];
    let places = [
        ("p/steps/s/s.json", STEP),
        ("p/steps/s/tutoring/sDefaultPathway.json", PATHWAY),
        ("p/p.json", PROBLEM),
        ("skillModel.json", MODEL),
        ("coursePlans.json", PLANS),
    ];
    fuzz("oatutor", 1500, &seeds, &JSON_WORDS, |rng, input| {
        let at = seeds
            .iter()
            .position(|seed| input.starts_with(&seed.as_bytes()[..4]))
            .unwrap_or_else(|| below(rng, 5));
        let files: Vec<SourceFile> = places
            .iter()
            .enumerate()
            .map(|(i, (path, whole))| {
                file(
                    path,
                    if i == at {
                        text(&input)
                    } else {
                        (*whole).to_owned()
                    },
                )
            })
            .collect();
        let imported = oatutor::import(&files, "c");
        assert!(imported.items == 0 || Bank::compile(&imported.files).is_ok());
    });
}

const CSV: &str = "learner,item,skills,timestamp_s,correct,score,choice,seconds,hint\nann,q1,a;b,1700000000,1,,x,3.5,\n\"bo, c\",q2,\"a~~b\",2026-01-02T03:04:05+01:00,0,0.5,y,1e3,2\n";
const LINES: &str = "{\"learner\":\"a\",\"event\":\"attempt\",\"item\":\"m/pick\",\"at\":5,\"judged\":1.0,\"response\":[\"b\"],\"instance\":{\"seed\":7},\"seconds\":2}\n{\"user\":\"a@b\",\"item\":\"q\",\"skills\":[\"s\"],\"time\":1700000000000,\"correct\":true}\n";
const XAPI: &str = "[{\"actor\":{\"mbox\":\"mailto:a@b\"},\"verb\":{\"id\":\"http://x/answered\"},\"object\":{\"id\":\"q\"},\"result\":{\"success\":true,\"score\":{\"scaled\":0.5},\"duration\":\"P1DT2H3M4.5S\"},\"timestamp\":\"2026-01-01T00:00:00Z\",\"context\":{\"contextActivities\":{\"grouping\":[{\"id\":\"s\"}]}}}]";
const LOG_WORDS: [&str; 20] = [
    ",",
    "\"",
    "\n",
    "\r\n",
    ";",
    "~~",
    "1e400",
    "-1",
    "NaN",
    "2026-13-40T99:99:99+99:99",
    "P",
    "PT",
    "PT9e9H",
    "ä",
    "\u{feff}",
    "[",
    "{",
    "}",
    "\u{0}",
    "answered",
];

#[test]
fn the_log_importer_takes_any_bytes() {
    let bank = Bank::compile(&course(PAGES[1])).map(|(bank, _)| bank).ok();
    assert!(bank.is_some());
    fuzz(
        "import-log",
        4000,
        &[CSV, LINES, XAPI],
        &LOG_WORDS,
        |rng, input| {
            let kind = [LogKind::Csv, LogKind::JsonLines, LogKind::Xapi][below(rng, 3)];
            let mut out = Vec::new();
            let found = import_log(&input[..], kind, bank.as_ref(), &mut out);
            if found.is_ok_and(|found| found.rows > 0) {
                // What was written is a log.
                AnswerLog::read(&out[..], Order::Sort)
                    .unwrap_or_else(|error| panic!("{error}: {}", text(&out)));
            }
        },
    );
}

#[test]
fn the_log_reader_takes_any_bytes() {
    fuzz("read-log", 4000, &[CSV], &LOG_WORDS, |rng, input| {
        let order = [Order::Given, Order::Sort][below(rng, 2)];
        let _ = AnswerLog::read(&input[..], order).map(|log| log.rows());
        if let Ok(mut reader) = Reader::new(&input[..]) {
            while let Ok(Some(row)) = reader.next_row() {
                assert!(!row.learner.is_empty() && row.seconds_taken().is_none_or(f32::is_finite));
            }
        }
    });
}

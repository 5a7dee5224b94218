use paceline_core::event::Instance;
use proptest::prelude::*;

use super::*;
use crate::bank::Bank;
use crate::instance::{PartKind, Rendered, Verdict};

fn file(path: &str, json: Value) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: json.to_string(),
    }
}

/// A problem of two steps, as OATutor lays it out, and what belongs to it.
fn jars() -> Vec<SourceFile> {
    let credits = "https://example.org/book <Book of Jars>";
    vec![
        file(
            "content-pool/jars1/jars1.json",
            json!({ "id": "jars1", "title": "Jars", "body": "A jar costs $2 and holds $$\\frac{{1}}{2}$$ l.", "variabilization": {},
                "oer": credits, "license": "https://example.org/by <CC BY 4.0>", "lesson": "1.1 Jars", "courseName": "Jars" }),
        ),
        file(
            "content-pool/jars1/steps/jars1a/jars1a.json",
            json!({ "id": "jars1a", "stepAnswer": ["$$\\frac{3}{2}$$"], "problemType": "TextBox", "stepTitle": "How much do $$3$$ jars hold?",
                "stepBody": "= is not a mark here, {nor} is this.", "answerType": "arithmetic", "variabilization": {} }),
        ),
        file(
            "content-pool/jars1/steps/jars1a/tutoring/jars1aDefaultPathway.json",
            json!([
                { "id": "h2", "type": "scaffold", "problemType": "TextBox", "answerType": "arithmetic", "hintAnswer": ["$$1$$"],
                    "dependencies": ["h1"], "title": "Two jars", "text": "How much do two hold?" },
                { "id": "h1", "type": "hint", "dependencies": [], "title": "Halves", "text": "Each holds $$\\frac{1}{2}$$." },
                { "id": "h3", "type": "scaffold", "problemType": "MultipleChoice", "hintAnswer": ["Add"], "choices": ["Add", "Take away"],
                    "dependencies": ["h2", "lost"], "title": "", "text": "What now?" },
            ]),
        ),
        file(
            "content-pool/jars1/steps/jars1b/jars1b.json",
            json!({ "id": "jars1b", "stepAnswer": ["$4"], "problemType": "MultipleChoice", "stepTitle": "What do two cost?", "stepBody": "",
                "answerType": "string", "choices": ["$2", "$4", "$2", "four halves"], "variabilization": {} }),
        ),
        file(
            "content-pool/jars1/steps/jars1b/tutoring/jars1bDefaultPathway.json",
            json!([]),
        ),
        file(
            "skillModel.json",
            json!({ "jars1a": ["multiply_by_a_half", "Read!Units"], "jars1b": ["multiply_by_a_half"] }),
        ),
        file(
            "coursePlans.json",
            json!([{ "courseName": "Jars", "language": "en", "courseLicense": "", "lessons": [
                { "id": "x", "name": "Lesson 1", "learningObjectives": { "multiply_by_a_half": 0.85, "Read!Units": 1.5 } }] }]),
        ),
        file(
            "bkt-params/defaultBKTParams.json",
            json!({ "multiply_by_a_half": { "probMastery": 0.1, "probTransit": 0.1, "probSlip": 0.1, "probGuess": 0.1 } }),
        ),
    ]
}

fn show(bank: &Bank, item: &str) -> Rendered {
    let item = bank.item_ix(item).unwrap();
    bank.instantiate(item, &Instance::default()).unwrap()
}

fn right(bank: &Bank, item: &str, response: &str) -> bool {
    let item = bank.item_ix(item).unwrap();
    let graded = bank.grade(item, &Instance::default(), 0, response).unwrap();
    graded.verdict == Verdict::Right
}

/// Copied problems prefix the ids of their hints and not what these depend on; older ones count places.
#[test]
fn dependencies_are_found_without_their_prefix_and_by_place() {
    let order = |dependencies: [Value; 2]| {
        let mut files = jars();
        let hint = |id: &str, text: &str, on: Value| json!({ "id": id, "type": "hint", "dependencies": on, "title": "", "text": text });
        let [third, first] = dependencies;
        files[2] = file(
            &files[2].path,
            json!([
                hint("POST-s-h3", "Third.", third),
                hint("POST-s-h1", "First.", json!([])),
                hint("POST-s-h2", "Second.", first)
            ]),
        );
        let imported = import(&files, "jars");
        assert!(
            !imported
                .defects
                .iter()
                .any(|defect| defect.what.contains("depends")),
            "{:?}",
            imported.defects
        );
        let page = imported
            .files
            .iter()
            .find(|file| file.path == "jars/jars1.md")
            .unwrap();
        let hints = page.text.lines().filter_map(|line| line.strip_prefix("? "));
        hints.map(str::to_owned).collect::<Vec<_>>()
    };
    let wanted = ["First.", "Second.", "Third."];
    assert_eq!(order([json!(["s-h2"]), json!(["s-h1"])]), wanted);
    assert_eq!(order([json!([2]), json!([1])]), wanted);
}

#[test]
fn a_problem_is_taken_over_with_all_that_a_learner_sees() {
    let imported = import(&jars(), "jars");
    let counts = (
        imported.skills,
        imported.problems,
        imported.items,
        imported.left_out,
        imported.hints,
    );
    assert_eq!(counts, (2, 1, 2, 0, 3));
    let (bank, warnings) = Bank::compile(&imported.files).unwrap();
    assert_eq!(warnings, []);
    let a = show(&bank, "jars/jars1a");
    assert_eq!(
        a.passage.as_deref(),
        Some("**Jars**\n\nA jar costs \\$2 and holds $\\frac{{1}}{2}$ l.")
    );
    assert_eq!(
        a.stem,
        "How much do $3$ jars hold?\n\n = is not a mark here, {nor} is this."
    );
    let hints: Vec<&str> = a.parts[0]
        .hints
        .iter()
        .map(|hint| hint.text.as_str())
        .collect();
    assert_eq!(
        hints,
        [
            "**Halves** Each holds $\\frac{1}{2}$.",
            "**Two jars** How much do two hold?",
            "What now? (Add / Take away)"
        ],
        "each after those it depends on"
    );
    assert!(right(&bank, "jars/jars1a", "3/2") && right(&bank, "jars/jars1a", "1.5"));
    let b = show(&bank, "jars/jars1b");
    assert_eq!(b.parts[0].kind, PartKind::ChooseOne);
    let mut choices: Vec<&str> = b.parts[0]
        .choices
        .iter()
        .map(|choice| choice.text.as_str())
        .collect();
    choices.sort_unstable();
    assert_eq!(choices, ["\\$2", "\\$4", "four halves"]);
}

#[test]
fn skills_keep_thresholds_names_and_order() {
    let imported = import(&jars(), "jars");
    let (bank, _) = Bank::compile(&imported.files).unwrap();
    let skills: Vec<_> = bank
        .skills()
        .iter()
        .map(|s| (s.id.as_str(), s.title.as_str(), s.threshold))
        .collect();
    assert_eq!(
        skills,
        [
            ("jars/multiply_by_a_half", "Multiply by a half", 0.85),
            ("jars/read-units", "Read!Units", 0.8)
        ]
    );
    let course = &bank.courses()[0];
    assert_eq!(
        (course.title.as_str(), course.licence.as_str()),
        ("Jars", "CC BY 4.0")
    );
    assert_eq!(course.authors, ["Book of Jars"]);
    let item = bank.item_ix("jars/jars1a").unwrap();
    assert_eq!(bank.item_skills(item).len(), 2);
}

/// What is kept beside the pages.
fn kept(imported: &Imported) -> Value {
    let mut files = imported.files.iter();
    let sidecar = files.find(|file| file.path == "jars/oatutor.json");
    serde_json::from_str(&sidecar.unwrap().text).unwrap()
}

#[test]
fn what_has_no_place_is_kept_beside_the_pages() {
    let sidecar = kept(&import(&jars(), "jars"));
    let item = &sidecar["items"]["jars1a"];
    assert_eq!(
        item["hints"][2],
        json!({ "id": "h3", "type": "scaffold", "problemType": "MultipleChoice", "hintAnswer": ["Add"], "dependencies": ["h2", "lost"], "title": "",
            "choices": ["Add", "Take away"] })
    );
    assert_eq!(item["step"]["stepAnswer"], json!(["$$\\frac{3}{2}$$"]));
    assert_eq!(
        sidecar["problems"]["jars1"]["oer"],
        "https://example.org/book <Book of Jars>"
    );
    assert_eq!(
        sidecar["skills"]["multiply_by_a_half"]["bkt"]["probSlip"],
        0.1
    );
    assert_eq!(sidecar["skills"]["read-units"]["name"], "Read!Units");
    assert_eq!(sidecar["course_plans"][0]["lessons"][0]["id"], "x");
}

#[test]
fn defects_are_named_and_the_rest_goes_on() {
    let mut files = jars();
    let step = |id: &str, json: Value| file(&format!("pool/bad/steps/{id}/{id}.json"), json);
    files.push(step(
        "bad1",
        json!({ "stepAnswer": [], "problemType": "TextBox", "stepTitle": "Nothing?" }),
    ));
    files.push(step("bad2", json!({ "stepAnswer": ["7"], "problemType": "MultipleChoice", "stepTitle": "7?", "choices": ["6", "8"] })));
    files.push(SourceFile {
        path: "pool/bad/bad.json".to_owned(),
        text: "{".to_owned(),
    });
    files.push(file(
        "pool/bad/steps/gone/tutoring/goneDefaultPathway.json",
        json!([]),
    ));
    let imported = import(&files, "jars");
    let whats: Vec<&str> = imported
        .defects
        .iter()
        .map(|defect| defect.what.as_str())
        .collect();
    insta::assert_snapshot!(whats.join("\n"));
    assert!(Bank::compile(&imported.files).is_ok());
    assert_eq!(imported.items, 3);
    assert_eq!(
        kept(&imported)["left_out"]["bad1"]["step"]["stepTitle"],
        "Nothing?"
    );
}

#[test]
fn a_step_that_asks_nothing_itself_asks_what_its_problem_does() {
    let mut files = jars();
    files.push(file(
        "pool/p/p.json",
        json!({ "title": "Sums", "body": "What is $$2 + 2$$?" }),
    ));
    files.push(file(
        "pool/p/steps/s/s.json",
        json!({ "stepAnswer": ["4"], "problemType": "TextBox", "stepTitle": "", "stepBody": "" }),
    ));
    let imported = import(&files, "jars");
    let (bank, _) = Bank::compile(&imported.files).unwrap();
    let shown = show(&bank, "jars/s");
    assert_eq!(
        (shown.passage.as_deref(), shown.stem.as_str()),
        (Some("**Sums**"), "What is $2 + 2$?")
    );
}

#[test]
fn a_step_that_cannot_be_valid_is_left_out_and_kept() {
    let mut files = jars();
    let choices: Vec<String> = ["1", "1."].map(str::to_owned).into();
    files.push(file("pool/p/steps/odd/odd.json", json!({ "stepAnswer": ["1"], "problemType": "TextBox", "stepTitle": " ", "choices": choices })));
    let imported = import(&files, "jars");
    let (bank, _) = Bank::compile(&imported.files).unwrap();
    assert_eq!((bank.n_items(), imported.left_out), (2, 1));
    let left_out = &kept(&imported)["left_out"]["odd"];
    assert_eq!(left_out["step"]["choices"], json!(choices));
}

#[test]
fn tex_answers_are_accepted_as_they_are_typed() {
    for (tex, wanted) in [
        ("$$\\frac{1}{2}$$", "1/2 | \"\\\\frac\\{1\\}\\{2\\}\""),
        ("$$4x$$", "\"4x\""),
        ("12", "12"),
        ("-3.5", "-3.5"),
        (
            "$$\\frac{x+1}{2}$$",
            "\"(x+1)/2\" | \"\\\\frac\\{x+1\\}\\{2\\}\"",
        ),
        (
            "$$\\left(3,4\\right)$$",
            "\"(3,4)\" | \"\\\\left(3,4\\\\right)\"",
        ),
        ("a => b", "\"a = > b\""),
        ("$$ $$", ""),
    ] {
        let found = text::answers(tex).join(" | ");
        assert_eq!(found, wanted.replace("\\\\", "\\"), "{tex}");
    }
}

/// Undoes the notation: what OATutor had for a text of ours, apart from the spaces that keep marks apart.
fn undone(text: &str) -> String {
    let text = text
        .replace("\\$", "\u{1}")
        .replace('$', "$$")
        .replace('\u{1}', "$");
    let lines = text.lines().map(str::trim_start);
    lines.collect::<Vec<_>>().join("\n").replace("{ {", "{{")
}

fn prose() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,6} ",
        Just("$5 ".to_owned()),
        Just("{x} ".to_owned()),
        Just("$$\\frac{{a}}{b}$$ and ".to_owned()),
        Just("\n= 3 ".to_owned()),
        Just("\n- [x] no ".to_owned()),
        Just("\n? where ".to_owned()),
        Just("\"quoted\" ± ; | ! ".to_owned()),
    ];
    prop::collection::vec(piece, 1..8)
        .prop_map(|pieces| format!("a{}", pieces.concat()).trim().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever stem, choices and hints say, the compiled course says it.
    #[test]
    fn texts_come_back(title in prose(), right in prose(), wrong in prose(), hint in prose(), text in prose()) {
        prop_assume!(crate::answer::fold_text(&text::line(&right)) != crate::answer::fold_text(&text::line(&wrong)));
        let files = [
            file("p/steps/s/s.json", json!({ "stepTitle": title, "stepBody": "", "stepAnswer": [right], "choices": [wrong, right], "problemType": "MultipleChoice" })),
            file("p/p.json", json!({ "title": text, "body": "" })),
            file("p/steps/s/tutoring/sDefaultPathway.json", json!([{ "id": "h", "type": "hint", "title": "", "text": hint }])),
            file("skillModel.json", json!({ "s": ["k"] })),
        ];
        let imported = import(&files, "c");
        prop_assert_eq!(imported.left_out, 0, "{:?}", imported.defects);
        let (bank, _) = Bank::compile(&imported.files).map_err(|errors| TestCaseError::fail(errors[0].to_string()))?;
        let shown = show(&bank, "c/s");
        let one_line = |text: &str| text.replace('\n', "<br>");
        prop_assert_eq!(undone(&shown.stem), undone(&title.replace("$$", "\u{2}").replace('$', "\\$").replace('\u{2}', "$")));
        prop_assert_eq!(undone(&shown.parts[0].hints[0].text), one_line(&hint));
        let choices: Vec<String> = shown.parts[0].choices.iter().map(|choice| undone(&choice.text)).collect();
        prop_assert!(choices.contains(&one_line(&right)) && choices.contains(&one_line(&wrong)), "{:?}", choices);
        let place = shown.parts[0].choices.iter().position(|choice| undone(&choice.text) == one_line(&right)).unwrap();
        let letter = char::from(b'a' + place as u8).to_string();
        prop_assert!(super::tests::right(&bank, "c/s", &letter));
    }

    /// No files make importing panic.
    #[test]
    fn any_files_are_taken(texts in prop::collection::vec(".{0,40}", 5)) {
        let places = ["p/p.json", "p/steps/s/s.json", "p/steps/s/tutoring/sDefaultPathway.json", "skillModel.json", "coursePlans.json"];
        let files: Vec<SourceFile> = places.iter().zip(texts).map(|(path, text)| SourceFile { path: (*path).to_owned(), text }).collect();
        import(&files, "c");
    }
}

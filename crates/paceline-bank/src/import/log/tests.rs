use paceline_core::event::Instance;
use serde_json::json;

use super::*;
use crate::source::SourceFile;

/// Items of one skill: one that asks to choose, once in words and once in numbers drawn, and one that is typed.
fn bank() -> Bank {
    let file = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let page = "+++\nskills = [\"skill\"]\n+++\n## known\nWhich?\n- [x] one\n- [ ] two\n- [ ] three\n\n## drawn\nlet a = 2..40\nWhich is it?\n- [x] {a}\n- [ ] {a+1}\n- [ ] none\ncheck answer == a\n\n## typed\nHow many?\n= 3\n";
    let files = [
        file(
            "m/course.toml",
            "id = \"m\"\ntitle = \"M\"\nlanguages = [\"en\"]\n",
        ),
        file("m/skills.toml", "[skill]\ntitle = \"Skill\"\n"),
        file("m/page.md", page),
    ];
    Bank::compile(&files).unwrap().0
}

fn import(input: &str, kind: LogKind) -> (String, LogImport) {
    let mut out = Vec::new();
    let found = import_log(input.as_bytes(), kind, Some(&bank()), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().next(), Some(LOG_HEADER));
    (text.lines().skip(1).collect::<Vec<_>>().join("\n"), found)
}

#[test]
fn columns_are_found_under_their_usual_names_and_rows_come_in_time_order() {
    let (text, found) = import(
        "User_ID,Problem_ID,Skill_Name,Timestamp,Correct,Seconds\nbo,q2,add~~sub,2026-01-02T03:04:05+01:00,TRUE,7.5\nann,q1,add,1700000000000,0,\n",
        LogKind::Csv,
    );
    assert_eq!(
        text,
        "ann,q1,add,1700000000,0,,,,,\nbo,q2,add;sub,1767319445,1,,,7.5,,"
    );
    assert_eq!(
        (found.rows, found.learners, found.items, found.unreadable),
        (2, 2, 2, 0)
    );
}

#[test]
fn a_row_that_cannot_be_read_is_named_and_the_rest_goes_on() {
    let (text, found) = import(
        "learner,item,timestamp_s,correct\na,q,5,maybe\na,q,soon,1\n,q,5,1\na,q,5,1\n",
        LogKind::Csv,
    );
    assert_eq!(text, "a,q,,5,1,,,,,");
    let lines: Vec<_> = found
        .named
        .iter()
        .map(|(line, why)| format!("{line}: {why}"))
        .collect();
    assert_eq!(
        lines,
        [
            "2: correct is \"maybe\", wanted 0 or 1",
            "3: the time is \"soon\", wanted seconds since 1970 or RFC 3339",
            "4: no learner"
        ]
    );
}

#[test]
fn a_missing_column_is_named_with_the_names_it_may_have() {
    let mut out = Vec::new();
    let error = import_log(
        "learner,timestamp_s,correct\n".as_bytes(),
        LogKind::Csv,
        None,
        &mut out,
    );
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("the log has no column for item: found learner, timestamp_s, correct; wanted one of item, item_id"), "{text}");
}

#[test]
fn our_own_journal_is_read_with_versions_and_without_other_events() {
    let (text, found) = import(
        r#"{"format":1,"event_id":"e","learner":"ada","at":100,"event":"enrolled"}
{"format":1,"event_id":"a","learner":"ada","at":200,"event":"attempt","item":"m/known","version":"0f","response":["x","y"],"seconds":9.5,"hints":1,"tries":1,"help":"hint","judged":1.0}
{"format":1,"event_id":"b","learner":"ada","at":150,"event":"attempt","item":"m/other","response":["x"],"seconds":3.0,"tries":2,"judged":1.0}
"#,
        LogKind::JsonLines,
    );
    assert_eq!(
        text,
        "ada,m/other,,150,0,1,x,3,,\nada,m/known,m/skill,200,1,1,x | y,9.5,1,0f"
    );
    assert_eq!((found.rows, found.other), (2, 1));
}

/// A letter says nothing alone: each learner sees the choices in another order.
#[test]
fn a_choice_goes_by_the_authors_name_whatever_its_place_was() {
    let bank = bank();
    let choice = |item: &str, seed: u64, version: &str, original: usize| {
        let ix = bank.item_ix(item).unwrap();
        let instance = Instance {
            seed,
            ..Instance::default()
        };
        let shown = bank.instantiate(ix, &instance).unwrap();
        let place = shown.parts[0]
            .choices
            .iter()
            .position(|choice| choice.original == original);
        let letter = place.map_or('3', |place| (b'a' + place as u8) as char);
        let event = json!({
            "event": "attempt", "learner": "ada", "at": 5, "item": item, "version": version, "instance": instance,
            "response": [letter.to_string()], "judged": 0.0,
        });
        let (row, _) = import(&event.to_string(), LogKind::JsonLines);
        (letter, row.split(',').nth(6).unwrap().to_owned())
    };
    let current = |item: &str| bank.item_version(bank.item_ix(item).unwrap()).to_string();
    let mut letters = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let (letter, name) = choice("m/known", seed, &current("m/known"), 2);
        letters.insert(letter);
        assert_eq!(name, "three");
        assert_eq!(
            choice("m/drawn", seed, &current("m/drawn"), 1).1,
            "choice 2"
        );
        assert_eq!(choice("m/drawn", seed, &current("m/drawn"), 2).1, "none");
        let (letter, name) = choice("m/known", seed, &current("m/typed"), 2);
        assert_eq!(
            name,
            letter.to_string(),
            "what another version's letter meant is not known"
        );
    }
    assert_eq!(letters.len(), 3);
    assert_eq!(choice("m/typed", 0, &current("m/typed"), 0).1, "3");
}

#[test]
fn named_fields_are_read_from_json_lines() {
    let (text, _) = import(
        r#"{"user":"a@b.org","question":"q","skills":["s;1","t"],"time":12,"correct":true,"duration_s":4}"#,
        LogKind::JsonLines,
    );
    let (learner, rest) = text.split_once(',').unwrap();
    assert!(
        learner.starts_with("actor-"),
        "an address is not copied: {learner}"
    );
    assert_eq!(rest, "q,\"s,1;t\",12,1,,,4,,");
}

#[test]
fn xapi_statements_about_answers_are_read_alone_in_lists_and_in_documents() {
    let answered = r#"{"actor":{"account":{"name":"u7","homePage":"https://x"}},"verb":{"id":"http://adlnet.gov/expapi/verbs/answered"},
      "object":{"id":"https://x/q/1"},"result":{"success":true,"score":{"scaled":1},"response":"b","duration":"PT1M2.5S"},
      "timestamp":"2026-01-01T00:00:00.250Z","context":{"contextActivities":{"grouping":[{"id":"https://x/skill/add"}]}}}"#;
    let answered = answered.replace('\n', "");
    let viewed =
        r#"{"actor":{},"verb":{"id":"http://adlnet.gov/expapi/verbs/viewed"},"object":{"id":"x"}}"#;
    let row = "u7,https://x/q/1,https://x/skill/add,1767225600,1,1,b,62.5,,";
    for input in [
        format!("{answered}\n{viewed}\n"),
        format!("[{answered},{viewed}]"),
        format!("{{\"statements\":[{answered},{viewed}]}}"),
    ] {
        let (text, found) = import(&input, LogKind::Xapi);
        assert_eq!((text.as_str(), found.rows, found.other), (row, 1, 1));
    }
}

#[test]
fn moments_and_durations() {
    for (text, wanted) in [
        ("0", Some(0)),
        ("1700000000.9", Some(1_700_000_000)),
        ("1970-01-01", Some(0)),
        ("2000-02-29T12:00:00Z", Some(951_825_600)),
        ("2026-11-25 00:00:00-0530", Some(1_795_584_600)),
        ("2026-13-01", None),
        ("1969-12-31T23:59:59Z", None),
        ("-1", None),
        ("NaN", None),
    ] {
        assert_eq!(time::parse(text), wanted, "{text}");
    }
    assert_eq!(time::duration("P1DT2H"), Some(93_600.0));
    assert_eq!(time::duration("PT0,5S"), Some(0.5));
    assert_eq!(time::duration("P1Y"), None);
}

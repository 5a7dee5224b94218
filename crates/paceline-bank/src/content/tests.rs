use paceline_core::event::Instance;
use proptest::prelude::*;

use crate::*;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: format!("content/{path}"),
        text: text.to_owned(),
    }
}

const COURSE: &str =
    "id = \"math\"\ntitle = \"Numbers\"\nlanguages = [\"en\", \"de\"]\nlicence = \"MIT\"\n";
const SKILLS: &str = "[count]\ntitle = \"Count\"\n\n[add]\ntitle = \"Add\"\nneeds = [\"count\"]\nencompasses = { count = 0.5 }\nminutes = 3\n";
const THEMES: &str = "[space]\ntitle = { en = \"Space\", de = \"Weltraum\" }\nwho = { en = \"Mira\", de = \"Mira\" }\n
[sea]\ntitle = { en = \"Sea\", de = \"Meer\" }\nwho = { en = \"Captain Ben\", de = \"Kapitän Ben\" }\n";
const PAGE: &str = "+++
skills = [\"add\"]
level = \"easy\"
+++
# Add
Put together.

### Worked example
1 + 1 = 2

## sum {level=hard seconds=20}
let a = 2..9
let b = 2..9
where a != b
{theme.who} has {a} {a|coin|coins} and finds {b}. How many now?
= {a+b}
check answer - a == b
! {a*b}  You multiplied. {misconception=multiply}
? Count on from {a}.
? What is {a} + 1? => {a+1}

## parts
Look at 12.
### tens
How many tens?
- [x] 1
- [ ] 2
  > That is the *ones* digit. {misconception=place-swap}
- [ ] 12
### order
Put in order, smallest first.
- [2] 12
- [1] 3
- [3] 20
";
const GERMAN: &str = "+++\n+++\n# Addieren\nZusammenlegen.\n
## sum
{theme.who} hat {a} und findet {b}. Wie viele jetzt?
! Du hast malgenommen.
? Zähle von {a} weiter.
? Was ist {a} + 1?
";

fn course(page: &str) -> Vec<SourceFile> {
    vec![
        file("math/course.toml", COURSE),
        file("math/skills.toml", SKILLS),
        file("math/themes.toml", THEMES),
        file("math/add.md", page),
    ]
}

fn bank() -> Bank {
    let mut files = course(PAGE);
    files.push(file("math/add.de.md", GERMAN));
    let (bank, warnings) = Bank::compile(&files).map_err(|d| d[0].to_string()).unwrap();
    assert_eq!(warnings, []);
    bank
}

fn instance(seed: u64, theme: Option<&str>, language: &str) -> Instance {
    Instance {
        seed,
        theme: theme.map(str::to_owned),
        language: Some(language.to_owned()),
    }
}

#[test]
fn a_course_compiles_to_skills_lessons_and_items() {
    let bank = bank();
    let add = bank.skill_ix("math/add").unwrap();
    assert_eq!(bank.skill(add).lesson_minutes, 3.0);
    assert_eq!(bank.lesson(add, "de").unwrap().title, "Addieren");
    assert_eq!(bank.lesson(add, "fr").unwrap().title, "Add");
    let items: Vec<_> = bank
        .items_of(add)
        .iter()
        .map(|&item| bank.item_id(item))
        .collect();
    assert_eq!(items, ["math/parts", "math/sum"]);
    let sum = bank.item_ix("math/sum").unwrap();
    assert_eq!(
        (
            bank.item_easiness()[sum.at()],
            bank.item_seconds()[sum.at()]
        ),
        (0.0, 20.0)
    );
    assert_eq!(bank.theme_choices(sum).len(), 2);
    insta::assert_snapshot!(bank.inventory().to_string());
    assert_eq!(Bank::from_bytes(&bank.to_bytes()).unwrap(), bank);
}

#[test]
fn an_instance_is_rendered_in_its_theme_and_language() {
    let bank = bank();
    let sum = bank.item_ix("math/sum").unwrap();
    let show = |theme, language| {
        bank.instantiate(sum, &instance(5, theme, language))
            .unwrap()
    };
    insta::assert_json_snapshot!(show(Some("sea"), "en"));
    insta::assert_snapshot!(show(Some("sea"), "de").stem);
    assert_eq!(show(None, "fr").language, "en");
    let unknown = bank
        .instantiate(sum, &instance(5, Some("tea"), "en"))
        .unwrap_err();
    assert_eq!(unknown.to_string(), "item `math/sum` has no theme `tea`");
}

#[test]
fn responses_are_judged() {
    let bank = bank();
    let (sum, parts) = (
        bank.item_ix("math/sum").unwrap(),
        bank.item_ix("math/parts").unwrap(),
    );
    let at = instance(5, None, "en");
    let right = bank.right_answer(sum, &at, 0).unwrap();
    assert_eq!(
        bank.grade(sum, &at, 0, &format!("{right}.0"))
            .unwrap()
            .verdict,
        Verdict::Right
    );
    assert!(matches!(
        bank.grade(sum, &at, 0, "many").unwrap().verdict,
        Verdict::Unreadable { .. }
    ));
    assert!(matches!(
        bank.grade(sum, &at, 0, &"1".repeat(2000)).unwrap().verdict,
        Verdict::Unreadable { .. }
    ));
    let stem = bank.instantiate(sum, &at).unwrap().stem;
    let drawn: Vec<i64> = stem
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok())
        .collect();
    let product = (drawn[0] * drawn[1]).to_string();
    let wanted = Verdict::Wrong {
        misconception: Some("multiply".into()),
        feedback: Some("You multiplied.".into()),
    };
    assert_eq!(bank.grade(sum, &at, 0, &product).unwrap().verdict, wanted);
    let scaffold = bank
        .grade_scaffold(sum, &at, 0, 1, &(drawn[0] + 1).to_string())
        .unwrap();
    assert_eq!(scaffold.verdict, Verdict::Right);

    let shown = bank.instantiate(parts, &at).unwrap();
    for (i, choice) in shown.parts[0].choices.iter().enumerate() {
        let letter = char::from(b'A' + i as u8).to_string();
        let verdict = bank.grade(parts, &at, 0, &letter).unwrap().verdict;
        assert_eq!(verdict == Verdict::Right, choice.text == "1");
        assert_eq!(
            bank.grade(parts, &at, 0, &choice.text).unwrap().verdict,
            verdict
        );
    }
    let place = |text: &str| {
        shown.parts[1]
            .choices
            .iter()
            .position(|choice| choice.text == text)
            .unwrap()
    };
    let order: String = ["3", "12", "20"]
        .map(|text| char::from(b'a' + place(text) as u8))
        .iter()
        .collect();
    for response in [order.as_str(), "3; 12; 20", "3, 12, 20", "3 12 20"] {
        assert_eq!(
            bank.grade(parts, &at, 1, response).unwrap().verdict,
            Verdict::Right,
            "{response}"
        );
    }
    assert!(matches!(
        bank.grade(parts, &at, 1, "12; 3; 20").unwrap().verdict,
        Verdict::Wrong { .. }
    ));
    assert!(matches!(
        bank.grade(parts, &at, 1, "3; 12").unwrap().verdict,
        Verdict::Unreadable { .. }
    ));
    assert!(bank.grade(parts, &at, 7, "3").is_err());
}

#[test]
fn a_version_follows_what_is_asked_and_nothing_else() {
    let version = |page: &str| {
        let (bank, _) = Bank::compile(&course(page)).unwrap();
        bank.item_version(bank.item_ix("math/sum").unwrap())
    };
    let own = version(PAGE);
    for same in [
        PAGE.replace("Count on from", "Go on from"),
        PAGE.replace("level=hard seconds=20", "level=easy"),
        PAGE.replace("You multiplied.", "That is the product."),
        PAGE.replace("let a = 2..9", "let a = 2 .. 9"),
    ] {
        assert_eq!(version(&same), own);
    }
    for other in [
        PAGE.replace("How many now?", "How many?"),
        PAGE.replace("let a = 2..9", "let a = 3..9"),
        PAGE.replace("= {a+b}", "= {b+a}"),
        PAGE.replace("where a != b", "where a < b"),
    ] {
        assert_ne!(version(&other), own);
    }
}

/// Compiles the page with a change and compares what is reported, one line each.
#[track_caller]
fn check(from: &str, to: &str, wanted: &[&str]) {
    assert!(PAGE.contains(from), "{from}");
    check_files(course(&PAGE.replacen(from, to, 1)), wanted);
}

#[track_caller]
fn check_files(files: Vec<SourceFile>, wanted: &[&str]) {
    let found = match Bank::compile(&files) {
        Ok((_, warnings)) => warnings,
        Err(diagnostics) => diagnostics,
    };
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let line = |d: &Diagnostic| {
        let help = d
            .help
            .as_ref()
            .map_or_else(String::new, |help| format!(" ({help})"));
        format!(
            "{}:{}:{} {}: {}, wanted {}{help}",
            name(&d.path),
            d.line,
            d.columns.0,
            d.message,
            d.found,
            d.wanted
        )
    };
    let found: Vec<String> = found.iter().map(line).collect();
    assert_eq!(found, wanted);
}

#[test]
fn mistakes_in_items_are_told_with_their_place() {
    check(
        "? Count on from {a}.",
        "? Count on from {aa}.",
        &[
            "add.md:19:18 malformed text: `aa`, wanted a variable defined by an earlier `let` (did you mean `a`?)",
        ],
    );
    check(
        "{theme.who} has",
        "{theme.whom} has",
        &[
            "add.md:15:2 unknown theme slot: `whom`, wanted a slot of every theme in `themes.toml` (did you mean `who`?)",
        ],
    );
    check(
        "check answer - a == b",
        "check answer - a == b + 1",
        &[
            "add.md:17:7 a check does not hold: answer = 15 with a = 7, b = 8 (seed 0), wanted an answer that satisfies it",
        ],
    );
    check(
        "check answer - a == b\n",
        "",
        &[
            "add.md:11:4 a template without a `check`: no relation, wanted `check` with what the answer must satisfy (write it from the question, not from the answer: `check answer * d == a + b`)",
        ],
    );
    check(
        "where a != b",
        "where a > b + 10",
        &[
            "add.md:11:4 a template without an instance: none in 1000 draws for seed 0: a `where` was false, wanted an instance for every seed (loosen the conditions, or draw so that they hold more often)",
        ],
    );
    check(
        "let b = 2..9",
        "let b = a..a+1",
        &[
            "add.md:11:4 a template with too few instances: 8 distinct ones among 400 seeds, wanted at least 20 (widen a range, add to a list, or loosen a `where`)",
        ],
    );
    check(
        "! {a*b}",
        "! {b+a}",
        &[
            "add.md:11:4 a template without an instance: none in 1000 draws for seed 0: a wrong answer or choice equalled the right one or another, wanted an instance for every seed (where only the form differs (2/4 and 1/2), say `compare=text` behind the item's id)",
        ],
    );
    check(
        "- [x] 1\n",
        "- [ ] 1\n",
        &["add.md:26:7 no right choice: only `- [ ]`, wanted at least one `- [x]`"],
    );
    check(
        "- [ ] 12",
        "- [ ] 1.0",
        &[
            "add.md:22:4 two answers or choices say the same: `1` and `1.0`, wanted answers and choices that differ (where only the form differs (2/4 and 1/2), say `compare=text` behind the item's id)",
        ],
    );
    check(
        "- [3] 20",
        "- [4] 20",
        &[
            "add.md:32:7 an order with gaps: 2, 1, 4, wanted each place from `[1]` on once, and no `[x]`",
        ],
    );
    check(
        "level=hard",
        "levl=hard",
        &[
            "add.md:11:9 unknown attribute: `levl`, wanted one of level, seconds, skills, theme, status, compare (did you mean `level`?)",
        ],
    );
    check(
        "## parts",
        "## sum",
        &[
            "add.md:22:4 an item's id is used twice: `sum`, wanted an id of its own in the whole course (the first is in content/math/add.md:11)",
        ],
    );
    check(
        "let b = 2..9",
        "let b = 2..9\nlet c = 1..3",
        &["add.md:14:5 a variable is never used: `c`, wanted a use of it, or no `let`"],
    );
}

#[test]
fn mistakes_in_tables_are_told_with_their_place() {
    let with = |skills: &str, themes: &str| {
        let mut files = course(PAGE);
        files[1].text = SKILLS.replacen("[\"count\"]", skills, 1);
        files[2].text = themes.to_owned();
        files
    };
    check_files(
        with("[\"coutn\"]", THEMES),
        &[
            "skills.toml:6:10 unknown skill: `math/coutn`, wanted a skill that exists (did you mean `math/count`?)",
        ],
    );
    check_files(
        with("[\"add\"]", THEMES),
        &[
            "skills.toml:6:10 a skill listed which is itself: `math/add`, wanted other skills, each once",
        ],
    );
    check_files(
        with("[{ skill = \"count\", weigth = 0.5 }]", THEMES),
        &[
            "skills.toml:6:10 `needs` has the wrong type: a table, wanted skills, each a text or { skill = \"...\", weight = 0.5 }",
        ],
    );
    check_files(
        with(
            "[\"count\"]",
            &THEMES.replacen("who = { en = \"Mira\", de = \"Mira\" }\n", "", 1),
        ),
        &[
            "add.md:15:2 a theme slot without this language: no `en` for `who` in theme `space`, wanted the slot in every theme in every language of a page that uses it",
            "themes.toml:1:2 a theme without some slots: no `who` in `space`, wanted the same slots as in every other theme, and `title`",
        ],
    );
    let mut files = course(PAGE);
    files[1].text =
        format!("{SKILLS}[sub]\ntitle = \"Subtract\"\nneeds = [\"add\"]\nminuets = 3\n")
            .replace("[count]\n", "[count]\nneeds = [\"sub\"]\n");
    check_files(
        files,
        &[
            "skills.toml:2:10 `needs` forms a cycle: math/count -> math/sub -> math/add -> math/count, wanted an order in which everything can be learned",
            "skills.toml:13:1 unknown key: `minuets`, wanted one of title, needs, encompasses, confusable, renamed, standard, minutes, threshold (did you mean `minutes`?)",
        ],
    );
}

#[test]
fn a_translation_must_match() {
    let with = |from: &str, to: &str| {
        let mut files = course(PAGE);
        assert!(GERMAN.contains(from));
        files.push(file("math/add.de.md", &GERMAN.replacen(from, to, 1)));
        files
    };
    check_files(
        with("## sum", "## summ"),
        &[
            "add.de.md:6:4 a translation of an unknown item: `summ`, wanted an item of `add.md` (did you mean `sum`?)",
        ],
    );
    check_files(
        with("? Was ist {a} + 1?\n", ""),
        &["add.de.md:6:4 a translation with another number of hints: 1, wanted 2"],
    );
    check_files(
        with("? Was", "= 3\n? Was"),
        &[
            "add.de.md:10:3 an answer or check in a translation: `=` or `check`, wanted prose and choices only",
        ],
    );
    let mut files = course(PAGE);
    files.push(file("math/add.fr.md", GERMAN));
    check_files(
        files,
        &[
            "add.fr.md:1:1 a translation into a language that the course does not list: `fr`, wanted one of `en`, `de`, and not the course's own `en`",
        ],
    );
}

#[test]
fn long_lines_and_deep_nests_are_refused() {
    let long = format!("? {}\n", "x".repeat((1 << 20) + 1));
    let mut files = course(PAGE);
    files[3].text.push_str(&long);
    let found = Bank::compile(&files).unwrap_err();
    assert_eq!(found[0].message, "a line is too long");
    let nest = format!("= {{{}a{}}}", "(".repeat(9000), ")".repeat(9000));
    let found = Bank::compile(&course(&PAGE.replacen("= {a+b}", &nest, 1))).unwrap_err();
    assert!(found[0].wanted.starts_with("an expression nested at most"));
    let mut files = course(PAGE);
    files[1].text = format!("[a]\ntitle = \"A\"\nneeds = {}\n", "[".repeat(20_000));
    assert!(Bank::compile(&files).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The numbers depend on the seed alone: neither theme nor language changes an answer.
    #[test]
    fn themes_and_languages_change_no_number(seed in any::<u64>()) {
        let bank = bank();
        let sum = bank.item_ix("math/sum").unwrap();
        let right = bank.right_answer(sum, &instance(seed, None, "en"), 0).unwrap();
        let digits = |text: &str| text.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let numbers = digits(&bank.instantiate(sum, &instance(seed, None, "en")).unwrap().stem);
        for (theme, language) in [(Some("space"), "en"), (Some("sea"), "de"), (None, "de")] {
            let at = instance(seed, theme, language);
            prop_assert_eq!(&bank.right_answer(sum, &at, 0).unwrap(), &right);
            let shown = bank.instantiate(sum, &at).unwrap();
            prop_assert_eq!(&digits(&shown.stem), &numbers);
            prop_assert_eq!(&bank.instantiate(sum, &at).unwrap(), &shown);
            prop_assert_eq!(bank.grade(sum, &at, 0, &right).unwrap().verdict, Verdict::Right);
        }
    }

    /// Content made of marks in any order is compiled or refused, and never a panic.
    #[test]
    fn any_page_is_compiled_or_refused(
        lines in prop::collection::vec(
            prop_oneof![
                "\\PC{0,30}",
                "(## |### |= |! |\\? |- \\[[x 1]\\] |  > |let |where |check |\\+\\+\\+|# |```)[-a-c0-9{}$|±=>;.+* \\\\]{0,20}",
                "let [a-c] (=|in) ?[\\[0-9]{1,3}(\\.\\.|, )[0-9a\\]]{0,3}",
                "(= |! |- \\[x\\] |- \\[ \\] )\\{?[a-c0-9/]{1,4}\\}?( simplest| set| list| exact|  fb)?",
            ],
            0..24,
        )
    ) {
        let page = format!("+++\nskills = [\"add\"]\n+++\n{}", lines.join("\n"));
        for text in [page, lines.join("\n")] {
            match Bank::compile(&course(&text)) {
                Ok((bank, _)) => {
                    for item in (0..bank.n_items() as u32).map(paceline_core::ids::ItemIx) {
                        let shown = bank.instantiate(item, &instance(1, None, "en"));
                        prop_assert!(shown.is_ok());
                        prop_assert!(bank.grade(item, &instance(1, None, "de"), 0, "1/2").is_ok());
                    }
                }
                Err(diagnostics) => prop_assert!(!diagnostics.is_empty()),
            }
        }
    }

    /// Any text in any file is refused or compiled.
    #[test]
    fn any_file_is_compiled_or_refused(text in "\\PC{0,200}", toml in "[\\[\\]{}=\"a-c.,\\n0-9 ]{0,80}", which in 0_usize..4) {
        for text in [text, toml] {
            let mut files = course(PAGE);
            files[which].text = text;
            let _ = Bank::compile(&files);
        }
    }
}

/// The course with a lock file that calibrated `sum` in `version`, as `status`.
fn locked(page: &str, version: ItemVersion, status: ItemStatus) -> (Bank, Vec<Diagnostic>) {
    let item = LockedItem {
        version,
        status,
        a: 2.0,
        b: -0.75,
        c: 0.0,
        se_a: 0.0,
        se_b: 0.1,
        n: 400,
    };
    let items = [("math/sum", item), ("math/gone", item)];
    let lock = Lock {
        format: LOCK_FORMAT,
        model: "2pl".to_owned(),
        items: items.map(|(id, item)| (id.to_owned(), item)).into(),
    };
    let mut files = course(page);
    files.push(file("calibration.lock.toml", &lock.to_toml()));
    Bank::compile(&files).map_err(|d| d[0].to_string()).unwrap()
}

#[test]
fn a_lock_of_the_same_version_puts_parameters_in_use() {
    let version = bank().item_version(bank().item_ix("math/sum").unwrap());
    let (bank, warnings) = locked(PAGE, version, ItemStatus::Live);
    let sum = bank.item_ix("math/sum").unwrap().at();
    assert_eq!(bank.item_easiness()[sum], 1.5);
    assert_eq!(bank.item_discrimination()[sum], 2.0);
    assert_eq!(bank.item_easiness_sd()[sum], 0.2);
    assert_eq!(bank.item_status()[sum], ItemStatus::Live);
    let [gone] = warnings.try_into().unwrap();
    assert_eq!(gone.message, "calibrated items that no longer exist");
    assert_eq!(gone.found, "`math/gone`");
}

#[test]
fn an_edited_item_is_stale_and_on_trial_with_its_parameters_as_a_prior() {
    let version = bank().item_version(bank().item_ix("math/sum").unwrap());
    let edited = PAGE.replace("finds {b}", "earns {b}");
    let (bank, warnings) = locked(&edited, version, ItemStatus::Live);
    let add = bank.skill_ix("math/add").unwrap();
    let sum = bank.item_ix("math/sum").unwrap();
    assert_eq!(bank.item_status()[sum.at()], ItemStatus::Stale);
    assert_eq!(bank.item_easiness()[sum.at()], 1.5);
    assert!(bank.item_easiness_sd()[sum.at()] > 0.5);
    assert_eq!(bank.trial_items_of(add), [sum]);
    assert!(!bank.items_of(add).contains(&sum));
    assert_eq!(warnings[1].found, "`math/sum`");
    let hint = PAGE.replace("? Count on from", "? Go on from");
    let (mended, _) = locked(&hint, version, ItemStatus::Live);
    assert_eq!(
        mended.item_status()[sum.at()],
        ItemStatus::Live,
        "a hint is no edit"
    );
}

#[test]
fn a_lock_promotes_a_pilot_and_leaves_what_an_author_took_out() {
    let version = bank().item_version(bank().item_ix("math/sum").unwrap());
    for (author, lock, wanted) in [
        ("pilot", ItemStatus::Live, ItemStatus::Live),
        ("pilot", ItemStatus::Pilot, ItemStatus::Pilot),
        ("draft", ItemStatus::Live, ItemStatus::Draft),
        ("retired", ItemStatus::Live, ItemStatus::Retired),
        ("stale", ItemStatus::Live, ItemStatus::Stale),
    ] {
        let page = PAGE.replace("seconds=20", &format!("seconds=20 status={author}"));
        let (bank, _) = locked(&page, version, lock);
        let sum = bank.item_ix("math/sum").unwrap();
        assert_eq!(bank.item_status()[sum.at()], wanted, "{author}");
    }
}

#[test]
fn a_bad_lock_is_an_error_with_its_place() {
    for (text, line, wanted) in [
        ("format = 7\n", 1, "a lock file of another version"),
        ("format = 1\nmodel = 3\n", 2, "invalid type"),
    ] {
        let mut files = course(PAGE);
        files.push(file("math/calibration.lock.toml", text));
        let error = &Bank::compile(&files).unwrap_err()[0];
        assert!(error.message.contains(wanted), "{error}");
        assert_eq!(error.line, line);
    }
}

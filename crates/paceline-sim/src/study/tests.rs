use super::*;
use std::collections::BTreeMap;
use std::sync::Mutex;

const SMALL: &str = r#"
format = 1
name = "Small"
seed = 3
policies = ["engine", "engine-spacing", "mastery-leitner"]
log_pupils = 2

[worlds]
families = ["additive", "discrete"]
each = 1

[population]
charter = 2
district = 1
pupils = 6
class = 3
candidates = 2

[calendar]
years = 2
weeks = 3
break_weeks = 8
lessons_per_week = 3

[[subjects]]
name = "mathematics"
generated = { skills = 12, items = 3, seed = 1 }

[[subjects]]
name = "reading"
generated = { skills = 10, items = 3, seed = 2 }
"#;

/// Keeps cells in memory, and fails after `left` of them.
#[derive(Default)]
struct Shelf {
    build: &'static str,
    cells: Mutex<BTreeMap<String, String>>,
    aside: Mutex<Vec<(String, Stale)>>,
    left: Mutex<Option<usize>>,
}

impl Shelf {
    /// As after a run to the end, each cell's text as `change` leaves it.
    fn full(change: impl Fn(&str) -> String) -> Self {
        let shelf = Self::default();
        on_threads(2, &shelf).unwrap();
        for text in shelf.cells.lock().unwrap().values_mut() {
            *text = change(text);
        }
        shelf
    }
}

impl Cells for Shelf {
    fn build(&self) -> &str {
        self.build
    }

    fn set_aside(&self, name: &str, stale: Stale) {
        self.aside.lock().unwrap().push((name.to_owned(), stale));
    }

    fn load(&self, name: &str) -> Option<String> {
        self.cells.lock().unwrap().get(name).cloned()
    }

    fn save(&self, name: &str, text: &str) -> Result<(), String> {
        if let Some(left) = &mut *self.left.lock().unwrap() {
            *left = left.checked_sub(1).ok_or("the power failed")?;
        }
        self.cells
            .lock()
            .unwrap()
            .insert(name.to_owned(), text.to_owned());
        Ok(())
    }
}

fn on_threads(threads: usize, kept: &dyn Cells) -> Result<Report, crate::SimError> {
    of_design(SMALL, threads, kept)
}

fn of_design(text: &str, threads: usize, kept: &dyn Cells) -> Result<Report, crate::SimError> {
    let design = Design::parse(text).unwrap();
    let courses = Courses::of(&design, None).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let pool = pool.build().unwrap();
    pool.install(|| run(&design, &courses, kept, &|_| ()))
}

fn bytes(report: &Report) -> String {
    serde_json::to_string(report).unwrap() + &report.log
}

#[test]
fn one_thread_two_threads_and_a_resumed_run_report_the_same_bytes() {
    let shelf = Shelf::default();
    *shelf.left.lock().unwrap() = Some(9);
    let failed = on_threads(2, &shelf).unwrap_err();
    assert!(failed.to_string().contains("the power failed"), "{failed}");
    assert_eq!(shelf.cells.lock().unwrap().len(), 9);
    *shelf.left.lock().unwrap() = None;
    let resumed = on_threads(2, &shelf).unwrap();
    assert!(shelf.aside.lock().unwrap().is_empty());
    let whole = on_threads(1, &Kept).unwrap();
    assert_eq!(bytes(&resumed), bytes(&whole));
}

/// Every family in schools whose lessons are shared with the guide and whose pupils move.
fn every_family(policies: &str) -> String {
    SMALL
        .replace(
            r#"["additive", "discrete"]"#,
            r#"["additive", "discrete", "activation", "insight", "fitted"]"#,
        )
        .replace(
            r#"["engine", "engine-spacing", "mastery-leitner"]"#,
            policies,
        )
        .replace("pupils = 6", "pupils = 3\ntransfer = 0.5")
        .replace("log_pupils = 2", "")
}

#[test]
fn schools_of_every_family_report_the_same_bytes_on_one_thread_and_two() {
    let text = every_family(r#"["engine", "zpdes"]"#);
    let print = |threads| bytes(&of_design(&text, threads, &Kept).unwrap());
    assert_eq!(print(1), print(2));
}

#[test]
fn adding_a_policy_changes_no_other_effect_of_a_study() {
    let few = of_design(&every_family(r#"["zpdes"]"#), 2, &Kept).unwrap();
    let more = of_design(&every_family(r#"["random", "zpdes", "engine"]"#), 2, &Kept).unwrap();
    assert!(!few.effects.is_empty() && few.schools.len() == 5 * 2 * 3);
    assert!(
        few.effects
            .iter()
            .all(|effect| more.effects.contains(effect))
    );
    assert!(
        few.schools
            .iter()
            .all(|school| more.schools.contains(school))
    );
    assert!(few.usage.iter().all(|usage| more.usage.contains(usage)));
}

#[test]
fn a_study_reports_each_subject_year_group_and_school() {
    let report = on_threads(2, &Kept).unwrap();
    assert_eq!(report.rows.len(), 2 * 3);
    // Two families and both: two subjects, three policies, two years and the delay, nine groups.
    assert_eq!(report.effects.len(), 3 * 2 * 3 * 3 * 9);
    assert_eq!(report.schools.len(), 2 * 2 * 3 * 3);
    assert_eq!(report.ablations.len(), 2);
    assert_eq!(report.usage.len(), 2 * 2 * 4);
    for effect in &report.effects {
        assert!(effect.low <= effect.effect_sd && effect.effect_sd <= effect.high);
        let same_side = effect.percentile_points * effect.effect_sd >= 0.0;
        assert!(same_side, "{effect:?}");
    }
    let usage = |policy: &str| report.usage.iter().find(|u| u.policy == policy).unwrap();
    assert_eq!(usage("fixed").teacher_minutes, 0.0);
    assert!(usage("engine").teacher_minutes > 0.0);
    let lines: Vec<&str> = report.log.lines().collect();
    assert!(lines.len() > 100 && lines.iter().all(|line| line.split(',').count() == 5));
}

/// Runs on cells of which each has other `minutes` and what `change` does to it, and expects to find them set aside.
fn check_stale(build: &'static str, change: impl Fn(&str) -> String, wanted: Stale) {
    let mut shelf = Shelf::full(|text| change(&text.replace("\"minutes\":", "\"minutes\":1")));
    shelf.build = build;
    let report = on_threads(2, &shelf).unwrap();
    assert_eq!(bytes(&report), bytes(&on_threads(2, &Kept).unwrap()));
    let aside = std::mem::take(&mut *shelf.aside.lock().unwrap());
    assert_eq!(aside.len(), shelf.cells.lock().unwrap().len());
    assert!(aside.iter().all(|(_, stale)| *stale == wanted), "{aside:?}");
    // They are replaced, so the next run goes on from them.
    assert_eq!(bytes(&on_threads(2, &shelf).unwrap()), bytes(&report));
    assert!(shelf.aside.lock().unwrap().is_empty());
}

#[test]
fn a_cell_of_another_build_content_or_design_is_taught_anew() {
    let design = Design::parse(SMALL).unwrap();
    let banks: Vec<String> = Courses::of(&design, None)
        .unwrap()
        .courses
        .iter()
        .map(|(_, bank)| bank.version().to_string())
        .collect();
    check_stale("another", str::to_owned, Stale::Build);
    let other = |text: &str| text.replace(&design.digest(), "0123456789abcdef");
    check_stale("", other, Stale::Design);
    let other = |text: &str| text.replace(&banks[0], "old").replace(&banks[1], "old");
    check_stale("", other, Stale::Content);
    let cut = |text: &str| text[..text.len() / 2].to_owned();
    check_stale("", cut, Stale::Unreadable);
    let older = |text: &str| text.replacen("\"format\":2", "\"format\":1", 1);
    check_stale("", older, Stale::Unreadable);
}

#[test]
fn a_wrong_file_is_refused_with_the_place() {
    let check = |from: &str, to: &str, wanted: &str| {
        assert!(SMALL.contains(from));
        let error = Design::parse(&SMALL.replace(from, to))
            .unwrap_err()
            .to_string();
        assert!(error.contains(wanted), "{error}");
    };
    check("\"mastery-leitner\"", "\"mastery\"", "line 5");
    check(
        "\"mastery-leitner\"",
        "\"mastery\"",
        "wanted one of engine, ",
    );
    check("district = 1", "districts = 1", "unknown field `districts`");
    check("years = 2", "years = 0", "calendar: found");
    check(
        "class = 3",
        "class = 0",
        "population.class: found 0, wanted at least 1",
    );
    check(
        "generated = { skills = 10,",
        "course = \"reading\"\ngenerated = { skills = 10,",
        "subjects: found",
    );
    check("format = 1", "format = 2", "format: found 2, wanted 1");
}

#[test]
fn the_shipped_studies_are_valid_and_forty_schools_have_as_many_pupils_as_were_studied() {
    Design::parse(include_str!("../../studies/term.toml")).unwrap();
    let design = Design::parse(include_str!("../../studies/rand.toml")).unwrap();
    let population = &design.population;
    assert_eq!((population.charter, population.district), (31, 9));
    assert_eq!(2 * population.schools() * population.pupils, 11_040);
    assert_eq!(
        design.calendar.weeks * design.calendar.lessons_per_week,
        180
    );
}

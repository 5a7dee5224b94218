//! Item versions and life cycle, from content to what a learner meets.

use crate::support::{NOON, enrol, event, id, timed};
use paceline::bank::{Bank, ItemStatus, ItemVersion, LOCK_FORMAT, Lock, LockedItem, SourceFile};
use paceline::event::Enrolled;
use paceline::{Config, Engine, MemoryStore, Params, PlanRequest};
use std::sync::Arc;

/// A course of one skill with eight items, of which the first two are pilots; a lock file where there is one.
fn content(lock: Option<&Lock>) -> Bank {
    let item = |i: usize| {
        let status = if i < 2 { "pilot" } else { "live" };
        format!(
            "## q{i} {{status={status} seconds=30}}\nWhat is {i} + 1?\n= {}\n\n",
            i + 1
        )
    };
    let items: String = (0..8).map(item).collect();
    let page = format!(
        "+++\nskills = [\"add\"]\n+++\n# Add one\nCount on.\n\n### Worked example\n1 + 1 = 2\n\n{items}"
    );
    let mut sources = course(&page);
    sources.extend(lock.map(|lock| file("calibration.lock.toml", &lock.to_toml())));
    Bank::compile(&sources).unwrap().0
}

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: format!("math/{path}"),
        text: text.to_owned(),
    }
}

/// A course of one skill and one page.
fn course(page: &str) -> Vec<SourceFile> {
    vec![
        file("course.toml", "id = \"math\"\ntitle = \"Numbers\"\n"),
        file("skills.toml", "[add]\ntitle = \"Add\"\nminutes = 1\n"),
        file("add.md", page),
    ]
}

fn lock(item: &str, version: ItemVersion, b: f64) -> Lock {
    let locked = LockedItem {
        version,
        status: ItemStatus::Live,
        a: 1.0,
        b,
        c: 0.0,
        se_a: 0.1,
        se_b: 0.1,
        n: 500,
    };
    Lock {
        format: LOCK_FORMAT,
        model: "2pl".to_owned(),
        items: [(item.to_owned(), locked)].into(),
    }
}

fn engine(bank: Bank, config: Config) -> Engine {
    let store = Box::new(MemoryStore::new());
    Engine::open_with(Arc::new(bank), store, Params::defaults(), config).unwrap()
}

#[test]
fn what_answers_told_of_an_item_reaches_its_prediction() {
    let bank = content(None);
    let version = bank.item_version(bank.item_ix("math/q5").unwrap());
    let p_before = |bank: Bank| {
        let engine = engine(bank, Config::default());
        enrol(&engine, "ada", Enrolled::default());
        let update = engine.record(event("ada", "a", 10, timed("math/q5", true, 30.0)));
        update.unwrap().attempt.unwrap().p_before.unwrap().get()
    };
    let author = p_before(bank);
    let easy = p_before(content(Some(&lock("math/q5", version, -3.0))));
    let hard = p_before(content(Some(&lock("math/q5", version, 3.0))));
    assert!(
        hard + 0.2 < author && author + 0.05 < easy,
        "{hard} {author} {easy}"
    );
}

#[test]
fn an_attempt_carries_the_version_that_was_answered() {
    let bank = content(None);
    let version = bank
        .item_version(bank.item_ix("math/q3").unwrap())
        .to_string();
    let engine = engine(bank, Config::default());
    enrol(&engine, "ada", Enrolled::default());
    engine
        .record(event("ada", "a", 10, timed("math/q3", true, 30.0)))
        .unwrap();
    let exported = engine.export(&id("ada")).unwrap();
    let entry: serde_json::Value = serde_json::from_str(exported.last().unwrap()).unwrap();
    assert_eq!(entry["version"], version, "{entry}");
}

#[test]
fn pilots_are_woven_in_at_the_share_that_is_set() {
    for (share, wanted) in [(0.0, 0.0..=0.0), (0.2, 0.1..=0.3)] {
        let config = Config {
            trial_share: share.try_into().unwrap(),
            ..Config::default()
        };
        let engine = engine(content(None), config);
        let (mut pilots, mut all) = (0, 0);
        for learner in (0..60).map(|i| format!("l{i}")) {
            enrol(&engine, &learner, Enrolled::default());
            let plan = engine
                .plan(&id(&learner), &PlanRequest::default(), NOON, 1)
                .unwrap();
            for item in plan
                .activities
                .iter()
                .filter_map(|activity| activity.item.as_ref())
            {
                all += 1;
                pilots += u32::from(["math/q0", "math/q1"].contains(&item.id.as_str()));
            }
        }
        let found = f64::from(pilots) / f64::from(all);
        assert!(wanted.contains(&found), "share {share}: {pilots} of {all}");
    }
}

#[test]
fn a_click_through_that_is_right_tells_less_of_a_choice_than_of_a_typed_answer() {
    let choose = "## choose {seconds=60}\nWhich is 1 + 1?\n- [x] two\n- [ ] three\n- [ ] four\n- [ ] five\n\n";
    let typed = "## type {seconds=60}\nWhat is 1 + 1?\n= 2\n";
    let page = format!(
        "+++\nskills = [\"add\"]\n+++\n# Add one\nCount on.\n\n### Worked example\n1 + 1 = 2\n\n{choose}{typed}"
    );
    let bank = Bank::compile(&course(&page)).unwrap().0;
    let engine = engine(bank, Config::default());
    let gain = |learner: &str, item: &str, seconds: f32| {
        enrol(&engine, learner, Enrolled::default());
        let answer = event(learner, "a", 60, timed(item, true, seconds));
        let skill = &engine.record(answer).unwrap().attempt.unwrap().skills[0];
        skill.after.get() - skill.before.get()
    };
    let clicked = gain("ada", "math/choose", 6.0);
    assert!(
        clicked < 0.5 * gain("ben", "math/choose", 50.0),
        "{clicked}"
    );
    assert!(clicked < 0.5 * gain("cem", "math/type", 6.0), "{clicked}");
}

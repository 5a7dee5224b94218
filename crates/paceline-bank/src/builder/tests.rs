use super::*;

fn skill(id: &str, needs: &[&str]) -> SkillSpec {
    let needs = needs.iter().map(|need| ((*need).to_owned(), 1.0)).collect();
    SkillSpec {
        id: id.into(),
        needs,
        ..SkillSpec::default()
    }
}

fn item(id: &str, skills: &[&str], level: Level) -> ItemSpec {
    let skills = skills.iter().map(|s| (*s).to_owned()).collect();
    ItemSpec {
        id: id.into(),
        skills,
        easiness: level.easiness(),
        ..ItemSpec::default()
    }
}

fn small() -> BankBuilder {
    let mut bank = BankBuilder::new();
    bank.course(CourseSpec {
        id: "zoo".into(),
        ..CourseSpec::default()
    });
    bank.course(CourseSpec {
        id: "math".into(),
        ..CourseSpec::default()
    });
    bank.skill(skill("zoo/feed", &["math/add"]));
    bank.skill(skill("math/add", &["math/count"]));
    bank.skill(SkillSpec {
        confusable: vec!["math/add".into()],
        ..skill("math/count", &[])
    });
    bank.item(item("math/b", &["math/add"], Level::Hard));
    bank.item(item("math/a", &["math/add", "math/count"], Level::Easy));
    bank.item(item("math/c", &["math/add"], Level::Easy));
    bank.item(ItemSpec {
        status: ItemStatus::Draft,
        ..item("math/d", &["math/add"], Level::Easy)
    });
    bank
}

#[test]
fn skills_are_in_syllabus_order_and_items_easiest_first() {
    let bank = small().build().unwrap();
    let ids: Vec<_> = bank
        .skills()
        .iter()
        .map(|skill| skill.id.as_str())
        .collect();
    assert_eq!(ids, ["math/add", "math/count", "zoo/feed"]);
    assert_eq!(bank.courses()[1].skills, (2, 3));
    let add = bank.skill_ix("math/add").unwrap();
    let items: Vec<_> = bank
        .items_of(add)
        .iter()
        .map(|&i| bank.item_id(i))
        .collect();
    assert_eq!(items, ["math/a", "math/c", "math/b"]);
    assert_eq!(bank.typical_easiness(add), 1.5);
    let order: Vec<_> = bank.topological_order().iter().map(|s| s.0).collect();
    assert_eq!(order, [1, 0, 2]);
    assert_eq!(bank.dependants().targets(0), [2]);
    assert_eq!(
        (bank.confusable().targets(0), bank.confusable().targets(1)),
        (&[1][..], &[0][..])
    );
}

#[test]
fn the_compiled_form_opens_to_the_same_bank_or_not_at_all() {
    let bank = small().build().unwrap();
    let bytes = bank.to_bytes();
    assert_eq!(Bank::from_bytes(&bytes).unwrap(), bank);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        assert!(Bank::from_bytes(&damaged).is_err(), "byte {at}");
        assert!(Bank::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn the_version_follows_parameters_and_edges() {
    let version = small().build().unwrap().version();
    assert_eq!(small().build().unwrap().version(), version);
    let mut other = small();
    other.skills[0].needs[0].1 = 0.5;
    assert_ne!(other.build().unwrap().version(), version);
    let mut other = small();
    other.items[0].easiness = 0.1;
    assert_ne!(other.build().unwrap().version(), version);
    assert_eq!(version.to_string().parse(), Ok(version));
    assert!("XYZ".parse::<BankVersion>().is_err());
}

#[track_caller]
fn check(change: impl FnOnce(&mut BankBuilder), wanted: &[&str]) {
    let mut bank = small();
    change(&mut bank);
    let errors = bank.build().unwrap_err().0;
    let found: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(found, wanted);
}

#[test]
fn what_is_wrong_is_told_all_at_once() {
    check(
        |bank| {
            bank.item(item("math/a", &["math/ad"], Level::Easy));
            bank.item(item("math/e", &[], Level::Easy));
            bank.item(ItemSpec {
                seconds: f32::NAN,
                ..item("math/f", &["math/add"], Level::Easy)
            });
        },
        &[
            "item id `math/a` is used twice",
            "item `math/f` has seconds NaN, wanted a positive number of seconds",
            "item `math/a` names skill `math/ad`, which does not exist; did you mean `math/add`?",
            "item `math/e` lists no skill, wanted at least one skill and each once",
        ],
    );
    check(
        |bank| {
            bank.skill(skill("math/x", &["math/x", "math/add", "math/add"]));
        },
        &[
            "skill `math/x` lists `math/x` which is itself",
            "skill `math/x` lists `math/add` twice",
        ],
    );
}

#[test]
fn a_cycle_is_shown_with_its_path() {
    check(
        |bank| bank.skills[2].needs.push(("zoo/feed".into(), 0.5)),
        &["`needs` forms a cycle: math/add -> math/count -> zoo/feed -> math/add"],
    );
}

#[test]
fn a_chain_of_a_hundred_thousand_skills_builds() {
    let mut bank = BankBuilder::new();
    bank.course(CourseSpec {
        id: "c".into(),
        ..CourseSpec::default()
    });
    for i in 0..100_000_u32 {
        let needs = if i > 0 {
            vec![(format!("c/s{}", i - 1), 1.0)]
        } else {
            Vec::new()
        };
        bank.skill(SkillSpec {
            id: format!("c/s{i}"),
            needs,
            ..SkillSpec::default()
        });
    }
    let bank = bank.build().unwrap();
    assert_eq!(bank.topological_order()[99_999], SkillIx(99_999));
}

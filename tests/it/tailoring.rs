//! What makes two students' lessons differ, and only that.

use crate::support::{NOON, attempt, chain, engine, enrol, event, id, skills, timed};
use paceline::event::{ActivityKind, Control, ControlEvent, Enrolled, EventBody, Goal, Studied};
use paceline::time::DAY_SECONDS;
use paceline::units::{Minutes, Probability};
use paceline::{Engine, Plan, PlanRequest};

fn plan(engine: &Engine, learner: &str, days: i64) -> Plan {
    engine
        .plan(
            &id(learner),
            &PlanRequest::minutes(20.0),
            NOON.plus_days(days),
            1,
        )
        .unwrap()
}

fn interested_in(theme: &str) -> Enrolled {
    let interests = [(theme.to_owned(), Probability::ONE)].into();
    Enrolled {
        interests,
        ..Enrolled::default()
    }
}

/// Two learners with the same history but for what `differ` makes of an answer.
fn practise(engine: &Engine, learner: &str, seconds: f32) {
    for skill in 0..2 {
        let studied = Studied {
            activity: None,
            skill: format!("c/s{skill:02}"),
            seconds: 180.0,
        };
        let name = format!("study-{skill}");
        engine
            .record(event(
                learner,
                &name,
                60 + skill,
                EventBody::Studied(studied),
            ))
            .unwrap();
    }
    for n in 0..16 {
        let item = format!("c/s{:02}-{}", n % 2, n % 6);
        let answer = timed(&item, n % 5 != 4, seconds);
        engine
            .record(event(learner, &format!("a{n}"), 300 + 60 * n, answer))
            .unwrap();
    }
}

#[test]
fn interests_change_the_theme_and_nothing_else() {
    let engine = engine(8);
    enrol(&engine, "kim", interested_in("space"));
    enrol(&engine, "lee", interested_in("music"));
    for learner in ["kim", "lee"] {
        practise(&engine, learner, 40.0);
    }
    let (kim, lee) = (plan(&engine, "kim", 2), plan(&engine, "lee", 2));
    let items = |plan: &Plan| {
        plan.activities
            .iter()
            .map(|a| a.item.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(skills(&kim.activities), skills(&lee.activities));
    assert_eq!(items(&kim), items(&lee));
    let share = |plan: &Plan, theme: &str| {
        let themes: Vec<_> = plan
            .activities
            .iter()
            .filter_map(|a| a.instance.theme.as_deref())
            .collect();
        assert!(!themes.is_empty());
        themes.iter().filter(|other| **other == theme).count() as f32 / themes.len() as f32
    };
    assert!(share(&kim, "space") > share(&lee, "space"));
    assert!(share(&lee, "music") > share(&kim, "music"));
}

#[test]
fn a_quick_student_gets_more_activities_in_the_same_minutes() {
    let engine = engine(8);
    for (learner, seconds) in [("quick", 24.0), ("slow", 80.0)] {
        enrol(&engine, learner, Enrolled::default());
        practise(&engine, learner, seconds);
    }
    let (quick, slow) = (plan(&engine, "quick", 2), plan(&engine, "slow", 2));
    assert!(
        quick.activities.len() > slow.activities.len(),
        "{} {}",
        quick.activities.len(),
        slow.activities.len()
    );
    for plan in [quick, slow] {
        assert!(plan.minutes.get() <= 20.0);
    }
}

#[test]
fn prior_knowledge_sets_the_place_in_the_graph() {
    let engine = engine(12);
    enrol(&engine, "new", Enrolled::default());
    let known = (0..6).map(|skill| format!("c/s{skill:02}")).collect();
    enrol(
        &engine,
        "ahead",
        Enrolled {
            known,
            ..Enrolled::default()
        },
    );
    let lesson = |learner: &str| {
        let plan = plan(&engine, learner, 0);
        let first = plan
            .activities
            .iter()
            .find(|a| a.kind == ActivityKind::Lesson || a.reasons[0].code == "probably_known");
        first.map(|activity| activity.skill().to_owned())
    };
    assert_eq!(lesson("new").as_deref(), Some("c/s00"));
    assert_eq!(lesson("ahead").as_deref(), Some("c/s06"));
}

#[test]
fn a_failure_for_want_of_a_prerequisite_brings_the_prerequisite_next_and_says_so() {
    let engine = engine(8);
    enrol(&engine, "kim", Enrolled::default());
    for skill in 0..2 {
        let studied = Studied {
            activity: None,
            skill: format!("c/s{skill:02}"),
            seconds: 180.0,
        };
        engine
            .record(event(
                "kim",
                &format!("s{skill}"),
                skill,
                EventBody::Studied(studied),
            ))
            .unwrap();
    }
    for n in 0..4 {
        let body = attempt(&format!("c/s00-{n}"), false);
        engine
            .record(event("kim", &format!("p{n}"), 100 + n, body))
            .unwrap();
    }
    for n in 0..3 {
        let body = attempt(&format!("c/s01-{n}"), false);
        engine
            .record(event("kim", &format!("f{n}"), 200 + n, body))
            .unwrap();
    }
    let plan = engine
        .plan(
            &id("kim"),
            &PlanRequest::minutes(20.0),
            NOON.plus_seconds(600),
            1,
        )
        .unwrap();
    let first = &plan.activities[0];
    assert_eq!(
        (first.kind, first.skill()),
        (ActivityKind::Remedy, "c/s00"),
        "{:?}",
        first.reasons
    );
    let reason = first
        .reasons
        .iter()
        .find(|reason| reason.code == "remediation")
        .unwrap();
    assert!(reason.text.contains("Skill 1"), "{}", reason.text);
}

#[test]
fn the_same_seed_gives_the_same_plan_on_every_run() {
    let plans: Vec<_> = (0..2)
        .map(|_| {
            let engine = engine(8);
            enrol(&engine, "kim", interested_in("animals"));
            practise(&engine, "kim", 30.0);
            let request = PlanRequest {
                explore: Probability::new(0.5).ok(),
                ..PlanRequest::minutes(30.0)
            };
            engine
                .plan(&id("kim"), &request, NOON.plus_days(1), 7)
                .unwrap()
        })
        .collect();
    assert_eq!(plans[0], plans[1]);
    assert_eq!(chain(3).version(), chain(3).version());
}

#[test]
fn a_student_chooses_among_the_best_and_learns_what_comes_first() {
    let engine = engine(8);
    enrol(&engine, "kim", Enrolled::default());
    practise(&engine, "kim", 40.0);
    let (kim, request) = (id("kim"), PlanRequest::minutes(20.0));
    let choices = engine
        .choices(&kim, &request, 3, NOON.plus_days(2), 1)
        .unwrap();
    let mut of: Vec<&str> = choices.iter().map(|activity| activity.skill()).collect();
    of.dedup();
    assert!(!of.is_empty() && of.len() == choices.len(), "{of:?}");
    assert_eq!(
        choices[0].skill(),
        plan(&engine, "kim", 2).activities[0].skill()
    );
    let path = engine.what_first(&kim, "c/s06", NOON.plus_days(2)).unwrap();
    assert_eq!(path.last().map(String::as_str), Some("c/s06"));
    assert!(path.is_sorted(), "a chain of skills: {path:?}");
    assert!(engine.what_first(&kim, "c/s99", NOON).is_err());
    let days = engine
        .days_ahead(&kim, &PlanRequest::minutes(5.0), 7, NOON.plus_days(60))
        .unwrap();
    assert_eq!(days.len(), 7);
    assert!(
        0 < days[0].reviews && days.iter().all(|day| day.minutes.get() <= 5.0),
        "{days:?}"
    );
}

#[test]
fn many_plans_are_those_that_each_gets_alone() {
    let engine = engine(8);
    let learners: Vec<_> = ["kim", "lee", "max", "ned"].map(id).into();
    for (i, learner) in learners.iter().enumerate() {
        enrol(&engine, learner.as_str(), Enrolled::default());
        if i % 2 == 0 {
            practise(&engine, learner.as_str(), 40.0);
        }
    }
    let request = PlanRequest::minutes(20.0);
    let now = NOON.plus_days(2);
    let plans = std::sync::Mutex::new(vec![None; learners.len()]);
    engine.plan_many(&learners, &request, now, 1, |i, plan| {
        plans.lock().unwrap()[i] = Some(plan.unwrap());
    });
    for (learner, plan) in learners.iter().zip(plans.into_inner().unwrap()) {
        assert_eq!(plan, Some(engine.plan(learner, &request, now, 1).unwrap()));
    }
    let grouping = paceline::Grouping::default();
    let class = engine
        .plan_class(&learners, &request, &grouping, now, 1)
        .unwrap();
    let in_groups = class.groups.iter().flat_map(|group| &group.members);
    let mut seen: Vec<_> = in_groups
        .clone()
        .chain(&class.alone)
        .map(|m| m.plan.learner.clone())
        .collect();
    seen.sort();
    assert_eq!(seen, learners);
    for member in in_groups {
        assert!(member.cost <= grouping.most_cost);
    }
    for member in &class.alone {
        let own = engine.plan(&member.plan.learner, &request, now, 1).unwrap();
        assert_eq!(member.plan, own);
    }
}

#[test]
fn without_minutes_a_day_declared_the_outlook_goes_by_those_that_were_used() {
    let engine = engine(8);
    enrol(&engine, "kim", Enrolled::default());
    let goal = Goal {
        skills: vec!["c/s07".into()],
        threshold: Probability::clamped(0.8),
        date: Some(NOON.plus_days(60)),
    };
    let ask = PlanRequest::minutes(20.0).goal(goal.clone());
    let minutes = |days| {
        let plan = engine.plan(&id("kim"), &ask, NOON.plus_days(days), 1);
        plan.unwrap().outlook.unwrap().minutes_a_day.get()
    };
    assert_eq!(minutes(0), 20.0);

    // Three weeks of ten minutes on every other day.
    for n in 0..11 * 15 {
        let seconds = n / 15 * 2 * DAY_SECONDS + n % 15 * 60;
        let answer = attempt(&format!("c/s00-{}", n % 6), true);
        engine
            .record(event("kim", &format!("a{n}"), seconds, answer))
            .unwrap();
    }
    let used = minutes(22);
    assert!((3.5..7.5).contains(&used), "{used}");

    let set = |name: &str, control| {
        let (who, reason) = ("teacher".into(), String::new());
        let set = EventBody::Control(ControlEvent {
            who,
            reason,
            control,
        });
        engine
            .record(event("kim", name, 22 * DAY_SECONDS, set))
            .unwrap();
    };
    set("goal", Control::Goal(goal));
    let estimated = || {
        let report = engine.learner(&id("kim"), NOON.plus_days(22)).unwrap();
        report.goal.unwrap().estimated.unwrap()
    };
    let slow = estimated();
    set("minutes", Control::MinutesADay(Minutes::clamped(30.0)));
    assert!(estimated() < slow);
    assert_eq!(minutes(23), 30.0);
}

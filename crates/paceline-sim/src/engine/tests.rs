use super::*;
use crate::generate;

fn now(lesson: u16, slot: u16) -> Now {
    Now {
        lesson,
        day: lesson,
        slot,
        minute: f64::from(slot),
        minutes_left: 20.0,
    }
}

#[test]
fn a_skill_that_the_class_was_taught_is_not_taught_again() {
    let course = generate::curriculum(6, 6, 1);
    let bank = Arc::new(course.bank().unwrap());
    let calendar = Calendar::default();
    let strategies = Strategies::default().without(paceline::strategy::Strategy::Compacting);
    let mut teacher = EngineTeacher::new(bank, &course, &calendar, strategies, 1).unwrap();
    let tastes = vec![0.0; course.themes.len()];
    teacher.enrol(0, &tastes).unwrap();
    let teaches = |teacher: &EngineTeacher<'_>, lesson| {
        let plan = teacher.plan(&teacher.learners[0], now(lesson, 0)).unwrap();
        plan.iter()
            .any(|planned| planned.item.is_none() && planned.skill() == course.skills[0].id)
    };
    assert!(teaches(&teacher, 1), "a beginner starts with the first");
    let activity = |kind| Activity {
        skill: 0,
        kind,
        theme: 0,
    };
    let seen = |right| Observation {
        right,
        seconds: 40.0,
        hints: 0,
    };
    let mut done = vec![(activity(Kind::Lesson), seen(None), now(0, 0))];
    done.extend((1..6).map(|slot| {
        let item = course.skills[0].items[usize::from(slot) - 1];
        let practice = activity(Kind::Practice { item });
        (practice, seen(Some(true)), now(0, slot))
    }));
    teacher.hear(0, &done).unwrap();
    assert!(!teaches(&teacher, 1));
}

#[test]
fn a_year_of_several_has_its_own_part_as_its_goal_and_all_before_in_reach() {
    let course = generate::curriculum(10, 2, 1);
    let calendar = Calendar {
        years: 2,
        ..Calendar::default()
    };
    let years = years(&course, &calendar);
    let reach: Vec<_> = years.iter().map(|year| year.filter.len()).collect();
    assert_eq!(reach, [5, 10]);
    let second = years[1].goal.as_ref().unwrap();
    assert_eq!(second.skills[0], course.skills[5].id);
    assert_eq!(second.skills.len(), 5);
}

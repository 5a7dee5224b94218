use super::*;
use crate::generate;
use crate::observation::Kind;

/// Runs a policy against a pupil who always answers `right`; the activities of `lessons` lessons.
fn activities(baseline: Baseline, right: bool, lessons: u16) -> Vec<(u16, Activity)> {
    activities_of(Calendar::default(), baseline, right, lessons)
}

fn activities_of(
    calendar: Calendar,
    baseline: Baseline,
    right: bool,
    lessons: u16,
) -> Vec<(u16, Activity)> {
    let course = generate::curriculum(12, 4, 3);
    let mut policy = baseline.start(&course, &calendar, Draws::new("test", 1, &[]));
    let mut done = Vec::new();
    for lesson in 0..lessons {
        let mut now = Now {
            lesson,
            day: calendar.day_of(lesson),
            slot: 0,
            minute: 0.0,
            minutes_left: 20.0,
        };
        while now.minutes_left > 0.5 {
            let activity = policy.next(now).expect("there is always something to do");
            let minutes = match activity.kind {
                Kind::Lesson => course.skills[activity.skill as usize].lesson_minutes,
                Kind::Practice { item } => course.items[item as usize].seconds / 60.0,
            };
            let seen = Observation {
                right: (activity.kind != Kind::Lesson).then_some(right),
                seconds: minutes * 60.0,
                hints: 0,
            };
            policy.observe(activity, seen, now);
            done.push((lesson, activity));
            now.slot += 1;
            now.minute += minutes;
            now.minutes_left -= minutes;
        }
    }
    done
}

#[test]
fn fixed_pacing_reaches_the_last_skill_in_the_last_lesson_whatever_is_answered() {
    let right = activities(Baseline::Fixed, true, 48);
    assert_eq!(right, activities(Baseline::Fixed, false, 48));
    assert_eq!(right[0].1.skill, 0);
    assert_eq!(right[right.len() - 1].1.skill, 11);
    assert!(right.windows(2).all(|w| w[0].1.skill <= w[1].1.skill));
}

#[test]
fn the_mastery_gate_waits_for_four_in_a_row() {
    let failing = activities(Baseline::MasteryLeitner, false, 4);
    assert!(
        failing.iter().all(|(_, a)| a.skill <= 3),
        "forty tries each"
    );
    let passing = activities(Baseline::MasteryLeitner, true, 1);
    let first: Vec<u32> = passing.iter().map(|(_, a)| a.skill).take(6).collect();
    assert_eq!(
        first,
        [0, 0, 0, 0, 0, 1],
        "a lesson and four answers, then the next skill"
    );
}

#[test]
fn a_prerequisite_never_shown_to_be_met_keeps_its_dependants_closed() {
    let course = generate::curriculum(12, 4, 3);
    for baseline in [
        Baseline::Zpdes,
        Baseline::LowestMastery,
        Baseline::GreedyFrontier,
    ] {
        for (_, activity) in activities(baseline, false, 10) {
            let needs = &course.skills[activity.skill as usize].needs;
            assert!(needs.is_empty(), "{}: {activity:?}", baseline.name());
        }
    }
}

#[test]
fn a_skill_begins_with_its_lesson() {
    for baseline in Baseline::ALL {
        let done = activities(baseline, true, 3);
        assert_eq!(done[0].1.kind, Kind::Lesson, "{}", baseline.name());
    }
}

#[test]
fn fixed_retention_reviews_what_fades_before_it_teaches_on() {
    let done = activities(Baseline::FixedRetention, true, 8);
    let first: Vec<u32> = done.iter().map(|(_, a)| a.skill).take(4).collect();
    assert_eq!(
        first,
        [0, 0, 0, 1],
        "a lesson and two answers, then the next skill"
    );
    let review = done.iter().find(|(lesson, a)| *lesson > 0 && a.skill == 0);
    let (lesson, review) = review.expect("the first skill fades below .9 within two weeks");
    assert_ne!(review.kind, Kind::Lesson);
    let before = done.iter().find(|(day, _)| day == lesson);
    assert_eq!(
        before.unwrap().1.skill,
        0,
        "what is due comes before what is new"
    );
}

#[test]
fn no_policy_goes_beyond_the_year_and_the_ordered_ones_begin_a_year_with_its_part() {
    let calendar = Calendar {
        years: 2,
        weeks: 8,
        ..Calendar::default()
    };
    let year = calendar.weeks * calendar.lessons_per_week;
    for baseline in Baseline::ALL {
        for right in [false, true] {
            let done = activities_of(calendar, baseline, right, 2 * year);
            let first = done.iter().filter(|(lesson, _)| *lesson < year);
            assert!(first.clone().all(|(_, a)| a.skill < 6), "{baseline:?}");
            let mut second = done.iter().filter(|(lesson, _)| *lesson >= year);
            let ordered = [Baseline::MasteryLeitner, Baseline::FixedRetention];
            if ordered.contains(&baseline) {
                assert!(second.any(|(_, a)| a.skill == 6), "{baseline:?}");
            }
        }
    }
}

use super::*;
use crate::calendar::Calendar;
use crate::generate;
use crate::observation::{Activity, Kind};
use crate::world::{Family, Variant};

fn with_setting<R>(body: impl FnOnce(Class<'_>, &Arc<Bank>) -> R) -> R {
    let course = generate::curriculum(20, 3, 1);
    let world = World::draw(Family::Additive, Variant::Plain, 5, 0, &course);
    let calendar = Calendar {
        years: 2,
        weeks: 3,
        break_weeks: 8,
        ..Calendar::default()
    };
    let bank = Arc::new(course.bank().unwrap());
    let class = Class {
        world: &world,
        curriculum: &course,
        calendar: &calendar,
        school: 0,
        class: 0,
        pupils: 4,
        log_pupils: 0,
    };
    body(class, &bank)
}

#[test]
fn classes_share_a_schools_pupils_evenly() {
    let population = Population {
        pupils: 138,
        class: 28,
        ..Population::default()
    };
    assert_eq!(
        population.classes().collect::<Vec<_>>(),
        [28, 28, 28, 27, 27]
    );
}

#[test]
fn schools_that_grow_choose_to_adopt_where_selection_is_strong() {
    with_setting(|class, _| {
        let growth = |selection: f64| {
            let population = Population {
                selection,
                candidates: 4,
                ..Population::default()
            };
            let of = |place| {
                let (adopter, other) = population.adopter(class.world, place);
                assert_ne!(adopter, other);
                class.world.draws.normal(Purpose::SchoolEffect, adopter, 1)
            };
            (0..200).map(of).sum::<f64>() / 200.0
        };
        assert!(growth(0.9) > 0.6);
        assert!(growth(0.0).abs() < 0.25);
    });
}

#[test]
fn more_lessons_are_personal_with_more_time_and_in_the_second_year() {
    with_setting(|class, _| {
        let population = Population::default();
        let calendar = Calendar {
            years: 2,
            weeks: 36,
            ..Calendar::default()
        };
        let class = Class {
            calendar: &calendar,
            ..class
        };
        let count = |available| {
            let lessons = personal_lessons(&population, class, available);
            let (first, second) = lessons.split_at(lessons.len() / 2);
            let count = |part: &[bool]| part.iter().filter(|&&is| is).count();
            (count(first), count(second))
        };
        let (much, little) = (count(60.0), count(20.0));
        assert!(much.0 > little.0 && much.1 > little.1);
        assert!(much.0 < much.1);
        let at_once = Population {
            demand_minutes: 0.0,
            ..Population::default()
        };
        assert!(personal_lessons(&at_once, class, 1.0).iter().all(|&is| is));
    });
}

#[test]
fn a_school_is_tested_every_year_and_its_twin_has_the_same_pupils() {
    with_setting(|setting, bank| {
        let population = Population {
            pupils: 6,
            class: 3,
            ..Population::default()
        };
        let school = School {
            population: &population,
            bank,
            setting,
            place: 1,
            log_pupils: 1,
        };
        let engine = PolicyKind::Engine(Default::default());
        let taught = school.run(Arm::Adopts(engine)).unwrap();
        let twin = school.run(Arm::Twin).unwrap();
        assert_eq!(taught.len(), 2);
        let pupils = taught.iter().zip(&twin);
        for (a, b) in pupils.flat_map(|(a, b)| a.pupils.iter().zip(&b.pupils)) {
            assert_eq!((a.years.len(), a.years[0].0), (2, b.years[0].0));
        }
        assert!(taught.iter().all(|class| class.teacher_minutes > 0.0));
        assert_eq!(taught[0].weekly.len(), 6);
        assert!(!taught[0].pupils[0].log.is_empty());
        assert!(taught[0].pupils[1].log.is_empty() && taught[1].pupils[0].log.is_empty());
    });
}

#[test]
fn about_the_stated_share_moves_away() {
    with_setting(|class, _| {
        let class = Class {
            pupils: 2_000,
            ..class
        };
        let gone = moves(&Population::default(), class)
            .iter()
            .flatten()
            .count();
        // Two years at 8 %: 15.4 % of 2,000.
        assert!((250..370).contains(&gone), "{gone}");
    });
}

/// Works one activity a lesson, and counts what it gave and what it heard of.
#[derive(Default)]
struct Spy {
    gave: Vec<u16>,
    heard: Vec<u16>,
}

impl Teacher for &mut Spy {
    fn enrol(&mut self, _: u32, _: &[f64]) -> Result<(), SimError> {
        Ok(())
    }

    fn lesson(&mut self, _: u32, desk: &mut Desk<'_, '_>) -> Result<(), SimError> {
        let now = desk.now().unwrap();
        let activity = Activity {
            skill: 0,
            kind: Kind::Practice { item: 0 },
            theme: 0,
        };
        desk.work(activity).unwrap();
        self.gave.push(now.lesson);
        Ok(())
    }

    fn hear(&mut self, _: u32, done: &[Done]) -> Result<(), SimError> {
        self.heard.extend(done.iter().map(|done| done.2.lesson));
        Ok(())
    }
}

#[test]
fn policy_and_guide_hear_of_each_others_lessons_until_the_pupil_moves() {
    with_setting(|class, _| {
        let (mut policy, mut guide) = (Spy::default(), Spy::default());
        let week_lessons = class.calendar.lessons_per_week;
        let moves_week = 3;
        let mut mixed = Mixed {
            policy: Box::new(&mut policy),
            guide: Box::new(&mut guide),
            lessons: (0..class.calendar.n_lessons())
                .map(|n| n % 3 == 0)
                .collect(),
            moves: vec![Some(moves_week)],
            week_lessons,
        };
        let class = Class { pupils: 1, ..class };
        class.run(&mut mixed).unwrap();
        drop(mixed);
        let until = |lessons: &[u16]| -> Vec<u16> {
            let stays = |lesson: &&u16| **lesson < moves_week * week_lessons;
            lessons.iter().filter(stays).copied().collect()
        };
        assert!(policy.gave.len() > 2);
        assert_eq!(policy.gave, guide.heard);
        assert_eq!(policy.heard, until(&guide.gave));
        assert!(guide.gave.len() > policy.heard.len());
    });
}

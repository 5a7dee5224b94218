use super::*;
use crate::generate;
use crate::world::{Family, Variant};

fn with_pupil<R>(variant: Variant, body: impl FnOnce(Pupil<'_>) -> R) -> R {
    let course = generate::curriculum(10, 4, 2);
    let world = World::draw(Family::Additive, variant, 3, 0, &course);
    let seat = Seat {
        school: 0,
        class: 0,
        pupil: 1,
    };
    body(Pupil::new(&world, &course, &Calendar::default(), seat))
}

fn now(slot: u16, minutes_left: f64) -> Now {
    Now {
        lesson: 0,
        day: 0,
        slot,
        minute: 20.0 - minutes_left,
        minutes_left,
    }
}

#[test]
fn a_lesson_and_practice_raise_the_test_and_nothing_is_seen_of_what_the_bell_cuts_off() {
    with_pupil(Variant::Plain, |mut pupil| {
        let before = pupil.mean_known(1);
        let lesson = Activity {
            skill: 0,
            kind: Kind::Lesson,
            theme: 0,
        };
        let (cut, _) = pupil.work(lesson, now(0, 0.5));
        assert!(matches!(cut, Ended::Bell));
        let (ended, minutes) = pupil.work(lesson, now(1, 20.0));
        assert!(matches!(
            ended,
            Ended::Finished(Observation { right: None, .. })
        ));
        assert!(minutes > 1.0);
        assert!(pupil.mean_known(1) > before);
    });
}

#[test]
fn what_is_declared_is_near_what_is_liked() {
    with_pupil(Variant::Plain, |pupil| {
        let declared = pupil.declared_tastes();
        let product: f64 = declared
            .iter()
            .zip(&pupil.themes)
            .map(|(a, b)| a * b.taste)
            .sum();
        assert!(product > 0.0);
    });
}

#[test]
fn where_only_minutes_count_all_skills_rise_alike() {
    with_pupil(Variant::AllInert, |mut pupil| {
        let at = Moment {
            day: 1,
            minute: 0.0,
        };
        let logits = |pupil: &Pupil<'_>| -> Vec<f64> {
            (0..10).map(|k| math::logit(pupil.known(k, at))).collect()
        };
        let before = logits(&pupil);
        let item = Activity {
            skill: 3,
            kind: Kind::Practice { item: 12 },
            theme: 0,
        };
        pupil.work(item, now(0, 20.0));
        let rise: Vec<f64> = logits(&pupil)
            .iter()
            .zip(&before)
            .map(|(a, b)| a - b)
            .collect();
        assert!(rise[3] > 0.0);
        // Success is computed in single precision.
        assert!(rise.iter().all(|r| (r - rise[3]).abs() < 1e-5), "{rise:?}");
    });
}

use proptest::prelude::*;

use super::*;
use crate::generate;
use crate::world::Variant;

/// One practice: days and minutes after the last, dose, kind.
type Step = (u16, f64, f64, bool);

fn steps(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let step = (
        prop_oneof![Just(0u16), 1..3u16, 3..30u16],
        0.5..5.0f64,
        0.01..1.5f64,
        prop::bool::weighted(0.2),
    );
    prop::collection::vec(step, n)
}

/// The moments of `steps`, ordered, with their work.
fn timed(steps: &[Step]) -> Vec<Study> {
    let mut at = Moment {
        day: 0,
        minute: 0.0,
    };
    let mut studies = Vec::new();
    for &(days, minutes, dose, is_lesson) in steps {
        at = Moment {
            day: at.day + days,
            minute: if days > 0 {
                minutes
            } else {
                at.minute + minutes
            },
        };
        let (dose, work) = if is_lesson {
            (8.0 * dose, Work::Lesson)
        } else {
            (dose, Work::Item)
        };
        studies.push((dose, work, at));
    }
    studies
}

fn strength(world: &World, prior: Prior, studies: &[Study], later: u16) -> f64 {
    let mut mind = Mind::new(world, std::iter::once(prior));
    for &(dose, work, at) in studies {
        mind.study(world, 0, dose, work, at);
    }
    let last = studies.last().map_or(0, |(_, _, at)| at.day);
    let at = Moment {
        day: last + later,
        minute: 60.0,
    };
    mind.success(world, 0, 0.0, at)
}

fn world(family: Family, index: u32) -> World {
    World::draw(
        family,
        Variant::Plain,
        11,
        index,
        &generate::curriculum(1, 1, 1),
    )
}

fn prior() -> impl Strategy<Value = Prior> {
    let luck = prop::array::uniform4(0.001..0.999f64);
    (-3.0..3.0f64, luck).prop_map(|(logit, luck)| Prior { logit, luck })
}

proptest! {
    /// In every family one more practice now never lowers any later strength.
    #[test]
    fn practice_never_lowers_a_later_strength(
        history in steps(1..25), prior in prior(), index in 0..50u32, later in 0..200u16,
    ) {
        let studies = timed(&history);
        for family in Family::ALL {
            let world = world(family, index);
            let (_, _, last) = studies[studies.len() - 1];
            let mut without = studies.clone();
            without.pop();
            // Both are read at the same moment, counted from the practice that one of them lacks.
            let gap = last.day - without.last().map_or(0, |(_, _, at)| at.day);
            let with = strength(&world, prior, &studies, later);
            let without = strength(&world, prior, &without, later + gap);
            prop_assert!(with >= without - 1e-6, "{family:?}: {with} < {without}");
        }
    }

    /// In the additive and the discrete family not even a practice long ago, before others, does.
    #[test]
    fn an_earlier_practice_never_lowers_a_later_strength(
        history in steps(2..25), nth in 0..24usize, prior in prior(), index in 0..50u32, later in 0..200u16,
    ) {
        let studies = timed(&history);
        let nth = nth % (studies.len() - 1);
        for family in [Family::Additive, Family::Discrete] {
            let world = world(family, index);
            let mut without = studies.clone();
            without.remove(nth);
            let with = strength(&world, prior, &studies, later);
            let without = strength(&world, prior, &without, later);
            prop_assert!(with >= without - 1e-6, "{family:?}: {with} < {without}");
        }
    }
}

#[test]
fn spaced_practice_is_remembered_better_than_massed() {
    let practice = |days: u16| -> Vec<Step> {
        let mut steps = vec![(0, 1.0, 1.0, true)];
        steps.extend((0..6).map(|_| (days, 1.0, 1.0, false)));
        steps
    };
    let prior = |u: f64| Prior {
        logit: -0.5,
        luck: [0.9, u, 0.5, 0.9],
    };
    for family in Family::ALL {
        let mean = |days| {
            let worlds = (0..20).map(|index| world(family, index));
            worlds
                .map(|world| strength(&world, prior(0.5), &timed(&practice(days)), 30))
                .sum::<f64>()
        };
        let (massed, spaced) = (mean(0), mean(3));
        assert!(
            spaced > massed,
            "{family:?}: {spaced} spaced, {massed} massed"
        );
    }
}

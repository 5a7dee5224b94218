//! The two gates that look at a mind directly: when a review pays best, and that practice never harms.

use crate::draws::{Draws, Purpose};
use crate::mind::{Mind, Moment, Prior, Work};
use crate::world::World;

/// Days from the review to the test.
const DELAY_DAYS: u16 = 28;
/// Gaps between the two sessions that are tried, days.
const GAPS: [u16; 9] = [1, 2, 3, 4, 6, 8, 11, 15, 28];
/// Answers in each of the two sessions.
const SESSION: u16 = 5;
/// Minds over which a gap is judged.
const MINDS: u32 = 60;
/// Histories on which one practice more is judged.
const HISTORIES: u32 = 200;

fn at(day: u16, minute: u16) -> Moment {
    Moment {
        day,
        minute: f64::from(minute),
    }
}

fn prior(draws: &Draws, n: u32) -> Prior {
    let luck = |nth| draws.uniform(Purpose::SkillLuck, n, nth);
    Prior {
        logit: draws.normal(Purpose::SkillPrior, n, 0) - 0.5,
        luck: [luck(0), luck(1), luck(2), luck(3)],
    }
}

/// Expected success `DELAY_DAYS` after the second of two sessions that are `gap` days apart.
fn retained(world: &World, gap: u16) -> f64 {
    let one = |n| {
        let mut mind = Mind::new(world, std::iter::once(prior(&world.draws, n)));
        mind.study(world, 0, world.lesson_worth, Work::Lesson, at(0, 0));
        for session in [0, gap] {
            for minute in 0..SESSION {
                mind.study(world, 0, 1.0, Work::Item, at(session, 6 + minute));
            }
        }
        mind.success(world, 0, 0.0, at(gap + DELAY_DAYS, 0))
    };
    (0..MINDS).map(one).sum::<f64>()
}

/// The gap after which a review is best retained, as a share of the delay to the test, over `worlds`.
pub(super) fn best_gap(worlds: &[World]) -> f64 {
    let by_gap = GAPS.map(|gap| {
        let sum: f64 = worlds.iter().map(|world| retained(world, gap)).sum();
        (sum, gap)
    });
    let best = by_gap.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(0.0, |&(_, gap)| f64::from(gap) / f64::from(DELAY_DAYS))
}

/// The most that one practice more ever took from a later success, over drawn histories; 0 where it never did.
pub(super) fn worst_harm(world: &World) -> f64 {
    let draws = Draws::new("histories", world.draws.bits(Purpose::SkillLuck, 0, 0), &[]);
    let mut worst = 0.0f64;
    for n in 0..HISTORIES {
        let mut mind = Mind::new(world, std::iter::once(prior(&draws, n)));
        let mut day = 0;
        for step in 0..draws.below(Purpose::Mood, n, 0, 12) as u32 {
            day += draws.below(Purpose::Dwell, n, step, 9) as u16;
            let dose = draws.uniform(Purpose::Hint, n, step) * 1.5;
            mind.study(world, 0, dose, Work::Item, at(day, step as u16));
        }
        let mut more = mind.clone();
        more.study(world, 0, 1.0, Work::Item, at(day, 20));
        for later in [0, 1, 7, 30, 120] {
            let then = at(day + later, 30);
            let lost = mind.success(world, 0, 0.0, then) - more.success(world, 0, 0.0, then);
            worst = worst.max(lost);
        }
    }
    // Success is computed in single precision.
    if worst < 1e-6 { 0.0 } else { worst }
}

//! The fixed pacing guide: what a class without any of the strategies would do next.
//!
//! Syllabus order, a lesson and then a fixed number of items, easiest first, at the class's pace; on to
//! the next skill whatever the outcome; no review, no going back. A plan with all strategies off
//! is this, activity for activity.

use paceline_bank::Bank;
use paceline_core::ids::{ItemIx, SkillIx};

/// One step of the guide: a skill's lesson, or one of its items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuideStep {
    /// The skill.
    pub skill: SkillIx,
    /// The item; `None` for the lesson.
    pub item: Option<ItemIx>,
    /// Minutes at the class's pace.
    pub minutes: f32,
}

/// Where a learner stands in the guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuidePlace {
    /// Whether the skill's lesson was given.
    pub taught: bool,
    /// Items of the skill answered so far.
    pub answers: u32,
}

/// The steps that fit into `minutes`, from where the learner is.
///
/// `items_each` is how many items follow a lesson, `pace` the class's factor on expected time, `open`
/// whether an item may be shown (not banned, not seen too recently).
pub fn pacing_guide(
    bank: &Bank,
    place: impl Fn(SkillIx) -> GuidePlace,
    open: impl Fn(ItemIx) -> bool,
    items_each: u16,
    pace: f32,
    minutes: f32,
) -> Vec<GuideStep> {
    let mut steps = Vec::new();
    let mut left = minutes;
    let mut take = |skill, item, cost: f32| {
        let fits = cost <= left + 1e-4;
        if fits {
            left -= cost;
            steps.push(GuideStep {
                skill,
                item,
                minutes: cost,
            });
        }
        fits
    };
    for &skill in bank.topological_order() {
        let GuidePlace { taught, answers } = place(skill);
        if !taught && !take(skill, None, bank.skill(skill).lesson_minutes * pace) {
            break;
        }
        let items = bank.items_of(skill);
        let due = u32::from(items_each).saturating_sub(answers) as usize;
        let next = (0..items.len()).map(|i| items[(answers as usize + i) % items.len()]);
        let mut given = next.filter(|&item| open(item)).take(due);
        let all = given.all(|item| {
            let minutes = bank.item_seconds()[item.at()] / 60.0 * pace;
            take(skill, Some(item), minutes)
        });
        if !all {
            break;
        }
    }
    steps
}

//! What a practice session came to.

use crate::context::Context;
use crate::terminal::percent;
use paceline::event::{Attempt, Help};
use paceline::units::Probability;
use paceline::{Bank, SkillChange, Update};
use serde::Serialize;
use std::collections::BTreeMap;

/// The smallest change of a skill that the summary names.
const MOVED: f32 = 0.005;

/// Answers and changes so far.
#[derive(Debug, Serialize)]
pub(super) struct Tally {
    format: u32,
    asked: u32,
    right: u32,
    right_with_help: u32,
    skipped: u32,
    skills: BTreeMap<String, Change>,
    #[serde(skip)]
    wrong_in_a_row: u32,
}

#[derive(Debug, Serialize)]
struct Change {
    before: Probability,
    after: Probability,
    mastered: bool,
}

impl Tally {
    pub(super) const fn new() -> Self {
        Self {
            format: 1,
            asked: 0,
            right: 0,
            right_with_help: 0,
            skipped: 0,
            skills: BTreeMap::new(),
            wrong_in_a_row: 0,
        }
    }

    /// Counts an answer that was recorded.
    pub(super) fn answered(&mut self, attempt: &Attempt, update: Update) {
        let Some(showed) = update.attempt else {
            return;
        };
        self.asked += 1;
        let right = showed.score.is_some_and(|score| score.get() >= 1.0);
        let alone = right && attempt.tries <= 1 && attempt.help <= Help::Hint;
        self.right += u32::from(alone);
        self.right_with_help += u32::from(right && !alone);
        self.wrong_in_a_row = if right { 0 } else { self.wrong_in_a_row + 1 };
        for change in showed.skills {
            self.moved(change);
        }
    }

    pub(super) fn skipped(&mut self) {
        self.skipped += 1;
    }

    /// Whether so many answers in a row were wrong that the lesson should change; begins to count anew then.
    pub(super) fn take_setback(&mut self) -> bool {
        let setback = self.wrong_in_a_row >= 2;
        if setback {
            self.wrong_in_a_row = 0;
        }
        setback
    }

    fn moved(&mut self, change: SkillChange) {
        let SkillChange {
            skill,
            before,
            after,
            mastered,
        } = change;
        let known = self.skills.entry(skill).or_insert(Change {
            before,
            after,
            mastered,
        });
        known.after = after;
        known.mastered = mastered;
    }

    /// Prints the summary.
    pub(super) fn print(&self, context: &Context, bank: &Bank) -> anyhow::Result<()> {
        context.print(self, |out| {
            writeln!(
                out,
                "\n{} of {} right, {} more with help or at the second try, {} skipped.",
                self.right, self.asked, self.right_with_help, self.skipped
            )?;
            for (id, change) in &self.skills {
                let (before, after) = (change.before.get(), change.after.get());
                if (after - before).abs() < MOVED {
                    continue;
                }
                let title = bank
                    .skill_ix(id)
                    .map_or(id.as_str(), |skill| &bank.skill(skill).title);
                let mastered = if change.mastered { ", mastered" } else { "" };
                writeln!(
                    out,
                    "  {title}: {} -> {}{mastered}",
                    percent(before),
                    percent(after)
                )?;
            }
            Ok(())
        })
    }
}

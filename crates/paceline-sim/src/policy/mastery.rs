//! Mastery gate and Leitner boxes: the strongest of the simple systems in use.

use super::Policy;
use super::ledger::Ledger;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Now, Observation};

/// Days until a skill in each box is due again.
const BOXES: [u16; 6] = [1, 2, 4, 8, 16, 32];
const RUN: u32 = 4;
const TRIES: u32 = 40;

/// Syllabus order; a skill is left after four right in a row or forty tries, then reviewed by its box.
pub(super) struct MasteryLeitner<'a> {
    ledger: Ledger<'a>,
    /// Box and day due of each skill left behind.
    boxes: Vec<Option<(usize, u16)>>,
    current: usize,
}

impl<'a> MasteryLeitner<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, calendar: Calendar, draws: Draws) -> Self {
        Self {
            ledger: Ledger::new(curriculum, calendar, draws),
            boxes: vec![None; curriculum.n_skills()],
            current: 0,
        }
    }

    /// The skill longest overdue today.
    fn due(&self, day: u16) -> Option<usize> {
        let due = |k: usize| {
            self.boxes[k]
                .filter(|&(_, due)| due <= day)
                .map(|(_, due)| (due, k))
        };
        (0..self.boxes.len()).filter_map(due).min().map(|(_, k)| k)
    }
}

impl Policy for MasteryLeitner<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        if let Some(skill) = self.due(now.day) {
            return Some(self.ledger.practise(skill, now));
        }
        let year = self.ledger.year(now);
        // A new year begins with its own part.
        self.current = self.current.max(year.start);
        if self.current < year.end {
            return Some(self.ledger.teach(self.current, now));
        }
        // All is done: whatever comes due first.
        let soonest = |k: usize| self.boxes[k].map(|(_, due)| (due, k));
        let (_, skill) = (0..self.boxes.len()).filter_map(soonest).min()?;
        Some(self.ledger.practise(skill, now))
    }

    fn observe(&mut self, activity: Activity, seen: Observation, now: Now) {
        self.ledger.observe(activity, seen);
        let skill = activity.skill as usize;
        let Some(right) = seen.right else { return };
        if let Some((level, due)) = &mut self.boxes[skill] {
            *level = if right {
                (*level + 1).min(BOXES.len() - 1)
            } else {
                0
            };
            *due = now.day + BOXES[*level];
        } else if skill == self.current {
            let record = &self.ledger.skills[skill];
            if record.run >= RUN || record.tries >= TRIES {
                self.boxes[skill] = Some((0, now.day + BOXES[0]));
                self.current += 1;
            }
        }
    }
}

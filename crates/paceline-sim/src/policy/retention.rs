//! A memory model and nothing else: FSRS at a fixed retention, new skills in topological order.

use paceline::learner::memory::{Fsrs, Grade, MemoryState};

use super::Policy;
use super::ledger::Ledger;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Now, Observation};

/// A skill is reviewed once the model expects less than this of it: the default of today's flashcard programs.
const RETENTION: f32 = 0.9;
/// A new skill is left to its memory after this many right in a row, or after so many tries.
const RUN: u32 = 2;
const TRIES: u32 = 10;

/// What is due comes first, the least retained before the others; then the next skill of the syllabus, which
/// is a topological order of the graph shown.
pub(super) struct FixedRetention<'a> {
    ledger: Ledger<'a>,
    fsrs: Fsrs,
    /// Memory and day of the last answer of each skill left behind.
    memories: Vec<Option<(MemoryState, u16)>>,
    current: usize,
}

impl<'a> FixedRetention<'a> {
    pub(super) fn new(curriculum: &'a Curriculum, calendar: Calendar, draws: Draws) -> Self {
        Self {
            ledger: Ledger::new(curriculum, calendar, draws),
            fsrs: Fsrs::default(),
            memories: vec![None; curriculum.n_skills()],
            current: 0,
        }
    }

    /// The skill least retained on `day`, with how much of it is.
    fn least_retained(&self, day: u16) -> Option<(f32, usize)> {
        let retained = |(k, memory): (usize, &Option<(MemoryState, u16)>)| {
            memory.map(|(state, last)| {
                let elapsed = f32::from(day.saturating_sub(last));
                (self.fsrs.retrievability(elapsed, state.stability), k)
            })
        };
        let memories = self.memories.iter().enumerate().filter_map(retained);
        memories.min_by(|a, b| a.0.total_cmp(&b.0))
    }
}

impl Policy for FixedRetention<'_> {
    fn next(&mut self, now: Now) -> Option<Activity> {
        let least = self.least_retained(now.day);
        let year = self.ledger.year(now);
        // A new year begins with its own part.
        self.current = self.current.max(year.start);
        let is_all_taught = self.current >= year.end;
        match least {
            Some((retained, skill)) if retained < RETENTION || is_all_taught => {
                Some(self.ledger.practise(skill, now))
            }
            _ if is_all_taught => None,
            _ => Some(self.ledger.teach(self.current, now)),
        }
    }

    fn observe(&mut self, activity: Activity, seen: Observation, now: Now) {
        self.ledger.observe(activity, seen);
        let skill = activity.skill as usize;
        let Some(right) = seen.right else { return };
        let grade = if right { Grade::Good } else { Grade::Again };
        if let Some((state, last)) = &mut self.memories[skill] {
            let elapsed = f32::from(now.day.saturating_sub(*last));
            (*state, *last) = (self.fsrs.next(*state, elapsed, grade), now.day);
        } else if skill == self.current {
            let record = &self.ledger.skills[skill];
            if record.run >= RUN || record.tries >= TRIES {
                self.memories[skill] = Some((self.fsrs.first(grade), now.day));
                self.current += 1;
            }
        }
    }
}

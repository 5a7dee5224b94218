//! The answer log as columns: 8 bytes an answer while it is read, 4 once it is laid out by learner.

use super::{CalibrateError, MAX_ITEMS, MAX_SCORE};

#[cfg(test)]
mod tests;

/// Bits of a packed cell that hold the score.
const SCORE_BITS: u32 = 4;

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The learner's index.
    pub learner: u32,
    /// The item's index.
    pub item: u32,
    /// 0 for wrong and 1 for right; graded items go up to [`MAX_SCORE`].
    pub score: u8,
}

/// Answers as they arrive, in any order.
#[derive(Clone, Debug, Default)]
pub struct AnswerLog {
    learners: Vec<u32>,
    /// The item in the upper bits, the score in the lower four.
    cells: Vec<u32>,
    n_learners: usize,
    n_items: usize,
}

impl AnswerLog {
    /// An empty log with room for `n` answers.
    pub fn with_capacity(n: usize) -> Self {
        Self {
            learners: Vec::with_capacity(n),
            cells: Vec::with_capacity(n),
            ..Self::default()
        }
    }

    /// Adds an answer; the learner and the item count from then on.
    ///
    /// # Errors
    ///
    /// [`CalibrateError::OutOfRange`] for an index or score too high.
    pub fn push(&mut self, answer: Answer) -> Result<(), CalibrateError> {
        let Answer {
            learner,
            item,
            score,
        } = answer;
        let limits = [
            ("learner", learner as usize, u32::MAX as usize),
            ("item", item as usize, MAX_ITEMS),
            ("score", usize::from(score), usize::from(MAX_SCORE) + 1),
        ];
        for (what, found, limit) in limits {
            if found >= limit {
                return Err(CalibrateError::OutOfRange {
                    row: self.cells.len(),
                    what,
                    found,
                    limit,
                });
            }
        }
        self.n_learners = self.n_learners.max(learner as usize + 1);
        self.n_items = self.n_items.max(item as usize + 1);
        self.learners.push(learner);
        self.cells.push(item << SCORE_BITS | u32::from(score));
        Ok(())
    }

    /// Lays the answers out for calibration. `n_items` counts at least those seen; more have no answers.
    ///
    /// The order in which answers of one learner arrived is forgotten.
    ///
    /// # Errors
    ///
    /// [`CalibrateError::TooMany`] answers for 32-bit indexes.
    pub fn finish(self, n_items: usize) -> Result<Answers, CalibrateError> {
        if self.cells.len() >= u32::MAX as usize || n_items > MAX_ITEMS {
            return Err(CalibrateError::TooMany {
                answers: self.cells.len(),
                items: n_items,
            });
        }
        let n_items = n_items.max(self.n_items);
        let mut top = vec![1_u8; n_items];
        for cell in &self.cells {
            let top = &mut top[(cell >> SCORE_BITS) as usize];
            *top = (*top).max((cell & 15) as u8);
        }
        let mut first_rows = Vec::with_capacity(n_items + 1);
        let mut next = 0;
        for top in &top {
            first_rows.push(next);
            next += u32::from(*top) + 1;
        }
        first_rows.push(next);
        let starts = starts(&self.learners, self.n_learners);
        let rows = self.rows(&starts, &first_rows);
        Ok(Answers {
            starts,
            rows,
            first_rows,
        })
    }

    /// A counting sort by learner; each learner's rows end up sorted.
    fn rows(&self, starts: &[u32], first_rows: &[u32]) -> Vec<u32> {
        let mut next = starts.to_vec();
        let mut rows = vec![0; self.cells.len()];
        for (&learner, cell) in self.learners.iter().zip(&self.cells) {
            let at = &mut next[learner as usize];
            rows[*at as usize] = first_rows[(cell >> SCORE_BITS) as usize] + (cell & 15);
            *at += 1;
        }
        for ends in starts.windows(2) {
            rows[ends[0] as usize..ends[1] as usize].sort_unstable();
        }
        rows
    }
}

/// Where each key's entries begin once sorted. Shape: `[n + 1]`.
fn starts(keys: &[u32], n: usize) -> Vec<u32> {
    let mut starts = vec![0_u32; n + 1];
    for key in keys {
        starts[*key as usize + 1] += 1;
    }
    for i in 0..n {
        starts[i + 1] += starts[i];
    }
    starts
}

/// An answer log laid out by learner: 4 bytes an answer.
///
/// A *row* is one score of one item; an item with scores 0 to k has k + 1 rows in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// Shape: `[n_learners + 1]` into `rows`.
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// Shape: `[n_items + 1]`.
    first_rows: Vec<u32>,
}

impl Answers {
    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many items there are.
    pub fn n_items(&self) -> usize {
        self.first_rows.len() - 1
    }

    /// How many learners there are.
    pub fn n_learners(&self) -> usize {
        self.starts.len() - 1
    }

    /// Rows of the learner's answers, rising.
    pub(super) fn of_learner(&self, learner: usize) -> &[u32] {
        &self.rows[self.starts[learner] as usize..self.starts[learner + 1] as usize]
    }

    /// How many answers each row has.
    pub(super) fn by_row(&self) -> Vec<u32> {
        let n_rows = self.first_rows.last().map_or(0, |&n| n as usize);
        let mut counts = vec![0; n_rows];
        self.rows.iter().for_each(|&row| counts[row as usize] += 1);
        counts
    }

    /// Where an item's rows begin. Shape: `[n_items + 1]`.
    pub(super) fn first_rows(&self) -> &[u32] {
        &self.first_rows
    }

    /// The answers of a learner's usual company: the mean count of answers over answers.
    pub(super) fn usual_length(&self) -> f64 {
        let squares = self
            .starts
            .windows(2)
            .map(|ends| f64::from(ends[1] - ends[0]).powi(2));
        squares.sum::<f64>() / (self.len() as f64).max(1.0)
    }

    /// Learners cut into ranges of about equal numbers of answers.
    pub(super) fn ranges(&self, n: usize) -> Vec<std::ops::Range<usize>> {
        let cut = |i: usize| {
            let answers = (self.len() as u64 * i as u64 / n as u64) as u32;
            self.starts.partition_point(|&start| start < answers)
        };
        (0..n)
            .map(|i| {
                let end = if i + 1 == n {
                    self.n_learners()
                } else {
                    cut(i + 1)
                };
                cut(i)..end
            })
            .collect()
    }
}

//! The library that both sides plan from, and what a learner has done in it.

use crate::draws::Draws;

/// Courses of ten lessons of ten exercises; a lesson is one of our skills.
pub struct Library {
    pub courses: Vec<Course>,
}

/// Needs are indexes of earlier courses, and of earlier lessons of the same course.
pub struct Course {
    pub needs: Vec<usize>,
    pub lessons: Vec<Vec<usize>>,
}

/// Whether an answer was right: four in five are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Yes,
    No,
}

impl Right {
    pub fn nth(n: usize) -> Self {
        if n % 5 == 0 { Self::No } else { Self::Yes }
    }
}

/// One answer to the exercise of an index.
pub struct Answer {
    pub exercise: usize,
    pub right: Right,
    /// Seconds since 1970.
    pub at: i64,
}

/// Noon of the day on which everything is measured.
pub const NOON: i64 = 20_700 * 86_400 + 43_200;
const DAY: i64 = 86_400;

impl Library {
    pub const LESSONS: usize = 10;
    pub const EXERCISES: usize = 10;

    /// Up to five needs each, as in the test libraries of trane's own generator.
    pub fn new(exercises: usize) -> Self {
        let mut draws = Draws::new("library");
        let mut needs = |before: usize| {
            let n = (6.0 * draws.unit()) as usize;
            let mut needs: Vec<usize> = (0..n.min(before))
                .map(|_| (draws.unit() * before as f32) as usize)
                .collect();
            needs.sort_unstable();
            needs.dedup();
            needs
        };
        let course = |c| Course {
            needs: needs(c),
            lessons: (0..Self::LESSONS).map(&mut needs).collect(),
        };
        let courses = exercises / (Self::LESSONS * Self::EXERCISES);
        Self {
            courses: (0..courses).map(course).collect(),
        }
    }

    /// Course, lesson and exercise of an index.
    pub fn place(exercise: usize) -> [usize; 3] {
        let lesson = exercise / Self::EXERCISES;
        let place = lesson % Self::LESSONS;
        [lesson / Self::LESSONS, place, exercise % Self::EXERCISES]
    }
}

/// Four answers to each of the first `exercises`, 0, 3, 10 and 25 days after their lesson; the lessons lie over the
/// last hundred days. In the order of time.
pub fn answers(exercises: usize) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(4 * exercises);
    let last = (exercises / Library::EXERCISES).max(1) as i64;
    for days in [0, 3, 10, 25] {
        for exercise in 0..exercises {
            let lesson = (exercise / Library::EXERCISES) as i64;
            answers.push(Answer {
                exercise,
                right: Right::nth(answers.len()),
                at: NOON - 100 * DAY + 74 * DAY * lesson / last + days * DAY,
            });
        }
    }
    answers.sort_by_key(|answer| answer.at);
    answers
}

// What is measured of trane, through its public interface and with its own builders writing the library's files. One
// text for each version: it is included where `trane` names one of them.

use crate::library::{Answer, Library, Right};
use std::path::Path;
use trane::Trane;
use trane::data::{ExerciseTrial, MasteryScore};
use trane::practice_stats::{LocalPracticeStats, PracticeStats};
use trane::scheduler::ExerciseScheduler;
use trane::test_utils::{TestCourse, TestId, TestLesson};

pub struct Version(Trane);

fn score(right: Right) -> MasteryScore {
    match right {
        Right::Yes => MasteryScore::Five,
        Right::No => MasteryScore::Two,
    }
}

fn id([course, lesson, exercise]: [usize; 3]) -> TestId {
    TestId(course, Some(lesson), Some(exercise))
}

impl super::Peer for Version {
    fn write(library: &Library, dir: &Path) {
        for (c, course) in library.courses.iter().enumerate() {
            let lesson = |(l, needs): (usize, &Vec<usize>)| TestLesson {
                id: TestId(c, Some(l), None),
                dependencies: needs.iter().map(|&d| TestId(c, Some(d), None)).collect(),
                encompassed: vec![],
                superseded: vec![],
                metadata: Default::default(),
                num_exercises: Library::EXERCISES,
            };
            let course = TestCourse {
                id: TestId(c, None, None),
                dependencies: course.needs.iter().map(|&d| TestId(d, None, None)).collect(),
                encompassed: vec![],
                superseded: vec![],
                metadata: Default::default(),
                lessons: course.lessons.iter().enumerate().map(lesson).collect(),
            };
            let builder = course.course_builder().expect("the ids fit each other");
            builder.build(dir).expect("a temporary directory takes files");
        }
    }

    fn practise(dir: &Path, answers: &[Answer]) {
        let config = dir.join(trane::TRANE_CONFIG_DIR_PATH);
        if config.exists() {
            std::fs::remove_dir_all(&config).expect("it is ours");
        }
        std::fs::create_dir(&config).expect("a temporary directory takes files");
        let path = config.join(trane::PRACTICE_STATS_PATH);
        let mut stats = LocalPracticeStats::new_from_disk(path.to_str().expect("an ASCII path"))
            .expect("a temporary directory takes files");
        let trial = |answer: &Answer| ExerciseTrial {
            exercise_id: id(Library::place(answer.exercise)).to_ustr(),
            score: score(answer.right).float_score(),
            timestamp: answer.at,
        };
        let trials: Vec<_> = answers.iter().map(trial).collect();
        stats
            .record_exercise_scores(&trials)
            .expect("the disk has room");
    }

    fn open(dir: &Path, now: i64) -> Self {
        let mut trane = Trane::new_local(dir, dir).expect("its own builder wrote the library");
        trane.override_current_timestamp(Some(now));
        Self(trane)
    }

    fn fetch(&self) -> usize {
        let batch = self.0.get_exercise_batch(None);
        batch.expect("the library is valid").len()
    }

    fn turn(&self, now: i64) -> usize {
        let batch = self.0.get_exercise_batch(None);
        let batch = batch.expect("the library is valid");
        for (n, exercise) in batch.iter().enumerate() {
            let scored = self.0.score_exercise(exercise.id, score(Right::nth(n)), now);
            scored.expect("the exercise is the library's");
        }
        batch.len()
    }

    fn score(&self, exercise: usize, right: Right, now: i64) {
        let id = id(Library::place(exercise)).to_ustr();
        let scored = self.0.score_exercise(id, score(right), now);
        scored.expect("the exercise is the library's");
    }
}

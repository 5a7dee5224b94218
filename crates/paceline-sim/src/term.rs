//! One class through one term under one policy.

use crate::SimError;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Kind, Now};
use crate::policy::Policy;
use crate::pupil::{Ended, Pupil, Seat};
use crate::world::World;

/// What came of one pupil.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Shares right before, at the end and after the delay.
    pub(crate) pre: f64,
    pub(crate) post: f64,
    pub(crate) delayed: f64,
    /// Mean probability of knowing a skill of the scope at each week's end.
    pub(crate) weekly: Vec<f64>,
    pub(crate) minutes: f64,
    pub(crate) activities: u32,
}

/// Who chooses for the pupils of a class.
pub(crate) trait Teacher {
    /// Called before the first lesson for each pupil, in order.
    fn enrol(&mut self, pupil: u32, declared_tastes: &[f64]) -> Result<(), SimError>;

    /// What a pupil works on from `now`; the oracle alone may look at the pupil.
    fn lesson(&mut self, pupil: u32, desk: &mut Desk<'_, '_>) -> Result<(), SimError>;
}

/// One pupil at work in one lesson.
pub(crate) struct Desk<'d, 'w> {
    pupil: &'d mut Pupil<'w>,
    result: &'d mut Outcome,
    now: Now,
    over: bool,
}

impl<'w> Desk<'_, 'w> {
    /// The present moment; none once the lesson is over for this pupil.
    pub(crate) fn now(&self) -> Option<Now> {
        (!self.over).then_some(self.now)
    }

    /// Has the pupil work on `activity`; what could be seen, if it was finished.
    pub(crate) fn work(&mut self, activity: Activity) -> Option<crate::Observation> {
        let (ended, minutes) = self.pupil.work(activity, self.now);
        self.result.minutes += minutes;
        self.result.activities += 1;
        self.now.slot += 1;
        self.now.minute += minutes;
        self.now.minutes_left -= minutes;
        // Less than three seconds is no time to begin anything.
        self.over = self.now.minutes_left < 0.05 || self.now.slot == u16::MAX;
        match ended {
            Ended::Finished(seen) => Some(seen),
            Ended::Quit(seen) => {
                self.over = true;
                Some(seen)
            }
            Ended::Bell => {
                self.over = true;
                None
            }
        }
    }
}

/// A policy of its own for every pupil.
pub(crate) struct Separately<'a, F> {
    start: F,
    pupils: Vec<Box<dyn Policy + 'a>>,
}

impl<'a, F: Fn(u32) -> Box<dyn Policy + 'a>> Separately<'a, F> {
    pub(crate) fn new(start: F) -> Self {
        let pupils = Vec::new();
        Self { start, pupils }
    }
}

impl<'a, F: Fn(u32) -> Box<dyn Policy + 'a>> Teacher for Separately<'a, F> {
    fn enrol(&mut self, pupil: u32, _: &[f64]) -> Result<(), SimError> {
        self.pupils.push((self.start)(pupil));
        Ok(())
    }

    fn lesson(&mut self, pupil: u32, desk: &mut Desk<'_, '_>) -> Result<(), SimError> {
        let policy = &mut self.pupils[pupil as usize];
        while let Some(now) = desk.now() {
            let Some(activity) = policy.next(now) else {
                break;
            };
            if let Some(seen) = desk.work(activity) {
                policy.observe(activity, seen, now);
            }
        }
        Ok(())
    }
}

/// Sees the pupil's true state and takes what most raises the tests now.
pub(crate) struct Oracle {
    items: Vec<Vec<u32>>,
    dependants: Vec<Vec<u32>>,
    lesson_minutes: Vec<f64>,
    tests: [u16; 2],
}

impl Oracle {
    pub(crate) fn new(curriculum: &Curriculum, calendar: &Calendar) -> Self {
        let end = calendar.end_day();
        Self {
            items: curriculum
                .skills
                .iter()
                .map(|skill| skill.items.clone())
                .collect(),
            dependants: curriculum.dependants(),
            lesson_minutes: curriculum
                .skills
                .iter()
                .map(|skill| skill.lesson_minutes)
                .collect(),
            tests: [end, end + calendar.delay_days],
        }
    }
}

impl Teacher for Oracle {
    fn enrol(&mut self, _: u32, _: &[f64]) -> Result<(), SimError> {
        Ok(())
    }

    fn lesson(&mut self, _: u32, desk: &mut Desk<'_, '_>) -> Result<(), SimError> {
        let mut best: Vec<Option<(f64, Activity)>> = Vec::new();
        while let Some(now) = desk.now() {
            let of_skill = |pupil: &Pupil<'_>, k: usize| {
                pupil.best_on(k, (&self.items[k], &self.dependants[k]), now, self.tests)
            };
            if best.is_empty() {
                best = (0..self.items.len())
                    .map(|k| of_skill(desk.pupil, k))
                    .collect();
            }
            let top = best.iter().flatten().max_by(|a, b| {
                // Ties go to the earlier skill.
                a.0.total_cmp(&b.0).then(b.1.skill.cmp(&a.1.skill))
            });
            let Some(&(_, activity)) = top else { break };
            let skill = activity.skill as usize;
            let too_long =
                activity.kind == Kind::Lesson && now.minutes_left < self.lesson_minutes[skill];
            if !too_long {
                desk.work(activity);
            }
            // Only what was touched is looked at afresh: the rest hardly moves within a lesson.
            best[skill] = desk.now().and_then(|now| {
                desk.pupil.best_on(
                    skill,
                    (&self.items[skill], &self.dependants[skill]),
                    now,
                    self.tests,
                )
            });
        }
        Ok(())
    }
}

/// The draws that a plain policy makes for one pupil: the same under every policy.
pub(crate) fn policy_draws(world: &World, seat: Seat) -> Draws {
    let key = world.draws.bits(crate::draws::Purpose::PolicyChoice, 0, 0);
    Draws::new(
        "policy",
        key,
        &[u64::from(seat.class), u64::from(seat.pupil)],
    )
}

/// Runs a class of `n_pupils` through the term; results in the order of the pupils.
pub(crate) fn run(
    world: &World,
    curriculum: &Curriculum,
    calendar: &Calendar,
    (class, n_pupils): (u32, u32),
    teacher: &mut dyn Teacher,
) -> Result<Vec<Outcome>, SimError> {
    let seat = |pupil| Seat {
        school: class,
        class,
        pupil,
    };
    let mut pupils = Vec::with_capacity(n_pupils as usize);
    let mut results = Vec::with_capacity(n_pupils as usize);
    for number in 0..n_pupils {
        let pupil = Pupil::new(world, curriculum, calendar, seat(number));
        teacher.enrol(number, &pupil.declared_tastes())?;
        results.push(Outcome {
            pre: pupil.sit_test(0, 0),
            ..Outcome::default()
        });
        pupils.push(pupil);
    }
    for lesson in 0..calendar.n_lessons() {
        let week = lesson / calendar.lessons_per_week;
        for ((pupil, result), number) in pupils.iter_mut().zip(&mut results).zip(0..) {
            if pupil.comes(lesson, week) {
                let now = Now {
                    lesson,
                    day: calendar.day_of(lesson),
                    slot: 0,
                    minute: 0.0,
                    minutes_left: calendar.lesson_minutes * world.minutes_share,
                };
                let over = false;
                teacher.lesson(
                    number,
                    &mut Desk {
                        pupil,
                        result,
                        now,
                        over,
                    },
                )?;
            }
            if (lesson + 1) % calendar.lessons_per_week == 0 {
                result.weekly.push(pupil.mean_known((week + 1) * 7));
            }
        }
    }
    let end = calendar.end_day();
    for (pupil, result) in pupils.iter().zip(&mut results) {
        result.post = pupil.sit_test(1, end);
        result.delayed = pupil.sit_test(2, end + calendar.delay_days);
    }
    Ok(results)
}

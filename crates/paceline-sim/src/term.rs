//! One class through all its years under one policy.

use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::Draws;
use crate::observation::{Activity, Kind, Now, Observation};
use crate::policy::Policy;
use crate::pupil::{Ended, Pupil, Seat};
use crate::world::World;

/// What came of one pupil.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Shares right on the tests at the start and the end of each year, on that year's part of the syllabus.
    pub(crate) years: Vec<(f64, f64)>,
    /// Share right on the last year's part after the delay.
    pub(crate) delayed: f64,
    /// Mean probability of knowing a skill of the scope at each week's end.
    pub(crate) weekly: Vec<f64>,
    pub(crate) minutes: f64,
    pub(crate) activities: u32,
    /// Skills with an answer; and those with more than ten and never three right in a row (Wan & Beck 2015).
    pub(crate) tried: u32,
    pub(crate) spinning: u32,
    /// Answers in order, where they are kept: item, day, second of the lesson, right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) log: Vec<(u32, u16, u32, bool)>,
    /// The school week in which the pupil left for good.
    pub(crate) left_week: Option<u16>,
}

/// Answers after which a skill that was never right this often in a row spins.
const TRIES: u16 = 10;
const RIGHT_IN_A_ROW: u8 = 3;

impl Outcome {
    /// Share right before the first year.
    pub(crate) fn pre(&self) -> f64 {
        self.years.first().map_or(0.0, |year| year.0)
    }

    /// Share right after the last year.
    pub(crate) fn post(&self) -> f64 {
        self.years.last().map_or(0.0, |year| year.1)
    }
}

/// Who chooses for the pupils of a class.
pub(crate) trait Teacher {
    /// Called before the first lesson for each pupil, in order.
    fn enrol(&mut self, pupil: u32, declared_tastes: &[f64]) -> Result<(), SimError>;

    /// What a pupil works on from `now`; the oracle alone may look at the pupil.
    fn lesson(&mut self, pupil: u32, desk: &mut Desk<'_, '_>) -> Result<(), SimError>;

    /// What a pupil did in a lesson that someone else gave, in order of time.
    fn hear(&mut self, pupil: u32, done: &[Done]) -> Result<(), SimError>;
}

/// An activity that was finished: what, when, and what could be seen.
pub(crate) type Done = (Activity, Observation, Now);

/// One pupil at work in one lesson.
pub(crate) struct Desk<'d, 'w> {
    pupil: &'d mut Pupil<'w>,
    result: &'d mut Outcome,
    wheels: &'d mut [Wheel],
    logs: bool,
    now: Now,
    over: bool,
    /// What was finished, where someone is to hear of it.
    done: Option<Vec<Done>>,
}

impl<'d, 'w> Desk<'d, 'w> {
    fn new(
        pupil: &'d mut Pupil<'w>,
        result: &'d mut Outcome,
        wheels: &'d mut [Wheel],
        (now, logs): (Now, bool),
    ) -> Self {
        Self {
            pupil,
            result,
            wheels,
            logs,
            now,
            over: false,
            done: None,
        }
    }

    /// Has what is finished from now on kept for [`Desk::done`].
    pub(crate) fn keep(&mut self) {
        self.done = Some(Vec::new());
    }

    /// What was finished since it is kept.
    pub(crate) fn done(&self) -> &[Done] {
        self.done.as_deref().unwrap_or_default()
    }

    /// The present moment; none once the lesson is over for this pupil.
    pub(crate) fn now(&self) -> Option<Now> {
        (!self.over).then_some(self.now)
    }

    /// Has the pupil work on `activity`; what could be seen, if it was finished.
    pub(crate) fn work(&mut self, activity: Activity) -> Option<Observation> {
        let began = self.now;
        let (ended, minutes) = self.pupil.work(activity, self.now);
        self.result.minutes += minutes;
        self.result.activities += 1;
        self.now.slot += 1;
        self.now.minute += minutes;
        self.now.minutes_left -= minutes;
        // Less than three seconds is no time to begin anything.
        self.over = self.now.minutes_left < 0.05 || self.now.slot == u16::MAX;
        if let Ended::Finished(seen) | Ended::Quit(seen) = &ended
            && let Some(right) = seen.right
        {
            self.wheels[activity.skill as usize].answered(right);
            if let (true, Kind::Practice { item }) = (self.logs, activity.kind) {
                let second = (self.now.minute * 60.0) as u32;
                self.result.log.push((item, self.now.day, second, right));
            }
        }
        let (quits, seen) = match ended {
            Ended::Finished(seen) => (false, Some(seen)),
            Ended::Quit(seen) => (true, Some(seen)),
            Ended::Bell => (true, None),
        };
        self.over |= quits;
        if let (Some(done), Some(seen)) = (&mut self.done, seen) {
            done.push((activity, seen, began));
        }
        seen
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

    fn hear(&mut self, pupil: u32, done: &[Done]) -> Result<(), SimError> {
        let policy = &mut self.pupils[pupil as usize];
        for &(activity, seen, now) in done {
            policy.observe(activity, seen, now);
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

    /// It sees the pupil as it is.
    fn hear(&mut self, _: u32, _: &[Done]) -> Result<(), SimError> {
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

/// The work on one skill, for whether it goes anywhere.
#[derive(Clone, Copy, Default)]
struct Wheel {
    tries: u16,
    run: u8,
    mastered: bool,
}

impl Wheel {
    fn answered(&mut self, right: bool) {
        self.tries = self.tries.saturating_add(1);
        self.run = if right { self.run.saturating_add(1) } else { 0 };
        self.mastered |= self.run >= RIGHT_IN_A_ROW;
    }

    fn spins(self) -> bool {
        self.tries > TRIES && !self.mastered
    }
}

/// A class and all that is the same for its pupils.
#[derive(Clone, Copy)]
pub(crate) struct Class<'a> {
    pub(crate) world: &'a World,
    pub(crate) curriculum: &'a Curriculum,
    pub(crate) calendar: &'a Calendar,
    pub(crate) school: u32,
    pub(crate) class: u32,
    pub(crate) pupils: u32,
    /// Pupils, from the first, whose answers are kept.
    pub(crate) log_pupils: u32,
}

impl<'a> Class<'a> {
    pub(crate) fn seat(&self, pupil: u32) -> Seat {
        Seat {
            school: self.school,
            class: self.class,
            pupil,
        }
    }

    fn pupil(&self, number: u32) -> Pupil<'a> {
        Pupil::new(
            self.world,
            self.curriculum,
            self.calendar,
            self.seat(number),
        )
    }

    fn test(&self, pupil: &Pupil<'_>, year: u16, form: u32, day: u16) -> f64 {
        let scope = self.calendar.scope(year, self.curriculum.n_skills());
        pupil.sit_test(10 * u32::from(year) + form, day, scope)
    }

    /// Takes the class through all years; results in the order of the pupils.
    pub(crate) fn run(&self, teacher: &mut dyn Teacher) -> Result<Vec<Outcome>, SimError> {
        let calendar = self.calendar;
        let mut desks = Vec::with_capacity(self.pupils as usize);
        for number in 0..self.pupils {
            let pupil = self.pupil(number);
            teacher.enrol(number, &pupil.declared_tastes())?;
            let wheels = vec![Wheel::default(); self.curriculum.n_skills()];
            let left_week = pupil.leaves_week();
            let result = Outcome {
                left_week,
                ..Outcome::default()
            };
            desks.push((pupil, result, wheels));
        }
        for lesson in 0..calendar.n_lessons() {
            let (week, year) = (calendar.week_of(lesson), calendar.year_of(lesson));
            let of_week = lesson % calendar.lessons_per_week;
            let of_year = week % calendar.weeks;
            for ((pupil, result, wheels), number) in desks.iter_mut().zip(0..) {
                if (of_year, of_week) == (0, 0) {
                    let before = self.test(pupil, year, 0, calendar.start_day(year));
                    result.years.push((before, 0.0));
                }
                if pupil.comes(lesson, week) {
                    let mut desk = Desk::new(
                        pupil,
                        result,
                        wheels,
                        (self.bell(lesson), number < self.log_pupils),
                    );
                    teacher.lesson(number, &mut desk)?;
                }
                let day = calendar.start_day(year) + (of_year + 1) * 7;
                if of_week + 1 == calendar.lessons_per_week {
                    result.weekly.push(pupil.mean_known(day));
                    if of_year + 1 == calendar.weeks {
                        result.years[usize::from(year)].1 = self.test(pupil, year, 1, day);
                    }
                }
            }
        }
        let last = calendar.years - 1;
        let finish = |(pupil, mut result, wheels): (Pupil<'_>, Outcome, Vec<Wheel>)| {
            let day = calendar.end_day() + calendar.delay_days;
            result.delayed = self.test(&pupil, last, 2, day);
            result.tried = wheels.iter().filter(|wheel| wheel.tries > 0).count() as u32;
            result.spinning = wheels.iter().filter(|wheel| wheel.spins()).count() as u32;
            result
        };
        Ok(desks.into_iter().map(finish).collect())
    }

    /// The beginning of a lesson.
    fn bell(&self, lesson: u16) -> Now {
        Now {
            lesson,
            day: self.calendar.day_of(lesson),
            slot: 0,
            minute: 0.0,
            minutes_left: self.calendar.lesson_minutes * self.world.minutes_share,
        }
    }
}

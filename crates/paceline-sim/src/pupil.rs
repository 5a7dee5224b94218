//! A pupil: the layer that all families share (ability, readiness, attention, interests, pace, absence) over
//! a [`Mind`]. Fields are private; a policy meets a pupil only through [`Observation`].

mod oracle;

use std::ops::Range;

use crate::calendar::Calendar;
use crate::curriculum::Curriculum;
use crate::draws::{Draws, Place, Purpose, Stream};
use crate::math;
use crate::mind::{Mind, Moment, Prior, Work};
use crate::observation::{Activity, Kind, Now, Observation};
use crate::world::World;

/// The mean logit of being attentive, which makes about nine in ten activities attentive.
const ATTENTION: f64 = 2.6;
/// What keeps a pupil from work that nobody calls it to, in logits of attention.
const FREE: f64 = 2.1;
/// What an inattentive pupil who does not game still takes in.
const INATTENTIVE: f64 = 0.4;
/// A wrong answer with its feedback teaches this share of a right one.
const WRONG_SHARE: f64 = 0.8;
/// Chance that an inattentive moment ends the lesson for the pupil.
const QUIT: f64 = 0.03;
const FEEDBACK_SECONDS: f64 = 8.0;
const HINT_SECONDS: f64 = 12.0;
/// In a world where only minutes count, the logit that a typical minute adds to every skill, over the gain.
const PER_MINUTE: f64 = 0.012;

/// Where a pupil sits: the numbers that key all its draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) school: u32,
    pub(crate) class: u32,
    pub(crate) pupil: u32,
}

/// A theme, as the pupil takes to it.
#[derive(Clone, Copy)]
struct Theme {
    taste: f64,
    /// Share of its novelty that is left.
    novelty: f64,
}

/// What a pupil draws at every activity.
struct Streams {
    mood: Stream,
    gaming: Stream,
    answer: Stream,
    hint: Stream,
    dwell: Stream,
    quit: Stream,
}

impl Streams {
    fn of(draws: &Draws) -> Self {
        Self {
            mood: draws.stream(Purpose::Mood),
            gaming: draws.stream(Purpose::Gaming),
            answer: draws.stream(Purpose::Answer),
            hint: draws.stream(Purpose::Hint),
            dwell: draws.stream(Purpose::Dwell),
            quit: draws.stream(Purpose::Quit),
        }
    }
}

/// How ready a pupil is for each skill: looked at once a day, and anew after work on a prerequisite itself.
struct Readiness {
    /// Day after the one looked at (0 for never), count of works then, and the factor.
    seen: Vec<(u16, u32, f64)>,
    /// Count of works at the last one on each skill.
    worked: Vec<u32>,
    works: u32,
}

impl Readiness {
    fn new(n_skills: usize) -> Self {
        Self {
            seen: vec![(0, 0, 1.0); n_skills],
            worked: vec![0; n_skills],
            works: 0,
        }
    }

    fn note(&mut self, skill: usize) {
        self.works += 1;
        self.worked[skill] = self.works;
    }

    fn recall(&self, skill: usize, needs: &[(u32, f64)], day: u16) -> Option<f64> {
        let (seen, works, ready) = self.seen[skill];
        let holds = seen == day + 1 && needs.iter().all(|&(p, _)| self.worked[p as usize] <= works);
        holds.then_some(ready)
    }

    fn keep(&mut self, skill: usize, day: u16, ready: f64) {
        self.seen[skill] = (day + 1, self.works, ready);
    }
}

/// How an activity ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    /// The pupil finished it.
    Finished(Observation),
    /// The bell rang first; nothing was observed.
    Bell,
    /// The pupil finished it and stopped working.
    Quit(Observation),
}

/// One simulated pupil in one world.
pub(crate) struct Pupil<'w> {
    world: &'w World,
    curriculum: &'w Curriculum,
    draws: Draws,
    mind: Mind,
    /// Logits added to every skill where only minutes count.
    general: f64,
    /// Learning rate: the pupil's, the school's and the teacher's.
    rate: f64,
    attention: f64,
    gaming: f64,
    /// Log of the time taken relative to a typical pupil.
    pace: f64,
    themes: Vec<Theme>,
    /// Share of each skill's lesson already taken in.
    lessons: Vec<f64>,
    readiness: Readiness,
    streams: Streams,
    absence: f64,
    absent: bool,
    leaves_week: Option<u16>,
}

impl<'w> Pupil<'w> {
    pub(crate) fn new(
        world: &'w World,
        curriculum: &'w Curriculum,
        calendar: &Calendar,
        seat: Seat,
    ) -> Self {
        let draws = Draws::new(
            "pupil",
            world.draws.bits(Purpose::Trait, 0, 0),
            &[
                u64::from(seat.school),
                u64::from(seat.class),
                u64::from(seat.pupil),
            ],
        );
        let trait_draw = |n: u32| draws.normal(Purpose::Trait, n, 0);
        let school = |n: u32| world.draws.normal(Purpose::SchoolEffect, seat.school, n);
        let class = |n: u32| world.draws.normal(Purpose::ClassEffect, seat.class, n);
        let own = trait_draw(1);
        let (between, within) = (world.school_share, world.class_share);
        let ability = world.ability_sd
            * (libm::sqrt(between) * school(0)
                + libm::sqrt(within) * class(0)
                + libm::sqrt(1.0 - between - within) * own);
        let n_skills = curriculum.n_skills();
        let middle = (n_skills.max(2) - 1) as f64;
        let priors = (0..n_skills).map(|k| {
            let place = k as f64 / middle - 0.5;
            let luck = |n| draws.uniform(Purpose::SkillLuck, k as u32, n);
            Prior {
                logit: world.initial + ability - world.initial_fall * place
                    + world.initial_sd * draws.normal(Purpose::SkillPrior, k as u32, 0),
                luck: [luck(0), luck(1), luck(2), luck(3)],
            }
        });
        // Abler pupils are a little quicker and learn a little faster (correlation .65).
        let able = ability / world.ability_sd;
        let mixed = |n: u32| 0.65 * able + 0.76 * trait_draw(n);
        let weeks = f64::from(calendar.years * calendar.weeks);
        let leaving = 1.0 - libm::pow(1.0 - world.leaving_per_week, weeks);
        let leaves = draws.uniform(Purpose::Leaving, 0, 0) / leaving.max(1e-12);
        Self {
            world,
            curriculum,
            draws,
            mind: Mind::new(world, priors),
            general: 0.0,
            rate: libm::exp(world.rate_sd * mixed(2) + world.growth_sd * (school(1) + class(1))),
            attention: ATTENTION + 0.7 * trait_draw(3) + world.growth_sd * class(1),
            gaming: 10.0 * world.gaming * draws.uniform(Purpose::Trait, 4, 0) * 2.0,
            pace: -world.pace_sd * mixed(5),
            themes: (0..curriculum.themes.len() as u32)
                .map(|theme| Theme {
                    taste: draws.normal(Purpose::ThemeTaste, theme, 0),
                    novelty: 1.0,
                })
                .collect(),
            readiness: Readiness::new(n_skills),
            streams: Streams::of(&draws),
            lessons: vec![0.0; n_skills],
            absence: (world.absence * -2.0 * libm::log(draws.uniform(Purpose::Absence, 0, 1))
                / 2.0)
                .min(0.5),
            absent: false,
            leaves_week: (leaves < 1.0).then_some((leaves * weeks) as u16),
        }
    }

    /// What the pupil says of each theme before the term: the taste, seen through noise.
    pub(crate) fn declared_tastes(&self) -> Vec<f64> {
        let noisy = |(theme, of): (usize, &Theme)| {
            of.taste + 0.7 * self.draws.normal(Purpose::ThemeDeclared, theme as u32, 0)
        };
        self.themes.iter().enumerate().map(noisy).collect()
    }

    /// The school week in which the pupil leaves for good.
    pub(crate) fn leaves_week(&self) -> Option<u16> {
        self.leaves_week
    }

    /// Whether the pupil comes to this lesson; an absence tends to last.
    pub(crate) fn comes(&mut self, lesson: u16, week: u16) -> bool {
        if self.leaves_week.is_some_and(|gone| gone <= week) {
            return false;
        }
        // A two-state chain that stays absent with .5 and keeps the pupil's mean.
        let p = if self.absent {
            0.5
        } else {
            0.5 * self.absence / (1.0 - self.absence)
        };
        self.absent = self
            .draws
            .happens(Purpose::Absence, u32::from(lesson), 0, p);
        !self.absent
    }

    /// Whether the pupil would come to a lesson that nobody calls it to; the attentive come more.
    pub(crate) fn takes_up(&self, lesson: u16) -> bool {
        let p = math::logistic(self.attention - FREE);
        self.draws.happens(Purpose::TakeUp, u32::from(lesson), 0, p)
    }

    /// Does one activity; `now` says when.
    pub(crate) fn work(&mut self, activity: Activity, now: Now) -> (Ended, f64) {
        let at = Moment {
            day: now.day,
            minute: now.minute,
        };
        let place = Place::new(u32::from(now.lesson), u32::from(now.slot));
        match activity.kind {
            Kind::Lesson => self.read(activity, at, place, now.minutes_left),
            Kind::Practice { item } => {
                self.answer(activity, item as usize, at, place, now.minutes_left)
            }
        }
    }

    fn read(&mut self, activity: Activity, at: Moment, place: Place, left: f64) -> (Ended, f64) {
        let skill = activity.skill as usize;
        let known = self.known(skill, at);
        let attention = self.attend(activity.theme, 0.5 * known * known, at, place);
        let full = self.curriculum.skills[skill].lesson_minutes * self.lasting(0.15, place);
        let minutes = full.min(left);
        let share = minutes / full;
        let effort = attention.effort();
        if self.world.only_minutes {
            self.general += self.per_minute(effort) * minutes;
        } else {
            let before = self.lessons[skill];
            self.lessons[skill] = before + share * effort;
            let worth = lesson_worth(before + share * effort) - lesson_worth(before);
            let dose = self.world.lesson_worth * worth * self.rate * self.ready(skill, at);
            self.mind.study(self.world, skill, dose, Work::Lesson, at);
            self.readiness.note(skill);
        }
        if full > left {
            return (Ended::Bell, left);
        }
        let seen = Observation {
            right: None,
            seconds: minutes * 60.0,
            hints: 0,
        };
        (self.end(attention, place, seen), minutes)
    }

    fn answer(
        &mut self,
        activity: Activity,
        item: usize,
        at: Moment,
        place: Place,
        left: f64,
    ) -> (Ended, f64) {
        let world = self.world;
        let skill = self.curriculum.items[item].skill as usize;
        let shift = world.item_shift[item];
        let plain = self.success(skill, shift, at);
        let miss = plain - 0.8;
        let attention = self.attend(activity.theme, miss * miss, at, place);
        if attention == Attention::Gaming {
            let right = self.streams.answer.happens(place, world.guess);
            let seen = Observation {
                right: Some(right),
                seconds: 2.0,
                hints: 0,
            };
            return (self.end(attention, place, seen), 2.0 / 60.0);
        }
        let asks =
            attention == Attention::Full && self.streams.hint.happens(place, 0.3 * (1.0 - plain));
        let known = if asks {
            self.success(skill, shift + 0.7, at)
        } else {
            plain
        };
        let p = world.guess + (1.0 - world.guess - world.slip) * known;
        let right = self.streams.answer.happens(place, p);
        let feedback = if right { 0.0 } else { FEEDBACK_SECONDS };
        let hint = if asks { HINT_SECONDS } else { 0.0 };
        let seconds =
            self.curriculum.items[item].seconds * self.lasting(0.3, place) + feedback + hint;
        let minutes = seconds / 60.0;
        if minutes > left {
            return (Ended::Bell, left);
        }
        let effort = attention.effort();
        if world.only_minutes {
            self.general += self.per_minute(effort) * minutes;
        } else {
            let outcome = if right { 1.0 } else { WRONG_SHARE };
            let dose = effort
                * outcome
                * world.item_weight[item]
                * world.fit(plain)
                * self.rate
                * self.ready(skill, at);
            self.mind.study(world, skill, dose, Work::Item, at);
            self.readiness.note(skill);
            for &(along, share) in &world.encompasses[skill] {
                self.mind
                    .study(world, along as usize, dose * share, Work::Item, at);
            }
        }
        let seen = Observation {
            right: Some(right),
            seconds,
            hints: u8::from(asks),
        };
        (self.end(attention, place, seen), minutes)
    }

    fn end(&self, attention: Attention, place: Place, seen: Observation) -> Ended {
        let quits = attention != Attention::Full
            && !self.world.only_minutes
            && self.streams.quit.happens(place, QUIT);
        if quits {
            Ended::Quit(seen)
        } else {
            Ended::Finished(seen)
        }
    }

    /// Whether the pupil is with it, by theme, tiredness and how far the work is from its level.
    fn attend(&mut self, theme: u32, mismatch: f64, at: Moment, place: Place) -> Attention {
        let theme = &mut self.themes[theme as usize];
        let liking = self.world.interest * theme.taste * (0.5 + 0.5 * theme.novelty);
        theme.novelty *= self.world.novelty_kept;
        let logit = self.attention + liking
            - self.world.fatigue * at.minute / 20.0
            - self.world.mismatch * mismatch;
        if self.streams.mood.happens(place, math::logistic(logit)) {
            Attention::Full
        } else if self.streams.gaming.happens(place, self.gaming) {
            Attention::Gaming
        } else {
            Attention::Half
        }
    }

    /// Relative time of an activity, lognormal with `sd`.
    fn lasting(&self, sd: f64, place: Place) -> f64 {
        math::exp(self.pace + sd * self.streams.dwell.normal(place))
    }

    fn per_minute(&self, effort: f64) -> f64 {
        PER_MINUTE * self.world.gain * self.rate * effort
    }

    /// The factor that prerequisites leave of a gain, as it was looked at last.
    fn ready(&mut self, skill: usize, at: Moment) -> f64 {
        let needs = &self.world.needs[skill];
        if let Some(ready) = self.readiness.recall(skill, needs, at.day) {
            return ready;
        }
        let ready = self.readiness(skill, at);
        self.readiness.keep(skill, at.day, ready);
        ready
    }

    fn readiness(&self, skill: usize, at: Moment) -> f64 {
        if !self.world.prerequisites_matter {
            return 1.0;
        }
        let factor = |&(p, weight): &(u32, f64)| {
            let ready = math::logistic(4.0 * (self.known(p as usize, at) - 0.5)) / READY_AT_ONE;
            1.0 - weight * (1.0 - ready)
        };
        let ready: f64 = self.world.needs[skill].iter().map(factor).product();
        self.world.unready_floor + (1.0 - self.world.unready_floor) * ready
    }

    fn success(&self, skill: usize, shift: f64, at: Moment) -> f64 {
        self.mind
            .success(self.world, skill, shift + self.general, at)
    }

    fn known(&self, skill: usize, at: Moment) -> f64 {
        self.success(skill, 0.0, at)
    }

    /// Share of right answers on a test with one fresh item for each skill of `scope`; `form` tells its items apart.
    pub(crate) fn sit_test(&self, form: u32, day: u16, scope: Range<usize>) -> f64 {
        let world = self.world;
        let at = Moment { day, minute: 0.0 };
        let n = scope.len();
        let right = scope.filter(|&k| {
            let id = k as u32;
            let shift = world.item_sd * world.draws.normal(Purpose::TestItem, form, id);
            let known = self.mind.tested(world, k, shift + self.general, at);
            let p = world.guess + (1.0 - world.guess - world.slip) * known;
            self.draws.happens(Purpose::TestAnswer, form, id, p)
        });
        right.count() as f64 / n.max(1) as f64
    }

    /// The mean probability of knowing a skill, over the scope.
    pub(crate) fn mean_known(&self, day: u16) -> f64 {
        let at = Moment { day, minute: 0.0 };
        self.mind.mean_success(self.world, self.general, at)
    }
}

/// The value of the readiness logistic where a prerequisite is fully known, so that full readiness is 1.
const READY_AT_ONE: f64 = 0.880_797_077_977_882_4;

/// What a share of a lesson is worth: rereading is worth three tenths.
fn lesson_worth(share: f64) -> f64 {
    0.3 * share + 0.7 * share.min(1.0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attention {
    Full,
    Half,
    Gaming,
}

impl Attention {
    fn effort(self) -> f64 {
        match self {
            Attention::Full => 1.0,
            Attention::Half => INATTENTIVE,
            Attention::Gaming => 0.0,
        }
    }
}

#[cfg(test)]
mod tests;

//! One learner: knowledge, memory, pace and interests in one compact state with one update.
//!
//! A [`Learner`] is a few global numbers and columns over the skills and items touched so far, sorted
//! by index. [`Learner::observe`] folds an answer in, [`Learner::predict`] and
//! [`Learner::fresh_logit`] read it. Nothing grows with the length of the history. The module does not know
//! the bank: an answer comes with its skills, easiness and credit; see [`crate::codec`] for how a
//! state outlives a bank version.

use std::ops::Range;

use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::math;
use paceline_core::time::{StudyDay, Timestamp, UtcOffset, study_day};
use paceline_core::units::Probability;
use paceline_core::widest;

use crate::codec::Orphans;
use crate::knowledge::{
    Dense, Features, Global, NONE, PROBIT, Rlkt, Row, Source, State, Variant, skill_f, skill_u,
};
use crate::memory::{Answered, Fsrs, Grade, MemoryState};
use crate::model::{BindReport, Model};

#[cfg(test)]
mod tests;

/// Everything that the state is read and updated with.
#[derive(Clone, Debug)]
pub struct Params {
    /// Knowledge.
    pub rlkt: Rlkt,
    /// Memory.
    pub fsrs: Fsrs,
}

impl Params {
    /// The defaults for a new platform whose items have an easiness, if only an author's level.
    pub fn defaults() -> Self {
        Self {
            rlkt: Rlkt::defaults(),
            fsrs: Fsrs::default(),
        }
    }

    /// A fitted model over a bank of `n_skills` and `n_items`, with what the bank lacks or adds.
    ///
    /// The closures give the index of an external id, renames followed, or none if it is gone. States
    /// made under other parameters must be folded anew: the update's constants differ.
    pub fn from_model(
        model: &Model,
        n_skills: usize,
        n_items: usize,
        skill_ix: impl Fn(&str) -> Option<u32>,
        item_ix: impl Fn(&str) -> Option<u32>,
    ) -> (Self, BindReport) {
        let (rlkt, report) = model.bind(n_skills, n_items, skill_ix, item_ix);
        let params = Self {
            rlkt,
            ..Self::defaults()
        };
        (params, report)
    }

    /// The defaults for a platform that knows nothing of its items.
    pub fn defaults_without_easiness() -> Self {
        Self {
            rlkt: Rlkt::defaults_without_easiness(),
            ..Self::defaults()
        }
    }
}

/// An answer, as the engine hands it over.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The item's distinct skills, at least one.
    pub skills: &'a [SkillIx],
    /// The item.
    pub item: ItemIx,
    /// Easiness of the item for the average learner, in logits.
    pub easiness: f32,
    /// Whether it was right on the first try without a scaffold: what knowledge learns from.
    pub right: bool,
    /// When.
    pub at: Timestamp,
    /// The learner's offset from UTC.
    pub offset: UtcOffset,
    /// What the memory grade depends on; `earlier_today` is filled in from the state.
    pub answered: Answered,
    /// Skills that a success also practises, with the share of it that they get.
    pub credit: &'a [(SkillIx, f32)],
}

/// What an answer did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The probability of a right answer as it was predicted before.
    pub p_before: Probability,
    /// What the attempt was worth to memory; none for a rapid wrong guess, which memory ignores.
    pub grade: Option<Grade>,
}

/// A rapid guess says this much about knowledge, against 1 for a considered answer.
const RAPID_GUESS_WEIGHT: f32 = 0.2;

/// What declaring a skill known adds to the learner's own part of it, in logits.
const KNOWN_LOGIT: f32 = 1.0;

/// Bits of the flags.
const TAUGHT: u32 = 1 << 24;
const LAST_RIGHT: u32 = 1 << 25;

/// One learner's state.
#[derive(Clone, Debug, PartialEq)]
pub struct Learner {
    pub(crate) state: State,
    /// Rows of skills and items that this bank lacks, kept for one that has them.
    pub(crate) orphans: Option<Box<Orphans>>,
}

/// What is known of one touched skill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkillView {
    /// Which skill.
    pub skill: SkillIx,
    /// Whether its lesson was taken, or it was declared known.
    pub taught: bool,
    /// What memory has of it, once it was taught or practised.
    pub memory: Option<MemoryState>,
    /// Study day of the last practice or lesson.
    pub last_day: StudyDay,
    /// Time of the last attempt; 1970 if there is none.
    pub last_at: Timestamp,
    /// Attempts.
    pub attempts: u32,
    /// Wrong ones among them.
    pub wrong: u32,
    /// Attempts on [`SkillView::last_day`].
    pub attempts_today: u32,
    /// Whether the last attempt was right.
    pub last_right: bool,
    /// The learner's own part of the ability on this skill, in logits.
    pub ability_logit: f32,
    /// Its variance.
    pub ability_variance: f32,
    /// Information about mastery gathered on this skill.
    pub information: f32,
    /// Decayed sums of residuals, and their weights, at .7.
    pub residual_70: (f32, f32),
    /// Likewise at .98.
    pub residual_98: (f32, f32),
}

/// What a planner reads of one touched skill; see [`SkillView`] for its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Practised {
    /// Which skill.
    pub skill: SkillIx,
    /// Whether its lesson was taken, or it was declared known.
    pub taught: bool,
    /// What memory has of it; of stability 0 where there is none.
    pub memory: MemoryState,
    /// Study day of the last practice or lesson.
    pub last_day: StudyDay,
    /// Attempts.
    pub attempts: u32,
    /// Attempts on the last day.
    pub attempts_today: u32,
}

impl Learner {
    /// A learner of whom nothing is known.
    pub fn new(params: &Params) -> Self {
        Self {
            state: State::new(params.rlkt.variant(), params.rlkt.dynamics().v_g0),
            orphans: None,
        }
    }

    /// Which variant of knowledge the state feeds.
    pub fn variant(&self) -> Variant {
        self.state.variant
    }

    /// Folds an answer in and says what was expected.
    ///
    /// An earlier time than the last counts as no time passed; the engine refolds late answers.
    pub fn observe(
        &mut self,
        params: &Params,
        answer: &Observed<'_>,
        scratch: &mut Scratch,
    ) -> Observation {
        let seconds = seconds(answer.at);
        let Scratch { features, skills } = scratch;
        let row = row(
            params,
            skills,
            answer.skills,
            answer.item,
            answer.easiness,
            seconds,
        );
        let dynamics = params.rlkt.dynamics();
        self.state.features(&row, dynamics.v_k0, features);
        let p_before = math::logistic(params.rlkt.logit(features));
        let rapid = answer.answered.rapid_guess;
        let weight = if rapid { RAPID_GUESS_WEIGHT } else { 1.0 };
        self.state
            .update(dynamics, features, seconds, answer.right, weight);

        let today = day(study_day(answer.at, answer.offset));
        let mut grade = None;
        for &SkillIx(skill) in answer.skills {
            let at = self.state.touch_skill(skill, dynamics.v_k0);
            let word = self.state.skill_u.at(skill_u::TODAY, at);
            let earlier_today = word & 0xffff == today && attempts_today(word) > 0;
            let graded = Grade::of(&Answered {
                earlier_today,
                ..answer.answered
            });
            if rapid && graded == Grade::Again {
                continue;
            }
            grade = Some(graded);
            self.practise(params, at, today, graded);
            let word = self.state.skill_u.at_mut(skill_u::TODAY, at);
            let attempts = (attempts_today(*word) + 1).min(0xff);
            *word = (*word & !(0xff << 16) & !LAST_RIGHT) | (attempts << 16);
            if answer.right {
                *word |= LAST_RIGHT;
            }
        }
        if answer.right {
            for &(SkillIx(skill), share) in answer.credit {
                self.credit(params, skill, share, today);
            }
        }
        Observation {
            p_before: Probability::clamped(p_before),
            grade,
        }
    }

    /// Takes note that a skill's lesson was studied: memory begins, as after a good first answer.
    pub fn lesson(&mut self, params: &Params, skill: SkillIx, at: Timestamp, offset: UtcOffset) {
        self.teach(params, skill, at, offset, Grade::Good);
    }

    /// Takes note that a skill is known from elsewhere: it counts as taught, well remembered, and
    /// the ability on it rises by a logit, for answers to confirm or correct.
    pub fn declare_known(
        &mut self,
        params: &Params,
        skill: SkillIx,
        at: Timestamp,
        offset: UtcOffset,
    ) {
        let row = self.teach(params, skill, at, offset, Grade::Easy);
        *self.state.skill_f.at_mut(skill_f::M, row) += KNOWN_LOGIT;
    }

    fn teach(
        &mut self,
        params: &Params,
        SkillIx(skill): SkillIx,
        at: Timestamp,
        offset: UtcOffset,
        grade: Grade,
    ) -> usize {
        let today = day(study_day(at, offset));
        let row = self.state.touch_skill(skill, params.rlkt.dynamics().v_k0);
        let first = params.fsrs.first(grade);
        match self.memory(row) {
            // A lesson taken again brings the skill back, and takes nothing from what it had.
            Some(had) if had.stability > first.stability => self.set_memory(row, had),
            _ => self.set_memory(row, first),
        }
        self.set_day(row, today);
        *self.state.skill_u.at_mut(skill_u::TODAY, row) |= TAUGHT;
        row
    }

    fn practise(&mut self, params: &Params, row: usize, today: u32, grade: Grade) {
        let state = match self.memory(row) {
            None => params.fsrs.first(grade),
            Some(state) => params
                .fsrs
                .next(state, self.elapsed_days(row, today), grade),
        };
        self.set_memory(row, state);
        self.set_day(row, today);
    }

    fn credit(&mut self, params: &Params, skill: u32, share: f32, today: u32) {
        let Ok(row) = self.state.find_skill(skill) else {
            return;
        };
        let Some(state) = self.memory(row) else {
            return;
        };
        let elapsed_days = self.elapsed_days(row, today);
        let shared = params.fsrs.share_of_success(state, elapsed_days, share);
        self.set_memory(row, shared.state);
        let ago = (shared.elapsed_days + 0.5) as u32;
        let moved = today.saturating_sub(ago);
        if moved > self.state.skill_u.at(skill_u::TODAY, row) & 0xffff {
            self.set_day(row, moved);
        }
    }

    #[inline]
    fn memory(&self, row: usize) -> Option<MemoryState> {
        let stability = self.state.skill_f.at(skill_f::STABILITY, row);
        (stability > 0.0).then(|| MemoryState {
            stability,
            difficulty: self.state.skill_f.at(skill_f::DIFFICULTY, row),
        })
    }

    fn set_memory(&mut self, row: usize, state: MemoryState) {
        *self.state.skill_f.at_mut(skill_f::STABILITY, row) = state.stability;
        *self.state.skill_f.at_mut(skill_f::DIFFICULTY, row) = state.difficulty;
    }

    fn elapsed_days(&self, row: usize, today: u32) -> f32 {
        today.saturating_sub(self.state.skill_u.at(skill_u::TODAY, row) & 0xffff) as f32
    }

    /// Moves the last day of practice; the count of attempts today starts anew on another day.
    fn set_day(&mut self, row: usize, today: u32) {
        let word = self.state.skill_u.at_mut(skill_u::TODAY, row);
        if *word & 0xffff != today {
            *word = (*word & !0x00ff_ffff) | today;
        }
    }

    /// The probability of a right answer, now.
    pub fn predict(
        &self,
        params: &Params,
        skills: &[SkillIx],
        item: ItemIx,
        easiness: f32,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Probability {
        let Scratch {
            features,
            skills: buffer,
        } = scratch;
        let row = row(params, buffer, skills, item, easiness, seconds(at));
        let v_k0 = params.rlkt.dynamics().v_k0;
        self.state.features(&row, v_k0, features);
        Probability::clamped(math::logistic(params.rlkt.logit(features)))
    }

    /// The terms of the logit of [`Learner::predict`]; they sum to it but for rounding.
    pub fn explain(
        &self,
        params: &Params,
        skills: &[SkillIx],
        item: ItemIx,
        easiness: f32,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Vec<(Source, f32)> {
        let Scratch {
            features,
            skills: buffer,
        } = scratch;
        let row = row(params, buffer, skills, item, easiness, seconds(at));
        self.state
            .features(&row, params.rlkt.dynamics().v_k0, features);
        params.rlkt.explain(features)
    }

    /// The logit of a right answer on a typical item of a skill when nothing is forgotten: kappa is its
    /// logistic. Item, previous-row and transition terms are at "no history", gap terms at zero.
    ///
    /// `easiness` is that of the typical item, the median over the skill's live items say.
    pub fn fresh_logit(
        &self,
        params: &Params,
        SkillIx(skill): SkillIx,
        easiness: f32,
        scratch: &mut Scratch,
    ) -> f32 {
        let row = Row {
            skills: &[skill],
            item: NONE,
            easiness: params.rlkt.easiness(easiness),
            seconds: 0,
        };
        let features = &mut scratch.features;
        self.state
            .features(&row, params.rlkt.dynamics().v_k0, features);
        features.forget_context();
        params.rlkt.logit(features)
    }

    /// Variance of the fresh logit: prior width narrowed by the information gathered
    /// (what mastery is judged by). RLKT's own variance keeps its prior width and does not serve here.
    pub fn fresh_variance(&self, params: &Params, SkillIx(skill): SkillIx) -> f32 {
        let j_k = match self.state.find_skill(skill) {
            Ok(row) => self.state.skill_f.at(skill_f::J, row),
            Err(_) => 0.0,
        };
        let dynamics = params.rlkt.dynamics();
        self.general_variance(params) + 1.0 / (1.0 / dynamics.v_k0 + j_k)
    }

    fn general_variance(&self, params: &Params) -> f32 {
        1.0 / (1.0 / params.rlkt.dynamics().v_g0 + self.state.global.j)
    }

    /// Fresh logits and variances of all skills of a bank.
    ///
    /// Shape: `easiness`, `logit`, `variance` all `[n_skills]`, by skill index.
    pub fn fresh_all(
        &self,
        params: &Params,
        easiness: &[f32],
        logit: &mut [f32],
        variance: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let dynamics = params.rlkt.dynamics();
        let general = self.general_variance(params);
        let untouched = general + dynamics.v_k0;
        variance.fill(untouched);
        // All untouched skills share everything but easiness and the skill's own weight.
        let row = Row {
            skills: &[NONE],
            item: NONE,
            easiness: 0.0,
            seconds: 0,
        };
        let features = &mut scratch.features;
        self.state.features(&row, dynamics.v_k0, features);
        features.forget_context();
        let rlkt = &params.rlkt;
        let base = rlkt.logit(features);
        let m_g = self.state.global.m;
        let slope = rlkt.dense_weight(Dense::Z)
            + rlkt.dense_weight(Dense::KfLogit) * features.kf_logit_slope();
        for (logit, &z) in logit.iter_mut().zip(easiness) {
            *logit = base + slope * rlkt.easiness(z);
        }
        if rlkt.knows_skills() {
            for (skill, logit) in (0..).zip(logit.iter_mut()) {
                *logit += rlkt.untouched_skill(skill, m_g);
            }
        }
        let touched = self.state.skill_u.column(skill_u::ID);
        let information = self.state.skill_f.column(skill_f::J);
        let own = |j: f32| general + 1.0 / (1.0 / dynamics.v_k0 + j);
        if let Some(run) = run_of(touched, variance.len()) {
            for (variance, &j) in variance[run].iter_mut().zip(information) {
                *variance = own(j);
            }
        } else {
            for (&skill, &j) in touched.iter().zip(information) {
                if let Some(variance) = variance.get_mut(skill as usize) {
                    *variance = own(j);
                }
            }
        }
        if self.variant() == Variant::Lite {
            self.fresh_touched_lite(params, easiness, logit);
            return;
        }
        for &skill in touched {
            if let Some(&z) = easiness.get(skill as usize) {
                logit[skill as usize] = self.fresh_logit(params, SkillIx(skill), z, scratch);
            }
        }
    }

    /// [`Learner::fresh_logit`] of the touched skills from the columns alone: a search per skill and the
    /// features that are zero here would cost three times as much.
    fn fresh_touched_lite(&self, params: &Params, easiness: &[f32], logit: &mut [f32]) {
        let (rlkt, global) = (&params.rlkt, &self.state.global);
        let lite = Lite::of(rlkt, global);
        let knows_skills = rlkt.knows_skills();
        let (mut z, mut fresh) = ([0.0; BLOCK], [0.0; BLOCK]);
        let n = self.state.skill_u.len();
        for start in (0..n).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(n);
            let skills = &self.touched_skills()[rows.clone()];
            let run = run_of(skills, easiness.len().min(logit.len()));
            if let Some(run) = run.clone() {
                for (z, &easiness) in z.iter_mut().zip(&easiness[run]) {
                    *z = rlkt.easiness(easiness);
                }
            } else {
                for (z, &skill) in z.iter_mut().zip(skills) {
                    *z = rlkt.easiness(easiness.get(skill as usize).copied().unwrap_or(0.0));
                }
            }
            let f = |column| &self.state.skill_f.column(column)[rows.clone()];
            let touched = Touched {
                m: f(skill_f::M),
                v: f(skill_f::V),
                s_70: f(skill_f::S70),
                n_70: f(skill_f::N70),
                s_98: f(skill_f::S98),
                n_98: f(skill_f::N98),
                counts: &self.state.skill_u.column(skill_u::COUNTS)[rows.clone()],
            };
            fresh_logits(&lite, &touched, &z[..skills.len()], &mut fresh);
            if let Some(run) = run.filter(|_| !knows_skills) {
                logit[run].copy_from_slice(&fresh[..skills.len()]);
                continue;
            }
            for (&skill, &fresh) in skills.iter().zip(&fresh) {
                if let Some(logit) = logit.get_mut(skill as usize) {
                    *logit = fresh;
                    if knows_skills {
                        *logit += rlkt.untouched_skill(skill, global.m);
                    }
                }
            }
        }
    }

    /// Probability that the fresh probability of a right answer is at least `threshold`.
    pub fn p_mastered(
        &self,
        params: &Params,
        skill: SkillIx,
        easiness: f32,
        threshold: Probability,
        scratch: &mut Scratch,
    ) -> Probability {
        let mean = self.fresh_logit(params, skill, easiness, scratch);
        let sd = self.fresh_variance(params, skill).sqrt();
        let above = (mean - math::logit(threshold.get())) / sd;
        Probability::clamped(math::wide::normal_cdf(f64::from(above)) as f32)
    }

    /// Retrievability of a skill on a study day; 0 for one never taught or practised.
    pub fn retrievability(&self, params: &Params, SkillIx(skill): SkillIx, on: StudyDay) -> f32 {
        let Ok(row) = self.state.find_skill(skill) else {
            return 0.0;
        };
        self.memory(row).map_or(0.0, |state| {
            let elapsed = self.elapsed_days(row, day(on));
            params.fsrs.retrievability(elapsed, state.stability)
        })
    }

    /// What is known of a skill; none if it was never touched.
    pub fn skill(&self, SkillIx(skill): SkillIx) -> Option<SkillView> {
        self.state.find_skill(skill).ok().map(|row| self.view(row))
    }

    /// All touched skills, by ascending index.
    #[inline]
    pub fn skills(&self) -> impl ExactSizeIterator<Item = SkillView> + '_ {
        (0..self.state.skill_u.len()).map(|row| self.view(row))
    }

    /// What a planner reads of each touched skill, by ascending index: from whole columns, a third of the time of
    /// [`Learner::skills`].
    #[inline]
    pub fn practised(&self) -> impl Iterator<Item = Practised> + '_ {
        let f = |column| self.state.skill_f.column(column).iter();
        let u = |column| self.state.skill_u.column(column).iter();
        let memories = f(skill_f::STABILITY).zip(f(skill_f::DIFFICULTY));
        let counts = u(skill_u::COUNTS).zip(u(skill_u::TODAY));
        let rows = self.touched_skills().iter().zip(memories).zip(counts);
        rows.map(|((&skill, (&stability, &difficulty)), (&counts, &today))| {
            let today = Today(today);
            Practised {
                skill: SkillIx(skill),
                taught: today.taught(),
                memory: MemoryState {
                    stability,
                    difficulty,
                },
                last_day: today.last_day(),
                attempts: counts & 0xffff,
                attempts_today: today.attempts(),
            }
        })
    }

    /// Indexes of the touched skills, ascending; the columns below are in this order.
    pub fn touched_skills(&self) -> &[u32] {
        self.state.skill_u.column(skill_u::ID)
    }

    #[inline]
    fn view(&self, row: usize) -> SkillView {
        let f = |column| self.state.skill_f.at(column, row);
        let u = |column| self.state.skill_u.at(column, row);
        let today = Today(u(skill_u::TODAY));
        SkillView {
            skill: SkillIx(u(skill_u::ID)),
            taught: today.taught(),
            memory: self.memory(row),
            last_day: today.last_day(),
            last_at: Timestamp(i64::from(u(skill_u::SECONDS))),
            attempts: u(skill_u::COUNTS) & 0xffff,
            wrong: u(skill_u::COUNTS) >> 16,
            attempts_today: today.attempts(),
            last_right: today.last_right(),
            ability_logit: f(skill_f::M),
            ability_variance: f(skill_f::V),
            information: f(skill_f::J),
            residual_70: (f(skill_f::S70), f(skill_f::N70)),
            residual_98: (f(skill_f::S98), f(skill_f::N98)),
        }
    }

    /// How often and when an item was answered; none if never.
    pub fn item(&self, ItemIx(item): ItemIx) -> Option<ItemView> {
        self.state.item_view(item)
    }

    /// All answers so far.
    pub fn answers(&self) -> u32 {
        self.state.global.rows
    }

    /// The general ability and its variance as the prediction has them, in logits.
    pub fn ability(&self) -> (f32, f32) {
        (self.state.global.m, self.state.global.v)
    }

    /// Information gathered about the general ability; see [`Learner::fresh_variance`].
    pub fn information(&self) -> f32 {
        self.state.global.j
    }

    /// Time of the last answer; 1970 if there is none.
    pub fn last_at(&self) -> Timestamp {
        Timestamp(i64::from(self.state.global.seconds))
    }

    /// Bytes that the state holds, heap included.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.state.bytes()
            + self.orphans.as_ref().map_or(0, |orphans| orphans.bytes())
    }

    /// Gives back memory that growth has reserved.
    pub fn shrink(&mut self) {
        self.state.shrink();
    }
}

/// Touched skills whose fresh logits are computed side by side: their columns fit the first-level cache.
const BLOCK: usize = 256;

/// What the fresh logits of one learner's touched skills have in common, in the lite variant.
#[derive(Clone, Copy)]
struct Lite {
    shared: f32,
    m_g: f32,
    v_g: f32,
    z: f32,
    kf_k: f32,
    kf_logit: f32,
    k_70: f32,
    k_98: f32,
    attempts: f32,
    wrong: f32,
}

impl Lite {
    fn of(rlkt: &Rlkt, global: &Global) -> Self {
        let w = |feature| rlkt.dense_weight(feature);
        Self {
            shared: rlkt.bias()
                + w(Dense::KfG) * global.m
                + w(Dense::G80) * global.s[1] / (global.n[1] + 2.0),
            m_g: global.m,
            v_g: global.v,
            z: w(Dense::Z),
            kf_k: w(Dense::KfK),
            kf_logit: w(Dense::KfLogit),
            k_70: w(Dense::K70),
            k_98: w(Dense::K98),
            attempts: w(Dense::LogKa),
            wrong: w(Dense::LogKf),
        }
    }
}

/// Columns of touched skills that a fresh logit reads. Shape: all `[n]`.
struct Touched<'a> {
    m: &'a [f32],
    v: &'a [f32],
    s_70: &'a [f32],
    n_70: &'a [f32],
    s_98: &'a [f32],
    n_98: &'a [f32],
    counts: &'a [u32],
}

/// Writes the fresh logits of touched skills, what the tables say of the skills themselves apart.
///
/// Shape: `easiness` `[n]`, the columns and `out` at least as long.
fn fresh_logits(lite: &Lite, touched: &Touched<'_>, easiness: &[f32], out: &mut [f32]) {
    widest!(fresh_logits_of(lite: &Lite, touched: &Touched<'_>, easiness: &[f32], out: &mut [f32]));
}

#[inline(always)]
fn fresh_logits_of(lite: &Lite, touched: &Touched<'_>, easiness: &[f32], out: &mut [f32]) {
    let n = easiness.len();
    let (m, v, counts) = (&touched.m[..n], &touched.v[..n], &touched.counts[..n]);
    let (s_70, n_70) = (&touched.s_70[..n], &touched.n_70[..n]);
    let (s_98, n_98) = (&touched.s_98[..n], &touched.n_98[..n]);
    let out = &mut out[..n];
    for i in 0..n {
        let z = easiness[i];
        let spread = (1.0 + PROBIT * (lite.v_g + v[i])).sqrt();
        let (attempts, wrong) = (counts[i] & 0xffff, counts[i] >> 16);
        out[i] = lite.shared
            + lite.z * z
            + lite.kf_k * m[i]
            + lite.kf_logit * (z + lite.m_g + m[i]) / spread
            + lite.k_70 * s_70[i] / (n_70[i] + 2.0)
            + lite.k_98 * s_98[i] / (n_98[i] + 2.0)
            + lite.attempts * math::ln((1 + attempts) as f32)
            + lite.wrong * math::ln((1 + wrong) as f32);
    }
}

/// What is known of one answered item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemView {
    /// Tries.
    pub tries: u32,
    /// Whether the last was right.
    pub last_right: bool,
    /// When it was.
    pub last_at: Timestamp,
}

/// Day of the last practice, attempts on it, flags: one packed word of a skill.
#[derive(Clone, Copy)]
struct Today(u32);

impl Today {
    /// Study day of the last practice or lesson.
    fn last_day(self) -> StudyDay {
        StudyDay((self.0 & 0xffff) as i32)
    }

    /// Attempts on that day.
    fn attempts(self) -> u32 {
        attempts_today(self.0)
    }

    /// Whether the lesson was taken, or the skill declared known.
    fn taught(self) -> bool {
        self.0 & TAUGHT != 0
    }

    /// Whether the last attempt was right.
    fn last_right(self) -> bool {
        self.0 & LAST_RIGHT != 0
    }
}

/// Where skills lie that follow one another without a gap, as those of a learner who has touched all: what is done for them can
/// be done to slices. None where there are gaps, or some are not below `end`.
fn run_of(skills: &[u32], end: usize) -> Option<Range<usize>> {
    let (&first, &last) = skills.first().zip(skills.last())?;
    let run = first as usize..last as usize + 1;
    (run.len() == skills.len() && run.end <= end).then_some(run)
}

/// Buffers that calls reuse; it carries nothing from one call to the next.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    features: Features,
    skills: Vec<u32>,
}

fn row<'a>(
    params: &Params,
    buffer: &'a mut Vec<u32>,
    skills: &[SkillIx],
    ItemIx(item): ItemIx,
    easiness: f32,
    seconds: u32,
) -> Row<'a> {
    buffer.clear();
    buffer.extend(skills.iter().map(|skill| skill.0));
    Row {
        skills: buffer,
        item,
        easiness: params.rlkt.easiness(easiness),
        seconds,
    }
}

/// Seconds since 1970 as the state keeps them: until 2106.
fn seconds(at: Timestamp) -> u32 {
    at.0.clamp(0, i64::from(u32::MAX)) as u32
}

/// A study day as the state keeps it: until 2149.
fn day(day: StudyDay) -> u32 {
    day.0.clamp(0, 0xffff) as u32
}

fn attempts_today(word: u32) -> u32 {
    (word >> 16) & 0xff
}

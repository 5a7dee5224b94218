//! From a whole bank to the few skills that can matter in one lesson.
//!
//! 1. Skill pass: gain per minute of every skill that may come first.
//! 2. The best of them, by threshold select.
//! 3. What they draw in: locked skills they lead to, weak prerequisites that hold them back, related
//!    skills that their practice credits.
//! 4. A [`Local`] problem over these.

use std::ops::Range;

use paceline_bank::Bank;
use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::math;
use paceline_core::strategy::Strategy;
use paceline_core::time::Timestamp;
use paceline_learner::memory::Fsrs;

use crate::items::{FEW_ITEMS, MOST_ITEMS, Picker};
use crate::kept::Kept;
use crate::kernel::{self, BLOCK, Weights};
use crate::local::{Edge, ItemChoice, Local, LocalSkill, MOST_LOCAL, Span};
use crate::search::{NOTHING_BEFORE, Rules};
use crate::value::{self, Branches, Horizon, SkillState};
use crate::{Ban, Cohort, Purpose, Request, SkillColumns, unlock};

// Mean value of a lesson of 20 minutes for a learner half-way through a generated bank of 1,000 skills, and for a mature one of
// 1,000 and of 10,000, by how many skills are looked at and for how many times the minutes they are chosen
// (`examples/planning`): 512 and 2.5 times 21.03, 23.61 and 29.16; 512 and 4 times 21.70, 24.24 and 29.66; 1024 and 4
// times 21.73, 24.50 and 30.61.

/// Skills looked at more closely: of these the item that would come is known, and so its minutes.
const LOOKED_AT: usize = 768;
/// Fewest and most skills that go into the search, before those they draw in.
const FEWEST: usize = 32;
const MOST: usize = 192;
/// How many times the lesson's minutes the first activities of the skills chosen would take.
const TO_SPARE: f32 = 4.0;
/// Skills from which on few items each are enough.
const MANY_SKILLS: usize = 24;
/// Answers within which an item does not come again.
const EXPOSURE_ANSWERS: usize = 20;
/// Days within which an item does not come again.
const EXPOSURE_DAYS: f32 = 7.0;
/// Answers within which it does not come again even where the skill has no other.
const AGAIN_AFTER: usize = 3;
/// Most items that come again in one lesson, of one skill.
const AGAIN_MOST: usize = 2;

/// What depends on the bank alone, computed once per bank version.
#[derive(Clone, Debug, Default)]
pub(crate) struct BankColumns {
    version: Option<paceline_bank::BankVersion>,
    /// Median expected seconds of each skill's items; 0 where it has none. Shape: `[n_skills]`.
    pub(crate) typical_seconds: Vec<f32>,
    /// Minutes of each skill's lesson. Shape: `[n_skills]`.
    pub(crate) lesson_minutes: Vec<f32>,
    /// Easiness of each skill's typical item. Shape: `[n_skills]`.
    pub(crate) typical_easiness: Vec<f32>,
    /// Log-odds of the success that counts as mastered. Shape: `[n_skills]`.
    pub(crate) threshold_logit: Vec<f32>,
}

impl BankColumns {
    /// Brings the columns up to date with `bank`.
    pub(crate) fn refresh(&mut self, bank: &Bank) {
        if self.version == Some(bank.version()) {
            return;
        }
        self.version = Some(bank.version());
        self.lesson_minutes.clear();
        self.lesson_minutes
            .extend(bank.skills().iter().map(|skill| skill.lesson_minutes));
        let skills = (0..bank.n_skills() as u32).map(SkillIx);
        self.typical_easiness.clear();
        self.typical_easiness
            .extend(skills.clone().map(|skill| bank.typical_easiness(skill)));
        self.threshold_logit.clear();
        self.threshold_logit
            .extend(skills.map(|skill| math::logit(bank.skill(skill).threshold)));
        self.typical_seconds.clear();
        let mut seconds = Vec::new();
        for skill in 0..bank.n_skills() as u32 {
            seconds.clear();
            let items = bank.items_of(SkillIx(skill));
            seconds.extend(items.iter().map(|item| bank.item_seconds()[item.at()]));
            seconds.sort_unstable_by(f32::total_cmp);
            self.typical_seconds
                .push(seconds.get(seconds.len() / 2).copied().unwrap_or(0.0));
        }
    }
}

/// The rate of what may not come first.
const NOT_FIRST: f32 = f32::NEG_INFINITY;

/// A skill that may come first.
#[derive(Clone, Copy, Debug)]
struct Rated {
    /// Gain per minute.
    rate: f32,
    minutes: f32,
    skill: u32,
}

/// Best rate first, ties by skill.
fn best_first(a: &Rated, b: &Rated) -> std::cmp::Ordering {
    b.rate.total_cmp(&a.rate).then(a.skill.cmp(&b.skill))
}

/// Everything a preparation reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inputs<'a> {
    pub(crate) bank: &'a Bank,
    pub(crate) fsrs: &'a Fsrs,
    pub(crate) cohort: &'a Cohort,
    pub(crate) columns: &'a SkillColumns,
    pub(crate) request: &'a Request,
    pub(crate) now: Timestamp,
    /// The seed of the plan.
    pub(crate) seed: u64,
}

/// Buffers of the preparation, reused from lesson to lesson.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prepared {
    pub(crate) bank_columns: BankColumns,
    /// Goal weights; empty where all are 1. Shape: `[n_skills]`.
    pub(crate) goal: Vec<f32>,
    /// Unlock values, frontier and branches, from plan to plan.
    pub(crate) kept: Kept,
    /// Whether a ban or the filter excludes a skill; empty where nothing does. Shape: `[n_skills]`.
    pub(crate) barred: Vec<bool>,
    /// Items that may not be shown, ascending.
    pub(crate) barred_items: Vec<ItemIx>,
    /// Gain per minute of what may come first, else [`NOT_FIRST`]. Shape: `[n_skills]`.
    rates: Vec<f32>,
    /// The best of these.
    rated: Vec<Rated>,
    /// Gain of practising each skill, itself alone; means nothing where it is not taught. Shape: `[n_skills]`.
    own: Vec<f32>,
    item: Vec<ItemChoice>,
    /// Skills of the problem, ascending.
    pub(crate) chosen: Vec<u32>,
    /// In syllabus order: the skills that come next.
    pub(crate) stream: Vec<u32>,
    pub(crate) local: Local,
    lesson_memory: f32,
}

impl Inputs<'_> {
    /// Days from now to the day that counts.
    pub(crate) fn horizon_days(&self) -> f32 {
        let date = self.request.goal.as_ref().and_then(|goal| goal.date);
        date.map_or(self.request.objective.horizon_days, |date| {
            date.days_since(self.now)
        })
    }

    /// Whether a strategy is on.
    pub(crate) fn has(&self, strategy: Strategy) -> bool {
        self.request.strategies.has(strategy)
    }

    /// Whether the plan is to be the fixed pacing guide: all strategies off.
    pub(crate) fn is_syllabus(&self) -> bool {
        Strategy::ALL[..8]
            .iter()
            .all(|&strategy| !self.has(strategy))
    }

    /// Minutes per expected second of an item: the learner's own, or the class's.
    pub(crate) fn minutes_per_second(&self) -> f32 {
        if self.has(Strategy::Pace) {
            self.columns.minutes_per_second
        } else {
            self.class_pace() / 60.0
        }
    }

    /// Factor on the minutes of a lesson.
    pub(crate) fn pace(&self) -> f32 {
        if self.has(Strategy::Pace) {
            self.columns.pace
        } else {
            self.class_pace()
        }
    }

    fn class_pace(&self) -> f32 {
        if 0.0 < self.cohort.pace {
            self.cohort.pace
        } else {
            1.0
        }
    }

    /// The objective with the strategies applied.
    pub(crate) fn objective(&self) -> crate::Objective {
        crate::Objective {
            forgetting: self.request.objective.forgetting && self.has(Strategy::Spacing),
            ..self.request.objective
        }
    }

    /// The rules of the lesson, times and counts still as in the request.
    pub(crate) fn rules(&self, price: f32) -> Rules {
        let request = self.request;
        let objective = self.objective();
        Rules {
            objective,
            fsrs: self.fsrs.clone(),
            horizon: Horizon::new(&objective, self.horizon_days()),
            learning_rate: self.columns.learning_rate,
            minutes: request.minutes,
            price,
            keep_apart: if self.has(Strategy::Interleaving) {
                2
            } else {
                0
            },
            blocked: !self.has(Strategy::Interleaving),
            syllabus: self.is_syllabus(),
            lessons_left: request
                .new_skills_a_day
                .map_or(u16::MAX, |cap| cap.saturating_sub(request.new_skills_today)),
            other_minutes: f32::INFINITY,
            after_lesson: request.after_lesson.min(2),
            credit: self.has(Strategy::ImplicitReview),
            before: NOTHING_BEFORE,
        }
    }

    /// The picker of items, over the items barred so far.
    pub(crate) fn picker<'p>(&'p self, barred: &'p [ItemIx]) -> Picker<'p> {
        Picker {
            bank: self.bank,
            barred,
            target: self
                .has(Strategy::DifficultyTarget)
                .then_some(self.request.target_success),
            slope: self.columns.easiness_slope,
            minutes_per_second: self.minutes_per_second(),
            exposure: &self.cohort.exposure,
            trial_share: if self.is_syllabus() {
                0.0
            } else {
                self.request.trial_share
            },
            seed: self.seed,
        }
    }

    /// The state of a skill as planning starts.
    pub(crate) fn state(&self, skill: usize) -> SkillState {
        let c = self.columns;
        SkillState {
            stability_days: c.stability_days[skill],
            difficulty: c.difficulty[skill],
            elapsed_days: c.elapsed_days[skill],
            n_today: c.n_today[skill],
            kappa: c.kappa[skill],
            p_now: c.p_now[skill],
            credit: 0.0,
            taught: c.taught.has(skill),
            touched_today: c.touched_today.has(skill),
        }
    }
}

impl Prepared {
    /// `v_k`: goal weight, and unlock value while the skill is not mastered.
    pub(crate) fn worth(&self, inputs: &Inputs<'_>, skill: usize) -> f32 {
        let goal = self.goal.get(skill).copied().unwrap_or(1.0);
        if inputs.columns.mastered.has(skill) {
            goal
        } else {
            goal * (1.0 + inputs.request.objective.unlock_weight * self.kept.unlock[skill])
        }
    }

    /// Whether a ban or the filter excludes a skill.
    pub(crate) fn is_barred(&self, skill: usize) -> bool {
        self.barred.get(skill).copied().unwrap_or(false)
    }

    /// Bans, filter, goal and unlock values.
    pub(crate) fn weigh(&mut self, inputs: &Inputs<'_>) {
        let request = inputs.request;
        self.bank_columns.refresh(inputs.bank);
        let objective = inputs.objective();
        unlock::goal_weights(
            inputs.bank,
            request.goal.as_ref(),
            &objective,
            &mut self.goal,
        );
        let hard_gate = inputs.has(Strategy::MasteryGate);
        let (goal, columns) = (&self.goal, inputs.columns);
        self.kept
            .update(inputs.bank, columns, goal, &objective, hard_gate);
        self.bar(inputs);
    }

    fn bar(&mut self, inputs: &Inputs<'_>) {
        let request = inputs.request;
        let n = inputs.bank.n_skills();
        self.barred.clear();
        if let Some(filter) = &request.filter {
            self.barred.resize(n, true);
            for skill in filter.iter().filter(|skill| skill.at() < n) {
                self.barred[skill.at()] = false;
            }
        }
        self.barred_items.clear();
        for ban in &request.bans {
            match *ban {
                Ban::Skill(skill) if skill.at() < n => {
                    self.barred.resize(n, false);
                    self.barred[skill.at()] = true;
                }
                Ban::Skill(_) => {}
                Ban::Item(item) => self.barred_items.push(item),
            }
        }
        let recent = &request.recent;
        for (i, answer) in recent.iter().enumerate() {
            let close = recent.len() - i <= EXPOSURE_ANSWERS;
            if close || inputs.now.days_since(answer.at) < EXPOSURE_DAYS {
                self.barred_items.push(answer.item);
            }
        }
        self.barred_items.sort_unstable();
        self.barred_items.dedup();
    }

    /// The skills that the syllabus comes to next, as many as the time could hold.
    pub(crate) fn choose_syllabus(&mut self, inputs: &Inputs<'_>, must: &[SkillIx]) {
        self.chosen.clear();
        self.stream.clear();
        if inputs.request.purpose == Purpose::Learn {
            let mut minutes = 0.0;
            for &skill in inputs.bank.topological_order() {
                let (c, at) = (inputs.columns, skill.at());
                let done = c.taught.has(at) && self.box_left(inputs, at) == 0;
                if done || self.is_barred(at) || self.stream.len() + must.len() == MOST_LOCAL {
                    continue;
                }
                if inputs.request.minutes < minutes {
                    break;
                }
                self.stream.push(skill.0);
                if !c.taught.has(at) {
                    minutes += self.bank_columns.lesson_minutes[at] * inputs.pace();
                }
            }
        }
        self.chosen.extend_from_slice(&self.stream);
        self.chosen.extend(must.iter().map(|skill| skill.0));
        self.chosen.sort_unstable();
        self.chosen.dedup();
    }

    /// Items that the pacing guide still gives to a skill.
    pub(crate) fn box_left(&self, inputs: &Inputs<'_>, skill: usize) -> usize {
        let given = inputs.columns.n_answers[skill];
        usize::from(inputs.request.guide_items).saturating_sub(given as usize)
    }

    /// Ties the local skills to the syllabus: each waits for the one before it, item box and all.
    fn tie_to_syllabus(&mut self, inputs: &Inputs<'_>) {
        let mut before = None;
        for i in 0..self.stream.len() {
            let skill = self.stream[i];
            let Ok(at) = self.chosen.binary_search(&skill) else {
                continue;
            };
            let left = self.box_left(inputs, skill as usize);
            let it = &mut self.local.skills[at];
            it.items.len = it.items.len.min(left as u32);
            it.box_items = it.items.len as u16;
            it.after = before;
            before = Some(at as u16);
        }
    }

    /// Skill pass and selection; `must` are drawn in whatever they are worth.
    pub(crate) fn choose(&mut self, inputs: &Inputs<'_>, rules: &Rules, must: &[SkillIx]) {
        self.lesson_memory = value::lesson_memory(&rules.objective, &rules.fsrs, &rules.horizon);
        self.pass(inputs, rules);
        self.rate_best(inputs, LOOKED_AT);
        self.look_closer(inputs, rules);
        let most = self.enough(rules.minutes);
        self.rated.truncate(most);
        self.chosen.clear();
        self.chosen
            .extend(self.rated.iter().map(|rated| rated.skill));
        self.chosen.extend(
            must.iter()
                .map(|skill| skill.0)
                .filter(|&skill| (skill as usize) < inputs.columns.len()),
        );
        self.chosen.sort_unstable();
        self.chosen.dedup();
        self.draw_in(inputs, MOST_LOCAL.min(most.max(FEWEST) * 3 / 2));
    }

    /// Gain per minute of every skill that may come first.
    fn pass(&mut self, inputs: &Inputs<'_>, rules: &Rules) {
        let n = inputs.columns.len();
        let (mut rates, mut own) = (
            std::mem::take(&mut self.rates),
            std::mem::take(&mut self.own),
        );
        rates.resize(n, NOT_FIRST);
        own.resize(n, 0.0);
        let mut kept = std::mem::take(&mut self.kept);
        kept.begin(&rules.fsrs, &rules.horizon, n);
        for start in (0..n).step_by(BLOCK) {
            let range = start..(start + BLOCK).min(n);
            let (own, rates) = (&mut own[range.clone()], &mut rates[range.clone()]);
            self.practices(inputs, rules, range, &mut kept, own, rates);
        }
        (self.kept, self.own, self.rates) = (kept, own, rates);
        self.lessons(inputs, rules);
    }

    /// Gain, and gain per minute, of practising each skill of one block; means nothing where a skill is not taught.
    fn practices(
        &self,
        inputs: &Inputs<'_>,
        rules: &Rules,
        range: Range<usize>,
        kept: &mut Kept,
        own: &mut [f32],
        rates: &mut [f32],
    ) {
        let (c, objective) = (inputs.columns, &rules.objective);
        let words = range.start / 64..range.end.div_ceil(64);
        let any_taught = c.taught.words()[words.clone()]
            .iter()
            .any(|&word| word != 0);
        own.fill(0.0);
        if !any_taught {
            return;
        }
        if objective.forgetting {
            let block = kept.block(&rules.fsrs, &rules.horizon, c, range.clone());
            let kappa = &c.kappa[range.clone()];
            kernel::gains(objective, rules.learning_rate, block, kappa, own);
        }
        for (skill, own) in range.clone().zip(&mut *own) {
            let ready_made = objective.forgetting && !c.touched_today.has(skill);
            if !ready_made && c.taught.has(skill) {
                *own = practice(inputs, rules, skill);
            }
        }
        let weights = Weights {
            goal: self.goal.get(range.clone()).unwrap_or(&[]),
            unlock: &kept.unlock[range.clone()],
            mastered: &c.mastered.words()[words],
            p_mastered: &c.p_mastered[range.clone()],
            variance: &c.logit_variance[range.clone()],
            p_now: &c.p_now[range.clone()],
            minutes: &self.bank_columns.typical_seconds[range],
        };
        kernel::rates(objective, inputs.minutes_per_second(), weights, own, rates);
    }

    /// Puts the gain per minute of its lesson in the place of every skill that is not taught, and bars what is barred.
    fn lessons(&mut self, inputs: &Inputs<'_>, rules: &Rules) {
        let c = inputs.columns;
        let mut rates = std::mem::take(&mut self.rates);
        for (at, rates) in rates.chunks_mut(64).enumerate() {
            let taught = c.taught.word(at);
            if taught == u64::MAX && self.barred.is_empty() {
                continue;
            }
            for (i, rate) in rates.iter_mut().enumerate() {
                let skill = 64 * at + i;
                if self.is_barred(skill) {
                    *rate = NOT_FIRST;
                } else if taught >> i & 1 == 0 {
                    let lesson = self.lesson(inputs, rules, skill);
                    *rate = lesson.map_or(NOT_FIRST, |(gain, minutes)| gain / minutes);
                }
            }
        }
        self.rates = rates;
    }

    /// Gain and minutes of a skill's lesson, where it is open.
    fn lesson(&self, inputs: &Inputs<'_>, rules: &Rules, skill: usize) -> Option<(f32, f32)> {
        let c = inputs.columns;
        if inputs.request.purpose != Purpose::Learn || !self.kept.shut.is_open(skill) {
            return None;
        }
        let ready = unlock::readiness(inputs.bank, c, skill, rules.objective.ready_at);
        let depth = value::lesson_depth(&rules.objective, c.kappa[skill], ready);
        let gain = ready * self.worth(inputs, skill) * depth * self.lesson_memory;
        Some((
            gain,
            self.bank_columns.lesson_minutes[skill] * inputs.pace(),
        ))
    }

    fn information(&self, inputs: &Inputs<'_>, skill: usize) -> f32 {
        let c = inputs.columns;
        let told = value::information(c.p_mastered[skill], c.logit_variance[skill], c.p_now[skill]);
        inputs.request.objective.information_weight * told
    }

    /// Writes down the `n` best rates, in no order.
    fn rate_best(&mut self, inputs: &Inputs<'_>, n: usize) {
        kernel::select_best(&self.rates, n, &mut self.chosen);
        let minutes = |skill: u32| {
            if inputs.columns.taught.has(skill as usize) {
                self.bank_columns.typical_seconds[skill as usize] * inputs.minutes_per_second()
            } else {
                self.bank_columns.lesson_minutes[skill as usize] * inputs.pace()
            }
        };
        let rated = self.chosen.iter().map(|&skill| Rated {
            rate: self.rates[skill as usize],
            minutes: minutes(skill),
            skill,
        });
        self.rated.clear();
        self.rated.extend(rated);
    }

    /// Puts the minutes of the very item in place of the typical one's, adds what is practised along, and
    /// sorts.
    fn look_closer(&mut self, inputs: &Inputs<'_>, rules: &Rules) {
        let (mut rates, mut item) = (
            std::mem::take(&mut self.rated),
            std::mem::take(&mut self.item),
        );
        let picker = inputs.picker(&self.barred_items);
        for rated in &mut rates {
            let (skill, at) = (rated.skill, rated.skill as usize);
            if !inputs.columns.taught.has(at) {
                continue;
            }
            item.clear();
            let logit = math::logit(inputs.columns.p_now[at]);
            let answers = inputs.columns.n_answers[at];
            picker.pick(SkillIx(skill), logit, answers, 1, &mut item);
            let mut gain = rated.rate * rated.minutes;
            if let Some(item) = item.first() {
                rated.minutes = item.minutes;
            }
            if rules.credit {
                let along = inputs.bank.encompasses().edges(skill);
                let taught = along.filter(|&(to, _)| inputs.columns.taught.has(to as usize));
                gain += taught
                    .map(|(to, weight)| weight * self.own[to as usize])
                    .sum::<f32>();
            }
            rated.rate = gain / rated.minutes;
        }
        rates.sort_unstable_by(best_first);
        (self.rated, self.item) = (rates, item);
    }

    /// How many of the best skills are enough to choose a lesson from.
    fn enough(&self, minutes: f32) -> usize {
        let mut sum = 0.0;
        let fill = self.rated.iter().take_while(|rated| {
            let within = sum < TO_SPARE * minutes;
            sum += rated.minutes;
            within
        });
        fill.count().clamp(FEWEST, MOST)
    }

    /// Adds what the chosen skills lead to, are held back by, and practise along.
    fn draw_in(&mut self, inputs: &Inputs<'_>, most: usize) {
        let (bank, c) = (inputs.bank, inputs.columns);
        let review_only = inputs.request.purpose == Purpose::Review;
        let mut first = 0;
        let mut order = std::mem::take(&mut self.chosen);
        let add = |order: &mut Vec<u32>, skill: u32| {
            if order.len() < most && !order.contains(&skill) {
                order.push(skill);
            }
        };
        for _ in 0..3 {
            let last = order.len();
            for i in first..last {
                let skill = order[i];
                if c.taught.has(skill as usize) && inputs.has(Strategy::ImplicitReview) {
                    for &to in bank.encompasses().targets(skill) {
                        if c.taught.has(to as usize) {
                            add(&mut order, to);
                        }
                    }
                }
                if c.has_begun(skill as usize) {
                    continue;
                }
                for &before in bank.prerequisites().targets(skill) {
                    let before_ix = before as usize;
                    if c.p_now[before_ix] < inputs.request.objective.ready_at
                        || !c.has_begun(before_ix)
                    {
                        add(&mut order, before);
                    }
                }
                if !review_only {
                    for &after in bank.dependants().targets(skill) {
                        if !c.has_begun(after as usize) && !self.is_barred(after as usize) {
                            add(&mut order, after);
                        }
                    }
                }
            }
            first = last;
        }
        order.sort_unstable();
        self.chosen = order;
    }

    /// Lays out the local problem over the chosen skills.
    pub(crate) fn lay_out(&mut self, inputs: &Inputs<'_>, rules: &Rules, pinned: &[ItemIx]) {
        let mut local = std::mem::take(&mut self.local);
        local.clear();
        for i in 0..self.chosen.len() {
            let skill = self.lay_out_skill(inputs, rules, self.chosen[i], pinned, &mut local);
            local.skills.push(skill);
            let confusable = inputs.bank.confusable().targets(self.chosen[i]).iter();
            let at_hand = confusable.filter_map(|other| self.chosen.binary_search(other).ok());
            local.confusable.push(at_hand.map(|at| at as u16).collect());
        }
        self.local = local;
        if rules.syllabus {
            self.tie_to_syllabus(inputs);
        }
        self.local
            .finish(&rules.objective, &rules.fsrs, &rules.horizon);
    }

    fn lay_out_skill(
        &self,
        inputs: &Inputs<'_>,
        rules: &Rules,
        skill: u32,
        pinned: &[ItemIx],
        local: &mut Local,
    ) -> LocalSkill {
        let (bank, c, at) = (inputs.bank, inputs.columns, skill as usize);
        let hard_gate = inputs.has(Strategy::MasteryGate);
        let start = local.edges.len();
        let (mut outside, mut weights) = (0.0, 0.0);
        let mut teachable = !self.is_barred(at) && inputs.request.purpose != Purpose::Review;
        for (before, weight) in bank.prerequisites().edges(skill) {
            let before_at = before as usize;
            let met = c.mastered.has(before_at) || (!hard_gate && c.has_begun(before_at));
            let hard = 1.0 <= weight && !met;
            weights += weight;
            match self.chosen.binary_search(&before) {
                Ok(to) => local.edges.push(Edge {
                    to: to as u16,
                    weight,
                    hard,
                    base_gain: 0.0,
                }),
                Err(_) => {
                    let ready = (c.p_now[before_at] / rules.objective.ready_at).min(1.0);
                    outside += weight * ready;
                    teachable &= !hard;
                }
            }
            // Planning does not master a skill, so a hard gate stays shut for this lesson.
            teachable &= !(hard_gate && hard);
        }
        let prerequisites = span(start, local.edges.len());
        let start = local.edges.len();
        if rules.credit {
            for (to, weight) in bank.encompasses().edges(skill) {
                if let Ok(to) = self.chosen.binary_search(&to) {
                    local.edges.push(Edge {
                        to: to as u16,
                        weight,
                        hard: false,
                        base_gain: 0.0,
                    });
                }
            }
        }
        let credits = span(start, local.edges.len());
        let state = inputs.state(at);
        let start = local.items.len();
        self.pick_items(inputs, rules, skill, &state, pinned, local);
        LocalSkill {
            skill: SkillIx(skill),
            branches: Branches::default(),
            branches_after: Branches::default(),
            worth: self.worth(inputs, at),
            information: self.information(inputs, at),
            ready_outside: outside,
            ready_weight: weights,
            lesson_minutes: self.bank_columns.lesson_minutes[at] * inputs.pace(),
            teachable,
            practicable: !self.is_barred(at),
            first_try: c.first_try.has(at),
            box_items: 0,
            after: None,
            items: span(start, local.items.len()),
            prerequisites,
            dependants: Span::default(),
            credits,
            creditors: Span::default(),
            state,
        }
    }

    /// Items for a skill, for how well it will be known when they come.
    fn pick_items(
        &self,
        inputs: &Inputs<'_>,
        rules: &Rules,
        skill: u32,
        state: &SkillState,
        pinned: &[ItemIx],
        local: &mut Local,
    ) {
        let p = if state.taught {
            state.p_now
        } else {
            let bank = inputs.bank;
            let ready = unlock::readiness(
                bank,
                inputs.columns,
                skill as usize,
                rules.objective.ready_at,
            );
            value::kappa_after_lesson(&rules.objective, state.p_now, ready)
        };
        let picker = inputs.picker(&self.barred_items);
        let start = local.items.len();
        for &item in pinned {
            if inputs.bank.primary_skill(item).0 == skill {
                local.items.push(picker.choice(SkillIx(skill), item));
            }
        }
        let answers = inputs.columns.n_answers[skill as usize];
        let kept = local.items.len();
        let most = match self.chosen.len() {
            _ if rules.syllabus => usize::from(inputs.request.guide_items),
            n if n < MANY_SKILLS => MOST_ITEMS,
            _ => FEW_ITEMS,
        };
        picker.pick(
            SkillIx(skill),
            math::logit(p),
            answers,
            most,
            &mut local.items,
        );
        if local.items.len() == start {
            self.pick_again(inputs, SkillIx(skill), &picker, local);
        }
        if start < kept {
            let (head, tail) = local.items[start..].split_at(kept - start);
            let tail: Vec<_> = tail
                .iter()
                .filter(|a| head.iter().all(|b| a.item != b.item))
                .copied()
                .collect();
            local.items.truncate(kept);
            local.items.extend(tail);
        }
    }

    /// Where all items of a skill were seen too recently: those seen longest ago, but none of the last
    /// few. Better an old item than a skill that cannot be practised for a week.
    fn pick_again(
        &self,
        inputs: &Inputs<'_>,
        skill: SkillIx,
        picker: &Picker<'_>,
        local: &mut Local,
    ) {
        let recent = &inputs.request.recent;
        let last = recent.len().saturating_sub(AGAIN_AFTER);
        let banned = |item| inputs.request.bans.contains(&Ban::Item(item));
        let seen = |item| recent.iter().rposition(|answer| answer.item == item);
        let items = inputs.bank.items_of(skill).iter().copied();
        let mut old: Vec<(Option<usize>, ItemIx)> = items
            .filter(|&item| !banned(item))
            .map(|item| (seen(item), item))
            .filter(|(at, _)| at.is_none_or(|at| at < last))
            .collect();
        old.sort_unstable();
        let choices = old.iter().map(|&(_, item)| picker.choice(skill, item));
        local.items.extend(choices.take(AGAIN_MOST));
    }

    /// Whether an item was seen too recently to come again.
    pub(crate) fn is_exposed(&self, item: ItemIx) -> bool {
        self.barred_items.binary_search(&item).is_ok()
    }
}

/// Gain of practising a taught skill as things stand, itself alone and at weight 1.
fn practice(inputs: &Inputs<'_>, rules: &Rules, skill: usize) -> f32 {
    let (objective, state) = (&rules.objective, inputs.state(skill));
    let branches = Branches::of(objective, &rules.fsrs, &rules.horizon, &state);
    value::practice_gain(objective, &state, &branches, 1.0, rules.learning_rate).gain
}

fn span(start: usize, end: usize) -> Span {
    Span {
        start: start as u32,
        len: (end - start) as u32,
    }
}

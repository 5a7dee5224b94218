//! Planning a lesson, from request to reasons.
//!
//! 1. Weigh: goal, unlock values, bans, filter (`prepare`).
//! 2. Choose the skills that can matter and lay out the local problem (`prepare`).
//! 3. Begin with what is insisted on: pins, failed reviews, missing prerequisites.
//! 4. Search (`search`) and tidy (`order`).
//! 5. Walk the lesson once more: explore, and write down candidates, runner-up, binding constraint and
//!    reasons of each slot.

use paceline_bank::Bank;
use paceline_core::ids::{ItemIx, SkillIx, ThemeIx};
use paceline_core::math;
use paceline_core::strategy::Strategy;
use paceline_core::stream::{ChaCha8Rng, keyed_u64, stream};
use paceline_core::time::{StudyDay, Timestamp, study_day};
use paceline_learner::memory::Fsrs;
use paceline_learner::{Learner, Params};
use rand::Rng;

use crate::lesson::{
    Candidate, Constraint, Ended, Kind, Lesson, PlannedActivity, Reason, RunnerUp,
};
use crate::local::{MOST_LOCAL, Marks};
use crate::prepare::{Inputs, Prepared};
use crate::search::{Buffers, NOTHING_BEFORE, Node, Rules, Search, best_rate};
use crate::view::{self, ViewBuffers};
use crate::{Cohort, Pin, Purpose, RecentAnswer, Request, SkillColumns, order, outlook, place};

#[cfg(test)]
mod tests;

/// Buffers that plans reuse, and what is kept from one plan to the next. They change no plan, only the time it takes.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) columns: SkillColumns,
    pub(crate) view: ViewBuffers,
    pub(crate) prepared: Prepared,
    search: Buffers,
    order: order::Buffers,
    start: Node,
    lesson: Node,
    trial: Node,
}

impl Scratch {
    /// What is believed of `learner` at `now`, as columns, pace and interests of the request among them.
    ///
    /// They are what [`plan_columns`] plans from.
    pub fn read(
        &mut self,
        bank: &Bank,
        params: &Params,
        learner: &Learner,
        request: &Request,
        now: Timestamp,
    ) -> SkillColumns {
        let mut columns = std::mem::take(&mut self.columns);
        self.prepared.bank_columns.refresh(bank);
        view::fill(
            bank,
            &self.prepared.bank_columns,
            params,
            learner,
            now,
            request,
            &mut self.view,
            &mut columns,
        );
        columns.pace = if 0.0 < request.pace {
            request.pace.clamp(0.05, 20.0)
        } else {
            1.0
        };
        columns.minutes_per_second = columns.pace / 60.0;
        columns.theme_affinity.clone_from(&request.theme_affinity);
        columns
    }
}

/// Plans a lesson for one learner.
///
/// A pure function of its arguments; `scratch` only saves allocations. `seed` is the learner's own:
/// two learners with one seed draw alike.
#[expect(
    clippy::too_many_arguments,
    reason = "a plan is a function of just these seven"
)]
pub fn plan(
    bank: &Bank,
    params: &Params,
    cohort: &Cohort,
    learner: &Learner,
    request: &Request,
    now: Timestamp,
    seed: u64,
    scratch: &mut Scratch,
) -> Lesson {
    let columns = scratch.read(bank, params, learner, request, now);
    let inputs = Inputs {
        bank,
        fsrs: &params.fsrs,
        cohort,
        columns: &columns,
        request,
        now,
        seed,
    };
    let lesson = plan_inputs(&inputs, seed, scratch);
    scratch.columns = columns;
    lesson
}

/// Plans a lesson from columns that the caller keeps: what [`plan`] does once it has read the learner.
#[expect(
    clippy::too_many_arguments,
    reason = "the same seven, the learner as columns"
)]
pub fn plan_columns(
    bank: &Bank,
    fsrs: &Fsrs,
    cohort: &Cohort,
    columns: &SkillColumns,
    request: &Request,
    now: Timestamp,
    seed: u64,
    scratch: &mut Scratch,
) -> Lesson {
    let inputs = Inputs {
        bank,
        fsrs,
        cohort,
        columns,
        request,
        now,
        seed,
    };
    plan_inputs(&inputs, seed, scratch)
}

/// Why an activity stands at the head of a lesson.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Origin {
    Pin(Option<ItemIx>),
    Relearn,
    Remedy { of: SkillIx, p: f32 },
}

/// Most pins that one lesson honours.
const MOST_PINS: usize = 32;

/// A skill that comes first, and why.
type First = (SkillIx, Origin);

fn plan_inputs(inputs: &Inputs<'_>, seed: u64, scratch: &mut Scratch) -> Lesson {
    if let Purpose::Place { max_questions } = inputs.request.purpose {
        scratch.prepared.weigh(inputs);
        return place::probes(inputs, &scratch.prepared, max_questions, seed);
    }
    let Scratch {
        prepared,
        search: buffers,
        order,
        start,
        lesson,
        trial,
        ..
    } = scratch;
    let mut conflicts = Vec::new();
    prepared.weigh(inputs);
    let firsts = insisted(inputs, prepared, &mut conflicts);
    let must: Vec<SkillIx> = firsts.iter().map(|first| first.0).collect();
    let pinned: Vec<ItemIx> = firsts
        .iter()
        .filter_map(|first| match first.1 {
            Origin::Pin(item) => item,
            _ => None,
        })
        .collect();
    let mut rules = inputs.rules(inputs.request.price.unwrap_or(0.0));
    let outlook = outlook::look_ahead(inputs, prepared, &rules, seed);
    if let (Some(outlook), None, false) = (&outlook, inputs.request.price, rules.syllabus) {
        rules.price = outlook.price;
    }
    if rules.syllabus {
        prepared.choose_syllabus(inputs, &must);
    } else {
        prepared.choose(inputs, &rules, &must);
    }
    prepared.lay_out(inputs, &rules, &pinned);
    settle(inputs, prepared, &mut rules, &mut conflicts);
    let origins = begin(prepared, &mut rules, &firsts, start, &mut conflicts);
    let search = Search {
        local: &prepared.local,
        rules: &rules,
    };
    lesson.copy_from(search.run(start, usize::from(inputs.request.width.max(1)), buffers));
    if !rules.syllabus {
        let confusable = |a: u16, b: u16| prepared.local.is_confusable(a, b);
        order::tidy(&search, start, confusable, order, trial, lesson);
    }
    let writer = Writer {
        inputs,
        prepared,
        search,
        origins: &origins,
        planned: lesson.moves.iter().copied().collect(),
        seed,
    };
    Lesson {
        outlook,
        ..writer.write(start, &lesson.moves, conflicts, trial)
    }
}

/// What must come first: pins, then failed reviews, then missing prerequisites. Bans go before all.
fn insisted(
    inputs: &Inputs<'_>,
    prepared: &Prepared,
    conflicts: &mut Vec<Constraint>,
) -> Vec<First> {
    let (bank, request) = (inputs.bank, inputs.request);
    let mut firsts: Vec<First> = Vec::new();
    for pin in &request.pins {
        let (skill, item) = match *pin {
            Pin::Skill(skill) => (skill, None),
            Pin::Item(item) if item.at() < bank.n_items() => (bank.primary_skill(item), Some(item)),
            Pin::Item(_) => continue,
        };
        if bank.n_skills() <= skill.at() {
            continue;
        }
        let banned = request.bans.iter().any(|ban| match *ban {
            crate::Ban::Skill(banned) => banned == skill,
            crate::Ban::Item(banned) => Some(banned) == item,
        });
        if banned {
            note(conflicts, Constraint::Pin);
        } else {
            firsts.push((skill, Origin::Pin(item)));
        }
    }
    if MOST_PINS < firsts.len() {
        firsts.truncate(MOST_PINS);
        note(conflicts, Constraint::Pin);
    }
    let today = study_day(inputs.now, request.utc_offset);
    if inputs.has(Strategy::Remediation) && request.purpose == Purpose::Learn {
        for (skill, origin) in remedies(inputs) {
            if !prepared.is_barred(skill.at()) && firsts.iter().all(|first| first.0 != skill) {
                firsts.push((skill, origin));
            }
        }
    }
    if inputs.has(Strategy::Relearning) {
        for skill in lapsed_today(inputs, today) {
            // What a skill lacks comes before the skill itself.
            let is_new = firsts.iter().all(|first| {
                first.0 != skill && !matches!(first.1, Origin::Remedy { of, .. } if of == skill)
            });
            if is_new && !prepared.is_barred(skill.at()) && firsts.len() < MOST_PINS {
                firsts.push((skill, Origin::Relearn));
            }
        }
    }
    firsts
}

/// Skills, taught before today, whose last answer today was wrong; the latest failure first.
fn lapsed_today(inputs: &Inputs<'_>, today: StudyDay) -> Vec<SkillIx> {
    let recent = &inputs.request.recent;
    let is_today = |answer: &RecentAnswer| study_day(answer.at, inputs.request.utc_offset) == today;
    let failed = (0..recent.len())
        .rev()
        .filter(|&i| is_last_and_wrong(recent, i) && is_today(&recent[i]));
    let skills = failed.map(|i| recent[i].skill);
    skills
        .filter(|skill| inputs.columns.taught.has(skill.at()))
        .collect()
}

/// Whether an answer is the last on its skill, and wrong.
fn is_last_and_wrong(recent: &[RecentAnswer], i: usize) -> bool {
    let later = &recent[i + 1..];
    !recent[i].correct && later.iter().all(|other| other.skill != recent[i].skill)
}

/// Prerequisites to go back to: where two of the last three answers on a skill were wrong, the last
/// among them, the prerequisite that is not in place, unless it has been answered right since.
fn remedies(inputs: &Inputs<'_>) -> Vec<First> {
    let recent = &inputs.request.recent;
    let mut out: Vec<First> = Vec::new();
    for (i, answer) in recent.iter().enumerate().rev() {
        if !is_last_and_wrong(recent, i) || inputs.columns.len() <= answer.skill.at() {
            continue;
        }
        let on_skill = recent[..=i]
            .iter()
            .rev()
            .filter(|other| other.skill == answer.skill);
        let wrong = on_skill.take(3).filter(|other| !other.correct).count();
        if wrong < 2 {
            continue;
        }
        let Some(missing) = missing_prerequisite(inputs, answer.skill) else {
            continue;
        };
        let mended = recent[i..]
            .iter()
            .any(|later| later.skill == missing && later.correct);
        if !mended && out.iter().all(|first| first.0 != missing) {
            let p = inputs.columns.p_now[missing.at()];
            out.push((
                missing,
                Origin::Remedy {
                    of: answer.skill,
                    p,
                },
            ));
        }
    }
    out
}

/// The weakest direct prerequisite that would likelier be failed than got right.
fn missing_prerequisite(inputs: &Inputs<'_>, skill: SkillIx) -> Option<SkillIx> {
    let c = inputs.columns;
    let weak = |&(before, weight): &(u32, f32)| {
        let before = before as usize;
        0.5 <= weight
            && !c.mastered.has(before)
            && c.p_now[before] < inputs.request.objective.remedy_below
    };
    let p = |edge: &(u32, f32)| c.p_now[edge.0 as usize];
    let edges = inputs.bank.prerequisites().edges(skill.0).filter(weak);
    edges
        .min_by(|one, other| p(one).total_cmp(&p(other)))
        .map(|(before, _)| SkillIx(before))
}

/// Constraints that depend on what there is to do: time kept for reviews, skills to keep apart, what
/// came just before the lesson.
fn settle(
    inputs: &Inputs<'_>,
    prepared: &Prepared,
    rules: &mut Rules,
    conflicts: &mut Vec<Constraint>,
) {
    let request = inputs.request;
    let search = Search {
        local: &prepared.local,
        rules,
    };
    let (mut review_minutes, mut at_hand) = (0.0, 0);
    for (i, skill) in prepared.local.skills.iter().enumerate() {
        let items = prepared.local.items(i);
        if search.is_review(i) && skill.practicable {
            review_minutes += items.first().map_or(0.0, |item| item.minutes);
        }
        let practises = skill.state.taught && skill.practicable && !items.is_empty();
        at_hand += u8::from(at_hand < 3 && (practises || (skill.teachable && !skill.state.taught)));
    }
    let wanted = request.review_share.clamp(0.0, 1.0) * request.minutes;
    if review_minutes < wanted {
        note(conflicts, Constraint::ReviewShare);
    }
    if 0.0 < wanted {
        rules.other_minutes = request.minutes - wanted.min(review_minutes);
    }
    if at_hand < 3 && rules.keep_apart != 0 {
        rules.keep_apart = at_hand.saturating_sub(1);
    }
    let today = study_day(inputs.now, request.utc_offset);
    let just_before = request.recent.iter().rev().take(2);
    rules.before = NOTHING_BEFORE;
    for (slot, answer) in rules.before.iter_mut().zip(just_before) {
        if study_day(answer.at, request.utc_offset) == today {
            let local = prepared.chosen.binary_search(&answer.skill.0);
            *slot = local.map_or(u16::MAX, |at| at as u16);
        }
    }
}

/// Begins the lesson with what is insisted on, and says where each such activity comes from.
fn begin(
    prepared: &mut Prepared,
    rules: &mut Rules,
    firsts: &[First],
    start: &mut Node,
    conflicts: &mut Vec<Constraint>,
) -> Vec<Origin> {
    let at_hand = |skill: SkillIx| prepared.chosen.binary_search(&skill.0).ok();
    let pinned_minutes = pins_minutes(prepared, firsts);
    if rules.minutes < pinned_minutes {
        note(conflicts, Constraint::Time);
        rules.minutes = pinned_minutes;
        rules.other_minutes = rules.other_minutes.max(pinned_minutes);
    }
    let search = Search {
        local: &prepared.local,
        rules,
    };
    search.root(start);
    let mut origins = Vec::new();
    for &(skill, origin) in firsts {
        let Some(at) = at_hand(skill) else {
            continue;
        };
        let pin = matches!(origin, Origin::Pin(_));
        if pin && search.open_up(start, at) {
            origins.resize(start.moves.len(), origin);
        }
        match search.forbids(start, at) {
            None => search.apply(start, at),
            Some(Constraint::Spacing) => search.apply(start, at),
            Some(Constraint::Unlocking) if pin => {
                note(conflicts, Constraint::Unlocking);
                search.force_lesson(start, at);
            }
            Some(constraint) if pin && start.minutes[at].is_finite() => {
                note(conflicts, constraint);
                search.apply(start, at);
            }
            Some(constraint) => {
                if pin {
                    note(conflicts, Constraint::Pin);
                    note(conflicts, constraint);
                }
                continue;
            }
        }
        origins.push(origin);
        // A pinned item of a skill that had to be taught first still comes, right after its lesson.
        let wants_item = matches!(origin, Origin::Pin(Some(_)));
        if wants_item && start.used(at) == 0 && start.minutes[at].is_finite() {
            search.apply(start, at);
            origins.push(origin);
        }
    }
    // A pin that is locked is known to take too long only once it is given.
    if start.left < -1e-3 {
        note(conflicts, Constraint::Time);
    }
    origins
}

/// Minutes of what is pinned, each skill's own next activity.
fn pins_minutes(prepared: &Prepared, firsts: &[First]) -> f32 {
    let mut minutes = 0.0;
    for &(skill, origin) in firsts {
        let (Origin::Pin(item), Ok(at)) = (origin, prepared.chosen.binary_search(&skill.0)) else {
            continue;
        };
        let it = &prepared.local.skills[at];
        let items = prepared.local.items(at);
        if !it.state.taught {
            minutes += it.lesson_minutes;
        }
        if it.state.taught || item.is_some() {
            minutes += items.first().map_or(0.0, |item| item.minutes);
        }
    }
    minutes
}

fn note(conflicts: &mut Vec<Constraint>, constraint: Constraint) {
    if !conflicts.contains(&constraint) {
        conflicts.push(constraint);
    }
}

/// Writes the lesson down.
struct Writer<'a> {
    inputs: &'a Inputs<'a>,
    prepared: &'a Prepared,
    search: Search<'a>,
    origins: &'a [Origin],
    /// Skills of the lesson as planned.
    planned: Marks,
    seed: u64,
}

/// Share of gain per minute within which candidates count as near-ties.
const NEAR_TIE: f32 = 0.97;

/// What a slot could have shown: local skills with their gain per minute.
struct Slot {
    planned: (u16, f32),
    /// Near-equals, by skill.
    others: Vec<(u16, f32)>,
    /// Propensity of each of the others.
    p_other: f32,
}

impl Slot {
    /// A slot that can show just one skill.
    fn only(skill: u16, rate: f32) -> Self {
        Self {
            planned: (skill, rate),
            others: Vec::new(),
            p_other: 0.0,
        }
    }

    fn len(&self) -> usize {
        1 + self.others.len()
    }

    fn p_planned(&self) -> f32 {
        1.0 - self.p_other * self.others.len() as f32
    }

    /// The skills with their rates and propensities, the planned one first.
    fn choices(&self) -> impl Iterator<Item = (u16, f32, f32)> {
        let planned = (self.planned.0, self.planned.1, self.p_planned());
        let others = self.others.iter().map(|it| (it.0, it.1, self.p_other));
        std::iter::once(planned).chain(others)
    }

    fn propensity(&self, skill: u16) -> f32 {
        if skill == self.planned.0 {
            self.p_planned()
        } else {
            self.p_other
        }
    }
}

impl Writer<'_> {
    fn write(
        &self,
        start: &Node,
        moves: &[u16],
        conflicts: Vec<Constraint>,
        node: &mut Node,
    ) -> Lesson {
        let mut rng = stream("explore", self.seed, &self.inputs.now.0.to_le_bytes());
        let mut activities: Vec<PlannedActivity> = Vec::with_capacity(moves.len());
        let mut themes: Vec<ThemeIx> = Vec::with_capacity(moves.len());
        if start.moves.is_empty() {
            node.copy_from(start);
        } else {
            self.search.root(node);
        }
        for (&skill, &origin) in start.moves.iter().zip(self.origins) {
            let slot = Slot::only(skill, 0.0);
            activities.push(self.activity(node, skill, Some(origin), &slot, &mut themes, &mut rng));
            self.search.force(node, usize::from(skill));
        }
        let rest = &moves[start.moves.len().min(moves.len())..];
        let mut planned = rest.iter().copied();
        loop {
            let wanted = match planned.next() {
                Some(skill) if self.search.pays(node, usize::from(skill)) => skill,
                Some(_) => continue,
                // Exploring may leave room that the plan did not have.
                None if 0.0 < self.inputs.request.explore => match self.search.best(node) {
                    Some(skill) => skill as u16,
                    None => break,
                },
                None => break,
            };
            let slot = self.slot(node, wanted);
            let skill = self.draw(&slot, &mut rng);
            activities.push(self.activity(node, skill, None, &slot, &mut themes, &mut rng));
            self.search.apply(node, usize::from(skill));
        }
        let items = activities.iter().filter_map(|activity| activity.item);
        let ended = self.ended(node, items, conflicts);
        Lesson {
            activities,
            ended,
            value: node.value,
            outlook: None,
        }
    }

    /// The candidates of a slot with their propensities, the planned one first.
    fn slot(&self, node: &Node, wanted: u16) -> Slot {
        let explore = self.inputs.request.explore.clamp(0.0, 1.0);
        let at = usize::from(wanted);
        let rate = node.gains[at] / node.minutes[at];
        let mut slot = Slot::only(wanted, rate);
        if 0.0 < explore {
            for skill in 0..self.search.local.len() {
                let other = node.gains[skill] / node.minutes[skill];
                let near =
                    NEAR_TIE * rate <= other && node.minutes[skill] <= node.minutes[at] + 1e-4;
                if skill != at && near && self.search.pays(node, skill) {
                    slot.others.push((skill as u16, other));
                }
            }
            slot.p_other = explore / slot.len() as f32;
        }
        slot
    }

    fn draw(&self, slot: &Slot, rng: &mut ChaCha8Rng) -> u16 {
        if slot.others.is_empty() {
            return slot.planned.0;
        }
        let mut u = unit(rng);
        for (skill, _, p) in slot.choices() {
            u -= p;
            if u < 0.0 {
                return skill;
            }
        }
        slot.planned.0
    }

    fn activity(
        &self,
        node: &Node,
        skill: u16,
        origin: Option<Origin>,
        slot: &Slot,
        themes: &mut Vec<ThemeIx>,
        rng: &mut ChaCha8Rng,
    ) -> PlannedActivity {
        let local = self.search.local;
        let at = usize::from(skill);
        let it = &local.skills[at];
        let state = node.state(local, at);
        let choice = state
            .taught
            .then(|| local.items(at).get(node.used(at)))
            .flatten();
        let item = choice.map(|choice| choice.item);
        let p_correct = match choice {
            Some(choice) => math::logistic(math::logit(state.p_now) + choice.offset_logit),
            None => crate::value::kappa_after_lesson(
                &self.search.rules.objective,
                state.p_now,
                self.search.readiness(node, at),
            ),
        };
        let bank = self.inputs.bank;
        let encompassed = bank.encompasses().edges(it.skill.0);
        let mut skills = Vec::with_capacity(1 + bank.encompasses().targets(it.skill.0).len());
        skills.push((it.skill, 1.0));
        if item.is_some() {
            skills.extend(encompassed.map(|(to, weight)| (SkillIx(to), weight)));
        }
        let (theme, theme_propensity) = self.theme(item, themes, rng);
        let place = themes.len() as u64;
        let key = item.map_or(u64::MAX, |item| u64::from(item.0));
        let mut instance = [0; 24];
        let parts = [place, key, self.inputs.now.0 as u64];
        for (bytes, part) in instance.chunks_mut(8).zip(parts) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        let instance_seed = keyed_u64("instance", self.seed, &instance);
        themes.push(theme.unwrap_or(ThemeIx(u32::MAX)));
        let (runner_up, bound_by) = self.alternatives(node, skill);
        PlannedActivity {
            kind: self.kind(at, item, origin),
            skills,
            item,
            theme,
            theme_propensity,
            instance_seed,
            minutes: if node.minutes[at].is_finite() {
                node.minutes[at]
            } else {
                it.lesson_minutes
            },
            p_correct,
            gain: node.gains[at],
            propensity: slot.propensity(skill),
            candidates: self.candidates(node, slot),
            reasons: self.reasons(node, at, p_correct, item, origin, slot, theme),
            runner_up,
            bound_by,
        }
    }

    fn kind(&self, at: usize, item: Option<ItemIx>, origin: Option<Origin>) -> Kind {
        match (origin, item) {
            (Some(Origin::Remedy { .. }), _) => Kind::Remedy,
            (_, None) => Kind::Lesson,
            (_, Some(_)) if self.search.is_review(at) => Kind::Review,
            (_, Some(_)) => Kind::Practice,
        }
    }

    fn candidates(&self, node: &Node, slot: &Slot) -> Vec<Candidate> {
        let local = self.search.local;
        let of = |(skill, rate, propensity): (u16, f32, f32)| {
            let at = usize::from(skill);
            let taught = node.taught(at);
            let item = taught.then(|| local.items(at).get(node.used(at))).flatten();
            Candidate {
                skill: local.skills[at].skill,
                item: item.map(|choice| choice.item),
                propensity,
                gain_per_minute: rate,
            }
        };
        slot.choices().map(of).collect()
    }

    /// The theme to set an item in, and the probability with which it was to be shown.
    fn theme(
        &self,
        item: Option<ItemIx>,
        shown: &[ThemeIx],
        rng: &mut ChaCha8Rng,
    ) -> (Option<ThemeIx>, f32) {
        let choices = item.map_or(&[][..], |item| self.inputs.bank.theme_choices(item));
        let n = choices.len();
        if n < 2 {
            return (choices.first().copied(), 1.0);
        }
        let matched = self.inputs.has(Strategy::InterestMatch);
        let u = unit(rng);
        let any = choices[((unit(rng) * n as f32) as usize).min(n - 1)];
        if !matched {
            return (Some(any), 1.0 / n as f32);
        }
        let affinity = |theme: ThemeIx| {
            let liking = self
                .inputs
                .columns
                .theme_affinity
                .get(theme.at())
                .copied()
                .unwrap_or(0.0);
            let times = shown.iter().filter(|&&other| other == theme).count() as f32;
            let common = self
                .inputs
                .cohort
                .theme_counts
                .get(theme.at())
                .copied()
                .unwrap_or(0);
            // A theme seen before in the lesson is worth less; the class's rarer theme breaks a tie.
            (liking - THEME_REPEAT * times, std::cmp::Reverse(common))
        };
        let mut best = choices[0];
        for &theme in &choices[1..] {
            let (a, b) = (affinity(theme), affinity(best));
            if b.0 < a.0 || (b.0 == a.0 && b.1 < a.1) {
                best = theme;
            }
        }
        let explore = self.inputs.request.explore.clamp(0.0, 1.0);
        let theme = if u < explore { any } else { best };
        let floor = explore / n as f32;
        (
            Some(theme),
            if theme == best {
                1.0 - explore + floor
            } else {
                floor
            },
        )
    }

    /// The best alternative used nowhere in the lesson, and what kept a better one out of this slot.
    fn alternatives(&self, node: &Node, skill: u16) -> (Option<RunnerUp>, Option<Constraint>) {
        let local = self.search.local;
        let (at, n) = (usize::from(skill), local.len());
        let taken = node.gains[at] / node.minutes[at];
        let (mut free, mut bound) = ([0.0; MOST_LOCAL], [0.0; MOST_LOCAL]);
        let (free, bound) = (&mut free[..n], &mut bound[..n]);
        self.search.part(node, free, bound);
        self.planned.each(|planned| free[planned] = 0.0);
        (free[at], bound[at]) = (0.0, 0.0);
        let runner_up = best_rate(free).map(|other| RunnerUp {
            skill: local.skills[other].skill,
            gain_per_minute: free[other],
        });
        let better = best_rate(bound).filter(|&other| taken < bound[other]);
        let constraint = better.and_then(|other| self.search.forbids(node, other));
        (runner_up, constraint)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one slot")]
    fn reasons(
        &self,
        node: &Node,
        at: usize,
        p_correct: f32,
        item: Option<ItemIx>,
        origin: Option<Origin>,
        slot: &Slot,
        theme: Option<ThemeIx>,
    ) -> Vec<Reason> {
        let (local, rules) = (self.search.local, self.search.rules);
        let it = &local.skills[at];
        let state = node.state(local, at);
        let skill = it.skill.at();
        let mut reasons = Vec::with_capacity(MOST_REASONS);
        match origin {
            Some(Origin::Pin(_)) => reasons.push(Reason::Pinned),
            Some(Origin::Relearn) => reasons.push(Reason::Relearning),
            Some(Origin::Remedy { of, p }) => {
                reasons.push(Reason::Remediation {
                    of,
                    p_prerequisite: p,
                });
            }
            None => {}
        }
        if self.search.rules.syllabus {
            reasons.push(Reason::Syllabus);
            return reasons;
        }
        if item.is_none() {
            reasons.push(Reason::Ready {
                readiness: self.search.readiness(node, at),
            });
        } else {
            let (recall, own, related) = self.search.parts(node, at);
            if it.first_try && node.used(at) == 0 {
                reasons.push(Reason::ProbablyKnown {
                    p_correct: state.p_now,
                });
            } else if 0.0 < state.elapsed_days && rules.objective.forgetting {
                let horizon = &rules.horizon;
                let branches = self.search.branches(node, at);
                reasons.push(Reason::Due {
                    recall,
                    elapsed_days: state.elapsed_days,
                    later: branches.before / horizon.full(),
                    later_if_right: branches.grown / horizon.full(),
                });
            }
            let target = self.inputs.request.target_success;
            reasons.push(Reason::Difficulty { p_correct, target });
            if 0.1 * own < related {
                reasons.push(Reason::AlsoPractises { gain: related });
            }
            if 0.25 * own < it.information {
                reasons.push(Reason::Information {
                    value: it.information,
                });
            }
        }
        if let Some(&weight) = self.prepared.goal.get(skill)
            && self.inputs.request.objective.way_to_goal <= weight
        {
            reasons.push(Reason::Goal { weight });
        }
        let unlocks = self.prepared.kept.unlock[skill];
        if 0.1 < unlocks && !self.inputs.columns.mastered.has(skill) {
            reasons.push(Reason::Unlocks { value: unlocks });
        }
        if let Some(theme) = theme
            && let Some(relative) = self.relative_affinity(item, theme)
        {
            reasons.push(Reason::Interest { relative });
        }
        if 1 < slot.len() {
            reasons.push(Reason::Exploration {
                choices: slot.len() as u16,
            });
        }
        reasons
    }

    /// Affinity of a theme relative to the best available, where the learner has any preference.
    fn relative_affinity(&self, item: Option<ItemIx>, theme: ThemeIx) -> Option<f32> {
        let affinity = &self.inputs.columns.theme_affinity;
        let own = *affinity.get(theme.at())?;
        let choices = self.inputs.bank.theme_choices(item?);
        let known = choices
            .iter()
            .filter_map(|theme| affinity.get(theme.at()).copied());
        let best = known.fold(f32::NEG_INFINITY, f32::max);
        let matched = self.inputs.has(Strategy::InterestMatch);
        (matched && 1 < choices.len() && 0.0 < own && 0.0 < best).then(|| own / best)
    }

    fn ended(
        &self,
        node: &Node,
        mut items: impl Iterator<Item = ItemIx>,
        mut conflicts: Vec<Constraint>,
    ) -> Ended {
        let local = self.search.local;
        // An item that takes any theme is a template, whose next instance is a new one.
        let repeats = |item: ItemIx| {
            self.prepared.is_exposed(item) && self.inputs.bank.theme_choices(item).len() < 2
        };
        if items.any(repeats) {
            note(&mut conflicts, Constraint::Exposure);
        }
        let wanted = if self.inputs.has(Strategy::Interleaving) {
            2
        } else {
            0
        };
        let crowded = (1..node.moves.len()).any(|i| {
            let before = &node.moves[i.saturating_sub(2)..i];
            before.contains(&node.moves[i])
        });
        if self.search.rules.keep_apart < wanted && crowded {
            note(&mut conflicts, Constraint::Spacing);
        }
        if !conflicts.is_empty() {
            return Ended::Conflict(conflicts);
        }
        let price = self.search.rules.price;
        let pays = |skill: &usize| price * node.minutes[*skill] < node.gains[*skill];
        let stopped = |skill: usize| self.search.forbids(node, skill);
        let mut paying = (0..local.len()).filter(pays);
        if node.left < 0.5 || paying.any(|skill| stopped(skill) == Some(Constraint::Time)) {
            return Ended::TimeUsed;
        }
        if node.moves.is_empty() && node.minutes.iter().all(|minutes| minutes.is_infinite()) {
            return Ended::NothingUnlocked;
        }
        Ended::NothingPays
    }
}

/// Most reasons of one activity, about.
const MOST_REASONS: usize = 6;
/// What a theme loses by each time it was shown in the lesson.
const THEME_REPEAT: f32 = 0.15;

/// A uniform draw from [0, 1).
fn unit(rng: &mut ChaCha8Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1u32 << 24) as f32
}

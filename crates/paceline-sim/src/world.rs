//! A world: one draw of everything that is true about learning and is told to no policy.
//!
//! Parameters come from ranges taken from the literature (the table in `docs/families.md`), one draw a
//! world, never tuned to a policy. A class lives in one world; the same seed gives the same worlds in every
//! family and variant, so those are compared on the same pupils.

use crate::curriculum::Curriculum;
use crate::draws::{Draws, Purpose};
use crate::fitted::Fitted;
use crate::math;
use serde::{Deserialize, Serialize};

/// How learning and forgetting work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Family {
    /// A: gains add up, each decaying as a power of its age.
    Additive,
    /// B: a skill is absent, fragile or secure; misconceptions give systematic wrong answers.
    Discrete,
    /// C: activation of traces with individual decay (ACT-R).
    Activation,
    /// D, held out of development: insight at once or not at all, hidden prerequisites, confusable skills.
    Insight,
    /// E: a hidden state with student effects, fitted to a real answer log.
    Fitted,
}

impl Family {
    /// Every family but the one held out, in its order of report.
    pub const ALL: [Family; 4] = [
        Family::Additive,
        Family::Discrete,
        Family::Activation,
        Family::Fitted,
    ];

    /// The family that is looked at once, when all else is done.
    pub const HELD_OUT: Family = Family::Insight;

    /// The name used in output and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Family::Additive => "additive",
            Family::Discrete => "discrete",
            Family::Activation => "activation",
            Family::Insight => "insight",
            Family::Fitted => "fitted",
        }
    }
}

/// One thing changed about a world: what a strategy rests on is made inert or harmful, or the setting harder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Variant {
    /// The world as drawn.
    Plain,
    /// Neither forgetting nor massing: when something is practised makes no difference.
    SpacingInert,
    /// Prerequisites make no difference to learning.
    PrerequisitesInert,
    /// Interesting themes distract: less engagement and less gain.
    InterestHarmful,
    /// Everyone learns half as much per opportunity.
    HalfSpeed,
    /// Lessons are half as long.
    HalfMinutes,
    /// Learning is best where 65 % of answers are right.
    BestSuccess65,
    /// Learning is best where 95 % of answers are right.
    BestSuccess95,
    /// Difficulty makes no difference to learning.
    DifficultyFlat,
    /// 30 % of the graph's edges are wrong.
    WrongEdges30,
    /// 60 % of the graph's edges are wrong.
    WrongEdges60,
    /// Only minutes count: whatever is done raises all skills alike.
    AllInert,
}

impl Variant {
    /// Every variant in its order of report.
    pub const ALL: [Variant; 12] = [
        Variant::Plain,
        Variant::SpacingInert,
        Variant::PrerequisitesInert,
        Variant::InterestHarmful,
        Variant::HalfSpeed,
        Variant::HalfMinutes,
        Variant::BestSuccess65,
        Variant::BestSuccess95,
        Variant::DifficultyFlat,
        Variant::WrongEdges30,
        Variant::WrongEdges60,
        Variant::AllInert,
    ];

    /// The name used in output and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Plain => "plain",
            Variant::SpacingInert => "spacing-inert",
            Variant::PrerequisitesInert => "prerequisites-inert",
            Variant::InterestHarmful => "interest-harmful",
            Variant::HalfSpeed => "half-speed",
            Variant::HalfMinutes => "half-minutes",
            Variant::BestSuccess65 => "best-success-65",
            Variant::BestSuccess95 => "best-success-95",
            Variant::DifficultyFlat => "difficulty-flat",
            Variant::WrongEdges30 => "wrong-edges-30",
            Variant::WrongEdges60 => "wrong-edges-60",
            Variant::AllInert => "all-inert",
        }
    }
}

/// What is true in one world. Logits unless a name says otherwise.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) family: Family,
    pub(crate) draws: Draws,
    /// Gain per opportunity of a typical pupil.
    pub(crate) gain: f64,
    /// How many opportunities a lesson text with its worked example is worth.
    pub(crate) lesson_worth: f64,
    /// SD of the log learning rate over pupils.
    pub(crate) rate_sd: f64,
    /// Mean initial logit over the scope, its fall from the first skill to the last, and its SD per pupil and skill.
    pub(crate) initial: f64,
    pub(crate) initial_fall: f64,
    pub(crate) initial_sd: f64,
    /// SD of ability over all pupils, and its shares between schools and between classes of a school.
    pub(crate) ability_sd: f64,
    pub(crate) school_share: f64,
    pub(crate) class_share: f64,
    /// SD of the log growth effect of schools and of teachers.
    pub(crate) growth_sd: f64,
    /// Power of forgetting; 0 is none.
    pub(crate) decay: f64,
    /// How much massing costs, 0 to 1.
    pub(crate) massing: f64,
    /// Success rate at which practice teaches most, and what a miss costs (0 is flat).
    pub(crate) best_success: f64,
    pub(crate) miss_cost: f64,
    /// What is learnt with no prerequisite ready.
    pub(crate) unready_floor: f64,
    pub(crate) prerequisites_matter: bool,
    /// Effect of a theme one SD more liked, on engagement; and on gain.
    pub(crate) interest: f64,
    /// What a use of a theme leaves of its novelty.
    pub(crate) novelty_kept: f64,
    pub(crate) fatigue: f64,
    pub(crate) mismatch: f64,
    pub(crate) guess: f64,
    pub(crate) slip: f64,
    pub(crate) gaming: f64,
    pub(crate) absence: f64,
    pub(crate) leaving_per_week: f64,
    pub(crate) item_sd: f64,
    pub(crate) pace_sd: f64,
    /// Only minutes count.
    pub(crate) only_minutes: bool,
    /// Share of the bell-to-bell minutes that is there for the policy.
    pub(crate) minutes_share: f64,
    /// Prerequisites as they are (index, weight), by skill.
    pub(crate) needs: Vec<Vec<(u32, f64)>>,
    /// Skills practised along, as it is (index, share), by skill.
    pub(crate) encompasses: Vec<Vec<(u32, f64)>>,
    /// True easiness of each item relative to a typical one.
    pub(crate) item_shift: Vec<f64>,
    /// Opportunities in each item relative to a typical one: the root of its relative time.
    pub(crate) item_weight: Vec<f64>,
    /// What a real log says of learning, for [`Family::Fitted`].
    pub(crate) fitted: Fitted,
    /// What is kept of a gain, by its age in days.
    kept: Vec<f64>,
}

/// Ages beyond this many days decay no further: more than any calendar here.
const KEPT_DAYS: u16 = 1024;

impl World {
    /// Draws world number `index` of `seed` for a course.
    pub(crate) fn draw(
        family: Family,
        variant: Variant,
        seed: u64,
        index: u32,
        curriculum: &Curriculum,
    ) -> Self {
        let draws = Draws::new("world", seed, &[u64::from(index)]);
        let mut n = 0;
        let mut range = |low: f64, high: f64| {
            n += 1;
            draws.between(Purpose::WorldParameter, n, (low, high))
        };
        let mut world = World {
            family,
            draws,
            gain: range(0.05, 0.20),
            lesson_worth: range(6.0, 12.0),
            rate_sd: range(0.10, 0.40),
            initial: math::logit(range(0.25, 0.50)),
            initial_fall: range(1.0, 2.5),
            initial_sd: range(0.3, 0.7),
            ability_sd: range(0.8, 1.2),
            school_share: range(0.13, 0.34),
            class_share: range(0.02, 0.08),
            growth_sd: range(0.05, 0.15),
            decay: range(0.08, 0.40),
            massing: range(0.7, 1.0),
            best_success: range(0.60, 0.95),
            miss_cost: range(0.0, 2.4),
            unready_floor: range(0.1, 0.3),
            prerequisites_matter: true,
            interest: range(-0.2, 0.6),
            // Spent (e-fold) after that many uses.
            novelty_kept: libm::exp(-1.0 / range(10.0, 40.0)),
            fatigue: range(0.0, 0.6),
            mismatch: range(0.5, 3.0),
            guess: range(0.05, 0.30),
            slip: range(0.04, 0.12),
            gaming: range(0.02, 0.08),
            absence: range(0.03, 0.09),
            leaving_per_week: range(0.0, 0.003),
            item_sd: range(0.2, 0.6),
            pace_sd: range(0.2, 0.4),
            only_minutes: false,
            minutes_share: 1.0,
            needs: Vec::new(),
            encompasses: Vec::new(),
            item_shift: Vec::new(),
            item_weight: item_weights(curriculum),
            fitted: Fitted::default(),
            kept: Vec::new(),
        };
        if family == Family::Fitted {
            // A fitted state's chances of success hold guessing and slipping already.
            (world.guess, world.slip) = (0.0, 0.0);
        }
        let mut wrong_edges = range(0.10, 0.30);
        let carried_along = range(0.5, 1.0);
        match variant {
            Variant::Plain => {}
            Variant::SpacingInert => world.make_spacing_inert(),
            Variant::PrerequisitesInert => world.prerequisites_matter = false,
            Variant::InterestHarmful => world.interest = -0.5,
            Variant::HalfSpeed => world.gain *= 0.5,
            Variant::HalfMinutes => world.minutes_share = 0.5,
            Variant::BestSuccess65 => (world.best_success, world.miss_cost) = (0.65, 1.8),
            Variant::BestSuccess95 => (world.best_success, world.miss_cost) = (0.95, 1.8),
            Variant::DifficultyFlat => (world.miss_cost, world.mismatch) = (0.0, 0.0),
            Variant::WrongEdges30 => wrong_edges = 0.3,
            Variant::WrongEdges60 => wrong_edges = 0.6,
            Variant::AllInert => {
                world.make_spacing_inert();
                world.prerequisites_matter = false;
                world.interest = 0.0;
                world.fatigue = 0.0;
                (world.miss_cost, world.mismatch) = (0.0, 0.0);
                world.only_minutes = true;
            }
        }
        world.kept = (0..KEPT_DAYS)
            .map(|age| libm::pow(1.0 + f64::from(age) / 7.0, -world.decay))
            .collect();
        world.needs = curriculum.redrawn_needs(&draws, wrong_edges);
        world.encompasses = curriculum
            .skills
            .iter()
            .map(|skill| {
                let along = skill.encompasses.iter();
                along
                    .map(|&(e, share)| (e, share * carried_along))
                    .collect()
            })
            .collect();
        world.item_shift = curriculum
            .items
            .iter()
            .zip(0u32..)
            .map(|(item, j)| {
                let noise = world.item_sd * draws.normal(Purpose::ItemTruth, j, 0);
                item.easiness_logit - crate::TYPICAL_EASINESS + noise
            })
            .collect();
        world
    }

    fn make_spacing_inert(&mut self) {
        self.decay = 0.0;
        self.massing = 0.0;
    }

    /// The share of a gain that is kept after `age_days` (Wickelgren's power law with a week's scale).
    pub(crate) fn kept(&self, age_days: u16) -> f64 {
        self.kept[usize::from(age_days).min(self.kept.len() - 1)]
    }

    /// How much an activity teaches at success rate `p`, relative to the best.
    pub(crate) fn fit(&self, p: f64) -> f64 {
        let miss = p - self.best_success;
        (1.0 - self.miss_cost * miss * miss).max(0.2)
    }
}

/// A longer item has more steps to learn from, though not in proportion.
fn item_weights(curriculum: &Curriculum) -> Vec<f64> {
    let seconds = curriculum.items.iter().map(|item| item.seconds);
    let typical = seconds.clone().sum::<f64>() / curriculum.items.len().max(1) as f64;
    seconds
        .map(|seconds| libm::sqrt(seconds / typical.max(1e-9)))
        .collect()
}

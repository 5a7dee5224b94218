//! What is believed of one learner, as columns over all skills of a bank.
//!
//! The planner reads nothing else of a learner. Columns are in the order of the bank's skills; all
//! have one length.

/// A set of skills, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkillSet {
    words: Vec<u64>,
    len: usize,
}

impl SkillSet {
    /// The empty set over `n` skills.
    pub fn empty(n: usize) -> Self {
        Self {
            words: vec![0; n.div_ceil(64)],
            len: n,
        }
    }

    /// Empties the set and makes room for `n` skills.
    pub fn reset(&mut self, n: usize) {
        self.words.clear();
        self.words.resize(n.div_ceil(64), 0);
        self.len = n;
    }

    /// Whether `skill` is in the set; false beyond its end.
    #[inline]
    pub fn has(&self, skill: usize) -> bool {
        self.words
            .get(skill / 64)
            .is_some_and(|word| word >> (skill % 64) & 1 == 1)
    }

    /// Adds or removes `skill`; beyond the end nothing happens.
    #[inline]
    pub fn put(&mut self, skill: usize, present: bool) {
        if self.len <= skill {
            return;
        }
        let bit = 1 << (skill % 64);
        if present {
            self.words[skill / 64] |= bit;
        } else {
            self.words[skill / 64] &= !bit;
        }
    }

    /// Number of members.
    pub fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// All bits, 64 skills a word; those beyond the end must stay 0.
    #[inline]
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// All bits, 64 skills a word.
    #[inline]
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The 64 bits from skill `64 * word` on.
    #[inline]
    pub fn word(&self, word: usize) -> u64 {
        self.words.get(word).copied().unwrap_or(0)
    }
}

/// One learner's belief over all skills of a bank.
///
/// Shape: every column `[n_skills]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SkillColumns {
    /// FSRS stability in days; 0 for a skill never taught.
    pub stability_days: Vec<f32>,
    /// FSRS difficulty, 1 to 10.
    pub difficulty: Vec<f32>,
    /// Whole study days since the last practice.
    pub elapsed_days: Vec<f32>,
    /// Answers given on this study day.
    pub n_today: Vec<f32>,
    /// Answers given in all.
    pub n_answers: Vec<u32>,
    /// Probability of a right answer on a typical item, nothing forgotten.
    pub kappa: Vec<f32>,
    /// Predicted success on a typical item now.
    pub p_now: Vec<f32>,
    /// Probability that the skill is mastered.
    pub p_mastered: Vec<f32>,
    /// Variance of the skill's logit, for what an answer would tell.
    pub logit_variance: Vec<f32>,
    /// Skills that were taught, or are known from placement or answers, or are to be tried first.
    pub taught: SkillSet,
    /// Of these, the skills to be tried first: probably known, but neither taught nor answered yet. What builds on them waits.
    pub first_try: SkillSet,
    /// Skills that are mastered.
    pub mastered: SkillSet,
    /// Skills touched on this study day.
    pub touched_today: SkillSet,
    /// Change of predicted log-odds per unit of item easiness.
    pub easiness_slope: f32,
    /// Expected minutes per expected second of an item, for this learner.
    pub minutes_per_second: f32,
    /// Factor on a lesson's minutes, for this learner.
    pub pace: f32,
    /// Factor on every learning step, `e^lambda`.
    pub learning_rate: f32,
    /// How much the learner likes each theme, more is better. Shape: `[n_themes]`, or empty.
    pub theme_affinity: Vec<f32>,
}

impl SkillColumns {
    /// Columns of a learner who has never done anything, `kappa` being the same everywhere.
    pub fn blank(n_skills: usize, kappa: f32) -> Self {
        Self {
            stability_days: vec![0.0; n_skills],
            difficulty: vec![0.0; n_skills],
            elapsed_days: vec![0.0; n_skills],
            n_today: vec![0.0; n_skills],
            n_answers: vec![0; n_skills],
            kappa: vec![kappa; n_skills],
            p_now: vec![kappa; n_skills],
            p_mastered: vec![0.0; n_skills],
            logit_variance: vec![0.5; n_skills],
            taught: SkillSet::empty(n_skills),
            first_try: SkillSet::empty(n_skills),
            mastered: SkillSet::empty(n_skills),
            touched_today: SkillSet::empty(n_skills),
            easiness_slope: 1.0,
            minutes_per_second: 1.0 / 60.0,
            pace: 1.0,
            learning_rate: 1.0,
            theme_affinity: Vec::new(),
        }
    }

    /// Whether a skill was taught, or answered well enough to do without: enough for what builds on it to be begun.
    #[inline]
    pub fn has_begun(&self, skill: usize) -> bool {
        self.taught.has(skill) && !self.first_try.has(skill)
    }

    /// Number of skills.
    pub fn len(&self) -> usize {
        self.stability_days.len()
    }

    /// Whether there is no skill at all.
    pub fn is_empty(&self) -> bool {
        self.stability_days.is_empty()
    }
}

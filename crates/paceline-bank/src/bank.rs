//! The compiled bank: immutable columns and graphs that everything above reads.
//!
//! A bank that exists is valid: every index is in range, the graphs are acyclic, every item has a
//! skill. It knows nothing of learners, clocks or files.

use paceline_core::graph::Csr;
use paceline_core::ids::{ItemIx, SkillIx, ThemeIx};
use paceline_core::raw;
use serde::{Deserialize, Serialize};

use crate::body::ItemBody;
use crate::codec::Blobs;
use crate::names::Names;
use crate::version::{BankVersion, ItemVersion};

/// A course as its `course.toml` describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// The external id, the folder's name.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// Language codes; the first is the course's own.
    pub languages: Vec<String>,
    /// The licence of its content.
    pub licence: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Its skills, which are consecutive: first index and one past the last.
    pub skills: (u32, u32),
    /// The themes its templates can take, in the order of its file.
    pub themes: Vec<ThemeIx>,
    /// What each slot says: `slots[theme][slot][language]`, in the order of `themes`.
    pub(crate) slots: Vec<Vec<Slot>>,
}

/// What one theme puts in one place, by language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) name: String,
    /// `(language, text)`.
    pub(crate) texts: Vec<(String, String)>,
}

/// A skill: the unit that is taught, practised, remembered and mastered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// The external id, `course/skill`.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// A code of a published standard.
    pub standard: Option<String>,
    /// Minutes the lesson text takes a typical learner; positive.
    pub lesson_minutes: f32,
    /// The probability of a right answer that counts as mastered; in (0, 1).
    pub threshold: f32,
    /// Index of its course in [`Bank::courses`].
    pub course: u32,
    /// The id it had before, `course/skill`; states kept under it carry over.
    pub renamed_from: Option<String>,
}

/// An interest context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Theme {
    /// The external id, shared by all courses that have the theme.
    pub id: String,
    /// `(language, title)`; the first is its course's own language.
    pub titles: Vec<(String, String)>,
}

impl Theme {
    /// What a person calls it in `language`, else in the first language it has.
    pub fn title(&self, language: &str) -> &str {
        let found = self
            .titles
            .iter()
            .find(|(code, _)| code == language)
            .or(self.titles.first());
        found.map_or(&self.id, |(_, title)| title)
    }
}

/// Where an item stands in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemStatus {
    /// Being written; never offered.
    Draft,
    /// Offered at a set share to learn its parameters; decides nothing alone.
    Pilot,
    /// In use.
    #[default]
    Live,
    /// Edited since it was calibrated; a pilot again, its parameters being a prior.
    Stale,
    /// Out of use; kept because old answers name it.
    Retired,
}

impl ItemStatus {
    /// The word for it in content and lock files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Pilot => "pilot",
            Self::Live => "live",
            Self::Stale => "stale",
            Self::Retired => "retired",
        }
    }

    /// Whether a learner may be shown the item.
    pub const fn is_offerable(self) -> bool {
        matches!(self, Self::Pilot | Self::Live | Self::Stale)
    }

    /// Whether answers are still to tell how hard the item is: woven in at a set share, and deciding nothing alone.
    pub const fn is_on_trial(self) -> bool {
        matches!(self, Self::Pilot | Self::Stale)
    }
}

/// Which themes an item can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ItemThemes {
    /// Not about anything: a theme does not change it.
    #[default]
    None,
    /// Always about this one.
    Fixed(ThemeIx),
    /// Any theme of its course.
    Any,
}

/// The text that teaches a skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// The page's title.
    pub title: String,
    /// Markdown with TeX between dollar signs.
    pub markdown: String,
    /// The language of both.
    pub language: String,
}

/// Skills, items and what is known about them; see the module's text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bank {
    pub(crate) version: BankVersion,
    pub(crate) courses: Vec<Course>,
    pub(crate) skills: Vec<Skill>,
    pub(crate) skill_names: Names,
    pub(crate) themes: Vec<Theme>,
    pub(crate) theme_names: Names,
    pub(crate) item_names: Names,

    pub(crate) prerequisites: Csr,
    pub(crate) dependants: Csr,
    pub(crate) encompasses: Csr,
    pub(crate) encompassed_by: Csr,
    pub(crate) confusable: Csr,
    #[serde(with = "raw")]
    pub(crate) topological_order: Vec<SkillIx>,

    /// Shape of the item columns: `[n_items]`.
    #[serde(with = "raw")]
    pub(crate) item_easiness: Vec<f32>,
    #[serde(with = "raw")]
    pub(crate) item_easiness_sd: Vec<f32>,
    #[serde(with = "raw")]
    pub(crate) item_discrimination: Vec<f32>,
    #[serde(with = "raw")]
    pub(crate) item_seconds: Vec<f32>,
    pub(crate) item_status: Vec<ItemStatus>,
    pub(crate) item_themes: Vec<ItemThemes>,
    #[serde(with = "raw")]
    pub(crate) item_course: Vec<u32>,
    /// Shape: `[n_items + 1]` into `item_skills`.
    #[serde(with = "raw")]
    pub(crate) item_skill_ends: Vec<u32>,
    #[serde(with = "raw")]
    pub(crate) item_skills: Vec<SkillIx>,
    pub(crate) item_versions: Blobs,
    /// An encoded body an item; empty where the item has no text.
    pub(crate) item_bodies: Blobs,

    /// Shape: `[n_skills + 1]` into `skill_items`.
    #[serde(with = "raw")]
    pub(crate) skill_item_ends: Vec<u32>,
    #[serde(with = "raw")]
    pub(crate) skill_items: Vec<ItemIx>,
    /// Shape: `[n_skills + 1]` into `trial_items`.
    #[serde(with = "raw")]
    pub(crate) trial_item_ends: Vec<u32>,
    #[serde(with = "raw")]
    pub(crate) trial_items: Vec<ItemIx>,
    #[serde(with = "raw")]
    pub(crate) typical_easiness: Vec<f32>,

    pub(crate) lessons: Vec<Lesson>,
    /// `(skill, index into lessons)` sorted by skill, then in the order of the course's languages.
    pub(crate) lesson_of: Vec<(u32, u32)>,
    pub(crate) passages: Vec<String>,
}

impl Bank {
    /// The version: item versions, skills and parameters.
    pub fn version(&self) -> BankVersion {
        self.version
    }

    /// The courses, by id.
    pub fn courses(&self) -> &[Course] {
        &self.courses
    }

    /// How many skills there are.
    pub fn n_skills(&self) -> usize {
        self.skills.len()
    }

    /// How many items there are, whatever their status.
    pub fn n_items(&self) -> usize {
        self.item_easiness.len()
    }

    /// How many themes there are.
    pub fn n_themes(&self) -> usize {
        self.themes.len()
    }

    /// A skill. Indexes are in syllabus order: courses by id, then the order of `skills.toml`.
    pub fn skill(&self, skill: SkillIx) -> &Skill {
        &self.skills[skill.0 as usize]
    }

    /// All skills in syllabus order.
    pub fn skills(&self) -> &[Skill] {
        &self.skills
    }

    /// The index of a skill's external id `course/skill`.
    pub fn skill_ix(&self, id: &str) -> Option<SkillIx> {
        self.skill_names.find(id).map(SkillIx)
    }

    /// The index of an item's external id `course/item`.
    pub fn item_ix(&self, id: &str) -> Option<ItemIx> {
        self.item_names.find(id).map(ItemIx)
    }

    /// The index of a theme's external id.
    pub fn theme_ix(&self, id: &str) -> Option<ThemeIx> {
        self.theme_names.find(id).map(ThemeIx)
    }

    /// The external id of an item, `course/item`.
    pub fn item_id(&self, item: ItemIx) -> &str {
        self.item_names.get(item.0).unwrap_or_default()
    }

    /// A theme.
    pub fn theme(&self, theme: ThemeIx) -> &Theme {
        &self.themes[theme.0 as usize]
    }

    /// The course an item belongs to.
    pub fn course_of(&self, item: ItemIx) -> &Course {
        &self.courses[self.item_course[item.0 as usize] as usize]
    }

    /// Skill to its prerequisites; weight 1 is hard, less is soft.
    pub fn prerequisites(&self) -> &Csr {
        &self.prerequisites
    }

    /// Skill to the skills that have it as a prerequisite, with the same weights.
    pub fn dependants(&self) -> &Csr {
        &self.dependants
    }

    /// Skill to the skills that practising it also practises; the weight is the share, in (0, 1].
    pub fn encompasses(&self) -> &Csr {
        &self.encompasses
    }

    /// Skill to the skills whose practice also practises it, with the same shares.
    pub fn encompassed_by(&self) -> &Csr {
        &self.encompassed_by
    }

    /// Pairs that are kept apart in a lesson; symmetric, weight 1.
    pub fn confusable(&self) -> &Csr {
        &self.confusable
    }

    /// Every skill after its prerequisites; among those free to come, the lowest index first.
    pub fn topological_order(&self) -> &[SkillIx] {
        &self.topological_order
    }

    /// Easiness z of every item, the log odds of a right answer at ability 0: a higher value is easier. The author's
    /// prior is 1.5, 0.8 or 0 by level; a lock file's parameters replace it.
    ///
    /// Shape: `[n_items]`.
    pub fn item_easiness(&self) -> &[f32] {
        &self.item_easiness
    }

    /// How unsure the easiness is, as a standard deviation in logits: 1 for an author's prior.
    ///
    /// Shape: `[n_items]`.
    pub fn item_easiness_sd(&self) -> &[f32] {
        &self.item_easiness_sd
    }

    /// Discrimination a of every item; 1 until calibrated.
    ///
    /// Shape: `[n_items]`.
    pub fn item_discrimination(&self) -> &[f32] {
        &self.item_discrimination
    }

    /// Seconds a typical learner needs for every item; positive.
    ///
    /// Shape: `[n_items]`.
    pub fn item_seconds(&self) -> &[f32] {
        &self.item_seconds
    }

    /// Where every item stands in its life.
    ///
    /// Shape: `[n_items]`.
    pub fn item_status(&self) -> &[ItemStatus] {
        &self.item_status
    }

    /// Which themes an item can take.
    pub fn item_themes(&self, item: ItemIx) -> ItemThemes {
        self.item_themes[item.0 as usize]
    }

    /// The themes an item may be shown in; empty where it is not about anything.
    pub fn theme_choices(&self, item: ItemIx) -> &[ThemeIx] {
        match &self.item_themes[item.0 as usize] {
            ItemThemes::None => &[],
            ItemThemes::Fixed(theme) => std::slice::from_ref(theme),
            ItemThemes::Any => &self.course_of(item).themes,
        }
    }

    /// The items of a skill, as its primary skill, that lessons are made of: easiest first, ties by id.
    ///
    /// They are its live items, or those on trial where it has no live one.
    pub fn items_of(&self, skill: SkillIx) -> &[ItemIx] {
        &self.skill_items[span(&self.skill_item_ends, skill.0)]
    }

    /// The items on trial beside a skill's live ones, in the same order; empty where [`items_of`](Self::items_of) holds them.
    pub fn trial_items_of(&self, skill: SkillIx) -> &[ItemIx] {
        &self.trial_items[span(&self.trial_item_ends, skill.0)]
    }

    /// The skills an item practises, the primary one first.
    pub fn item_skills(&self, item: ItemIx) -> &[SkillIx] {
        &self.item_skills[span(&self.item_skill_ends, item.0)]
    }

    /// The skill an item counts for first.
    pub fn primary_skill(&self, item: ItemIx) -> SkillIx {
        self.item_skills(item)[0]
    }

    /// The median easiness of [`items_of`](Self::items_of) the skill; 0.8, a medium item's prior, where it has none.
    pub fn typical_easiness(&self, skill: SkillIx) -> f32 {
        self.typical_easiness[skill.0 as usize]
    }

    /// The version of what an item asks and accepts.
    pub fn item_version(&self, item: ItemIx) -> ItemVersion {
        let mut version = [0; 16];
        let stored = self.item_versions.get(item.0 as usize);
        version[..stored.len().min(16)].copy_from_slice(&stored[..stored.len().min(16)]);
        ItemVersion(version)
    }

    /// The lesson of a skill in `language`, else in its course's own language.
    pub fn lesson(&self, skill: SkillIx, language: &str) -> Option<&Lesson> {
        let first = self
            .lesson_of
            .partition_point(|&(owner, _)| owner < skill.0);
        let own = self.lesson_of[first..]
            .iter()
            .take_while(|&&(owner, _)| owner == skill.0);
        let mut lessons = own.map(|&(_, lesson)| &self.lessons[lesson as usize]);
        lessons
            .clone()
            .find(|lesson| lesson.language == language)
            .or_else(|| lessons.next())
    }

    /// Whether the item has a text to show; generated curricula have none.
    pub fn has_text(&self, item: ItemIx) -> bool {
        !self.item_bodies.get(item.0 as usize).is_empty()
    }

    pub(crate) fn body(&self, item: ItemIx) -> Option<ItemBody> {
        let bytes = self.item_bodies.get(item.0 as usize);
        if bytes.is_empty() {
            None
        } else {
            postcard::from_bytes(bytes).ok()
        }
    }

    /// Whether all columns have the lengths and indexes that the accessors rely on.
    ///
    /// The checksum already catches accidents; this keeps a crafted file from causing a panic.
    pub(crate) fn is_consistent(&self) -> bool {
        let (skills, items) = (self.n_skills(), self.n_items());
        let graphs = [
            &self.prerequisites,
            &self.dependants,
            &self.encompasses,
            &self.encompassed_by,
            &self.confusable,
        ];
        let ends = |ends: &[u32], n: usize, of: usize| {
            ends.len() == n + 1 && ends.is_sorted() && ends.last() == Some(&(of as u32))
        };
        let themes = |theme: &ThemeIx| (theme.0 as usize) < self.themes.len();
        graphs.iter().all(|graph| graph.n_nodes() == skills)
            && [
                self.item_easiness_sd.len(),
                self.item_discrimination.len(),
                self.item_seconds.len(),
                self.item_status.len(),
            ] == [items; 4]
            && [
                self.item_themes.len(),
                self.item_course.len(),
                self.item_names.len(),
            ] == [items; 3]
            && [self.item_versions.len(), self.item_bodies.len()] == [items; 2]
            && [
                self.skill_names.len(),
                self.typical_easiness.len(),
                self.topological_order.len(),
            ] == [skills; 3]
            && self.theme_names.len() == self.themes.len()
            && ends(&self.item_skill_ends, items, self.item_skills.len())
            && ends(&self.skill_item_ends, skills, self.skill_items.len())
            && ends(&self.trial_item_ends, skills, self.trial_items.len())
            && self.item_skill_ends.is_sorted_by(|a, b| a < b)
            && self
                .item_skills
                .iter()
                .all(|skill| (skill.0 as usize) < skills)
            && self
                .topological_order
                .iter()
                .all(|skill| (skill.0 as usize) < skills)
            && [&self.skill_items, &self.trial_items]
                .into_iter()
                .flatten()
                .all(|item| (item.0 as usize) < items)
            && self
                .item_course
                .iter()
                .all(|&course| (course as usize) < self.courses.len())
            && self
                .skills
                .iter()
                .all(|skill| (skill.course as usize) < self.courses.len())
            && self
                .courses
                .iter()
                .flat_map(|course| &course.themes)
                .all(themes)
            && self.courses.iter().all(|course| {
                course.slots.len() == course.themes.len() && !course.languages.is_empty()
            })
            && self.item_themes.iter().all(|t| {
                if let ItemThemes::Fixed(theme) = t {
                    themes(theme)
                } else {
                    true
                }
            })
            && self
                .lesson_of
                .iter()
                .all(|&(_, lesson)| (lesson as usize) < self.lessons.len())
    }
}

fn span(ends: &[u32], index: u32) -> std::ops::Range<usize> {
    let i = index as usize;
    ends[i] as usize..ends[i + 1] as usize
}

//! Builds a [`Bank`] from specifications, and holds every check that concerns the whole.
//!
//! The content compiler and generated curricula both come through here, so the graph checks live
//! once. [`BankBuilder::build`] works in numbered phases:
//!
//! 1. order courses by id and skills by course, then file order; intern all ids;
//! 2. resolve the edges between skills, and refuse cycles;
//! 3. lay out the item columns, and each skill's items by easiness;
//! 4. hash the versions.

mod graph;

use paceline_core::ids::{ItemIx, SkillIx, ThemeIx, check_local_id, check_qualified_id};

use crate::bank::{Bank, Course, ItemStatus, ItemThemes, Lesson, Skill, Slot, Theme};
use crate::body::ItemBody;
use crate::codec::Blobs;
use crate::names::Names;
use crate::suggest::closest;
use crate::version::{BankVersion, ItemVersion};

#[cfg(test)]
mod tests;

/// A course to build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CourseSpec {
    /// The external id.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// Language codes, the course's own first; `en` where empty.
    pub languages: Vec<String>,
    /// The licence of its content.
    pub licence: String,
    /// Who wrote it.
    pub authors: Vec<String>,
}

/// A theme of one course; the same id in another course is the same theme.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThemeSpec {
    /// The course whose templates can take it.
    pub course: String,
    /// The external id.
    pub id: String,
    /// `(slot, language, text)`; the slot `title` names the theme.
    pub slots: Vec<(String, String, String)>,
}

/// A skill to build.
#[derive(Clone, Debug, PartialEq)]
pub struct SkillSpec {
    /// The external id, `course/skill`.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// A code of a published standard.
    pub standard: Option<String>,
    /// Minutes of the lesson text; positive.
    pub lesson_minutes: f32,
    /// The probability of a right answer that counts as mastered; in (0, 1).
    pub threshold: f32,
    /// The id it had before, `course/skill`.
    pub renamed_from: Option<String>,
    /// Prerequisites `(course/skill, weight)`; weight 1 is hard, less is soft.
    pub needs: Vec<(String, f32)>,
    /// Skills that practising this one also practises, `(course/skill, share)`.
    pub encompasses: Vec<(String, f32)>,
    /// Skills to keep apart from this one in a lesson; either side may state it.
    pub confusable: Vec<String>,
}

impl Default for SkillSpec {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            standard: None,
            lesson_minutes: 5.0,
            threshold: 0.8,
            renamed_from: None,
            needs: Vec::new(),
            encompasses: Vec::new(),
            confusable: Vec::new(),
        }
    }
}

/// The author's word on how hard an item is: only a prior.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Most who know the skill a little succeed.
    Easy,
    /// In between.
    #[default]
    Medium,
    /// Needs the skill in full.
    Hard,
}

impl Level {
    /// How unsure the easiness of a level is, as a standard deviation in logits.
    pub const SD: f32 = 1.0;

    /// The easiness z the level stands for until answers say otherwise.
    pub const fn easiness(self) -> f32 {
        match self {
            Self::Easy => 1.5,
            Self::Medium => 0.8,
            Self::Hard => 0.0,
        }
    }
}

/// Which themes an item to build can take.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ThemesSpec {
    /// Not about anything.
    #[default]
    None,
    /// Always about the theme with this id.
    Fixed(String),
    /// Any theme of its course.
    Any,
}

/// An item to build, without its text.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSpec {
    /// The external id, `course/item`.
    pub id: String,
    /// External ids of the skills it practises, the primary one first.
    pub skills: Vec<String>,
    /// Easiness z; [`Level::easiness`] gives the author's prior.
    pub easiness: f32,
    /// Standard deviation of the easiness, logits; positive. [`Level::SD`] for an author's prior.
    pub easiness_sd: f32,
    /// Discrimination a; positive.
    pub discrimination: f32,
    /// Seconds a typical learner needs; positive.
    pub seconds: f32,
    /// Where it stands in its life.
    pub status: ItemStatus,
    /// Which themes it can take.
    pub themes: ThemesSpec,
}

impl Default for ItemSpec {
    fn default() -> Self {
        Self {
            id: String::new(),
            skills: Vec::new(),
            easiness: Level::Medium.easiness(),
            easiness_sd: Level::SD,
            discrimination: 1.0,
            seconds: 60.0,
            status: ItemStatus::Live,
            themes: ThemesSpec::None,
        }
    }
}

/// What a [`BankError`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A course.
    Course,
    /// A theme.
    Theme,
    /// A skill.
    Skill,
    /// An item.
    Item,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Course => "course",
            Self::Theme => "theme",
            Self::Skill => "skill",
            Self::Item => "item",
        })
    }
}

/// Why a bank was refused. A bank that builds is fully valid, so nothing later can fail on it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BankError {
    /// An id does not match `[a-z0-9][a-z0-9_-]{0,63}`, with a course before a slash where it wants one.
    #[error("{kind} id `{id}` is malformed, wanted {wanted}")]
    BadId {
        /// What the id names.
        kind: Kind,
        /// The id.
        id: String,
        /// The form wanted.
        wanted: &'static str,
    },
    /// Two things have the same id.
    #[error("{kind} id `{id}` is used twice")]
    Duplicate {
        /// What the id names.
        kind: Kind,
        /// The id.
        id: String,
    },
    /// Something names what does not exist.
    #[error("{kind} `{owner}` names {target_kind} `{target}`, which does not exist{}", did_you_mean(.suggestion))]
    Unknown {
        /// What the owner is.
        kind: Kind,
        /// External id of what names it.
        owner: String,
        /// What was looked for.
        target_kind: Kind,
        /// The id that nothing has.
        target: String,
        /// The closest id there is.
        suggestion: Option<String>,
    },
    /// A number out of its range.
    #[error("{kind} `{owner}` has {field} {found}, wanted {wanted}")]
    BadValue {
        /// What the owner is.
        kind: Kind,
        /// External id of the owner.
        owner: String,
        /// The field.
        field: &'static str,
        /// The value found.
        found: f32,
        /// The range wanted.
        wanted: &'static str,
    },
    /// A skill names itself, or names another twice.
    #[error("skill `{owner}` lists `{target}` {problem}")]
    BadEdge {
        /// The skill with the list.
        owner: String,
        /// The skill in the list.
        target: String,
        /// The list it stands in: `needs`, `encompasses` or `confusable`.
        field: &'static str,
        /// What is wrong: it is the skill itself, or stands there twice.
        problem: &'static str,
    },
    /// A graph has a cycle; `path` starts and ends with the same skill.
    #[error("`{field}` forms a cycle: {}", path.join(" -> "))]
    Cycle {
        /// The list whose edges form it: `needs` or `encompasses`.
        field: &'static str,
        /// External skill ids on the cycle, each listing the next.
        path: Vec<String>,
    },
    /// An item practises no skill, or one twice.
    #[error("item `{id}` lists {found}, wanted at least one skill and each once")]
    ItemSkills {
        /// The item.
        id: String,
        /// What its list holds.
        found: String,
    },
    /// More than the index types can count.
    #[error("{found} items or skills, wanted fewer than 2^31")]
    TooMany {
        /// How many were given.
        found: usize,
    },
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion
        .as_ref()
        .map_or_else(String::new, |s| format!("; did you mean `{s}`?"))
}

/// Everything that is wrong with a bank, in a fixed order.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the bank was refused: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct BankErrors(pub Vec<BankError>);

/// Collects courses, themes, skills and items, and builds the bank.
///
/// ```
/// use paceline_bank::{BankBuilder, CourseSpec, ItemSpec, SkillSpec};
///
/// let mut bank = BankBuilder::new();
/// bank.course(CourseSpec { id: "math".into(), ..CourseSpec::default() });
/// bank.skill(SkillSpec { id: "math/count".into(), ..SkillSpec::default() });
/// bank.skill(SkillSpec { id: "math/add".into(), needs: vec![("math/count".into(), 1.0)], ..SkillSpec::default() });
/// bank.item(ItemSpec { id: "math/two-and-two".into(), skills: vec!["math/add".into()], ..ItemSpec::default() });
/// let bank = bank.build()?;
/// let add = bank.skill_ix("math/add").expect("just added");
/// assert_eq!(bank.items_of(add).len(), 1);
/// # Ok::<(), paceline_bank::BankErrors>(())
/// ```
#[derive(Debug, Default)]
pub struct BankBuilder {
    courses: Vec<CourseSpec>,
    themes: Vec<ThemeSpec>,
    skills: Vec<SkillSpec>,
    items: Vec<ItemSpec>,
    /// `(item, body, version)` by rising item.
    bodies: Vec<(u32, Vec<u8>, ItemVersion)>,
    lessons: Vec<(String, Lesson)>,
    passages: Vec<String>,
}

/// Courses, skills and themes under their indexes: the result of the first phase.
struct Interned {
    courses: Names,
    skills: Names,
    themes: Names,
    items: Names,
}

impl BankBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a course.
    pub fn course(&mut self, course: CourseSpec) -> &mut Self {
        self.courses.push(course);
        self
    }

    /// Adds a theme to a course.
    pub fn theme(&mut self, theme: ThemeSpec) -> &mut Self {
        self.themes.push(theme);
        self
    }

    /// Adds a skill; within a course the order of calls is the syllabus order.
    pub fn skill(&mut self, skill: SkillSpec) -> &mut Self {
        self.skills.push(skill);
        self
    }

    /// Adds an item without a text, as simulated curricula have them.
    pub fn item(&mut self, item: ItemSpec) -> &mut Self {
        self.items.push(item);
        self
    }

    /// Adds the lesson of a skill in one language; the course's own language comes first.
    pub fn lesson(&mut self, skill: &str, lesson: Lesson) -> &mut Self {
        self.lessons.push((skill.to_owned(), lesson));
        self
    }

    pub(crate) fn passage(&mut self, text: String) -> u32 {
        self.passages.push(text);
        self.passages.len() as u32 - 1
    }

    pub(crate) fn item_with_body(&mut self, item: ItemSpec, body: &ItemBody, version: ItemVersion) {
        let bytes = postcard::to_allocvec(body)
            .expect("every field of a body serialises, and a vector does not run full");
        self.bodies.push((self.items.len() as u32, bytes, version));
        self.items.push(item);
    }

    /// Builds the bank.
    ///
    /// # Errors
    ///
    /// [`BankErrors`] with everything that is wrong, ids first, then edges, then items.
    pub fn build(mut self) -> Result<Bank, BankErrors> {
        let mut errors = Vec::new();
        for course in &mut self.courses {
            if course.languages.is_empty() {
                course.languages.push("en".to_owned());
            }
        }
        self.courses.sort_by(|a, b| a.id.cmp(&b.id));
        self.skills
            .sort_by(|a, b| course_of(&a.id).cmp(course_of(&b.id)));
        let Some(names) = self.intern(&mut errors) else {
            return Err(BankErrors(errors));
        };
        self.check_values(&names, &mut errors);
        let graphs = graph::build(&self.skills, &names.skills, &mut errors);
        let (Some(graphs), true) = (graphs, errors.is_empty()) else {
            return Err(BankErrors(errors));
        };
        Ok(self.lay_out(names, graphs))
    }

    fn intern(&mut self, errors: &mut Vec<BankError>) -> Option<Interned> {
        let found = self.items.len().max(self.skills.len());
        if found >= 1 << 31 {
            errors.push(BankError::TooMany { found });
            return None;
        }
        let local =
            "lower-case letters, digits, `_` and `-`, at most 64, not beginning with a mark";
        let qualified =
            "`course/name`, both of lower-case letters, digits, `_` and `-`, at most 64";
        let mut check = |kind, id: &str, ok: bool, wanted| {
            if !ok {
                errors.push(BankError::BadId {
                    kind,
                    id: id.chars().take(160).collect(),
                    wanted,
                });
            }
        };
        for course in &self.courses {
            check(
                Kind::Course,
                &course.id,
                check_local_id(&course.id).is_ok(),
                local,
            );
        }
        for theme in &self.themes {
            check(
                Kind::Theme,
                &theme.id,
                check_local_id(&theme.id).is_ok(),
                local,
            );
        }
        for skill in &self.skills {
            check(
                Kind::Skill,
                &skill.id,
                check_qualified_id(&skill.id).is_ok(),
                qualified,
            );
            if let Some(old) = &skill.renamed_from {
                check(Kind::Skill, old, check_qualified_id(old).is_ok(), qualified);
            }
        }
        for item in &self.items {
            check(
                Kind::Item,
                &item.id,
                check_qualified_id(&item.id).is_ok(),
                qualified,
            );
        }
        // A theme that several courses have is one theme; twice in one course is a mistake.
        let mut theme_ids: Vec<&str> = Vec::new();
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        for theme in &self.themes {
            if pairs.contains(&(&theme.course, &theme.id)) {
                errors.push(BankError::Duplicate {
                    kind: Kind::Theme,
                    id: theme.id.clone(),
                });
            }
            pairs.push((&theme.course, &theme.id));
            if !theme_ids.contains(&theme.id.as_str()) {
                theme_ids.push(&theme.id);
            }
        }
        let mut unique = |kind, ids: Vec<&str>| {
            Names::new(ids.iter().copied()).unwrap_or_else(|_| {
                let mut kept: Vec<&str> = Vec::new();
                let mut seen = std::collections::BTreeSet::new();
                for id in ids {
                    if seen.insert(id) {
                        kept.push(id);
                    } else {
                        errors.push(BankError::Duplicate {
                            kind,
                            id: id.to_owned(),
                        });
                    }
                }
                Names::new(kept.into_iter()).unwrap_or_default()
            })
        };
        Some(Interned {
            courses: unique(
                Kind::Course,
                self.courses
                    .iter()
                    .map(|course| course.id.as_str())
                    .collect(),
            ),
            themes: unique(Kind::Theme, theme_ids),
            skills: unique(
                Kind::Skill,
                self.skills.iter().map(|skill| skill.id.as_str()).collect(),
            ),
            items: unique(
                Kind::Item,
                self.items.iter().map(|item| item.id.as_str()).collect(),
            ),
        })
    }

    fn check_values(&self, names: &Interned, errors: &mut Vec<BankError>) {
        let mut value = |kind, owner: &str, field, found: f32, ok: bool, wanted| {
            if !ok {
                errors.push(BankError::BadValue {
                    kind,
                    owner: owner.to_owned(),
                    field,
                    found,
                    wanted,
                });
            }
        };
        let positive = |x: f32| x > 0.0 && x <= 1e6;
        for skill in &self.skills {
            let (minutes, threshold) = (skill.lesson_minutes, skill.threshold);
            value(
                Kind::Skill,
                &skill.id,
                "minutes",
                minutes,
                positive(minutes),
                "a positive number of minutes",
            );
            value(
                Kind::Skill,
                &skill.id,
                "threshold",
                threshold,
                threshold > 0.0 && threshold < 1.0,
                "between 0 and 1",
            );
        }
        for item in &self.items {
            let (z, a, seconds) = (item.easiness, item.discrimination, item.seconds);
            value(
                Kind::Item,
                &item.id,
                "easiness",
                z,
                z.abs() <= 100.0,
                "between -100 and 100",
            );
            value(
                Kind::Item,
                &item.id,
                "easiness_sd",
                item.easiness_sd,
                positive(item.easiness_sd),
                "a positive number",
            );
            value(
                Kind::Item,
                &item.id,
                "discrimination",
                a,
                a > 0.0 && a <= 100.0,
                "a positive number up to 100",
            );
            value(
                Kind::Item,
                &item.id,
                "seconds",
                seconds,
                positive(seconds),
                "a positive number of seconds",
            );
        }
        let mut known = |kind, owner: &str, target_kind, names: &Names, target: &str| {
            if names.find(target).is_none() {
                errors.push(BankError::Unknown {
                    kind,
                    owner: owner.to_owned(),
                    target_kind,
                    target: target.to_owned(),
                    suggestion: closest(target, names.iter()),
                });
            }
        };
        for theme in &self.themes {
            known(
                Kind::Theme,
                &theme.id,
                Kind::Course,
                &names.courses,
                &theme.course,
            );
        }
        for skill in &self.skills {
            known(
                Kind::Skill,
                &skill.id,
                Kind::Course,
                &names.courses,
                course_of(&skill.id),
            );
        }
        for (skill, _) in &self.lessons {
            known(Kind::Skill, skill, Kind::Skill, &names.skills, skill);
        }
        for item in &self.items {
            known(
                Kind::Item,
                &item.id,
                Kind::Course,
                &names.courses,
                course_of(&item.id),
            );
            for skill in &item.skills {
                known(Kind::Item, &item.id, Kind::Skill, &names.skills, skill);
            }
            if let ThemesSpec::Fixed(theme) = &item.themes {
                known(Kind::Item, &item.id, Kind::Theme, &names.themes, theme);
            }
        }
        for item in &self.items {
            let repeats =
                (1..item.skills.len()).any(|i| item.skills[..i].contains(&item.skills[i]));
            if item.skills.is_empty() || repeats {
                let found = if repeats {
                    format!("`{}`", item.skills.join("`, `"))
                } else {
                    "no skill".to_owned()
                };
                errors.push(BankError::ItemSkills {
                    id: item.id.clone(),
                    found,
                });
            }
        }
        let mut renamed = std::collections::BTreeSet::new();
        for old in self
            .skills
            .iter()
            .filter_map(|skill| skill.renamed_from.as_deref())
        {
            if names.skills.find(old).is_some() || !renamed.insert(old) {
                errors.push(BankError::Duplicate {
                    kind: Kind::Skill,
                    id: old.to_owned(),
                });
            }
        }
    }

    fn lay_out(self, names: Interned, graphs: graph::Graphs) -> Bank {
        let index = |names: &Names, id: &str| names.find(id).expect("checked by check_values");
        let n_items = self.items.len();
        let mut item_skill_ends = Vec::with_capacity(n_items + 1);
        let mut item_skills = Vec::with_capacity(n_items);
        item_skill_ends.push(0);
        for item in &self.items {
            item_skills.extend(
                item.skills
                    .iter()
                    .map(|skill| SkillIx(index(&names.skills, skill))),
            );
            item_skill_ends.push(item_skills.len() as u32);
        }
        let by_skill = self.items_by_skill(names.skills.len(), &item_skill_ends, &item_skills);
        let (item_versions, item_bodies) = self.versions_and_bodies();
        let mut lesson_of: Vec<(u32, u32)> = self
            .lessons
            .iter()
            .zip(0..)
            .map(|((skill, _), i)| (index(&names.skills, skill), i))
            .collect();
        lesson_of.sort_by_key(|&(skill, _)| skill);
        let mut bank = Bank {
            version: BankVersion::default(),
            courses: self.lay_out_courses(&names),
            themes: self.lay_out_themes(&names),
            prerequisites: graphs.needs.forward,
            dependants: graphs.needs.backward,
            encompasses: graphs.encompasses.forward,
            encompassed_by: graphs.encompasses.backward,
            confusable: graphs.confusable,
            topological_order: graphs.topological_order,
            item_easiness: self.items.iter().map(|item| item.easiness).collect(),
            item_easiness_sd: self.items.iter().map(|item| item.easiness_sd).collect(),
            item_discrimination: self.items.iter().map(|item| item.discrimination).collect(),
            item_seconds: self.items.iter().map(|item| item.seconds).collect(),
            item_status: self.items.iter().map(|item| item.status).collect(),
            item_themes: self
                .items
                .iter()
                .map(|item| match &item.themes {
                    ThemesSpec::None => ItemThemes::None,
                    ThemesSpec::Any => ItemThemes::Any,
                    ThemesSpec::Fixed(theme) => {
                        ItemThemes::Fixed(ThemeIx(index(&names.themes, theme)))
                    }
                })
                .collect(),
            item_course: self
                .items
                .iter()
                .map(|item| index(&names.courses, course_of(&item.id)))
                .collect(),
            item_skill_ends,
            item_skills,
            item_versions,
            item_bodies,
            skill_item_ends: by_skill.ends,
            skill_items: by_skill.items,
            trial_item_ends: by_skill.trial_ends,
            trial_items: by_skill.trials,
            typical_easiness: by_skill.typical_easiness,
            lessons: self.lessons.into_iter().map(|(_, lesson)| lesson).collect(),
            lesson_of,
            passages: self.passages,
            skills: self
                .skills
                .into_iter()
                .map(|skill| Skill {
                    course: index(&names.courses, course_of(&skill.id)),
                    id: skill.id,
                    title: skill.title,
                    standard: skill.standard,
                    lesson_minutes: skill.lesson_minutes,
                    threshold: skill.threshold,
                    renamed_from: skill.renamed_from,
                })
                .collect(),
            skill_names: names.skills,
            theme_names: names.themes,
            item_names: names.items,
        };
        bank.version = version_of(&bank);
        bank
    }

    fn items_by_skill(
        &self,
        n_skills: usize,
        item_skill_ends: &[u32],
        item_skills: &[SkillIx],
    ) -> ItemsBySkill {
        let mut by_skill: Vec<(u32, u32)> = (0..self.items.len() as u32)
            .filter(|&item| self.items[item as usize].status.is_offerable())
            .map(|item| (item_skills[item_skill_ends[item as usize] as usize].0, item))
            .collect();
        by_skill.sort_unstable_by(|a, b| {
            let (x, y) = (&self.items[a.1 as usize], &self.items[b.1 as usize]);
            a.0.cmp(&b.0)
                .then(y.easiness.total_cmp(&x.easiness))
                .then_with(|| x.id.cmp(&y.id))
        });
        let mut found = ItemsBySkill {
            ends: vec![0],
            trial_ends: vec![0],
            ..ItemsBySkill::default()
        };
        let mut rest = by_skill.as_slice();
        for skill in 0..n_skills as u32 {
            let (own, after) = rest.split_at(rest.partition_point(|&(owner, _)| owner == skill));
            rest = after;
            let spec = |&(_, item): &(u32, u32)| &self.items[item as usize];
            let (trials, live): (Vec<_>, Vec<_>) =
                own.iter().partition(|&own| spec(own).status.is_on_trial());
            let (items, trials) = if live.is_empty() {
                (trials, live)
            } else {
                (live, trials)
            };
            let n = items.len();
            let easiness = |at: usize| spec(items[at]).easiness;
            found.typical_easiness.push(if n == 0 {
                Level::Medium.easiness()
            } else {
                0.5 * (easiness((n - 1) / 2) + easiness(n / 2))
            });
            found.items.extend(items.iter().map(|own| ItemIx(own.1)));
            found.trials.extend(trials.iter().map(|own| ItemIx(own.1)));
            found.ends.push(found.items.len() as u32);
            found.trial_ends.push(found.trials.len() as u32);
        }
        found
    }

    fn versions_and_bodies(&self) -> (Blobs, Blobs) {
        let (mut versions, mut bodies) = (Blobs::new(), Blobs::new());
        let mut with_body = self.bodies.iter().peekable();
        for (i, item) in self.items.iter().enumerate() {
            match with_body.next_if(|(owner, ..)| *owner as usize == i) {
                Some((_, body, version)) => {
                    versions.push(&version.0);
                    bodies.push(body);
                }
                None => {
                    versions.push(&ItemVersion::of(item.id.as_bytes()).0);
                    bodies.push(&[]);
                }
            }
        }
        (versions, bodies)
    }

    fn lay_out_courses(&self, names: &Interned) -> Vec<Course> {
        let mut start = 0;
        let mut courses = Vec::with_capacity(self.courses.len());
        for course in &self.courses {
            let len =
                self.skills[start..].partition_point(|skill| course_of(&skill.id) == course.id);
            let themes = self.themes.iter().filter(|theme| theme.course == course.id);
            courses.push(Course {
                id: course.id.clone(),
                title: course.title.clone(),
                languages: course.languages.clone(),
                licence: course.licence.clone(),
                authors: course.authors.clone(),
                skills: (start as u32, (start + len) as u32),
                themes: themes
                    .clone()
                    .map(|theme| {
                        ThemeIx(
                            names
                                .themes
                                .find(&theme.id)
                                .expect("checked by check_values"),
                        )
                    })
                    .collect(),
                slots: themes.map(slots_of).collect(),
            });
            start += len;
        }
        courses
    }

    fn lay_out_themes(&self, names: &Interned) -> Vec<Theme> {
        let titles = |id: &str| {
            let mut titles: Vec<(String, String)> = Vec::new();
            let own = self
                .themes
                .iter()
                .filter(|theme| theme.id == id)
                .flat_map(|theme| &theme.slots);
            for (_, language, text) in own.filter(|(slot, ..)| slot == "title") {
                if titles.iter().all(|(known, _)| known != language) {
                    titles.push((language.clone(), text.clone()));
                }
            }
            titles
        };
        names
            .themes
            .iter()
            .map(|id| Theme {
                id: id.to_owned(),
                titles: titles(id),
            })
            .collect()
    }
}

/// Each primary skill's offerable items, easiest first; those on trial stand apart where there are live ones.
#[derive(Default)]
struct ItemsBySkill {
    ends: Vec<u32>,
    items: Vec<ItemIx>,
    trial_ends: Vec<u32>,
    trials: Vec<ItemIx>,
    /// Median easiness of `items`.
    typical_easiness: Vec<f32>,
}

fn slots_of(theme: &ThemeSpec) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    for (name, language, text) in &theme.slots {
        let entry = (language.clone(), text.clone());
        match slots.iter_mut().find(|slot| slot.name == *name) {
            Some(slot) => slot.texts.push(entry),
            None => slots.push(Slot {
                name: name.clone(),
                texts: vec![entry],
            }),
        }
    }
    slots
}

/// The part of an external id before its slash.
pub(crate) fn course_of(id: &str) -> &str {
    id.split_once('/').map_or(id, |(course, _)| course)
}

/// Hashes item versions, skills, edges and parameters, each under its external id.
fn version_of(bank: &Bank) -> BankVersion {
    let mut text = Vec::with_capacity(64 * (bank.n_items() + bank.n_skills()));
    let mut put = |bytes: &[u8]| {
        text.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        text.extend_from_slice(bytes);
    };
    for (i, skill) in bank.skills.iter().enumerate() {
        put(skill.id.as_bytes());
        put(&skill.lesson_minutes.to_le_bytes());
        put(&skill.threshold.to_le_bytes());
        put(skill.renamed_from.as_deref().unwrap_or_default().as_bytes());
        for graph in [&bank.prerequisites, &bank.encompasses, &bank.confusable] {
            for (target, weight) in graph.edges(i as u32) {
                put(&target.to_le_bytes());
                put(&weight.to_le_bytes());
            }
            put(b"|");
        }
    }
    for item in (0..bank.n_items() as u32).map(ItemIx) {
        let i = item.0 as usize;
        put(bank.item_id(item).as_bytes());
        put(&bank.item_version(item).0);
        for value in [
            bank.item_easiness[i],
            bank.item_discrimination[i],
            bank.item_seconds[i],
        ] {
            put(&value.to_le_bytes());
        }
        // An author's prior is as unsure as any other, so only what answers told counts.
        if bank.item_easiness_sd[i] != Level::SD {
            put(&bank.item_easiness_sd[i].to_le_bytes());
        }
        put(&[bank.item_status[i] as u8]);
        bank.item_skills(item)
            .iter()
            .for_each(|skill| put(&skill.0.to_le_bytes()));
        put(b"|");
    }
    BankVersion::of(&text)
}

//! What a bank holds, and what it lacks: the summary that a check of content ends with.

use serde::{Deserialize, Serialize};

use paceline_core::graph::Csr;
use paceline_core::ids::{ItemIx, SkillIx};
use rayon::prelude::*;

use crate::bank::{Bank, Course, ItemStatus};
use crate::body::ItemBody;
use crate::content::distinct_instances;

/// Items a skill should have at least.
pub const WANTED_ITEMS: usize = 4;

/// The summary of a bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// By course id.
    pub courses: Vec<CourseInventory>,
}

/// The summary of one course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseInventory {
    /// The course's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Skills.
    pub skills: usize,
    /// Skills that have a lesson in the course's own language.
    pub lessons: usize,
    /// Lessons in other languages, with their number.
    pub translated_lessons: Vec<(String, usize)>,
    /// Items of any status.
    pub items: usize,
    /// Items whose numbers or words are drawn.
    pub templates: usize,
    /// Distinct instances of all items together, estimated from a few hundred seeds each.
    pub instances: u64,
    /// Items in other languages, with their number.
    pub translated_items: Vec<(String, usize)>,
    /// Items by status: draft, pilot, live, stale, retired.
    pub by_status: [usize; 5],
    /// Prerequisites that are hard and soft, encompassing edges, confusable pairs.
    pub edges: Edges,
    /// Skills on the longest chain of prerequisites.
    pub depth: usize,
    /// Distinct misconceptions that answers are matched to.
    pub misconceptions: usize,
    /// Themes.
    pub themes: usize,
    /// Items that can take any theme.
    pub themed_items: usize,
    /// What is missing.
    pub gaps: Gaps,
}

/// Edges that start in a course, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edges {
    /// Prerequisites of weight 1.
    pub hard: usize,
    /// Prerequisites of less.
    pub soft: usize,
    /// Skills that another's practice also practises.
    pub encompassing: usize,
    /// Pairs kept apart.
    pub confusable: usize,
}

/// Skills that lack something, by external id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// No lesson.
    pub without_lesson: Vec<String>,
    /// A lesson without a worked example.
    pub without_worked_example: Vec<String>,
    /// Fewer than [`WANTED_ITEMS`] items that may be offered.
    pub few_items: Vec<String>,
    /// All items of one difficulty.
    pub one_level: Vec<String>,
}

impl Bank {
    /// What the bank holds and lacks. Draws a few hundred instances of every template.
    pub fn inventory(&self) -> Inventory {
        let bodies: Vec<Option<ItemBody>> = (0..self.n_items() as u32)
            .into_par_iter()
            .map(|item| self.body(ItemIx(item)))
            .collect();
        let counts: Vec<u64> = bodies
            .par_iter()
            .zip(0..self.n_items() as u32)
            .map(|(body, item)| {
                body.as_ref().map_or(0, |body| {
                    distinct_instances(self.item_id(ItemIx(item)), body)
                })
            })
            .collect();
        let courses = self.courses.iter().zip(0..);
        Inventory {
            courses: courses
                .map(|(course, i)| self.course_inventory(course, i, &bodies, &counts))
                .collect(),
        }
    }

    fn course_inventory(
        &self,
        course: &Course,
        index: u32,
        bodies: &[Option<ItemBody>],
        counts: &[u64],
    ) -> CourseInventory {
        let skills = course.skills.0..course.skills.1;
        let mut inventory = CourseInventory {
            id: course.id.clone(),
            title: course.title.clone(),
            skills: skills.len(),
            themes: course.themes.len(),
            edges: self.edges_of(skills.clone()),
            depth: self.depth_of(skills.clone()),
            ..CourseInventory::default()
        };
        let mut misconceptions = std::collections::BTreeSet::new();
        let of_course = (0..self.n_items()).filter(|&item| self.item_course[item] == index);
        for item in of_course {
            inventory.items += 1;
            inventory.by_status[self.item_status[item] as usize] += 1;
            inventory.instances = inventory.instances.saturating_add(counts[item]);
            inventory.themed_items += usize::from(self.item_themes[item] == crate::ItemThemes::Any);
            let Some(body) = &bodies[item] else { continue };
            inventory.templates += usize::from(body.is_template());
            for part in &body.parts {
                misconceptions.extend(
                    part.choices
                        .iter()
                        .filter_map(|choice| choice.misconception.as_deref()),
                );
                misconceptions.extend(
                    part.wrongs
                        .iter()
                        .filter_map(|wrong| wrong.misconception.as_deref()),
                );
            }
            for texts in body.texts.iter().skip(1) {
                count(&mut inventory.translated_items, &texts.language);
            }
        }
        inventory.misconceptions = misconceptions.len();
        for skill in skills.map(SkillIx) {
            self.skill_gaps(course, skill, &mut inventory);
        }
        inventory
    }

    fn skill_gaps(&self, course: &Course, skill: SkillIx, inventory: &mut CourseInventory) {
        let id = || self.skill(skill).id.clone();
        let own = self
            .lesson_of
            .iter()
            .filter(|&&(owner, _)| owner == skill.0);
        let lessons = own.map(|&(_, lesson)| &self.lessons[lesson as usize]);
        for lesson in lessons
            .clone()
            .filter(|lesson| lesson.language != course.languages[0])
        {
            count(&mut inventory.translated_lessons, &lesson.language);
        }
        match lessons
            .clone()
            .find(|lesson| lesson.language == course.languages[0])
        {
            None => inventory.gaps.without_lesson.push(id()),
            Some(lesson) => {
                inventory.lessons += 1;
                let example = |line: &str| {
                    line.starts_with("###") && line.to_lowercase().contains("worked example")
                };
                if !lesson.markdown.lines().any(example) {
                    inventory.gaps.without_worked_example.push(id());
                }
            }
        }
        let items = self.items_of(skill);
        if items.len() < WANTED_ITEMS {
            inventory.gaps.few_items.push(id());
        }
        let easiness = |item: &ItemIx| self.item_easiness[item.0 as usize];
        if items.len() > 1
            && items
                .iter()
                .all(|item| easiness(item) == easiness(&items[0]))
        {
            inventory.gaps.one_level.push(id());
        }
    }

    fn edges_of(&self, skills: std::ops::Range<u32>) -> Edges {
        let weights = |graph: &Csr| -> Vec<f32> {
            skills
                .clone()
                .flat_map(|skill| graph.weights(skill).to_vec())
                .collect()
        };
        let needs = weights(&self.prerequisites);
        let hard = needs.iter().filter(|&&weight| weight >= 1.0).count();
        Edges {
            hard,
            soft: needs.len() - hard,
            encompassing: weights(&self.encompasses).len(),
            confusable: weights(&self.confusable).len() / 2,
        }
    }

    fn depth_of(&self, skills: std::ops::Range<u32>) -> usize {
        let mut depth = vec![0_usize; self.n_skills()];
        for &skill in &self.topological_order {
            let before = self
                .prerequisites
                .targets(skill.0)
                .iter()
                .map(|&need| depth[need as usize])
                .max();
            depth[skill.0 as usize] = before.unwrap_or(0) + 1;
        }
        skills.map(|skill| depth[skill as usize]).max().unwrap_or(0)
    }
}

fn count(counts: &mut Vec<(String, usize)>, name: &str) {
    match counts.iter_mut().find(|(known, _)| known == name) {
        Some((_, n)) => *n += 1,
        None => counts.push((name.to_owned(), 1)),
    }
}

impl std::fmt::Display for Inventory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for course in &self.courses {
            writeln!(f, "{course}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for CourseInventory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let listed = |counts: &[(String, usize)]| -> String {
            counts
                .iter()
                .map(|(language, n)| format!(", {n} in {language}"))
                .collect()
        };
        let edges = self.edges;
        writeln!(f, "{}  {}", self.id, self.title)?;
        writeln!(f, "  skills          {} ({} deep)", self.skills, self.depth)?;
        writeln!(
            f,
            "  lessons         {}{}",
            self.lessons,
            listed(&self.translated_lessons)
        )?;
        writeln!(
            f,
            "  items           {} ({} templates{})",
            self.items,
            self.templates,
            listed(&self.translated_items)
        )?;
        writeln!(f, "  instances       about {}", self.instances)?;
        writeln!(
            f,
            "  prerequisites   {} hard, {} soft",
            edges.hard, edges.soft
        )?;
        writeln!(
            f,
            "  other edges     {} encompassing, {} confusable pairs",
            edges.encompassing, edges.confusable
        )?;
        writeln!(
            f,
            "  themes          {} (in {} items)",
            self.themes, self.themed_items
        )?;
        writeln!(f, "  misconceptions  {}", self.misconceptions)?;
        let live = ItemStatus::Live as usize;
        if self.by_status[live] != self.items {
            let [draft, pilot, live, stale, retired] = self.by_status;
            writeln!(
                f,
                "  status          {draft} draft, {pilot} pilot, {live} live, {stale} stale, {retired} retired"
            )?;
        }
        let gaps = [
            ("no lesson", &self.gaps.without_lesson),
            ("no worked example", &self.gaps.without_worked_example),
            ("fewer than 4 items", &self.gaps.few_items),
            ("one level only", &self.gaps.one_level),
        ];
        if gaps.iter().all(|(_, skills)| skills.is_empty()) {
            return write!(f, "  gaps            none");
        }
        for (i, (what, skills)) in gaps
            .iter()
            .filter(|(_, skills)| !skills.is_empty())
            .enumerate()
        {
            let local: Vec<&str> = skills
                .iter()
                .map(|id| id.split_once('/').map_or(id.as_str(), |(_, l)| l))
                .collect();
            let line_end = if i == 0 { "" } else { "\n" };
            write!(
                f,
                "{line_end}  gap             {what}: {}",
                local.join(", ")
            )?;
        }
        Ok(())
    }
}

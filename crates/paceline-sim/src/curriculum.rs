//! What a school teaches in a term, as it is shown to every policy: skills, the graph as its authors drew
//! it, items with their expected difficulty and time. What is true of it belongs to [`crate::world`].

use paceline::Bank;
use paceline::bank::{BankBuilder, CourseSpec, ItemSpec, SkillSpec, ThemeSpec, ThemesSpec};
use paceline::ids::{ItemIx, SkillIx, ThemeIx};
use std::sync::Arc;

use crate::SimError;
use crate::draws::{Draws, Purpose};

/// A course as policies see it; skills stand in syllabus order.
#[derive(Clone, Debug, Default)]
pub struct Curriculum {
    /// The skills, in syllabus order; an edge only ever points to an earlier one.
    pub skills: Vec<Skill>,
    /// All items; [`Skill::items`] indexes this list.
    pub items: Vec<Item>,
    /// External ids of the interest themes, at least one.
    pub themes: Vec<String>,
}

/// One skill as its authors describe it.
#[derive(Clone, Debug, Default)]
pub struct Skill {
    /// External id, `course/skill`.
    pub id: String,
    /// Minutes the lesson text takes a typical learner.
    pub lesson_minutes: f64,
    /// Prerequisites (index, weight in (0, 1]; 1 is hard), as the authors believe them.
    pub needs: Vec<(u32, f64)>,
    /// Skills that are practised along with this one (index, share in (0, 1]).
    pub encompasses: Vec<(u32, f64)>,
    /// Items whose first skill this is, easiest first.
    pub items: Vec<u32>,
}

/// One item as its authors describe it.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// External id, `course/item`.
    pub id: String,
    /// The skill it practises first.
    pub skill: u32,
    /// Easiness prior, logit; 0.8 is a typical item.
    pub easiness_logit: f64,
    /// Seconds a typical learner takes.
    pub seconds: f64,
}

impl Curriculum {
    /// One course of a bank.
    ///
    /// # Errors
    ///
    /// [`SimError::UnknownCourse`].
    pub fn from_bank(bank: &Arc<Bank>, course: &str) -> Result<Self, SimError> {
        let (first, end) = course_skills(bank, course)?;
        // Edges to other courses are none of the term's business.
        let inside = |(target, weight): (u32, f32)| {
            (first..end)
                .contains(&target)
                .then(|| (target - first, f64::from(weight)))
        };
        let mut items = Vec::new();
        let mut skills = Vec::new();
        for skill in first..end {
            let offerable = |item: ItemIx| bank.item_status()[item.at()].is_offerable();
            let own = bank
                .items_of(SkillIx(skill))
                .iter()
                .filter(|&&item| bank.primary_skill(item) == SkillIx(skill) && offerable(item));
            let from = items.len() as u32;
            items.extend(own.map(|&item| Item {
                id: bank.item_id(item).to_owned(),
                skill: skill - first,
                easiness_logit: f64::from(bank.item_easiness()[item.at()]),
                seconds: f64::from(bank.item_seconds()[item.at()]),
            }));
            let described = bank.skill(SkillIx(skill));
            skills.push(Skill {
                id: described.id.clone(),
                lesson_minutes: f64::from(described.lesson_minutes),
                needs: bank
                    .prerequisites()
                    .edges(skill)
                    .filter_map(inside)
                    .collect(),
                encompasses: bank.encompasses().edges(skill).filter_map(inside).collect(),
                items: (from..items.len() as u32).collect(),
            });
        }
        let themes = (0..bank.n_themes() as u32).map(|theme| bank.theme(ThemeIx(theme)).id.clone());
        Ok(Self {
            skills,
            items,
            themes: themes.collect(),
        })
    }

    /// The bank that an engine teaches this curriculum from: its graph and items, without texts.
    ///
    /// # Errors
    ///
    /// [`SimError::Engine`] if the curriculum is no valid bank: an id twice, or an edge to a later skill.
    pub fn bank(&self) -> Result<Bank, SimError> {
        let id = |k: u32| self.skills[k as usize].id.clone();
        let mut builder = BankBuilder::new();
        for course in &self.courses() {
            let (id, title) = (course.clone(), course.clone());
            builder.course(CourseSpec {
                id,
                title,
                ..CourseSpec::default()
            });
            for theme in &self.themes {
                let slots = vec![("title".to_owned(), "en".to_owned(), theme.clone())];
                let (course, id) = (course.clone(), theme.clone());
                builder.theme(ThemeSpec { course, id, slots });
            }
        }
        let edges = |edges: &[(u32, f64)]| edges.iter().map(|&(k, w)| (id(k), w as f32)).collect();
        for skill in &self.skills {
            builder.skill(SkillSpec {
                id: skill.id.clone(),
                title: skill.id.clone(),
                lesson_minutes: skill.lesson_minutes as f32,
                needs: edges(&skill.needs),
                encompasses: edges(&skill.encompasses),
                ..SkillSpec::default()
            });
        }
        for item in &self.items {
            builder.item(ItemSpec {
                id: item.id.clone(),
                skills: vec![id(item.skill)],
                easiness: item.easiness_logit as f32,
                seconds: item.seconds as f32,
                themes: ThemesSpec::Any,
                ..ItemSpec::default()
            });
        }
        builder.build().map_err(|errors| SimError::Engine {
            why: errors.to_string(),
        })
    }

    /// Prerequisites by skill with a share of the edges `wrong`: half of those gone, the others starting elsewhere.
    pub(crate) fn redrawn_needs(&self, draws: &Draws, wrong: f64) -> Vec<Vec<(u32, f64)>> {
        let mut edge = 0;
        let mut needs = Vec::with_capacity(self.n_skills());
        for (k, skill) in self.skills.iter().enumerate() {
            let mut mine: Vec<(u32, f64)> = Vec::with_capacity(skill.needs.len());
            for &(p, weight) in &skill.needs {
                edge += 1;
                let fate = draws.uniform(Purpose::Edge, edge, 0) / wrong;
                let p = match fate {
                    ..0.5 => continue,
                    0.5..1.0 => draws.below(Purpose::Edge, edge, 1, k) as u32,
                    _ => p,
                };
                if mine.iter().all(|&(q, _)| q != p) {
                    mine.push((p, weight));
                }
            }
            needs.push(mine);
        }
        needs
    }

    /// The same course with a share `wrong` of its edges drawn wrongly, by `seed`.
    pub(crate) fn misdrawn(&self, wrong: f64, seed: u64) -> Self {
        let mut course = self.clone();
        let needs = self.redrawn_needs(&Draws::new("misdrawn", seed, &[]), wrong);
        for (skill, needs) in course.skills.iter_mut().zip(needs) {
            skill.needs = needs;
        }
        course
    }

    /// External ids of the courses that the skills belong to.
    pub(crate) fn courses(&self) -> Vec<String> {
        let course = |skill: &Skill| skill.id.split('/').next().unwrap_or_default().to_owned();
        let mut courses: Vec<String> = self.skills.iter().map(course).collect();
        courses.dedup();
        courses
    }

    /// How many skills there are.
    pub fn n_skills(&self) -> usize {
        self.skills.len()
    }

    /// For each skill, those that name it as a prerequisite.
    pub(crate) fn dependants(&self) -> Vec<Vec<u32>> {
        let mut dependants = vec![Vec::new(); self.skills.len()];
        for (k, skill) in self.skills.iter().enumerate() {
            for &(p, _) in &skill.needs {
                dependants[p as usize].push(k as u32);
            }
        }
        dependants
    }
}

/// The skills of a course: first index and one past the last.
pub(crate) fn course_skills(bank: &Bank, course: &str) -> Result<(u32, u32), SimError> {
    let courses = bank.courses();
    let found = courses.iter().find(|known| known.id == course);
    let found = found.ok_or_else(|| SimError::UnknownCourse {
        course: course.to_owned(),
        known: courses.iter().map(|known| known.id.clone()).collect(),
    })?;
    Ok(found.skills)
}

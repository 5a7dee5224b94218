//! What a school teaches in a term, as it is shown to every policy: skills, the graph as its authors drew
//! it, items with their expected difficulty and time. What is true of it belongs to [`crate::world`].

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

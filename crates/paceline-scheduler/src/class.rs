//! Class planning: small groups who need the same thing next.
//!
//! 1. Each student's own best lesson, and the skills it contains.
//! 2. Pairs of a skill and a student, kept where a lesson that begins with the skill is worth nearly as
//!    much to that student as the best: the bound is the teacher's.
//! 3. Greedily, the skill that serves most students not yet in a group, up to a group's size.

use paceline_bank::Bank;
use paceline_core::ids::SkillIx;
use paceline_core::time::Timestamp;
use paceline_learner::memory::Fsrs;

use crate::plan::{Scratch, plan_columns};
use crate::{Cohort, Lesson, Pin, Request, SkillColumns};

#[cfg(test)]
mod tests;

/// How a class is to be split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grouping {
    /// Most students of a group, helpers not counted.
    pub most_members: usize,
    /// Share of a student's own best lesson that being in a group may cost, 0 to 1.
    pub most_cost: f32,
}

impl Default for Grouping {
    fn default() -> Self {
        Self {
            most_members: 6,
            most_cost: 0.1,
        }
    }
}

/// A student to plan for: the belief, what is asked for and the student's own seed, as for a plan alone.
#[derive(Clone, Debug)]
pub struct Student {
    /// What is believed, as [`Scratch::read`] gives it.
    pub columns: SkillColumns,
    /// What is asked for; a teacher's pins and bans are in it.
    pub request: Request,
    /// The student's seed.
    pub seed: u64,
}

/// A student in a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Place in the class.
    pub student: usize,
    /// The lesson, which begins with the group's skill.
    pub lesson: Lesson,
    /// Share of the student's own best lesson that the group costs; within the bound asked for.
    pub cost: f32,
}

/// Students who do the same thing next.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The skill they begin with.
    pub skill: SkillIx,
    /// Who is in it, in the order of the class.
    pub members: Vec<Member>,
    /// Who has mastered the skill and could help, the surest first.
    pub helpers: Vec<usize>,
}

/// A class, split: groups of at least two, and those better off alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassPlan {
    /// The groups, the largest first.
    pub groups: Vec<Group>,
    /// Students on their own, with their own best lessons.
    pub alone: Vec<Member>,
}

/// Skills of a student's own lesson that a group could form around.
const SKILLS_EACH: usize = 8;

/// Splits a class into groups, and gives every student a lesson: with the group, or the student's own best.
pub fn plan_class(
    bank: &Bank,
    fsrs: &Fsrs,
    cohort: &Cohort,
    students: &[Student],
    grouping: &Grouping,
    now: Timestamp,
    scratch: &mut Scratch,
) -> ClassPlan {
    let mut lesson = |student: &Student, request: &Request| {
        let (columns, seed) = (&student.columns, student.seed);
        plan_columns(bank, fsrs, cohort, columns, request, now, seed, scratch)
    };
    let own: Vec<Lesson> = students
        .iter()
        .map(|student| lesson(student, &student.request))
        .collect();
    let mut offers: Vec<(SkillIx, Member)> = Vec::new();
    for skill in wanted(&own) {
        for (student, best) in own.iter().enumerate() {
            let mut request = students[student].request.clone();
            if !best
                .activities
                .iter()
                .any(|activity| activity.skill() == skill)
            {
                continue;
            }
            request.pins.insert(0, Pin::Skill(skill));
            let planned = lesson(&students[student], &request);
            let cost = if 0.0 < best.value {
                (1.0 - planned.value / best.value).max(0.0)
            } else {
                0.0
            };
            let starts = planned
                .activities
                .first()
                .is_some_and(|first| first.skill() == skill);
            if starts && cost <= grouping.most_cost {
                offers.push((
                    skill,
                    Member {
                        student,
                        lesson: planned,
                        cost,
                    },
                ));
            }
        }
    }
    split(students, own, offers, grouping.most_members.max(2))
}

/// The skills that lessons begin with or contain, ascending.
fn wanted(own: &[Lesson]) -> Vec<SkillIx> {
    let mut skills: Vec<SkillIx> = own
        .iter()
        .flat_map(|lesson| {
            lesson
                .activities
                .iter()
                .map(|activity| activity.skill())
                .take(SKILLS_EACH)
        })
        .collect();
    skills.sort_unstable();
    skills.dedup();
    skills
}

fn split(
    students: &[Student],
    own: Vec<Lesson>,
    mut offers: Vec<(SkillIx, Member)>,
    most: usize,
) -> ClassPlan {
    let mut plan = ClassPlan::default();
    let mut placed = vec![false; own.len()];
    loop {
        offers.retain(|(_, member)| !placed[member.student]);
        let count = |skill: SkillIx| {
            offers
                .iter()
                .filter(|offer| offer.0 == skill)
                .count()
                .min(most)
        };
        let best = offers
            .iter()
            .map(|offer| offer.0)
            .max_by_key(|&skill| (count(skill), std::cmp::Reverse(skill)));
        let Some(skill) = best.filter(|&skill| 2 <= count(skill)) else {
            break;
        };
        let mut members: Vec<Member> = offers
            .iter()
            .filter(|offer| offer.0 == skill)
            .map(|offer| offer.1.clone())
            .collect();
        members.sort_by(|a, b| a.cost.total_cmp(&b.cost).then(a.student.cmp(&b.student)));
        members.truncate(most);
        members.sort_by_key(|member| member.student);
        for member in &members {
            placed[member.student] = true;
        }
        let sure = |student: &usize| students[*student].columns.mastered.has(skill.at());
        let mut helpers: Vec<usize> = (0..own.len()).filter(sure).collect();
        let p = |student: &usize| students[*student].columns.p_now[skill.at()];
        helpers.sort_by(|a, b| p(b).total_cmp(&p(a)).then(a.cmp(b)));
        plan.groups.push(Group {
            skill,
            members,
            helpers,
        });
    }
    let rest = own
        .into_iter()
        .enumerate()
        .filter(|(student, _)| !placed[*student]);
    plan.alone = rest
        .map(|(student, lesson)| Member {
            student,
            lesson,
            cost: 0.0,
        })
        .collect();
    plan
}

use paceline_core::time::Timestamp;
use paceline_learner::memory::Fsrs;

use super::{Grouping, Student, plan_class};
use crate::testing::{generated, learner};
use crate::{Cohort, Request, Scratch};

#[test]
fn groups_share_a_skill_and_cost_no_one_more_than_agreed() {
    let bank = generated(50, 5, 51);
    let students: Vec<_> = (0..20)
        .map(|i| Student {
            columns: learner(&bank, 8 + i % 5 * 3, i as u64 % 7),
            request: Request::learn(20.0),
            seed: i as u64,
        })
        .collect();
    let grouping = Grouping {
        most_members: 5,
        most_cost: 0.05,
    };
    let (fsrs, cohort) = (Fsrs::default(), Cohort::default());
    let now = Timestamp(1_700_000_000);
    let scratch = &mut Scratch::default();
    let plan = plan_class(&bank, &fsrs, &cohort, &students, &grouping, now, scratch);
    assert!(!plan.groups.is_empty());
    let mut seen = vec![0; students.len()];
    for group in &plan.groups {
        assert!(2 <= group.members.len() && group.members.len() <= 5);
        for member in &group.members {
            assert_eq!(member.lesson.activities[0].skill(), group.skill);
            assert!(member.cost <= 0.05);
            seen[member.student] += 1;
        }
        assert!(
            group
                .helpers
                .iter()
                .all(|&helper| students[helper].columns.mastered.has(group.skill.at()))
        );
    }
    for member in &plan.alone {
        seen[member.student] += 1;
    }
    assert!(seen.iter().all(|&times| times == 1), "{seen:?}");
}

use paceline_core::time::Timestamp;
use paceline_learner::{Learner, Params};

use super::{choices, path_to, what_first};
use crate::testing::{course, ix, teach};
use crate::{Cohort, Request, Scratch, SkillColumns};

const NOW: Timestamp = Timestamp(1_700_000_000);

#[test]
fn three_different_skills_to_choose_among() {
    let bank = course(
        &[
            ("a", &[], &[]),
            ("b", &[], &[]),
            ("c", &[], &[]),
            ("d", &["c"], &[]),
        ],
        4,
    );
    let (params, cohort, mut scratch) = (Params::defaults(), Cohort::default(), Scratch::default());
    let student = Learner::new(&params);
    let request = Request::learn(20.0);
    let found = choices(
        &bank,
        &params,
        &cohort,
        &student,
        &request,
        NOW,
        1,
        3,
        &mut scratch,
    );
    let mut skills: Vec<_> = found.iter().map(|activity| activity.skill()).collect();
    skills.sort_unstable();
    assert_eq!(skills, ["a", "b", "c"].map(|id| ix(&bank, id)));
}

#[test]
fn the_path_to_a_skill_has_what_is_missing_in_order() {
    let bank = course(
        &[
            ("a", &[], &[]),
            ("b", &["a"], &[]),
            ("c", &["b"], &[]),
            ("d", &[], &[]),
        ],
        4,
    );
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|id| ix(&bank, id));
    let mut columns = SkillColumns::blank(4, 0.5);
    assert_eq!(path_to(&bank, &columns, c, 0.75), [a, b, c]);
    teach(&mut columns, a, 0.85, 1.0);
    assert_eq!(path_to(&bank, &columns, c, 0.75), [b, c]);
    assert_eq!(path_to(&bank, &columns, d, 0.75), [d]);
    teach(&mut columns, d, 0.95, 1.0);
    assert!(path_to(&bank, &columns, d, 0.75).is_empty());

    let params = Params::defaults();
    let student = Learner::new(&params);
    let mut scratch = Scratch::default();
    let path = what_first(
        &bank,
        &params,
        &student,
        c,
        &Request::learn(10.0),
        NOW,
        &mut scratch,
    );
    assert_eq!(path, [a, b, c]);
}

#[test]
fn too_hard_and_too_easy_move_the_target() {
    let request = Request::learn(10.0);
    let target = request.target_success;
    assert!(target < request.clone().easier().target_success);
    assert!(request.harder().target_success < target);
}

use super::*;
use crate::kept::Kept;
use crate::testing::{course, ix, teach};

fn unlocks(bank: &Bank, columns: &SkillColumns) -> Vec<f32> {
    let mut kept = Kept::default();
    kept.update(bank, columns, &[], &Objective::default(), false);
    kept.unlock
}

#[test]
fn a_skill_is_worth_what_it_opens() {
    let bank = course(
        &[
            ("a", &[], &[]),
            ("b", &["a"], &[]),
            ("c", &["b"], &[]),
            ("d", &[], &[]),
        ],
        2,
    );
    let columns = SkillColumns::blank(4, 0.5);
    let values = unlocks(&bank, &columns);
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|id| values[ix(&bank, id).at()]);
    // 1.2 (.9 - .5) = .48 for the last dependant, and half of what that opens on top.
    assert!((b - 0.48).abs() < 1e-6 && (a - (0.48 + 0.5 * 0.48)).abs() < 1e-6);
    assert_eq!((c, d), (0.0, 0.0));
}

#[test]
fn what_is_mastered_opens_nothing_more_and_shares_are_split() {
    let bank = course(
        &[("a", &[], &[]), ("b", &[], &[]), ("c", &["a", "b"], &[])],
        2,
    );
    let mut columns = SkillColumns::blank(3, 0.5);
    assert!((unlocks(&bank, &columns)[0] - 0.24).abs() < 1e-6);
    teach(&mut columns, ix(&bank, "b"), 0.95, 1.0);
    assert!((unlocks(&bank, &columns)[0] - 0.48).abs() < 1e-6);
    teach(&mut columns, ix(&bank, "c"), 0.95, 1.0);
    assert_eq!(unlocks(&bank, &columns), [0.0; 3]);
}

#[test]
fn unlock_values_are_bounded() {
    let names: Vec<String> = (0..60).map(|i| format!("s{i}")).collect();
    let root: &[&str] = &["root"];
    let mut skills: Vec<crate::testing::Spec<'_>> = vec![("root", &[], &[])];
    skills.extend(
        names
            .iter()
            .map(|name| (name.as_str(), root, [].as_slice())),
    );
    let bank = course(&skills, 1);
    assert_eq!(
        unlocks(&bank, &SkillColumns::blank(61, 0.1))[ix(&bank, "root").at()],
        6.0
    );
}

#[test]
fn goals_weigh_their_skills_and_the_way_there() {
    let bank = course(
        &[
            ("a", &[], &[]),
            ("b", &["a"], &[]),
            ("c", &["b"], &[]),
            ("d", &[], &[]),
        ],
        2,
    );
    let goal = |id| Goal {
        skills: vec![ix(&bank, id)],
        threshold: 0.8,
        date: None,
        minutes_a_day: 0.0,
    };
    let mut weights = Vec::new();
    let objective = Objective::default();
    goal_weights(&bank, Some(&goal("b")), &objective, &mut weights);
    let of = |id| weights[ix(&bank, id).at()];
    assert_eq!([of("a"), of("b"), of("c"), of("d")], [0.5, 1.0, 0.1, 0.1]);
    goal_weights(&bank, None, &objective, &mut weights);
    assert!(weights.is_empty());
}

//! Courses and learners for tests.

use paceline_bank::{
    Bank, BankBuilder, CourseSpec, ItemSpec, ItemStatus, SkillSpec, ThemeSpec, ThemesSpec,
};
use paceline_core::ids::SkillIx;
use paceline_core::stream::stream;
use paceline_learner::memory::{Fsrs, Grade};
use rand::Rng;

use crate::SkillColumns;

/// A skill of a test course: id, hard prerequisites, encompassed skills with their shares.
pub(crate) type Spec<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, f32)]);

const THEMES: [&str; 3] = ["space", "football", "music"];

/// A course `c` of these skills, each with `items` items from easy to hard, a minute each.
pub(crate) fn course(skills: &[Spec<'_>], items: usize) -> Bank {
    let specs = skills.iter().map(|&(id, needs, encompasses)| SkillSpec {
        id: format!("c/{id}"),
        lesson_minutes: 5.0,
        needs: needs.iter().map(|id| (format!("c/{id}"), 1.0)).collect(),
        encompasses: encompasses
            .iter()
            .map(|&(id, share)| (format!("c/{id}"), share))
            .collect(),
        ..SkillSpec::default()
    });
    build(specs.collect(), items)
}

/// A generated course: skill i builds on some of the skills shortly before it.
pub(crate) fn generated(n: usize, items: usize, seed: u64) -> Bank {
    let mut rng = stream("course", seed, b"");
    let mut specs = Vec::new();
    for i in 0..n {
        let mut spec = SkillSpec {
            id: format!("c/s{i:06}"),
            lesson_minutes: 3.0 + (rng.next_u32() % 6) as f32,
            ..SkillSpec::default()
        };
        for back in 1..=3.min(i) {
            let before = format!("c/s{:06}", i - back);
            match rng.next_u32() % 6 {
                0 | 1 => spec.needs.push((before, 1.0)),
                2 => spec.needs.push((before, 0.5)),
                3 => spec.encompasses.push((before, 0.4)),
                4 if back == 1 => spec.confusable.push(before),
                _ => {}
            }
        }
        specs.push(spec);
    }
    build(specs, items)
}

/// A course of one skill `a` whose items have these statuses, easiest first.
pub(crate) fn of_status(statuses: &[ItemStatus]) -> Bank {
    let mut builder = BankBuilder::new();
    builder.course(CourseSpec {
        id: "c".into(),
        ..CourseSpec::default()
    });
    builder.skill(SkillSpec {
        id: "c/a".into(),
        ..SkillSpec::default()
    });
    for (i, &status) in statuses.iter().enumerate() {
        builder.item(ItemSpec {
            id: format!("c/a-{i}"),
            skills: vec!["c/a".into()],
            easiness: 1.5 - 0.1 * i as f32,
            status,
            ..ItemSpec::default()
        });
    }
    builder.build().unwrap()
}

fn build(skills: Vec<SkillSpec>, items: usize) -> Bank {
    let mut builder = BankBuilder::new();
    builder.course(CourseSpec {
        id: "c".into(),
        ..CourseSpec::default()
    });
    for theme in THEMES {
        let title = ("title".to_owned(), "en".to_owned(), theme.to_owned());
        builder.theme(ThemeSpec {
            course: "c".into(),
            id: theme.into(),
            slots: vec![title],
        });
    }
    for spec in skills {
        for i in 0..items {
            builder.item(ItemSpec {
                id: format!("{}-{i}", spec.id),
                skills: vec![spec.id.clone()],
                easiness: 1.6 - 1.6 * i as f32 / items.max(2) as f32,
                seconds: 60.0,
                themes: ThemesSpec::Any,
                ..ItemSpec::default()
            });
        }
        builder.skill(spec);
    }
    builder.build().unwrap()
}

/// The skill `id` of the test course.
pub(crate) fn ix(bank: &Bank, id: &str) -> SkillIx {
    bank.skill_ix(&format!("c/{id}")).unwrap()
}

/// A learner who has been taught `skill`, `elapsed` days ago, and knows it as well as `kappa`.
pub(crate) fn teach(columns: &mut SkillColumns, skill: SkillIx, kappa: f32, elapsed: f32) {
    let first = Fsrs::default().first(Grade::Good);
    let at = skill.at();
    columns.taught.put(at, true);
    columns.stability_days[at] = first.stability;
    columns.difficulty[at] = first.difficulty;
    columns.elapsed_days[at] = elapsed;
    columns.kappa[at] = kappa;
    columns.p_now[at] = kappa;
    columns.touched_today.put(at, elapsed == 0.0);
    columns.mastered.put(at, 0.9 <= kappa);
    columns.p_mastered[at] = kappa;
}

/// A learner who has been through the first `taught` skills, drawn from a seed.
pub(crate) fn learner(bank: &Bank, taught: usize, seed: u64) -> SkillColumns {
    let mut rng = stream("learner", seed, b"");
    let mut unit = || (rng.next_u32() >> 8) as f32 / (1u32 << 24) as f32;
    let mut columns = SkillColumns::blank(bank.n_skills(), 0.5);
    for &skill in bank.topological_order().iter().take(taught) {
        teach(
            &mut columns,
            skill,
            0.4 + 0.58 * unit(),
            (40.0 * unit()).floor(),
        );
        columns.stability_days[skill.at()] = 1.0 + 50.0 * unit();
        columns.n_answers[skill.at()] = 2 + (6.0 * unit()) as u32;
    }
    for skill in 0..bank.n_skills() {
        if !columns.taught.has(skill) {
            columns.kappa[skill] = 0.2 + 0.5 * unit();
            columns.p_now[skill] = columns.kappa[skill];
        }
    }
    columns.theme_affinity = vec![0.5; THEMES.len()];
    columns
}

/// Cases of a property: `quick`, or 100,000 with `PACELINE_SLOW=1`.
pub(crate) fn cases(quick: u32) -> u32 {
    let slow = std::env::var("PACELINE_SLOW").is_ok_and(|on| on == "1");
    if slow { 100_000 } else { quick }
}

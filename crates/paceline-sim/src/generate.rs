//! Generated curricula of any size, for benches and for worlds beyond the shipped courses.

use paceline::Bank;

use crate::curriculum::{Curriculum, Item, Skill};
use crate::draws::{Draws, Purpose};

/// Themes of a generated curriculum.
const THEMES: [&str; 8] = [
    "animals", "cooking", "football", "music", "nature", "space", "travel", "trains",
];

/// The bank of a generated [`curriculum`]: graph and items, without texts.
///
/// # Panics
///
/// Never: what is generated is valid.
pub fn bank(n_skills: usize, items_per_skill: usize, seed: u64) -> Bank {
    let built = curriculum(n_skills, items_per_skill, seed).bank();
    built.expect("generated ids are distinct and edges point backward")
}

/// A curriculum of `n_skills` skills with `items_per_skill` items each; a pure function of its arguments.
///
/// A skill needs up to three of the forty before it and carries up to two of those along; lessons take 4 to
/// 8 minutes, items 20 to 75 seconds at three levels of difficulty in turn.
pub fn curriculum(n_skills: usize, items_per_skill: usize, seed: u64) -> Curriculum {
    let draws = Draws::new("curriculum", seed, &[]);
    let uniform = |k: u32, n: u32| draws.uniform(Purpose::Curriculum, k, n);
    let mut items = Vec::with_capacity(n_skills * items_per_skill);
    let skills = (0..n_skills as u32)
        .map(|k| {
            let reach = k.min(40) as usize;
            let mut needs: Vec<(u32, f64)> = Vec::new();
            for nth in 0..(uniform(k, 0) * 3.2) as u32 {
                // Squared, so that near skills are needed more often.
                let back = uniform(k, 10 + nth);
                let p = k.saturating_sub(1 + (back * back * reach as f64) as u32);
                if p < k && needs.iter().all(|&(q, _)| q != p) {
                    needs.push((p, if uniform(k, 20 + nth) < 0.8 { 1.0 } else { 0.5 }));
                }
            }
            needs.sort_by_key(|&(p, _)| p);
            let share =
                |(nth, &(p, _)): (usize, &(u32, f64))| (p, 0.2 + 0.5 * uniform(k, 30 + nth as u32));
            let encompasses = needs.iter().take(2).enumerate().map(share).collect();
            let first = items.len() as u32;
            items.extend((0..items_per_skill).map(|j| Item {
                id: format!("gen/k{k}-i{j}"),
                skill: k,
                easiness_logit: [1.5, 0.8, 0.0][j * 3 / items_per_skill.max(1)],
                seconds: libm::round(20.0 + 55.0 * uniform(k, 100 + j as u32)),
            }));
            Skill {
                id: format!("gen/k{k}"),
                lesson_minutes: libm::round(4.0 + 4.0 * uniform(k, 1)),
                needs,
                encompasses,
                items: (first..items.len() as u32).collect(),
            }
        })
        .collect();
    Curriculum {
        skills,
        items,
        themes: THEMES.map(str::to_owned).to_vec(),
    }
}

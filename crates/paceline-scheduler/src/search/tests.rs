use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::stream::{ChaCha8Rng, stream};
use paceline_learner::memory::Fsrs;
use rand::Rng;

use super::*;
use crate::local::{Edge, ItemChoice, LocalSkill, Span};
use crate::value::SkillState;

/// A draw from `low..high`.
fn between(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * (rng.next_u32() >> 8) as f32 / (1u32 << 24) as f32
}

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    rng.next_u32() as usize % n
}

pub(crate) fn rules(minutes: f32) -> Rules {
    let objective = Objective::default();
    Rules {
        objective,
        fsrs: Fsrs::default(),
        horizon: Horizon::new(&objective, 60.0),
        learning_rate: 1.0,
        minutes,
        price: 0.0,
        keep_apart: 2,
        blocked: false,
        syllabus: false,
        lessons_left: u16::MAX,
        other_minutes: f32::INFINITY,
        after_lesson: 0,
        credit: true,
        before: NOTHING_BEFORE,
    }
}

/// How far back edges reach: all of a small problem, and as far as in real courses in a larger one.
const WINDOW: usize = 8;

/// A small problem: some skills taught and fading, some not, with chains, credits and, in every
/// third, a trap: a poor, long prerequisite of a skill worth much more than the rest.
fn instance(seed: u64, most: usize) -> (Local, Rules) {
    let mut rng = stream("instance", seed, b"");
    let mut local = Local::default();
    let trap = seed.is_multiple_of(3);
    let mut left = most;
    while 0 < left {
        let i = local.skills.len();
        let taught = below(&mut rng, 2) == 0;
        let n_items = (1 + below(&mut rng, 2)).min(left);
        left -= n_items;
        let teach = !taught && 0 < left;
        left -= usize::from(teach);
        let prerequisites = Span {
            start: local.edges.len() as u32,
            len: 0,
        };
        let mut ready_weight = 0.0;
        for before in i.saturating_sub(WINDOW)..i {
            if below(&mut rng, 3) == 0 {
                let hard = below(&mut rng, 3) != 0;
                let weight = if hard { 1.0 } else { 0.5 };
                let hard = hard && !local.skills[before].state.taught;
                local.edges.push(Edge {
                    to: before as u16,
                    weight,
                    hard,
                    base_gain: 0.0,
                });
                ready_weight += weight;
            }
        }
        let prerequisites = Span {
            len: local.edges.len() as u32 - prerequisites.start,
            ..prerequisites
        };
        let start = local.edges.len() as u32;
        for before in i.saturating_sub(WINDOW)..i {
            if below(&mut rng, 4) == 0 {
                let weight = between(&mut rng, 0.2, 0.9);
                local.edges.push(Edge {
                    to: before as u16,
                    weight,
                    hard: false,
                    base_gain: 0.0,
                });
            }
        }
        let credits = Span {
            start,
            len: local.edges.len() as u32 - start,
        };
        let start = local.items.len() as u32;
        for _ in 0..n_items {
            let item = ItemIx(local.items.len() as u32);
            let minutes = between(&mut rng, 0.5, 3.0);
            local.items.push(ItemChoice {
                item,
                minutes,
                offset_logit: 0.0,
            });
        }
        let kappa = between(&mut rng, 0.2, 0.9);
        let rich = trap && ready_weight != 0.0 && below(&mut rng, 2) == 0;
        local.skills.push(LocalSkill {
            skill: SkillIx(i as u32),
            state: SkillState {
                stability_days: if taught {
                    between(&mut rng, 1.0, 60.0)
                } else {
                    0.0
                },
                difficulty: between(&mut rng, 2.0, 9.0),
                elapsed_days: 1.0 + below(&mut rng, 40) as f32,
                n_today: 0.0,
                kappa,
                p_now: kappa * between(&mut rng, 0.6, 1.0),
                credit: 0.0,
                taught,
                touched_today: false,
            },
            branches: Branches::default(),
            branches_after: Branches::default(),
            worth: between(&mut rng, 0.3, 1.5) * if rich { 4.0 } else { 1.0 },
            information: between(&mut rng, 0.0, 0.005),
            ready_outside: 0.0,
            ready_weight,
            lesson_minutes: between(&mut rng, 2.0, 8.0),
            teachable: teach,
            practicable: true,
            first_try: false,
            box_items: 0,
            after: None,
            items: Span {
                start,
                len: n_items as u32,
            },
            prerequisites,
            dependants: Span::default(),
            credits,
            creditors: Span::default(),
        });
    }
    let rules = rules(between(&mut rng, 5.0, 16.0));
    local.finish(&rules.objective, &rules.fsrs, &rules.horizon);
    (local, rules)
}

/// The best value there is, by trying every order of every choice.
///
/// Cut off only where what is left could not reach the best even at the highest rate seen.
fn exhaustive(
    search: &Search<'_>,
    node: &Node,
    pool: &mut Vec<Node>,
    best: &mut f32,
    budget: &mut u64,
) {
    *best = best.max(node.value);
    *budget = budget.saturating_sub(1);
    if *budget == 0 {
        return;
    }
    let mut child = pool.pop().unwrap_or_default();
    for skill in 0..search.local.len() {
        if search.pays(node, skill) {
            child.copy_from(node);
            search.apply(&mut child, skill);
            exhaustive(search, &child, pool, best, budget);
        }
    }
    pool.push(child);
}

/// Ratio of the production search to the optimum; `None` where enumerating takes too long.
fn ratio(seed: u64, most: usize) -> Option<f32> {
    let (local, rules) = instance(seed, most);
    let search = Search {
        local: &local,
        rules: &rules,
    };
    let mut root = Node::default();
    search.root(&mut root);
    let mut best = 0.0;
    let mut budget = 3_000_000;
    exhaustive(&search, &root, &mut Vec::new(), &mut best, &mut budget);
    let mut buffers = Buffers::default();
    let found = search.run(&root, WIDTH, &mut buffers).value;
    assert!(
        found <= best * (1.0 + 1e-5) || budget == 0,
        "seed {seed}: {found} beats {best}"
    );
    (0 < budget).then(|| {
        if best == 0.0 {
            1.0
        } else {
            (found / best).min(1.0)
        }
    })
}

#[test]
fn the_search_finds_the_optimum_of_small_problems() {
    let slow = std::env::var("PACELINE_SLOW").is_ok_and(|on| on == "1");
    let n: u64 = if slow { 3000 } else { 60 };
    let mut ratios = Vec::new();
    let mut skipped = 0;
    for seed in 0..n {
        let most = if slow { 14 } else { 12 };
        match ratio(seed, most) {
            Some(ratio) => ratios.push(ratio),
            None => skipped += 1,
        }
    }
    let mean = ratios.iter().sum::<f32>() / ratios.len() as f32;
    let worst = ratios.iter().copied().fold(1.0, f32::min);
    let exact = ratios.iter().filter(|&&ratio| 0.99999 <= ratio).count();
    eprintln!(
        "{} small problems ({skipped} too large): mean {mean:.5}, worst {worst:.4}, optimal {:.1} %",
        ratios.len(),
        100.0 * exact as f32 / ratios.len() as f32
    );
    assert!(0.999 <= mean && 0.95 <= worst, "mean {mean}, worst {worst}");
}

#[test]
fn more_minutes_hardly_ever_lower_the_value_of_a_small_problem() {
    let mut buffers = Buffers::default();
    let (mut root, mut lower) = (Node::default(), Vec::new());
    let n = u64::from(crate::testing::cases(300));
    for seed in 0..n {
        let (local, rules) = instance(seed, 14);
        let mut value = |minutes: f32| {
            let rules = Rules {
                minutes,
                ..rules.clone()
            };
            let search = Search {
                local: &local,
                rules: &rules,
            };
            search.root(&mut root);
            search.run(&root, WIDTH, &mut buffers).value
        };
        let (short, long) = (value(rules.minutes), value(rules.minutes + 1.0));
        if long < short * (1.0 - 1e-5) {
            lower.push((seed, long / short));
        }
    }
    let worst = lower.iter().map(|it| it.1).fold(1.0, f32::min);
    eprintln!(
        "{} of {n} small problems lose by a minute more, {worst} of the value at worst",
        lower.len()
    );
    assert!(lower.len() as u64 <= n / 2000 && 0.95 < worst, "{lower:?}");
}

/// What the minutes would fetch if everything were open, ready and uncredited, and could be split: the
/// linear relaxation, no lesson is worth more.
fn relaxed(search: &Search<'_>, root: &Node) -> f32 {
    let mut parts: Vec<(f32, f32)> = Vec::new();
    let mut node = Node::default();
    for skill in 0..search.local.len() {
        node.copy_from(root);
        let related = node.now[skill].related;
        loop {
            node.now[skill].ready = 1.0;
            node.now[skill].locked = false;
            node.now[skill].related = related;
            search.refresh(&mut node, skill);
            if node.gains[skill] <= 0.0 {
                break;
            }
            parts.push((node.gains[skill], node.minutes[skill]));
            search.apply(&mut node, skill);
        }
    }
    parts.sort_by(|a, b| (b.0 / b.1).total_cmp(&(a.0 / a.1)));
    let (mut value, mut left) = (0.0, search.rules.minutes);
    for (gain, minutes) in parts {
        value += gain * (left / minutes).min(1.0);
        left = (left - minutes).max(0.0);
    }
    value
}

thread_local! {
    static ALLOCATIONS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts what each thread allocates.
struct Counting;

#[expect(unsafe_code, reason = "an allocator can only be counted by being one")]
// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl std::alloc::GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { std::alloc::System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: std::alloc::Layout) {
        // SAFETY: as above.
        unsafe { std::alloc::System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_warm_search_allocates_nothing() {
    let mut buffers = Buffers::default();
    let mut root = Node::default();
    let problems: Vec<(Local, Rules)> = (0..4).map(|seed| instance(seed, 40)).collect();
    let mut search_all = || {
        let before = ALLOCATIONS.with(std::cell::Cell::get);
        for (local, rules) in &problems {
            let search = Search { local, rules };
            search.root(&mut root);
            search.run(&root, WIDTH, &mut buffers);
        }
        ALLOCATIONS.with(std::cell::Cell::get) - before
    };
    let cold = search_all();
    assert!(0 < cold, "nothing was counted");
    // Prefixes change places, so it takes some lessons until each has room for the largest.
    let warm = (0..40).map(|_| search_all()).last();
    assert_eq!(warm, Some(0), "allocations in a warm search");
}

#[test]
fn a_hundred_times_wider_beam_finds_little_more_in_larger_problems() {
    let slow = std::env::var("PACELINE_SLOW").is_ok_and(|on| on == "1");
    let (mut ratios, mut bounds) = (Vec::new(), Vec::new());
    for seed in 0..if slow { 200 } else { 2 } {
        let (local, mut rules) = instance(seed, 100);
        rules.minutes = 20.0;
        let search = Search {
            local: &local,
            rules: &rules,
        };
        let mut root = Node::default();
        search.root(&mut root);
        let mut buffers = Buffers::default();
        let found = search.run(&root, WIDTH, &mut buffers).value;
        let wide = search.run(&root, 100 * WIDTH, &mut buffers).value;
        ratios.push(found / wide);
        bounds.push(found / relaxed(&search, &root));
    }
    let mean = ratios.iter().sum::<f32>() / ratios.len() as f32;
    let worst = ratios.iter().copied().fold(f32::INFINITY, f32::min);
    eprintln!(
        "{} larger problems: mean {mean:.5}, worst {worst:.4} of a beam of {}, mean {:.4} of the linear bound",
        ratios.len(),
        100 * WIDTH,
        bounds.iter().sum::<f32>() / bounds.len() as f32
    );
    assert!(bounds.iter().all(|&ratio| ratio <= 1.0 + 1e-4));
    assert!(0.995 <= mean, "mean {mean}, worst {worst}");
}

use super::*;
use paceline_core::stream::{ChaCha8Rng, stream};
use proptest::prelude::*;
use rand::RngExt;

/// A curriculum of `n` skills in branches: each skill has one to three prerequisites among those shortly before it.
fn curriculum(n: u32, seed: u64) -> Csr {
    let mut rng = stream("belief test", seed, b"graph");
    let branches = rng.random_range(3..8u32);
    let mut edges = Vec::new();
    for s in branches..n {
        // The same branch, and now and then another one.
        edges.push((s, s - branches, 1.0));
        for _ in 0..rng.random_range(0..3u32) {
            let back = rng.random_range(1..(2 * branches).min(s) + 1);
            if rng.random::<f32>() < 0.5 {
                edges.push((s, s - back, 1.0));
            }
        }
    }
    // Ids must not betray the order.
    let mut ids: Vec<u32> = (0..n).collect();
    for i in (1..n as usize).rev() {
        ids.swap(i, rng.random_range(0..i + 1));
    }
    let id = |s: u32| ids[s as usize];
    let edges: Vec<_> = edges
        .into_iter()
        .map(|(a, b, w)| (id(a), id(b), w))
        .collect();
    Csr::from_edges(n as usize, &edges)
}

/// The graph as it is in truth: a tenth of the edges that the bank has are not there, and others are.
fn rewired(graph: &Csr, rng: &mut ChaCha8Rng) -> Csr {
    let (edges, depth) = Edges::new(graph);
    let mut all = Vec::new();
    for s in 0..graph.n_nodes() as u32 {
        for &p in graph.targets(s) {
            let other = edges.order[rng.random_range(0..edges.order.len())];
            let moved = rng.random::<f32>() < 0.1;
            if !moved {
                all.push((s, p, 1.0));
            } else if depth[other as usize] < depth[s as usize] {
                all.push((s, other, 1.0));
            }
        }
    }
    Csr::from_edges(graph.n_nodes(), &all)
}

/// A student of another family: a probability of a right answer for each skill, known from .8 on.
struct Student {
    p_right: Vec<f32>,
    known: Vec<bool>,
}

impl Student {
    fn new(graph: &Csr, kind: usize, rng: &mut ChaCha8Rng) -> Self {
        let graph = &rewired(graph, rng);
        let n = graph.n_nodes();
        let known = match kind % 3 {
            0 => Self::cut(graph, rng),
            1 => Self::targets(graph, rng),
            _ => Self::depth(graph, rng),
        };
        let p_right = (0..n as u32)
            .map(|s| {
                if known[s as usize] {
                    0.8 + 0.18 * rng.random::<f32>()
                } else if graph.targets(s).iter().all(|&p| known[p as usize]) {
                    0.15 + 0.6 * rng.random::<f32>()
                } else {
                    0.05 + 0.4 * rng.random::<f32>()
                }
            })
            .collect();
        Self { p_right, known }
    }

    /// The first part, of any length, of an order in which the skills could be learnt.
    fn cut(graph: &Csr, rng: &mut ChaCha8Rng) -> Vec<bool> {
        let n = graph.n_nodes();
        let mut known = vec![false; n];
        for _ in 0..rng.random_range(0..n + 1) {
            let ready: Vec<u32> = (0..n as u32)
                .filter(|&s| {
                    !known[s as usize] && graph.targets(s).iter().all(|&p| known[p as usize])
                })
                .collect();
            known[ready[rng.random_range(0..ready.len())] as usize] = true;
        }
        known
    }

    /// Everything down to some depth, a little more here and less there.
    fn depth(graph: &Csr, rng: &mut ChaCha8Rng) -> Vec<bool> {
        let (_, depth) = Edges::new(graph);
        let reach = 1.2 * rng.random::<f32>() - 0.1;
        depth
            .iter()
            .map(|&d| d < reach + 0.1 * (rng.random::<f32>() - 0.5))
            .collect()
    }

    /// Some skills, anywhere, with everything they rest on.
    fn targets(graph: &Csr, rng: &mut ChaCha8Rng) -> Vec<bool> {
        let n = graph.n_nodes();
        let mut known = vec![false; n];
        for _ in 0..rng.random_range(0..6) {
            let mut open = vec![rng.random_range(0..n as u32)];
            while let Some(s) = open.pop() {
                if !known[s as usize] {
                    known[s as usize] = true;
                    open.extend(graph.targets(s));
                }
            }
        }
        known
    }

    fn answers(&self, skill: u32, rng: &mut ChaCha8Rng) -> Correct {
        if rng.random::<f32>() < self.p_right[skill as usize] {
            Correct::Right
        } else {
            Correct::Wrong
        }
    }

    /// Mean of the shares of known and of unknown skills called right.
    fn balanced_accuracy(&self, called: impl Fn(usize) -> bool) -> f32 {
        let share = |side: bool| {
            let all: Vec<usize> = (0..self.known.len())
                .filter(|&s| self.known[s] == side)
                .collect();
            let right = all.iter().filter(|&&s| called(s) == side).count();
            (!all.is_empty()).then(|| right as f32 / all.len() as f32)
        };
        match (share(true), share(false)) {
            (Some(a), Some(b)) => 0.5 * (a + b),
            (a, b) => a.or(b).unwrap_or(1.0),
        }
    }
}

/// The probe that tells most; ties go to the lower id.
fn best_probe(belief: &Belief, curve: Curve) -> SkillIx {
    let mut bits = vec![0.0; belief.p_known().len()];
    belief.information(&vec![curve; bits.len()], &mut bits);
    let best = (0..bits.len())
        .rev()
        .max_by(|&a, &b| bits[a].total_cmp(&bits[b]))
        .unwrap();
    SkillIx(best as u32)
}

#[test]
fn placement_finds_the_frontier_of_students_of_another_family() {
    let (mut ours, mut fixed, mut majority, mut lengths) = (0.0, 0.0, 0.0, Vec::new());
    let mut n = 0.0;
    let curve = Curve::default();
    for g in 0..16 {
        let mut rng = stream("belief test", g, b"students");
        let graph = curriculum(60 + 3 * g as u32, g);
        let start = Belief::new(&graph);
        let students: Vec<Student> = (0..12)
            .map(|kind| Student::new(&graph, kind, &mut rng))
            .collect();
        // Called by what most students know.
        let share: Vec<f32> = (0..graph.n_nodes())
            .map(|s| students.iter().filter(|x| x.known[s]).count() as f32 / students.len() as f32)
            .collect();
        for student in &students {
            let mut belief = start.clone();
            let mut asked = 0;
            while asked < 20 {
                if belief.expected_error() < 0.02 {
                    break;
                }
                let skill = best_probe(&belief, curve);
                belief.answer(skill, curve, student.answers(skill.0, &mut rng));
                asked += 1;
            }
            lengths.push(asked);
            ours += student.balanced_accuracy(|s| belief.p_known()[s] >= belief.balanced_cut());
            // Twenty skills spread evenly over the order of the graph, read by the same belief.
            let mut same = start.clone();
            for i in 0..asked {
                let skill = start.edges.order[(i * graph.n_nodes()) / asked];
                same.answer(SkillIx(skill), curve, student.answers(skill, &mut rng));
            }
            fixed += student.balanced_accuracy(|s| same.p_known()[s] >= same.balanced_cut());
            majority += student.balanced_accuracy(|s| share[s] >= 0.5);
            n += 1.0;
        }
    }
    let (ours, fixed, majority): (f32, f32, f32) = (ours / n, fixed / n, majority / n);
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];

    assert!(
        ours >= 0.85,
        "adaptive {ours} fixed {fixed} majority {majority}"
    );
    assert!(
        ours > fixed + 0.01 && ours > majority + 0.05,
        "adaptive {ours} fixed {fixed} majority {majority}"
    );
    assert!(median <= 20);
}

/// 0 <- 1 <- 2 <- 3, and 4 apart.
fn chain() -> Csr {
    Csr::from_edges(5, &[(1, 0, 1.0), (2, 1, 1.0), (3, 2, 1.0)])
}

#[test]
fn an_answer_moves_prerequisites_and_dependants() {
    let before = Belief::new(&chain());
    let curve = Curve::default();
    let after = |correct| {
        let mut belief = before.clone();
        belief.answer(SkillIx(2), curve, correct);
        belief
    };
    let (right, wrong) = (after(Correct::Right), after(Correct::Wrong));
    for s in 0..4 {
        assert!(right.p_known()[s] > before.p_known()[s], "{s}");
        assert!(wrong.p_known()[s] < before.p_known()[s], "{s}");
    }
    assert!(right.p_known()[0] > right.p_known()[2]);
    assert!(wrong.p_known()[3] < wrong.p_known()[0]);
    assert_eq!(right.asked(SkillIx(2)), 1);
}

#[test]
fn the_frontier_lies_above_what_is_known() {
    let mut belief = Belief::new(&chain());
    let curve = Curve {
        p_if_known: 0.95,
        p_if_unknown: 0.05,
    };
    for (skill, correct) in [
        (1, Correct::Right),
        (1, Correct::Right),
        (2, Correct::Wrong),
        (2, Correct::Wrong),
        (4, Correct::Wrong),
    ] {
        belief.answer(SkillIx(skill), curve, correct);
    }
    assert_eq!(belief.frontier(), [SkillIx(2), SkillIx(4)]);
}

#[test]
fn on_a_tree_propagation_is_exact() {
    let graph = Csr::from_edges(
        6,
        &[
            (1, 0, 1.0),
            (2, 0, 1.0),
            (3, 1, 1.0),
            (4, 1, 0.5),
            (5, 2, 1.0),
        ],
    );
    let mut belief = Belief::new(&graph);
    let answers = [
        (4, Correct::Right),
        (2, Correct::Wrong),
        (3, Correct::Right),
    ];
    let curve = Curve {
        p_if_known: 0.9,
        p_if_unknown: 0.2,
    };
    for (skill, correct) in answers {
        belief.answer(SkillIx(skill), curve, correct);
    }
    let (_, depth) = Edges::new(&graph);
    let mut total = 0.0;
    let mut known = [0.0f64; 6];
    for shape in COMPONENTS {
        for world in 0u32..64 {
            let has = |s: u32| world >> s & 1 == 1;
            let mut p = 1.0f64;
            for s in 0..6 {
                let base = f64::from(shape.base(depth[s as usize]));
                let q = graph.edges(s).fold(base, |q, (pre, w)| {
                    if has(pre) {
                        q
                    } else {
                        q * (1.0 - f64::from(STRENGTH * w))
                    }
                });
                p *= if has(s) { q } else { 1.0 - q };
            }
            for (skill, correct) in answers {
                let right = f64::from(if has(skill) { 0.9f32 } else { 0.2 });
                p *= if correct == Correct::Right {
                    right
                } else {
                    1.0 - right
                };
            }
            total += p;
            for s in 0..6 {
                known[s as usize] += if has(s) { p } else { 0.0 };
            }
        }
    }
    for (&found, known) in belief.p_known().iter().zip(known) {
        let exact = known / total;
        assert!((f64::from(found) - exact).abs() < 1e-3, "{found} {exact}");
    }
}

#[test]
fn a_cycle_and_a_stranger_do_no_harm() {
    let graph = Csr::from_edges(4, &[(0, 1, 1.0), (1, 0, 1.0), (2, 1, 1.0)]);
    let mut belief = Belief::new(&graph);
    belief.answer(SkillIx(99), Curve::default(), Correct::Right);
    belief.answer(SkillIx(2), Curve::default(), Correct::Right);
    assert!(belief.p_known().iter().all(|p| (0.0..=1.0).contains(p)));
    assert!(Belief::new(&Csr::default()).p_known().is_empty());
}

proptest! {
    /// What an answer tells lies between nothing and a bit, most where most is unsure.
    #[test]
    fn information_is_at_most_a_bit(known in 0.0f32..=1.0, unknown in 0.0f32..=1.0, p in 0.0f32..=1.0) {
        let bits = Curve { p_if_known: known, p_if_unknown: unknown }.information(p);
        prop_assert!((0.0..=1.0).contains(&bits));
        let sharp = Curve { p_if_known: 0.95, p_if_unknown: 0.05 };
        prop_assert!(sharp.information(0.5) >= sharp.information(p) - 1e-5);
    }

    /// On any graph a right answer leaves no skill likelier unknown than a wrong one does.
    #[test]
    fn right_is_never_worse_than_wrong(seed in 0u64..50, skill in 0u32..24, more in prop::collection::vec((0u32..24, any::<bool>()), 0..6)) {
        let mut belief = Belief::new(&curriculum(24, seed));
        for (skill, right) in more {
            let correct = if right { Correct::Right } else { Correct::Wrong };
            belief.answer(SkillIx(skill), Curve::default(), correct);
        }
        let (mut right, mut wrong) = (belief.clone(), belief);
        right.answer(SkillIx(skill), Curve::default(), Correct::Right);
        wrong.answer(SkillIx(skill), Curve::default(), Correct::Wrong);
        for (a, b) in right.p_known().iter().zip(wrong.p_known()) {
            prop_assert!(a >= &(b - 0.02), "{a} {b}");
        }
    }
}

//! The edges between skills: resolved, checked and put into both directions.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use paceline_core::graph::Csr;
use paceline_core::ids::SkillIx;

use super::{BankError, Kind, SkillSpec};
use crate::names::Names;
use crate::suggest::closest;

/// An edge list under construction: `(from, to, weight)`.
type Edges = Vec<(u32, u32, f32)>;

pub(super) struct Pair {
    pub(super) forward: Csr,
    pub(super) backward: Csr,
}

pub(super) struct Graphs {
    pub(super) needs: Pair,
    pub(super) encompasses: Pair,
    pub(super) confusable: Csr,
    pub(super) topological_order: Vec<SkillIx>,
}

/// How many cycles of one list are reported; mending one usually mends more.
const MAX_CYCLES: usize = 8;
/// How many unknown names get a suggestion: each costs a pass over all names.
const MAX_SUGGESTIONS: usize = 64;

/// Resolves the lists of all skills; `None` where an error was found.
pub(super) fn build(
    skills: &[SkillSpec],
    names: &Names,
    errors: &mut Vec<BankError>,
) -> Option<Graphs> {
    let before = errors.len();
    let needs = resolve(skills, names, "needs", errors, |skill| {
        weighted(&skill.needs)
    });
    let encompasses = resolve(skills, names, "encompasses", errors, |skill| {
        weighted(&skill.encompasses)
    });
    let confusable = resolve(skills, names, "confusable", errors, |skill| {
        skill.confusable.iter().map(|s| (s.as_str(), 1.0)).collect()
    });
    if errors.len() > before {
        return None;
    }
    let n = skills.len();
    let needs = both_ways(n, needs);
    let encompasses = both_ways(n, encompasses);
    let mut symmetric: Edges = confusable
        .iter()
        .flat_map(|&(a, b, w)| [(a, b, w), (b, a, w)])
        .collect();
    symmetric.sort_unstable_by_key(|&(a, b, _)| (a, b));
    symmetric.dedup_by_key(|&mut (a, b, _)| (a, b));
    for (field, graph) in [
        ("needs", &needs.forward),
        ("encompasses", &encompasses.forward),
    ] {
        for cycle in cycles(graph) {
            let path = cycle
                .iter()
                .filter_map(|&skill| names.get(skill))
                .map(str::to_owned)
                .collect();
            errors.push(BankError::Cycle { field, path });
        }
    }
    if errors.len() > before {
        return None;
    }
    let topological_order = topological_order(&needs);
    Some(Graphs {
        needs,
        encompasses,
        confusable: csr(n, symmetric),
        topological_order,
    })
}

fn weighted(list: &[(String, f32)]) -> Vec<(&str, f32)> {
    list.iter()
        .map(|(skill, weight)| (skill.as_str(), *weight))
        .collect()
}

fn resolve<'a>(
    skills: &'a [SkillSpec],
    names: &Names,
    field: &'static str,
    errors: &mut Vec<BankError>,
    list: impl Fn(&'a SkillSpec) -> Vec<(&'a str, f32)>,
) -> Edges {
    let mut edges = Edges::new();
    let mut suggestions = 0;
    for (skill, from) in skills.iter().zip(0_u32..) {
        let mut seen = BTreeSet::new();
        for (target, weight) in list(skill) {
            let mut bad_edge = |problem| {
                errors.push(BankError::BadEdge {
                    owner: skill.id.clone(),
                    target: target.to_owned(),
                    field,
                    problem,
                });
            };
            if target == skill.id {
                bad_edge("which is itself");
            } else if !seen.insert(target) {
                bad_edge("twice");
            } else if !(weight > 0.0 && weight <= 1.0) {
                let owner = skill.id.clone();
                let wanted = "a weight above 0 and at most 1";
                errors.push(BankError::BadValue {
                    kind: Kind::Skill,
                    owner,
                    field,
                    found: weight,
                    wanted,
                });
            } else if let Some(to) = names.find(target) {
                edges.push((from, to, weight));
            } else {
                suggestions += 1;
                errors.push(BankError::Unknown {
                    kind: Kind::Skill,
                    owner: skill.id.clone(),
                    target_kind: Kind::Skill,
                    target: target.to_owned(),
                    suggestion: if suggestions <= MAX_SUGGESTIONS {
                        closest(target, names.iter())
                    } else {
                        None
                    },
                });
            }
        }
    }
    edges
}

fn csr(n_nodes: usize, edges: Edges) -> Csr {
    Csr::from_edges(n_nodes, &edges)
}

fn both_ways(n_nodes: usize, edges: Edges) -> Pair {
    let backward = edges
        .iter()
        .map(|&(from, to, weight)| (to, from, weight))
        .collect();
    Pair {
        forward: csr(n_nodes, edges),
        backward: csr(n_nodes, backward),
    }
}

/// Kahn's algorithm with the lowest free index first.
fn topological_order(needs: &Pair) -> Vec<SkillIx> {
    let n = needs.forward.n_nodes();
    let mut unmet: Vec<usize> = (0..n as u32)
        .map(|skill| needs.forward.edges(skill).count())
        .collect();
    let mut free: BinaryHeap<Reverse<u32>> = (0..n as u32)
        .filter(|&s| unmet[s as usize] == 0)
        .map(Reverse)
        .collect();
    let mut order = Vec::with_capacity(n);
    while let Some(Reverse(skill)) = free.pop() {
        order.push(SkillIx(skill));
        for (dependant, _) in needs.backward.edges(skill) {
            unmet[dependant as usize] -= 1;
            if unmet[dependant as usize] == 0 {
                free.push(Reverse(dependant));
            }
        }
    }
    order
}

/// Up to [`MAX_CYCLES`] cycles that share no edge of the depth-first forest, each from its lowest node.
///
/// Iterative, so that a chain of a million skills does not exhaust the stack.
fn cycles(graph: &Csr) -> Vec<Vec<u32>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let n = graph.n_nodes();
    let mut marks = vec![Mark::New; n];
    let mut found = Vec::new();
    for root in 0..n as u32 {
        if marks[root as usize] != Mark::New {
            continue;
        }
        marks[root as usize] = Mark::Open;
        let mut path = vec![(root, 0)];
        while let Some((node, edge)) = path.last_mut() {
            let node = *node;
            let next = graph.targets(node).get(*edge).copied();
            *edge += 1;
            match next {
                None => {
                    marks[node as usize] = Mark::Done;
                    path.pop();
                }
                Some(target) if marks[target as usize] == Mark::New => {
                    marks[target as usize] = Mark::Open;
                    path.push((target, 0));
                }
                Some(target)
                    if marks[target as usize] == Mark::Open && found.len() < MAX_CYCLES =>
                {
                    let start = path
                        .iter()
                        .position(|&(open, _)| open == target)
                        .unwrap_or(0);
                    let mut cycle: Vec<u32> = path[start..].iter().map(|&(open, _)| open).collect();
                    let lowest = (0..cycle.len()).min_by_key(|&i| cycle[i]).unwrap_or(0);
                    cycle.rotate_left(lowest);
                    cycle.push(cycle[0]);
                    found.push(cycle);
                }
                Some(_) => {}
            }
        }
    }
    found
}

//! The compressed sparse row graph: one array of targets, one of weights, one of row starts.

use serde::{Deserialize, Serialize};

/// A weighted directed graph over dense indexes, immutable once built.
///
/// Shape: `starts [n + 1]`, `targets [m]`, `weights [m]`; a row's targets ascend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Csr {
    starts: Vec<u32>,
    targets: Vec<u32>,
    weights: Vec<f32>,
}

impl Default for Csr {
    fn default() -> Self {
        Self {
            starts: vec![0],
            targets: Vec::new(),
            weights: Vec::new(),
        }
    }
}

impl Csr {
    /// Builds the graph of `n` nodes from `(source, target, weight)`; of a repeated edge the last weight holds.
    ///
    /// # Panics
    /// If a source or target is not below `n`: the builder of a bank has checked them.
    #[must_use]
    pub fn from_edges(n: usize, edges: &[(u32, u32, f32)]) -> Self {
        let mut sorted: Vec<_> = edges.to_vec();
        sorted.sort_by_key(|&(source, target, _)| (source, target));
        let mut graph = Self {
            starts: vec![0; n + 1],
            targets: Vec::new(),
            weights: Vec::new(),
        };
        let mut last = None;
        for (source, target, weight) in sorted {
            assert!((target as usize) < n, "edge to {target} in a graph of {n}");
            if last == Some((source, target)) {
                graph.weights.pop();
                graph.weights.push(weight);
                continue;
            }
            last = Some((source, target));
            graph.starts[source as usize + 1] += 1;
            graph.targets.push(target);
            graph.weights.push(weight);
        }
        for i in 0..n {
            graph.starts[i + 1] += graph.starts[i];
        }
        graph
    }

    /// Number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The targets of `node`, ascending.
    #[inline]
    #[must_use]
    pub fn targets(&self, node: u32) -> &[u32] {
        &self.targets[self.range(node)]
    }

    /// The weights of `node`'s edges, beside [`targets`](Self::targets).
    #[inline]
    #[must_use]
    pub fn weights(&self, node: u32) -> &[f32] {
        &self.weights[self.range(node)]
    }

    /// `(target, weight)` of each edge of `node`.
    pub fn edges(&self, node: u32) -> impl ExactSizeIterator<Item = (u32, f32)> + '_ {
        self.targets(node)
            .iter()
            .copied()
            .zip(self.weights(node).iter().copied())
    }

    /// The graph with every edge turned round.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let nodes = 0..self.n_nodes() as u32;
        let edges: Vec<_> = nodes
            .flat_map(|a| self.edges(a).map(move |(b, weight)| (b, a, weight)))
            .collect();
        Self::from_edges(self.n_nodes(), &edges)
    }

    #[inline]
    fn range(&self, node: u32) -> std::ops::Range<usize> {
        self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize
    }
}

#[cfg(test)]
mod tests;

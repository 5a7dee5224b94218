use super::*;
use proptest::prelude::*;

#[test]
fn rows_are_sorted_and_the_last_weight_of_a_repeated_edge_holds() {
    let graph = Csr::from_edges(3, &[(2, 1, 0.5), (0, 2, 1.0), (2, 0, 0.25), (2, 1, 0.75)]);
    assert_eq!(graph.targets(2), [0, 1]);
    assert_eq!(graph.weights(2), [0.25, 0.75]);
    assert_eq!(graph.targets(1), [0u32; 0]);
    assert_eq!(graph.n_nodes(), 3);
}

proptest! {
    #[test]
    fn turning_twice_gives_the_graph_back(edges in proptest::collection::vec((0u32..9, 0u32..9, 0.0f32..1.0), 0..40)) {
        let graph = Csr::from_edges(9, &edges);
        prop_assert_eq!(graph.reversed().reversed(), graph);
    }
}

use super::tuned;

#[test]
fn weights_that_hardly_spread_are_held_back_more() {
    let n = 200;
    let weights: Vec<f32> = (0..n)
        .map(|i| if i % 2 == 0 { -0.1 } else { 1.0 })
        .collect();
    let groups: Vec<u8> = (0..n).map(|i| (i % 2) as u8).collect();
    let found = tuned(&groups, &[4.0; 200], &[1e4; 200], &weights);
    // All hundred weights are free, so a group's penalty is .75 x 101 / (100 w^2 + 1/4).
    assert!((found[0] - 0.75 * 101.0 / 1.25).abs() < 0.5, "{}", found[0]);
    assert!(
        (found[1] - 0.75 * 101.0 / 100.25).abs() < 0.01,
        "{}",
        found[1]
    );
}

#[test]
fn a_group_without_rows_stays_finite() {
    let found = tuned(&[3, 3], &[12.0, 12.0], &[0.0, 0.0], &[0.0, 0.0]);
    assert_eq!(found, [9.0, 9.0]);
}

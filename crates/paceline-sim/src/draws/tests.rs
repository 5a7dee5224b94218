use super::*;

#[test]
fn a_draw_depends_on_its_name_and_nothing_else() {
    let draws = Draws::new("pupil", 7, &[3]);
    let before = draws.uniform(Purpose::Answer, 4, 2);
    draws.uniform(Purpose::Mood, 4, 2);
    assert_eq!(before, draws.uniform(Purpose::Answer, 4, 2));
    assert_ne!(before, draws.uniform(Purpose::Answer, 2, 4));
    assert_ne!(before, draws.uniform(Purpose::Mood, 4, 2));
    assert_ne!(
        before,
        Draws::new("pupil", 8, &[3]).uniform(Purpose::Answer, 4, 2)
    );
}

#[test]
fn neighbouring_counters_are_uniform_and_uncorrelated() {
    let draws = Draws::new("pupil", 1, &[]);
    let n = 20_000;
    let x: Vec<f64> = (0..n)
        .map(|i| draws.uniform(Purpose::Answer, i / 100, i % 100) - 0.5)
        .collect();
    let mean = x.iter().sum::<f64>() / f64::from(n);
    let variance = x.iter().map(|v| v * v).sum::<f64>() / f64::from(n);
    let lag = x.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / f64::from(n);
    assert!(mean.abs() < 0.01, "mean {mean}");
    assert!((variance - 1.0 / 12.0).abs() < 0.002, "variance {variance}");
    assert!(lag.abs() < 0.003, "lag-1 covariance {lag}");
}

#[test]
fn below_stays_below() {
    let draws = Draws::new("pupil", 1, &[]);
    assert!((0..1000).all(|i| draws.below(Purpose::Answer, i, 0, 7) < 7));
    assert_eq!(draws.below(Purpose::Answer, 0, 0, 0), 0);
}

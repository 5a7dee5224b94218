use super::metrics::{bootstrap, calibration, measure};

#[test]
fn metrics_agree_with_hand_worked_values() {
    let p = [0.1, 0.4, 0.4, 0.8];
    let right = [false, false, true, true];
    let found = measure(&p, &right);
    // Three pairs ordered rightly, one tied.
    assert!((found.auc - 0.875).abs() < 1e-9);
    let loss = -(0.9_f64.ln() + 0.6_f64.ln() + 0.4_f64.ln() + 0.8_f64.ln()) / 4.0;
    assert!((found.log_loss - loss).abs() < 1e-6);
    let square: f64 = (0.01 + 0.16 + 0.36 + 0.04) / 4.0;
    assert!((found.rmse - square.sqrt()).abs() < 1e-6);
    // Bins [1/15, 2/15), [6/15, 7/15), [12/15, 13/15).
    let ece = (0.1 + 2.0 * 0.1 + 0.2) / 4.0;
    assert!((found.ece - ece).abs() < 1e-6, "{}", found.ece);
    assert_eq!(
        calibration(&p, &right)
            .iter()
            .filter(|bin| bin.rows > 0)
            .count(),
        3
    );
}

#[test]
fn one_outcome_has_no_ranking() {
    assert_eq!(measure(&[0.2, 0.9], &[true, true]).auc, 0.5);
}

#[test]
fn intervals_hold_the_estimate_and_repeat() {
    let p: Vec<f32> = (0..400).map(|i| (i % 97) as f32 / 100.0).collect();
    let right: Vec<bool> = (0..400).map(|i| (i * 7) % 97 < i % 97 + 20).collect();
    let learner: Vec<u32> = (0..400).map(|i| i / 10).collect();
    let (auc, loss) = bootstrap(&p, &right, &learner, 40, 100, 3);
    let found = measure(&p, &right);
    assert!(auc.low < found.auc && found.auc < auc.high);
    assert!(loss.low < found.log_loss && found.log_loss < loss.high);
    assert_eq!(bootstrap(&p, &right, &learner, 40, 100, 3), (auc, loss));
}

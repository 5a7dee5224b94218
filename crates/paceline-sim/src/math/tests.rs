use super::*;

#[test]
fn the_normal_quantile_matches_its_table() {
    // Abramowitz & Stegun, table 26.5.
    for (p, z) in [
        (0.5, 0.0),
        (0.975, 1.959_963_985),
        (0.999, 3.090_232_306),
        (0.01, -2.326_347_874),
    ] {
        assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}");
    }
}

#[test]
fn students_t_matches_its_table() {
    for (df, t) in [
        (1, 12.706),
        (3, 3.182),
        (5, 2.571),
        (10, 2.228),
        (19, 2.093),
        (199, 1.972),
    ] {
        let found = t_95(df);
        assert!(
            (found / t - 1.0).abs() < 0.003,
            "t({df}) = {found}, not {t}"
        );
    }
}

#[test]
fn logit_inverts_logistic() {
    for x in [-5.0, -0.3, 0.0, 2.0] {
        assert!((logit(logistic(x)) - x).abs() < 1e-4);
    }
}

#[test]
fn the_mean_of_logistics_is_the_mean_of_each() {
    for n in [0usize, 1, 7, 8, 9, 60] {
        let logits: Vec<f64> = (0..n).map(|k| 0.37 * k as f64 - 4.0).collect();
        let each = logits.iter().map(|&x| logistic(x)).sum::<f64>() / n.max(1) as f64;
        let mean = mean_logistic(logits.iter().copied());
        assert!((mean - each).abs() < 1e-12, "{n}: {mean} {each}");
    }
}

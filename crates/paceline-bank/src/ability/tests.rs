use proptest::prelude::*;

use super::*;

fn items() -> Vec<Curve> {
    let rows = include_str!("../../tests/fixtures/ability_items.csv")
        .lines()
        .skip(1);
    let number = |text: &str| text.trim().parse::<f64>().unwrap();
    rows.map(|row| {
        let cells: Vec<f64> = row.split(',').map(number).collect();
        Curve::three(cells[0], cells[1], cells[2])
    })
    .collect()
}

/// catR 3.17 on the same items and answers; see tests/fixtures/README.md.
#[test]
fn estimates_agree_with_catr() {
    let items = items();
    for row in include_str!("../../tests/fixtures/ability_expected.csv")
        .lines()
        .skip(1)
    {
        let cells: Vec<&str> = row.split(',').collect();
        let answers: Vec<(Curve, bool)> = items
            .iter()
            .copied()
            .zip(cells[0].chars().map(|c| c == '1'))
            .collect();
        let estimator = match cells[1] {
            "ML" => Estimator::MaximumLikelihood,
            "BM" => Estimator::MaximumPosterior,
            "EAP" => Estimator::PosteriorMean,
            _ => Estimator::WeightedLikelihood,
        };
        let found = estimate(&answers, estimator, Prior::default());
        let (ability, error): (f64, f64) = (cells[2].parse().unwrap(), cells[3].parse().unwrap());
        assert!((found.ability - ability).abs() < 1e-4, "{row}: {found:?}");
        assert!(
            (found.standard_error - error).abs() < 1e-4 * error.max(1.0),
            "{row}: {found:?}"
        );
    }
}

proptest! {
    /// One more right answer in place of a wrong one never lowers a posterior mean.
    #[test]
    fn right_is_never_worse(pattern in prop::collection::vec(any::<bool>(), 12), flip in 0_usize..12) {
        let curves: Vec<Curve> = items().iter().map(|item| Curve::two(item.a, item.b)).collect();
        let mut answers: Vec<(Curve, bool)> = curves.into_iter().zip(pattern).collect();
        answers[flip].1 = false;
        let low = estimate(&answers, Estimator::PosteriorMean, Prior::default());
        answers[flip].1 = true;
        let high = estimate(&answers, Estimator::PosteriorMean, Prior::default());
        prop_assert!(high.ability >= low.ability);
        prop_assert!(high.standard_error > 0.0 && high.standard_error <= 1.0);
    }
}

use proptest::prelude::*;

use super::*;

#[test]
fn known_values() {
    // sigma(0) = 1/2, and a 2PL item's information peaks at a^2 / 4 there.
    assert_eq!(Curve::two(2.0, 1.0).p(1.0), 0.5);
    assert!((Curve::two(2.0, 1.0).information(1.0) - 1.0).abs() < 1e-12);
    // A 3PL item at its difficulty: (1 + c) / 2, information a^2/4 (1 - c)/(1 + c) (Birnbaum 1968).
    let guessed = Curve::three(1.5, 0.0, 0.2);
    assert!((guessed.p(0.0) - 0.6).abs() < 1e-12);
    assert!((guessed.information(0.0) - 1.5 * 1.5 / 4.0 * (0.8 / 1.2)).abs() < 1e-12);
    assert_eq!(Curve::of_easiness(1.0, 2.0), Curve::two(2.0, -0.5));
    // Far away nothing is NaN.
    assert_eq!(guessed.information(1e4), 0.0);
    assert!(guessed.information(-1e4).abs() < 1e-12);
}

/// mirt from PyPI and catsim; see tests/fixtures/README.md.
#[test]
fn curves_agree_with_other_implementations() {
    let numbers = |text: &str| -> Vec<f64> {
        let each = text.split(' ').map(|x| x.parse().unwrap());
        each.collect()
    };
    for row in include_str!("../../tests/fixtures/curves_expected.csv")
        .lines()
        .skip(1)
    {
        let cells: Vec<&str> = row.split(',').collect();
        let (own, ability) = (numbers(cells[1]), numbers(cells[2])[0]);
        let graded = |model| GradedCurve {
            model,
            a: own[0],
            b: own[1..].to_vec(),
        };
        let (points, information) = match cells[0] {
            "grm" | "gpcm" => {
                let curve = graded(if cells[0] == "grm" {
                    GradedModel::GradedResponse
                } else {
                    GradedModel::PartialCredit
                });
                let points: Vec<f64> = curve.at(ability).iter().map(|point| point.p).collect();
                (points, curve.information(ability))
            }
            _ => {
                let curve = Curve {
                    a: own[0],
                    b: own[1],
                    c: own[2],
                    d: own[3],
                };
                let p = curve.p(ability);
                (vec![1.0 - p, p], curve.information(ability))
            }
        };
        let expected = numbers(cells[3]);
        assert_eq!(points.len(), expected.len(), "{row}");
        let gaps = points.iter().zip(&expected).map(|(x, y)| (x - y).abs());
        assert!(gaps.fold(0.0, f64::max) < 1e-9, "{row}: {points:?}");
        let gap = (information - numbers(cells[4])[0]).abs();
        assert!(gap < 1e-9, "{row}: {information}");
    }
}

fn curve() -> impl Strategy<Value = Curve> {
    (0.2..3.0, -3.0..3.0, 0.0..0.4, 0.7..1.0).prop_map(|(a, b, c, d)| Curve { a, b, c, d })
}

fn graded() -> impl Strategy<Value = GradedCurve> {
    let model = prop_oneof![
        Just(GradedModel::GradedResponse),
        Just(GradedModel::PartialCredit)
    ];
    (model, 0.3..2.5, prop::collection::vec(-2.5..2.5, 1..5)).prop_map(|(model, a, mut b)| {
        b.sort_by(f64::total_cmp);
        GradedCurve { model, a, b }
    })
}

proptest! {
    /// Derivatives are those of the probability.
    #[test]
    fn derivatives_match_differences(curve in curve(), ability in -4.0..4.0) {
        let (h, point) = (1e-4, curve.at(ability));
        let (up, down) = (curve.at(ability + h), curve.at(ability - h));
        prop_assert!((point.slope - (up.p - down.p) / (2.0 * h)).abs() < 1e-6);
        prop_assert!((point.curvature - (up.slope - down.slope) / (2.0 * h)).abs() < 1e-6);
        prop_assert!(point.information() >= 0.0);
    }

    /// Scores' probabilities sum to one, their derivatives to zero, and match differences.
    #[test]
    fn graded_scores_are_a_distribution(curve in graded(), ability in -4.0..4.0) {
        let (h, points) = (1e-4, curve.at(ability));
        prop_assert!((points.iter().map(|x| x.p).sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!(points.iter().map(|x| x.slope).sum::<f64>().abs() < 1e-12);
        prop_assert!(points.iter().map(|x| x.curvature).sum::<f64>().abs() < 1e-12);
        let (up, down) = (curve.at(ability + h), curve.at(ability - h));
        for k in 0..points.len() {
            prop_assert!((points[k].slope - (up[k].p - down[k].p) / (2.0 * h)).abs() < 1e-5);
            prop_assert!((points[k].curvature - (up[k].slope - down[k].slope) / (2.0 * h)).abs() < 1e-5);
        }
        prop_assert!(curve.expected_score(ability + 0.1) >= curve.expected_score(ability));
    }

    /// With one threshold both graded models are the 2PL.
    #[test]
    fn one_threshold_is_right_or_wrong(a in 0.3..2.5, b in -2.0..2.0, ability in -3.0..3.0) {
        for model in [GradedModel::GradedResponse, GradedModel::PartialCredit] {
            let graded = GradedCurve { model, a, b: vec![b] };
            let two = Curve::two(a, b);
            prop_assert!((graded.at(ability)[1].p - two.p(ability)).abs() < 1e-12);
            prop_assert!((graded.information(ability) - two.information(ability)).abs() < 1e-9);
        }
    }
}

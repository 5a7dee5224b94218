use proptest::prelude::*;

use super::*;

fn shared(link: Link, noise: f64) -> Vec<Shared> {
    (0..12)
        .map(|i| {
            let x = f64::from(i);
            let from = Curve::three(0.8 + 0.07 * x, -1.5 + 0.25 * x, 0.02 * (x % 4.0));
            let mut to = link.curve(from);
            to.b += noise * (x * 2.3 % 1.0 - 0.5);
            Shared { from, to }
        })
        .collect()
}

proptest! {
    /// Both methods find a planted link.
    #[test]
    fn a_planted_link_is_found(slope in 0.5..2.0, intercept in -1.5..1.5) {
        let planted = Link { slope, intercept };
        for found in [mean_sigma(&shared(planted, 0.0)), stocking_lord(&shared(planted, 0.0))] {
            let found = found.unwrap();
            prop_assert!((found.slope - slope).abs() < 1e-6, "{found:?}");
            prop_assert!((found.intercept - intercept).abs() < 1e-6, "{found:?}");
        }
    }

    /// With noise in the difficulties the characteristic curves agree no worse than after mean-sigma.
    #[test]
    fn stocking_lord_agrees_at_least_as_well(slope in 0.5..2.0, intercept in -1.5..1.5) {
        let items = shared(Link { slope, intercept }, 0.6);
        let (simple, best) = (mean_sigma(&items).unwrap(), stocking_lord(&items).unwrap());
        prop_assert!(gaps(&items, best).loss < gaps(&items, simple).loss);
        for nudge in [-1e-3, 1e-3] {
            let beside = Link { slope: best.slope + nudge, ..best };
            prop_assert!(gaps(&items, best).loss <= gaps(&items, beside).loss);
            let beside = Link { intercept: best.intercept + nudge, ..best };
            prop_assert!(gaps(&items, best).loss <= gaps(&items, beside).loss);
        }
    }
}

#[test]
fn one_difficulty_links_nothing() {
    let one = Shared {
        from: Curve::one(0.5),
        to: Curve::one(1.0),
    };
    assert_eq!(mean_sigma(&[one, one]), None);
    assert_eq!(stocking_lord(&[]), None);
}

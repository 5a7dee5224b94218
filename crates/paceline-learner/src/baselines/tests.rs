use super::bkt::Skill;
use paceline_core::stream::stream;
use rand::RngExt;

#[test]
fn bkt_recovers_the_probabilities_it_was_simulated_with() {
    let mut rng = stream("bkt-test", 1, b"");
    let truth = Skill {
        known: 0.3,
        learn: 0.15,
        guess: 0.2,
        slip: 0.08,
    };
    let sequences: Vec<Vec<bool>> = (0..3000)
        .map(|_| {
            let mut known = rng.random_bool(truth.known);
            (0..12)
                .map(|_| {
                    let right = rng.random_bool(if known { 1.0 - truth.slip } else { truth.guess });
                    known |= rng.random_bool(truth.learn);
                    right
                })
                .collect()
        })
        .collect();
    let found = Skill::fit(&sequences);
    for (name, found, wanted) in [
        ("known", found.known, truth.known),
        ("learn", found.learn, truth.learn),
        ("guess", found.guess, truth.guess),
        ("slip", found.slip, truth.slip),
    ] {
        assert!(
            (found - wanted).abs() < 0.04,
            "{name} is {found}, wanted {wanted}"
        );
    }
}

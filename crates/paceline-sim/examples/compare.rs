//! Prints the comparison on a generated course: `cargo run --release -p paceline-sim --example compare -- 20`.

use paceline_sim::{Config, Variant, compare, generate};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let classes = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(6);
    let variants: Vec<Variant> = match arguments.next().as_deref() {
        Some("all") => Variant::ALL.to_vec(),
        Some(name) => Variant::ALL
            .into_iter()
            .filter(|v| v.name() == name)
            .collect(),
        None => vec![Variant::Plain],
    };
    let config = Config {
        classes,
        variants,
        ..Config::default()
    };
    let course = generate::curriculum(60, 6, 1);
    match compare(&course, &config, &|_| ()) {
        Ok(study) => {
            for (row, figure) in study.comparison.rows.iter().zip(&study.figures) {
                println!(
                    "{:11}{:20}{:17}{:+.2} ({:+.2} {:+.2})  {:+.2} ({:+.2} {:+.2})  {:4.0} min {:5.0} acts  {:.2} {:.2} {:.2}  low {:+.2} high {:+.2}",
                    row.family,
                    row.variant,
                    row.policy,
                    row.gain_sd,
                    row.gain_sd_low,
                    row.gain_sd_high,
                    row.delayed_sd,
                    row.delayed_sd_low,
                    row.delayed_sd_high,
                    row.minutes,
                    figure.activities,
                    figure.shares[0],
                    figure.shares[1],
                    figure.shares[2],
                    figure.quintiles[0].0,
                    figure.quintiles[4].0,
                );
            }
        }
        Err(error) => eprintln!("{error}"),
    }
}

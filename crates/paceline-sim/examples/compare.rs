//! The comparison on a shipped or a generated course, one line a row:
//! `cargo run --release -p paceline-sim --example compare -- CLASSES VARIANT COURSE POLICIES SEED FAMILY`.
//!
//! A row ends on the gain of the lowest and the highest fifth of the pre-test, and the lowest end of any fifth's interval.
//! Below them, how far the engine is ahead of each other policy by the same classes under both, where it is one of the policies.
//!
//! `VARIANT` is a name or `all`; `COURSE` is `gen` or a course under `content/`; `POLICIES` is `all`, `ablations`
//! or names divided by commas, an ablation's as well; `FAMILY` is a name, and all but the one held out where it is left out.

use std::sync::Arc;
use std::time::Instant;

use paceline::strategy::{Strategies, Strategy};
use paceline::{Bank, content};
use paceline_sim::{Config, Curriculum, Family, PolicyKind, Variant, compare, generate};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |n: usize, standard: &str| arguments.get(n).map_or(standard, |a| a).to_owned();
    let standard = Config::default();
    let variant = argument(1, "plain");
    let policies = argument(3, "all");
    let engine = PolicyKind::Engine(Strategies::default());
    let (curriculum, bank) = course(&argument(2, "gen"))?;
    let config = Config {
        classes: argument(0, "6").parse()?,
        seed: argument(4, "1").parse()?,
        families: match argument(5, "").as_str() {
            "" => standard.families,
            name => Family::ALL
                .into_iter()
                .chain([Family::HELD_OUT])
                .filter(|family| family.name() == name)
                .collect(),
        },
        variants: Variant::ALL
            .into_iter()
            .filter(|known| variant == "all" || variant == known.name())
            .collect(),
        policies: match policies.as_str() {
            "all" => standard.policies,
            "ablations" => std::iter::once(engine)
                .chain(Strategy::ALL.map(|strategy| PolicyKind::Engine(turned(strategy))))
                .collect(),
            names => standard
                .policies
                .into_iter()
                .chain([PolicyKind::EngineWrongGraph])
                .chain(Strategy::ALL.map(|strategy| PolicyKind::Engine(turned(strategy))))
                .filter(|policy| names.split(',').any(|name| policy.name() == name))
                .collect(),
        },
        bank,
        ..Config::default()
    };
    let start = Instant::now();
    let study = compare(&curriculum, &config, &|_| ())?;
    for (row, figure) in study.comparison.rows.iter().zip(&study.figures) {
        println!(
            "{:11}{:20}{:26}{:+.2} ({:+.2} {:+.2})  {:+.2} ({:+.2} {:+.2})  {:4.0} min {:5.0} done  {:.2} {:.2} {:.2}  fifths {:+.2} {:+.2}, {:+.2} at least",
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
            figure
                .quintiles
                .iter()
                .fold(f64::INFINITY, |low, fifth| low.min(fifth.1)),
        );
    }
    for lead in &study.leads {
        println!(
            "{:11}{:20}engine ahead of {:26}{:+.3} ({:+.3} {:+.3})  {:+.3} ({:+.3} {:+.3})",
            lead.family,
            lead.variant,
            lead.policy,
            lead.end.0,
            lead.end.1,
            lead.end.2,
            lead.delayed.0,
            lead.delayed.1,
            lead.delayed.2,
        );
    }
    eprintln!("{:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn turned(strategy: Strategy) -> Strategies {
    let standard = Strategies::default();
    if standard.has(strategy) {
        standard.without(strategy)
    } else {
        standard.with(strategy)
    }
}

fn course(id: &str) -> Result<(Curriculum, Option<Arc<Bank>>), Failure> {
    if id == "gen" {
        return Ok((generate::curriculum(60, 6, 1), None));
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../content");
    let sources = content::read_dir(folder)?;
    let (bank, _) = Bank::compile(&sources).map_err(|errors| format!("{} errors", errors.len()))?;
    let bank = Arc::new(bank);
    Ok((Curriculum::from_bank(&bank, id)?, Some(bank)))
}

//! Fits the numbers of family E to an answer log in the evaluation format, read from standard input, and prints
//! them: `zcat train.csv.gz | cargo run --release -p paceline-sim --example fit_worlds > fitted.json`.

use paceline::log::{AnswerLog, Order};
use paceline_sim::Fitted;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = AnswerLog::read(std::io::stdin().lock(), Order::Sort)?;
    let (fitted, per_answer) = Fitted::fit(&log)?;
    println!("{}", fitted.to_json()?);
    eprintln!(
        "{per_answer:.4} mean log-likelihood of {} answers",
        log.rows()
    );
    Ok(())
}

//! The `paceline` program: files, clock and terminal around the engine. It holds no algorithm.
//!
//! [`main`] reads the arguments and runs one command; each command is a function of the module that bears its name or its matter's.

mod answers;
mod args;
mod calibrate;
mod check;
mod context;
mod controls;
mod files;
mod html;
mod import;
mod items;
mod learners;
mod model;
mod plan;
mod practice;
mod progress;
mod record;
mod simulate;
mod terminal;

use args::{Arguments, Command};
use clap::Parser;
use context::Context;
use paceline::Error;
use std::io::{self, Write};
use std::process::ExitCode;

/// Runs the command that the process's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("PACELINE_LOG"))
        .with_writer(io::stderr)
        .init();
    let arguments = Arguments::parse();
    let context = Context::new(arguments.global);
    match dispatch(&context, arguments.command) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => return check::run(context, &args),
        Command::Enrol(args) => learners::enrol(context, &args),
        Command::Learner(args) => learners::show(context, &args),
        Command::Learners => learners::list(context),
        Command::Calibrate(args) => calibrate::run(context, &args),
        Command::Items(args) => items::run(context, &args),
        Command::Import(args) => import::run(context, &args),
        Command::Fit(args) => model::run_fit(context, &args),
        Command::Evaluate(args) => model::run_evaluate(context, &args),
        Command::Export(args) => learners::export(context, &args),
        Command::Erase(args) => learners::erase(context, &args),
        Command::Goal(args) => controls::goal(context, &args),
        Command::Pin(args) => controls::pin(context, &args),
        Command::Ban(args) => controls::ban(context, &args),
        Command::Rate(args) => controls::rate(context, &args),
        Command::Plan(args) => plan::run(context, &args),
        Command::Practice(args) => practice::run(context, &args),
        Command::Record(args) => return record::run(context, &args),
        Command::Simulate(args) => simulate::run(context, &args),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the reader of the output has gone away, which is no failure of ours.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        let plain = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>();
        plain.or_else(|| json?.io_error_kind()) == Some(io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

/// Prints an error with its causes, and what to do about it.
fn report(error: &anyhow::Error) {
    let mut stderr = io::stderr().lock();
    // Where standard error is closed there is nowhere left to complain to.
    let _ = writeln!(stderr, "error: {error:#}");
    if let Some(hint) = hint(error) {
        let _ = writeln!(stderr, "hint: {hint}");
    }
}

fn hint(error: &anyhow::Error) -> Option<String> {
    if error
        .downcast_ref::<paceline::content::ContentError>()
        .is_some()
    {
        return Some("name the content folder with `--content DIR`".to_owned());
    }
    match error.downcast_ref::<Error>()? {
        Error::UnknownLearner { learner } => Some(format!(
            "enrol the learner first: `paceline enrol {learner}`"
        )),
        Error::UnknownItem { .. } | Error::UnknownSkill { .. } => {
            Some("`paceline check --list` lists all skills and items".to_owned())
        }
        Error::EventIdReused { .. } => {
            Some("give a new event a new id; ids make sending twice safe".to_owned())
        }
        Error::Store(_) => Some("the store is the folder that `--store DIR` names".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader who has gone away.
    struct Gone;

    impl io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_goes_away_is_no_failure() {
        let text = writeln!(Gone, "text").unwrap_err();
        let json = serde_json::to_writer(Gone, &[1]).unwrap_err();
        assert!(is_broken_pipe(&text.into()) && is_broken_pipe(&json.into()));
        let other = io::Error::from(io::ErrorKind::NotFound);
        assert!(!is_broken_pipe(&other.into()));
    }
}

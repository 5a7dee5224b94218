//! Learners: enrol, list, show, export, erase.

use crate::args;
use crate::context::{Context, date, learner};
use crate::terminal::{bar, percent};
use anyhow::{Context as _, bail};
use paceline::event::{Enrolled, EventBody};
use paceline::units::{Minutes, Probability};
use paceline::{Explanation, LearnerReport};
use serde_json::json;
use std::io::{self, Write};

/// Learners listed at a time.
const PAGE: usize = 1_000;

pub(crate) fn enrol(context: &Context, args: &args::Enrol) -> anyhow::Result<()> {
    let interest = |text: &String| -> anyhow::Result<(String, Probability)> {
        let (theme, value) = text.split_once('=').with_context(|| {
            format!("{text:?} is not an interest; wanted THEME=0..1, as in space=0.9")
        })?;
        let value: f32 = value
            .parse()
            .with_context(|| format!("{value:?} is not a number"))?;
        Ok((theme.to_owned(), Probability::new(value)?))
    };
    let enrolled = Enrolled {
        interests: args
            .interests
            .iter()
            .map(interest)
            .collect::<anyhow::Result<_>>()?,
        known: args.known.clone(),
        language: args.language.clone(),
        minutes_a_day: args.minutes.map(Minutes::new).transpose()?,
        group: args.group.clone(),
    };
    let id = learner(&args.learner)?;
    let update = context.record(&context.engine()?, &id, EventBody::Enrolled(enrolled))?;
    context.print(&update, |out| {
        writeln!(out, "{id} is enrolled; next: paceline plan {id}")
    })
}

pub(crate) fn list(context: &Context) -> anyhow::Result<()> {
    let engine = context.engine()?;
    let mut learners = Vec::new();
    loop {
        let page = engine.learners(learners.last(), PAGE)?;
        if page.is_empty() {
            break;
        }
        learners.extend(page);
    }
    context.print(&json!({ "format": 1, "learners": learners }), |out| {
        learners
            .iter()
            .try_for_each(|learner| writeln!(out, "{learner}"))
    })
}

pub(crate) fn export(context: &Context, args: &args::Who) -> anyhow::Result<()> {
    let lines = context.engine()?.export(&learner(&args.learner)?)?;
    let mut stdout = io::stdout().lock();
    lines
        .iter()
        .try_for_each(|line| writeln!(stdout, "{line}"))?;
    Ok(())
}

pub(crate) fn erase(context: &Context, args: &args::Erase) -> anyhow::Result<()> {
    if !args.yes {
        bail!(
            "erasing {} cannot be undone; say --yes to do it",
            args.learner
        );
    }
    let erased = context.engine()?.erase(&learner(&args.learner)?)?;
    context.print(&erased, |out| {
        writeln!(
            out,
            "{}: {} events erased, {} bytes",
            erased.learner, erased.events, erased.bytes
        )
    })
}

pub(crate) fn show(context: &Context, args: &args::Learner) -> anyhow::Result<()> {
    let (engine, id) = (context.engine()?, learner(&args.learner)?);
    if let Some(skill) = &args.explain {
        let explanation = engine.explain(&id, skill, context.now)?;
        return context.print(&explanation, |out| print_explanation(&explanation, out));
    }
    let report = engine.learner(&id, context.now)?;
    context.print(&report, |out| print_report(&report, out))
}

fn print_explanation(explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let Explanation {
        skill,
        p,
        logit,
        terms,
        ..
    } = explanation;
    writeln!(
        out,
        "{skill}: {} likely to be right now, from these terms:",
        percent(p.get())
    )?;
    for term in terms {
        writeln!(
            out,
            "  {:>+7.3}  {:<12} {}",
            term.logit, term.name, term.meaning
        )?;
    }
    writeln!(out, "  {logit:>+7.3}  in all")
}

fn print_report(report: &LearnerReport, out: &mut dyn Write) -> io::Result<()> {
    let group = report
        .group
        .as_ref()
        .map_or(String::new(), |group| format!(", group {group}"));
    writeln!(
        out,
        "{}{group}: {} answers, {:.0} minutes",
        report.learner, report.attempts, report.minutes
    )?;
    writeln!(out, "Pace: takes {:.2} times the typical time", report.pace)?;
    if let Some(goal) = &report.goal {
        write!(
            out,
            "Goal: {} of {} skills reached, about {:.0} minutes to go",
            goal.reached,
            goal.skills,
            goal.minutes_left.get()
        )?;
        let at = |moment: &Option<_>, word: &str| {
            moment.map_or(String::new(), |m| format!(", {word} {}", date(m)))
        };
        writeln!(
            out,
            "{}{}",
            at(&goal.estimated, "estimated for"),
            at(&goal.goal.date, "wanted by")
        )?;
    }
    let liked: Vec<_> = report
        .interests
        .iter()
        .filter(|i| i.affinity > 0.05)
        .take(3)
        .map(|i| i.title.as_str())
        .collect();
    if !liked.is_empty() {
        writeln!(out, "Likes: {}", liked.join(", "))?;
    }
    for (name, list) in [
        ("Strengths", &report.strengths),
        ("Weaknesses", &report.weaknesses),
        ("Due for review", &report.due),
        ("Pinned", &report.pins),
        ("Banned", &report.bans),
    ] {
        if !list.is_empty() {
            writeln!(out, "{name}: {}", list.join(", "))?;
        }
    }
    if !report.skills.is_empty() {
        writeln!(
            out,
            "\n{:<34} {:<10} {:>5} {:>9}  {:<10} {:>7} {:>6}",
            "skill", "standing", "now", "80 %", "", "answers", "days"
        )?;
    }
    for skill in &report.skills {
        let interval = format!(
            "{}-{}",
            percent(skill.p_low.get()),
            percent(skill.p_high.get())
        );
        let days = skill
            .days_ago
            .map_or("-".to_owned(), |days| days.to_string());
        writeln!(
            out,
            "{:<34} {:<10} {:>5} {:>9}  {:<10} {:>7} {:>6}",
            skill.skill,
            skill.standing,
            percent(skill.p_now.get()),
            interval,
            bar(skill.p_now.get()),
            skill.attempts,
            days
        )?;
    }
    Ok(())
}

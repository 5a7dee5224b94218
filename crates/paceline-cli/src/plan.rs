//! A learner's next lesson.

use crate::args::{self, Purpose};
use crate::context::{Context, learner};
use crate::terminal::{percent, plain};
use paceline::event::ActivityKind;
use paceline::strategy::{Strategies, Strategy};
use paceline::units::{Minutes, Probability};
use paceline::{Activity, Content, Ended, Offer, Plan, PlanRequest};
use std::io::{self, Write};

pub(crate) fn run(context: &Context, args: &args::Plan) -> anyhow::Result<()> {
    let engine = context.engine()?;
    let plan = engine.plan(
        &learner(&args.learner)?,
        &request(args)?,
        context.now,
        context.global.seed,
    )?;
    if args.offer {
        let offer = engine.offer(&plan)?;
        return context.print(&offer, |out| print_offer(&plan, &offer, out));
    }
    context.print(&plan, |out| print_plan(&plan, out))
}

fn request(args: &args::Plan) -> anyhow::Result<PlanRequest> {
    let parse = |names: &[String]| {
        names
            .iter()
            .map(|name| name.parse())
            .collect::<Result<Vec<Strategy>, _>>()
    };
    let on = parse(&args.with)?
        .into_iter()
        .fold(Strategies::default(), Strategies::with);
    let strategies = parse(&args.without)?
        .into_iter()
        .fold(on, Strategies::without);
    Ok(PlanRequest {
        minutes: args.minutes.map(Minutes::new).transpose()?,
        purpose: match args.purpose {
            Purpose::Learn => paceline::Purpose::Learn,
            Purpose::Review => paceline::Purpose::Review,
            Purpose::Place => paceline::Purpose::Place {
                max_questions: args.questions,
            },
        },
        filter: (!args.only.is_empty()).then(|| args.only.clone()),
        strategies,
        explore: Some(Probability::new(args.explore)?),
        ..PlanRequest::default()
    })
}

/// A kind of activity in a word.
pub(crate) const fn word(kind: ActivityKind) -> &'static str {
    match kind {
        ActivityKind::Lesson => "lesson",
        ActivityKind::Practice => "practice",
        ActivityKind::Review => "review",
        ActivityKind::Remedy => "remedy",
        ActivityKind::Probe => "question",
    }
}

fn print_plan(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:.0} minutes for {}:",
        plan.minutes.get(),
        plan.learner
    )?;
    plan.activities
        .iter()
        .enumerate()
        .try_for_each(|(n, activity)| print_activity(n + 1, activity, out))?;
    writeln!(out, "{}", ended(&plan.ended))?;
    if let Some(outlook) = &plan.outlook {
        writeln!(
            out,
            "In {:.0} days: {} of the goal expected, {} likely to make nine tenths of it; {:.1} minutes a day would do.",
            outlook.days,
            percent(outlook.expected_share.get()),
            percent(outlook.p_goal.get()),
            outlook.minutes_a_day_needed.get()
        )?;
    }
    Ok(())
}

fn print_activity(place: usize, activity: &Activity, out: &mut dyn Write) -> io::Result<()> {
    let what = activity
        .item
        .as_ref()
        .map_or(activity.skill(), |item| &item.id);
    let theme = activity
        .instance
        .theme
        .as_ref()
        .map_or(String::new(), |theme| format!(" [{theme}]"));
    writeln!(
        out,
        "{place:>3}. {:<8} {what}{theme}  {:.1} min, {} likely",
        word(activity.kind),
        activity.minutes.get(),
        percent(activity.p_correct.get())
    )?;
    let reasons: Vec<_> = activity
        .reasons
        .iter()
        .map(|reason| &*reason.text)
        .collect();
    writeln!(out, "     because {}", reasons.join("; "))
}

fn ended(ended: &Ended) -> String {
    match ended {
        Ended::TimeUsed => "The time is used.".to_owned(),
        Ended::NothingPays => "Nothing left is worth the learner's minutes.".to_owned(),
        Ended::NothingUnlocked => "Nothing more is open to this learner.".to_owned(),
        Ended::Conflict(dropped) => format!("Not everything could be met: {}.", dropped.join("; ")),
    }
}

fn print_offer(plan: &Plan, offer: &Offer, out: &mut dyn Write) -> io::Result<()> {
    for (n, shown) in offer.lesson.iter().enumerate() {
        print_activity(n + 1, &shown.activity, out)?;
        match &shown.content {
            Some(Content::Lesson {
                title, markdown, ..
            }) => writeln!(out, "\n{title}\n\n{}\n", plain(markdown))?,
            Some(Content::Item(item)) => {
                writeln!(out, "\n{}", plain(&item.stem))?;
                item.parts
                    .iter()
                    .try_for_each(|part| writeln!(out, "{}", plain(&part.stem)))?;
            }
            None => {}
        }
    }
    writeln!(out, "{}", ended(&plan.ended))
}

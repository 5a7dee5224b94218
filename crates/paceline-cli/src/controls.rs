//! What a teacher or a learner sets: goal, pin, ban, rating.

use crate::args;
use crate::context::{Context, learner};
use paceline::event::{Control, ControlEvent, EventBody, Goal};
use paceline::time::Timestamp;
use paceline::units::Probability;

pub(crate) fn goal(context: &Context, args: &args::Goal) -> anyhow::Result<()> {
    let control = if args.clear {
        Control::ClearGoal
    } else {
        Control::Goal(Goal {
            skills: args.skills.clone(),
            threshold: Probability::new(args.threshold)?,
            date: args.by.map(Timestamp),
        })
    };
    let done = if args.clear {
        "goal cleared"
    } else {
        "goal set"
    };
    set(context, &args.learner, control, &args.by_whom, done)
}

pub(crate) fn pin(context: &Context, args: &args::Control) -> anyhow::Result<()> {
    let id = args.id.clone();
    let (control, done) = if args.undo {
        (Control::Unpin(id), "unpinned")
    } else {
        (Control::Pin(id), "pinned")
    };
    set(context, &args.learner, control, &args.by_whom, done)
}

pub(crate) fn ban(context: &Context, args: &args::Control) -> anyhow::Result<()> {
    let id = args.id.clone();
    let (control, done) = if args.undo {
        (Control::Unban(id), "allowed again")
    } else {
        (Control::Ban(id), "banned")
    };
    set(context, &args.learner, control, &args.by_whom, done)
}

pub(crate) fn rate(context: &Context, args: &args::Rate) -> anyhow::Result<()> {
    let rating = Probability::clamped(f32::from(args.stars - 1) / 4.0);
    let body = EventBody::Rated {
        theme: args.theme.clone(),
        rating,
    };
    record(context, &args.learner, body, "rated")
}

fn set(
    context: &Context,
    id: &str,
    control: Control,
    by_whom: &args::ByWhom,
    done: &str,
) -> anyhow::Result<()> {
    let (who, reason) = (by_whom.who.clone(), by_whom.reason.clone());
    record(
        context,
        id,
        EventBody::Control(ControlEvent {
            who,
            reason,
            control,
        }),
        done,
    )
}

fn record(context: &Context, id: &str, body: EventBody, done: &str) -> anyhow::Result<()> {
    let update = context.record(&context.engine()?, &learner(id)?, body)?;
    context.print(&update, |out| writeln!(out, "{id}: {done}"))
}

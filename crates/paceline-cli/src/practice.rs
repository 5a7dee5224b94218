//! A lesson in the terminal: planned, shown, asked, judged, recorded, and planned anew when it goes badly.

mod console;
mod question;
mod tally;

use crate::args;
use crate::context::{Context, learner};
use crate::plan::word;
use crate::terminal::plain;
use console::{Console, Line};
use paceline::bank::Rendered;
use paceline::event::{ActivityKind, Attempt, EventBody, SkipReason, Studied};
use paceline::ids::LearnerId;
use paceline::units::Minutes;
use paceline::{Activity, Content, Engine, Offered, PlanRequest, Update};
use question::{Leave, Question, Work};
use std::io::{self, Write};
use tally::Tally;

/// Less than this is no lesson any more.
const LEAST_MINUTES: f32 = 1.0;
/// The longest that one activity can have taken, seconds: a terminal left open overnight is not study.
const MOST_SECONDS: f32 = 3_600.0;

pub(crate) fn run(context: &Context, args: &args::Practice) -> anyhow::Result<()> {
    let minutes = args.minutes.map(Minutes::new).transpose()?;
    let engine = context.engine()?;
    let mut input = io::stdin().lock();
    // JSON has standard output to itself.
    let mut output: Box<dyn Write> = if context.global.json {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout())
    };
    let mut session = Session {
        context,
        engine: &engine,
        learner: learner(&args.learner)?,
        console: Console {
            input: &mut input,
            output: &mut *output,
            clock: context.clock(),
        },
        tally: Tally::new(),
    };
    session.run(minutes)?;
    session.tally.print(context, engine.bank())
}

/// One learner's sitting.
struct Session<'a> {
    context: &'a Context,
    engine: &'a Engine,
    learner: LearnerId,
    console: Console<'a>,
    tally: Tally,
}

/// How a plan was left.
enum Round {
    /// Gone through to its end.
    Ended,
    /// Too much was wrong to go on with it.
    Setback,
    /// Nothing of it was done: planning again would give the same.
    Nothing,
    Quit,
}

impl Session<'_> {
    /// Plans and teaches until the minutes are used, nothing is left, or the learner stops.
    fn run(&mut self, given: Option<Minutes>) -> anyhow::Result<()> {
        let mut left = given;
        let mut budget = given.map(Minutes::get);
        loop {
            let request = PlanRequest {
                minutes: left,
                ..PlanRequest::default()
            };
            let (now, seed) = (self.console.clock.now(), self.context.global.seed);
            let plan = self.engine.plan(&self.learner, &request, now, seed)?;
            let total = *budget.get_or_insert(plan.minutes.get());
            let lesson = self.engine.offer(&plan)?.lesson;
            match self.teach(&lesson)? {
                Round::Quit | Round::Nothing => return Ok(()),
                Round::Setback => self.console.say("\nLet us do something else first.")?,
                Round::Ended => {}
            }
            let rest = total - self.console.clock.seconds() / 60.0;
            if rest < LEAST_MINUTES {
                return Ok(());
            }
            left = Some(Minutes::clamped(rest));
        }
    }

    /// Goes through a lesson.
    fn teach(&mut self, lesson: &[Offered]) -> anyhow::Result<Round> {
        let mut round = Round::Nothing;
        for (place, offered) in lesson.iter().enumerate() {
            let Some(content) = &offered.content else {
                continue;
            };
            self.introduce(place + 1, &offered.activity)?;
            let leave = match content {
                Content::Lesson {
                    title, markdown, ..
                } => self.read(&offered.activity, title, markdown)?,
                Content::Item(item) => self.ask(&offered.activity, item)?,
            };
            if leave == Leave::Quit {
                return Ok(Round::Quit);
            }
            if leave == Leave::Skip {
                self.skip(&offered.activity)?;
                continue;
            }
            if self.tally.take_setback() {
                return Ok(Round::Setback);
            }
            round = Round::Ended;
        }
        Ok(round)
    }

    /// Says what an activity is and why it is there.
    fn introduce(&mut self, place: usize, activity: &Activity) -> io::Result<()> {
        let bank = self.engine.bank();
        let title = bank
            .skill_ix(activity.skill())
            .map_or(activity.skill(), |skill| &bank.skill(skill).title);
        let reasons = activity.reasons.iter().take(2).map(|reason| &*reason.text);
        let why = reasons.collect::<Vec<_>>().join("; ");
        let heading = format!(
            "\n--- {place}. {}: {title} ({:.1} min)",
            word(activity.kind),
            activity.minutes.get()
        );
        self.console.say(&heading)?;
        self.console.say(&format!("    because {why}"))
    }

    /// Shows a lesson text until it is read.
    fn read(&mut self, activity: &Activity, title: &str, markdown: &str) -> anyhow::Result<Leave> {
        let began = self.console.clock.seconds();
        self.console
            .say(&format!("\n{}\n\n{}\n", plain(title), plain(markdown)))?;
        match self.console.ask("Enter when you have read it: ")? {
            Line::Quit => return self.abandon(activity, began),
            Line::Skip => return Ok(Leave::Skip),
            Line::Text(_) | Line::Hint | Line::Reveal => {}
        }
        self.record(EventBody::Studied(Studied {
            activity: Some(activity.id.clone()),
            skill: activity.skill().to_owned(),
            seconds: self.since(began),
        }))?;
        Ok(Leave::Done)
    }

    /// Asks an item and records the answer.
    fn ask(&mut self, activity: &Activity, shown: &Rendered) -> anyhow::Result<Leave> {
        let Some(item) = self.engine.bank().item_ix(&shown.item) else {
            return Ok(Leave::Done);
        };
        let began = self.console.clock.seconds();
        let question = Question {
            bank: self.engine.bank(),
            item,
            instance: &activity.instance,
            shown,
            silent: activity.kind == ActivityKind::Probe,
        };
        let (leave, work) = question.ask(&mut self.console)?;
        match leave {
            Leave::Quit => return self.abandon(activity, began),
            Leave::Skip => return Ok(Leave::Skip),
            Leave::Done => {}
        }
        let seconds = self.since(began);
        let attempt = attempt(activity, shown, &work, seconds);
        let update = self.record(EventBody::Attempt(attempt.clone()))?;
        self.tally.answered(&attempt, update);
        Ok(Leave::Done)
    }

    fn skip(&mut self, activity: &Activity) -> anyhow::Result<()> {
        self.tally.skipped();
        let (activity, why) = (activity.id.clone(), SkipReason::None);
        self.record(EventBody::Skipped { activity, why })?;
        Ok(())
    }

    fn abandon(&mut self, activity: &Activity, began: f32) -> anyhow::Result<Leave> {
        let seconds = self.since(began);
        let activity = activity.id.clone();
        self.record(EventBody::Abandoned { activity, seconds })?;
        Ok(Leave::Quit)
    }

    /// Seconds that an activity took.
    fn since(&self, began: f32) -> f32 {
        (self.console.clock.seconds() - began).min(MOST_SECONDS)
    }

    fn record(&self, body: EventBody) -> anyhow::Result<Update> {
        let now = self.console.clock.now();
        self.context
            .record_at(self.engine, &self.learner, now, body)
    }
}

fn attempt(activity: &Activity, shown: &Rendered, work: &Work, seconds: f32) -> Attempt {
    Attempt {
        activity: Some(activity.id.clone()),
        item: shown.item.clone(),
        version: activity.item.as_ref().map(|item| item.version.clone()),
        instance: activity.instance.clone(),
        outcome: work.outcome(),
        seconds,
        hints: work.hints,
        tries: work.tries,
        help: work.help,
    }
}

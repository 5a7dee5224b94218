//! One item: asked part by part, judged, helped with.

use super::console::{Console, Line};
use crate::terminal::plain;
use paceline::bank::{Bank, Graded, Rendered, RenderedPart, Verdict};
use paceline::event::{Help, Instance, Outcome};
use paceline::ids::ItemIx;
use paceline::units::Probability;

/// Tries at a part before its answer is shown.
const TRIES: u16 = 2;

/// An item as it is put to the learner.
pub(super) struct Question<'a> {
    pub(super) bank: &'a Bank,
    pub(super) item: ItemIx,
    pub(super) instance: &'a Instance,
    pub(super) shown: &'a Rendered,
    /// Whether it only finds out where the learner stands: no feedback and no help then.
    pub(super) silent: bool,
}

/// How the learner left a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Done,
    Skip,
    Quit,
}

/// What the learner did on an item.
#[derive(Debug)]
pub(super) struct Work {
    /// The last answer to each part; none where it was shown before one was given.
    responses: Vec<Option<String>>,
    right: usize,
    pub(super) tries: u16,
    pub(super) hints: u16,
    pub(super) help: Help,
}

impl Work {
    /// What the engine is to judge; where a part has no answer, the share of the others.
    pub(super) fn outcome(&self) -> Outcome {
        let parts = self.responses.len().max(1);
        match self.responses.iter().cloned().collect() {
            Some(responses) => Outcome::Response(responses),
            None => Outcome::Score(Probability::clamped(self.right as f32 / parts as f32)),
        }
    }
}

/// What became of a part so far.
#[derive(Default)]
struct Progress {
    tries: u16,
    hints: usize,
    asked_for_form: bool,
    response: Option<String>,
}

/// What an answer leads to.
enum Next {
    Again,
    Right,
    Settled,
}

impl Question<'_> {
    /// Shows the item and asks every part.
    pub(super) fn ask(&self, console: &mut Console<'_>) -> anyhow::Result<(Leave, Work)> {
        let mut work = Work {
            responses: Vec::new(),
            right: 0,
            tries: 1,
            hints: 0,
            help: Help::None,
        };
        let texts = self.shown.passage.iter().chain([&self.shown.stem]);
        for text in texts.filter(|text| !text.is_empty()) {
            console.say(&format!("\n{}", plain(text)))?;
        }
        for part in 0..self.shown.parts.len() {
            let leave = self.ask_part(part, &mut work, console)?;
            if leave != Leave::Done {
                return Ok((leave, work));
            }
        }
        Ok((Leave::Done, work))
    }

    fn ask_part(
        &self,
        part: usize,
        work: &mut Work,
        console: &mut Console<'_>,
    ) -> anyhow::Result<Leave> {
        show_part(&self.shown.parts[part], console)?;
        let mut progress = Progress::default();
        loop {
            match console.ask("> ")? {
                Line::Quit => return Ok(Leave::Quit),
                Line::Skip => return Ok(Leave::Skip),
                Line::Hint | Line::Reveal if self.silent => {
                    console.say("This one only shows where you stand: no help, and s skips it.")?;
                }
                Line::Hint => self.hint(part, &mut progress, work, console)?,
                Line::Reveal => {
                    let answer = self.bank.right_answer(self.item, self.instance, part)?;
                    console.say(&format!("The answer is {}.", plain(&answer)))?;
                    work.help = Help::Revealed;
                    break;
                }
                Line::Text(response) => {
                    match self.answer(part, response, &mut progress, console)? {
                        Next::Again => continue,
                        Next::Right => work.right += 1,
                        Next::Settled => {}
                    }
                    break;
                }
            }
        }
        work.responses.push(progress.response);
        work.tries = work.tries.max(progress.tries);
        Ok(Leave::Done)
    }

    /// Judges an answer and says what follows from it.
    fn answer(
        &self,
        part: usize,
        response: String,
        progress: &mut Progress,
        console: &mut Console<'_>,
    ) -> anyhow::Result<Next> {
        let Graded { verdict, answer } =
            self.bank.grade(self.item, self.instance, part, &response)?;
        if let Verdict::Unreadable { wanted } = &verdict {
            console.say(&format!("I cannot read that; please give {wanted}."))?;
            return Ok(Next::Again);
        }
        progress.response = Some(response);
        if self.silent {
            console.say("Noted.")?;
            return Ok(settled(&verdict));
        }
        if verdict == Verdict::RightValueWrongForm && !progress.asked_for_form {
            progress.asked_for_form = true;
            let wanted = &self.shown.parts[part].wanted;
            console.say(&format!(
                "The value is right, the form is not; please give {wanted}."
            ))?;
            return Ok(Next::Again);
        }
        progress.tries += 1;
        match &verdict {
            Verdict::Right => console.say("Right.")?,
            Verdict::Wrong { feedback, .. } => {
                let feedback = feedback.as_deref().map_or(String::new(), plain);
                console.say(format!("Not so. {feedback}").trim_end())?;
                if progress.tries < TRIES {
                    console.say("Try once more; ? gives a hint.")?;
                    return Ok(Next::Again);
                }
                console.say(&format!("The answer is {}.", plain(&answer)))?;
            }
            _ => console.say(&format!("As it is asked, it is {}.", plain(&answer)))?,
        }
        Ok(settled(&verdict))
    }

    /// Gives the next hint; one that is a question of its own waits for an answer.
    fn hint(
        &self,
        part: usize,
        progress: &mut Progress,
        work: &mut Work,
        console: &mut Console<'_>,
    ) -> anyhow::Result<()> {
        let at = progress.hints;
        let Some(hint) = self.shown.parts[part].hints.get(at) else {
            console.say("There is no further hint; ! shows the answer.")?;
            return Ok(());
        };
        progress.hints += 1;
        work.hints = work.hints.saturating_add(1);
        console.say(&format!("Hint: {}", plain(&hint.text)))?;
        if !hint.is_scaffold {
            work.help = work.help.max(Help::Hint);
            return Ok(());
        }
        work.help = work.help.max(Help::Scaffold);
        if let Line::Text(response) = console.ask("hint> ")? {
            let graded = self
                .bank
                .grade_scaffold(self.item, self.instance, part, at, &response)?;
            let word = if graded.verdict == Verdict::Right {
                "Yes"
            } else {
                "No"
            };
            console.say(&format!(
                "{word}: {}. Back to the question.",
                plain(&graded.answer)
            ))?;
        }
        Ok(())
    }
}

fn settled(verdict: &Verdict) -> Next {
    if *verdict == Verdict::Right {
        Next::Right
    } else {
        Next::Settled
    }
}

fn show_part(part: &RenderedPart, console: &mut Console<'_>) -> anyhow::Result<()> {
    let label = if part.label.is_empty() {
        String::new()
    } else {
        format!("{}: ", part.label)
    };
    let stem = format!("{label}{}", plain(&part.stem));
    if !stem.is_empty() {
        console.say(&stem)?;
    }
    for (letter, choice) in ('a'..='z').zip(&part.choices) {
        console.say(&format!("  {letter}) {}", plain(&choice.text)))?;
    }
    Ok(console.say(&format!("({})", part.wanted))?)
}

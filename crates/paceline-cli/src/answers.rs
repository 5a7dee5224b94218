//! An answer log as calibration and item health want it: first answers, by item and version.

use crate::files;
use anyhow::Context as _;
use indicatif::ProgressBar;
use paceline::bank::Bank;
use paceline::bank::calibrate::{self, AnswerLog, Calibration, Options};
use paceline::bank::health::Answer;
use paceline::log::{Names, Reader};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// A log in memory. Repeated answers of a learner to an item are left out: they measure remembering.
#[derive(Default)]
pub(crate) struct Answers {
    /// First answers, by item index.
    pub(crate) first: Vec<Answer>,
    pub(crate) learners: Names,
    /// Items of the log; of another version than the bank's, the id has the version behind an `@`.
    pub(crate) items: Names,
    pub(crate) groups: Names,
    /// By item: its choices; none where answers are typed.
    choices: Vec<Names>,
    /// Rows left out since the learner had answered the item before.
    pub(crate) repeats: u64,
}

/// More different responses than this to one item, of which the content does not tell, are typed and not chosen.
const MOST_CHOICES: usize = 10;

impl Answers {
    /// Reads a log. Answers to other versions of an item than `bank` has count as another item's.
    pub(crate) fn read(path: &Path, bank: Option<&Bank>) -> anyhow::Result<Self> {
        let unreadable = || format!("could not read {}", path.display());
        let mut reader = Reader::new(files::open(path)?).with_context(unreadable)?;
        let mut log = Self::default();
        let mut rows: Vec<Answer> = Vec::new();
        let mut known: HashMap<String, Option<Known>> = HashMap::new();
        let mut authored: Vec<Option<Vec<String>>> = Vec::new();
        while let Some(row) = reader.next_row().with_context(unreadable)? {
            let known = known
                .entry(row.item.to_owned())
                .or_insert_with(|| Known::of(bank?, row.item));
            let is_other = |known: &Known| !row.version.is_empty() && row.version != known.version;
            let item = if known.as_ref().is_some_and(is_other) {
                log.items.intern(&format!("{}@{}", row.item, row.version))
            } else {
                log.items.intern(row.item)
            };
            if item as usize == log.choices.len() {
                let own = known.as_ref().filter(|known| !is_other(known));
                authored.push(own.map(|known| known.choices.clone()));
                log.choices.push(Names::default());
            }
            let name = |names: &mut Names, text: &str| {
                if text.is_empty() {
                    return None;
                }
                u16::try_from(names.intern(text)).ok()
            };
            rows.push(Answer {
                learner: log.learners.intern(row.learner),
                item,
                at_s: row.seconds,
                right: row.right,
                choice: name(&mut log.choices[item as usize], row.choice),
                seconds: row.seconds_taken(),
                group: name(&mut log.groups, row.group),
            });
        }
        anyhow::ensure!(!rows.is_empty(), "{} has no rows", path.display());
        for (choices, authored) in log.choices.iter_mut().zip(&authored) {
            complete(choices, authored.as_deref());
        }
        log.keep_first(rows);
        Ok(log)
    }

    fn keep_first(&mut self, mut rows: Vec<Answer>) {
        let n = rows.len();
        rows.sort_by_key(|row| row.at_s);
        let mut seen: HashSet<(u32, u32)> = HashSet::with_capacity(n);
        rows.retain(|row| seen.insert((row.learner, row.item)));
        for row in &mut rows {
            if self.choices_of(row.item as usize).is_empty() {
                row.choice = None;
            }
        }
        self.repeats = (n - rows.len()) as u64;
        self.first = rows;
    }

    /// Estimates of the items, by item index.
    pub(crate) fn calibrate(
        &self,
        options: &Options,
        bar: &ProgressBar,
    ) -> anyhow::Result<Calibration> {
        let mut log = AnswerLog::with_capacity(self.first.len());
        for answer in &self.first {
            log.push(calibrate::Answer {
                learner: answer.learner,
                item: answer.item,
                score: u8::from(answer.right),
            })?;
        }
        let log = log.finish(self.items.all().len())?;
        bar.set_length(options.max_cycles as u64);
        let found = calibrate::calibrate(&log, options, &mut |cycle| {
            bar.set_position(cycle.cycle as u64);
            bar.set_message(format!("log likelihood {:.1}", cycle.log_likelihood));
        })?;
        Ok(found)
    }

    /// The choices of an item; none where they are typed answers.
    pub(crate) fn choices_of(&self, item: usize) -> &[Box<str>] {
        self.choices[item].all()
    }
}

/// Adds the author's choices that nobody chose, where the log calls choices as the author does; takes typed answers out.
fn complete(choices: &mut Names, authored: Option<&[String]>) {
    let is_authored = |name: &str, all: &[String]| all.iter().any(|other| other == name);
    match authored {
        Some(all) if choices.all().iter().all(|name| is_authored(name, all)) => {
            for name in all {
                choices.intern(name);
            }
        }
        Some([]) => *choices = Names::default(),
        _ if choices.all().len() > MOST_CHOICES => *choices = Names::default(),
        _ => {}
    }
}

/// What the content knows of an item.
struct Known {
    version: String,
    /// Its choices; none where answers are typed.
    choices: Vec<String>,
}

impl Known {
    fn of(bank: &Bank, item: &str) -> Option<Self> {
        let item = bank.item_ix(item)?;
        Some(Self {
            version: bank.item_version(item).to_string(),
            choices: bank.choice_names(item),
        })
    }
}

//! What can go wrong at the facade.

use paceline_core::ids::{EventId, LearnerId};
use paceline_store::StoreError;

/// Why the engine refused. Nothing was changed, and asking again with the same event ids is safe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The learner is not in the store.
    #[error("no learner {learner:?}; wanted one that was enrolled")]
    UnknownLearner {
        /// The id.
        learner: String,
    },
    /// The bank has no such item.
    #[error("no item {item:?} in bank {bank}; wanted `course/item` as `check` lists it")]
    UnknownItem {
        /// The id.
        item: String,
        /// The bank's version.
        bank: String,
    },
    /// The bank has no such skill, or course where one may stand.
    #[error("no skill {skill:?} in bank {bank}{}", did_you_mean(.suggestion))]
    UnknownSkill {
        /// The id.
        skill: String,
        /// The bank's version.
        bank: String,
        /// The nearest id that there is.
        suggestion: Option<String>,
    },
    /// The bank has no such theme.
    #[error("no theme {theme:?}; wanted one of {}", .known.join(", "))]
    UnknownTheme {
        /// The id.
        theme: String,
        /// All themes of the bank.
        known: Vec<String>,
    },
    /// A number that is not one, or lies outside its range.
    #[error("{field} is {found}; wanted {wanted}")]
    BadNumber {
        /// The field.
        field: &'static str,
        /// What was found.
        found: f64,
        /// What was wanted.
        wanted: &'static str,
    },
    /// The answer has another number of parts than the item.
    #[error("{found} answers to item {item:?}, which has {wanted} parts")]
    WrongParts {
        /// The item.
        item: String,
        /// Answers given.
        found: usize,
        /// Parts of the item.
        wanted: usize,
    },
    /// An event id came again with other content.
    #[error(
        "event {event} of learner {learner} is already there with other content; wanted a new id, or the same event"
    )]
    EventIdReused {
        /// The learner.
        learner: LearnerId,
        /// The id.
        event: EventId,
    },
    /// A correction names an attempt that the learner does not have.
    #[error(
        "learner {learner} has no attempt {attempt}; wanted the event id of an attempt to correct"
    )]
    NoSuchAttempt {
        /// The learner.
        learner: LearnerId,
        /// The event id.
        attempt: EventId,
    },
    /// A plan was made from another state of the learner or another bank.
    #[error("plan {plan} was made from {found}, not from {wanted}; plan again")]
    StalePlan {
        /// The plan.
        plan: String,
        /// What it was made from.
        found: String,
        /// What is in force.
        wanted: String,
    },
    /// A text or list in an event is too long.
    #[error("{field} has {found} bytes or entries; wanted at most {limit}")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its length.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// An item's instance could not be made.
    #[error("item {item:?} with seed {seed}: {why}")]
    Instance {
        /// The item.
        item: String,
        /// The seed.
        seed: u64,
        /// Why.
        why: String,
    },
    /// A journalled event cannot be read.
    #[error("event {event} of learner {learner} cannot be read: {why}")]
    Journal {
        /// The learner.
        learner: LearnerId,
        /// The event.
        event: EventId,
        /// Why.
        why: String,
    },
    /// Another event of the learner's in the same batch could not be written, so this one was not either.
    #[error("not recorded, as another event of the learner in the batch was refused: {why}")]
    Batch {
        /// Why the other was refused.
        why: String,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion
        .as_ref()
        .map_or_else(String::new, |id| format!("; did you mean {id:?}?"))
}

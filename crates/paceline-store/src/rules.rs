//! What an append means, the same for every store.

use std::collections::BTreeSet;

use paceline_core::ids::{EventId, LearnerId};

use crate::error::StoreError;
use crate::store::{
    Append, Appended, EventKey, LearnerVersion, MAX_BLOB_NAME_BYTES, MAX_EVENT_BYTES,
    MAX_VALUE_BYTES, NewEvent,
};

/// A learner's version and last event, before an append.
pub(crate) type Head = (LearnerVersion, EventKey);

/// Refuses what no store takes, whatever it holds.
pub(crate) fn check_append(append: &Append<'_>) -> Result<(), StoreError> {
    let bad = |found: String| StoreError::BadAppend {
        learner: append.learner.clone(),
        found,
    };
    if append.events.is_empty() {
        return Err(bad("held no event".to_owned()));
    }
    let mut ids = BTreeSet::new();
    for event in append.events {
        if !ids.insert(event.id) {
            return Err(bad(format!("held event {} twice", event.id)));
        }
        check_size(
            || format!("event {}", event.id),
            event.bytes.len(),
            MAX_EVENT_BYTES,
        )?;
    }
    append.view.map_or(Ok(()), check_view)
}

/// Refuses a view that is too large.
pub(crate) fn check_view(view: &[u8]) -> Result<(), StoreError> {
    check_size(|| "a view".to_owned(), view.len(), MAX_VALUE_BYTES)
}

/// Refuses a blob that is too large or whose name is too long.
pub(crate) fn check_blob(name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    check_size(
        || "the name of a blob".to_owned(),
        name.len(),
        MAX_BLOB_NAME_BYTES,
    )?;
    check_size(|| format!("blob {name}"), bytes.len(), MAX_VALUE_BYTES)
}

fn check_size(what: impl Fn() -> String, bytes: usize, limit: usize) -> Result<(), StoreError> {
    if bytes <= limit {
        Ok(())
    } else {
        Err(StoreError::TooLarge {
            what: what(),
            bytes,
            limit,
        })
    }
}

/// What is to be done about an append that [`check_append`] let through.
pub(crate) enum Verdict {
    /// Nothing: this is the answer.
    Answer(Appended),
    /// Write the events, which take the learner to this head, and the view if there is one.
    Write(Head),
}

/// Compares an append with what the store holds: duplicates first, then versions.
///
/// `stored` gives the bytes stored under an event id of this learner.
pub(crate) fn judge(
    append: &Append<'_>,
    head: Option<Head>,
    mut stored: impl FnMut(&EventId) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<Verdict, StoreError> {
    let version = head
        .as_ref()
        .map_or(LearnerVersion(0), |(version, _)| *version);
    let mut known = Vec::new();
    // A learner without a head has no events to compare with.
    for event in append.events.iter().filter(|_| head.is_some()) {
        match stored(event.id)? {
            Some(bytes) if bytes == event.bytes => known.push(event.id.clone()),
            Some(_) => {
                let (learner, event) = (append.learner.clone(), event.id.clone());
                return Err(StoreError::EventIdReused { learner, event });
            }
            None => {}
        }
    }
    if !known.is_empty() {
        return Ok(Verdict::Answer(Appended::Duplicate { version, known }));
    }
    check_version(append, version)?;
    if head.is_none() && append.view.is_none() {
        return Err(StoreError::BadAppend {
            learner: append.learner.clone(),
            found: "held a learner's first event and no view".to_owned(),
        });
    }
    let last = last_of(append.events, head.map(|(_, last)| last))
        .expect("check_append refused an append without events");
    Ok(Verdict::Write((
        LearnerVersion(version.0 + append.events.len() as u64),
        last,
    )))
}

fn check_version(append: &Append<'_>, found: LearnerVersion) -> Result<(), StoreError> {
    if append.expected == found {
        return Ok(());
    }
    let (learner, expected) = (append.learner.clone(), append.expected);
    Err(StoreError::Conflict {
        learner,
        expected,
        found,
    })
}

fn last_of(events: &[NewEvent<'_>], before: Option<EventKey>) -> Option<EventKey> {
    let keys = events.iter().map(|event| EventKey {
        at: event.at,
        id: event.id.clone(),
    });
    keys.chain(before).max()
}

/// How many of these, from the first on, are all different; at most `limit`.
pub(crate) fn count_distinct<'a>(
    learners: impl Iterator<Item = &'a LearnerId>,
    limit: usize,
) -> usize {
    let mut seen = BTreeSet::new();
    learners
        .take(limit)
        .take_while(|learner| seen.insert(*learner))
        .count()
}

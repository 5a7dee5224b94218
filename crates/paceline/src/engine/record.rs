//! Recording events: validate, judge, fold, append; one writer a learner.

use super::{Cached, Engine, Shard};
use crate::error::Error;
use crate::fold::{AttemptEffect, Corrections, Folder};
use crate::journal::Entry;
use crate::state::State;
use paceline_bank::{Graded, Verdict};
use paceline_core::event::{Attempt, Control, ControlEvent, Enrolled, Event, EventBody, Outcome};
use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::{Timestamp, ordering_time};
use paceline_core::units::Probability;
use paceline_learner::Scratch;
use paceline_store::{Append, Appended, EventKey, LearnerVersion, NewEvent, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest list or text in an event.
const MAX_FIELD: usize = 100_000;
/// The longest answer or activity, seconds: a day.
const MAX_SECONDS: f32 = 86_400.0;
/// How often a write that another process overtook is tried again.
const TRIES: usize = 16;

/// What recording an event did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// Format of this document: 1.
    pub format: u32,
    /// The event.
    pub event_id: EventId,
    /// The learner.
    pub learner: LearnerId,
    /// Whether the event was there already: this is the first answer again.
    pub duplicate: bool,
    /// The learner's version after it.
    pub learner_version: u64,
    /// Whether the learner's clock was more than ten minutes ahead of receipt, so that receipt orders the event.
    pub clock_overruled: bool,
    /// What an attempt showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptUpdate>,
}

/// What an attempt showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptUpdate {
    /// The share that was right.
    pub score: Option<Probability>,
    /// Verdict and feedback on each part; empty where the platform judged. An unreadable answer is to be asked again: it was no attempt,
    /// and nothing was recorded.
    pub parts: Vec<Graded>,
    /// Whether an answer was unreadable, so that nothing was recorded.
    pub unreadable: bool,
    /// The probability of a right answer, as it was predicted before.
    pub p_before: Option<Probability>,
    /// What it changed.
    pub skills: Vec<SkillChange>,
}

/// How an attempt moved a skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillChange {
    /// The skill.
    pub skill: String,
    /// The probability of a right answer on a typical item, nothing forgotten, before.
    pub before: Probability,
    /// The same after.
    pub after: Probability,
    /// Whether the skill is mastered now.
    pub mastered: bool,
}

/// An event that passed the checks.
struct Checked {
    /// Its place in the batch.
    place: usize,
    entry: Entry,
    key: EventKey,
    received: Timestamp,
    overruled: bool,
    parts: Vec<Graded>,
}

/// What became of an event of a batch.
type Answers = Vec<Option<Result<Update, Error>>>;

impl Engine {
    /// Records one event. Sending it again changes nothing and gives the first answer.
    ///
    /// # Errors
    /// [`Error`] says what was found and what was wanted; nothing was changed.
    pub fn record(&self, event: Event) -> Result<Update, Error> {
        self.record_many(vec![event])
            .pop()
            .expect("one answer an event")
    }

    /// Records a batch, each event for itself; the answers are in its order.
    ///
    /// Events of one learner are folded and written together, so a batch is much faster than single calls.
    pub fn record_many(&self, events: Vec<Event>) -> Vec<Result<Update, Error>> {
        let _span = tracing::info_span!("record", events = events.len()).entered();
        let mut answers: Answers = events.iter().map(|_| None).collect();
        let mut batches: BTreeMap<LearnerId, Vec<Checked>> = BTreeMap::new();
        for (place, event) in events.into_iter().enumerate() {
            let learner = event.learner.clone();
            match self.check(place, event) {
                Ok(checked) if checked.parts.iter().any(unreadable) => {
                    answers[place] = Some(Ok(ask_again(checked)));
                }
                Ok(checked) => batches.entry(learner).or_default().push(checked),
                Err(error) => answers[place] = Some(Err(error)),
            }
        }
        for (learner, batch) in batches {
            let mut shard = self.shard(&learner);
            self.record_for(&learner, batch, &mut shard, &mut answers);
        }
        let answered = |answer: Option<_>| answer.expect("every event of a batch is answered");
        answers.into_iter().map(answered).collect()
    }

    /// Enrols a learner, or adds to what is known of one.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn enrol(
        &self,
        learner: &LearnerId,
        enrolled: Enrolled,
        event_id: EventId,
        now: Timestamp,
    ) -> Result<Update, Error> {
        self.record(Event::new(
            event_id,
            learner.clone(),
            now,
            EventBody::Enrolled(enrolled),
        ))
    }

    /// Sets a control: a pin, a ban, a goal, minutes a day, the success rate aimed at.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn control(
        &self,
        learner: &LearnerId,
        control: ControlEvent,
        event_id: EventId,
        now: Timestamp,
    ) -> Result<Update, Error> {
        self.record(Event::new(
            event_id,
            learner.clone(),
            now,
            EventBody::Control(control),
        ))
    }

    /// Checks an event against the bank and judges an attempt's answers.
    fn check(&self, place: usize, mut event: Event) -> Result<Checked, Error> {
        let (at, overruled) = ordering_time(event.at, event.received);
        let mut judged = None;
        let mut parts = Vec::new();
        match &mut event.body {
            EventBody::Attempt(attempt) => {
                (judged, parts) = self.judge(attempt)?;
                let item = self.item(&attempt.item)?;
                attempt
                    .version
                    .get_or_insert_with(|| self.bank.item_version(item).to_string());
            }
            EventBody::Enrolled(enrolled) => {
                enrolled
                    .interests
                    .keys()
                    .try_for_each(|theme| self.theme(theme).map(drop))?;
                within("known", enrolled.known.len())?;
                enrolled
                    .known
                    .iter()
                    .try_for_each(|skill| self.skill(skill).map(drop))?;
            }
            EventBody::Studied(studied) => {
                seconds(studied.seconds)?;
                self.skill(&studied.skill)?;
            }
            EventBody::Abandoned { seconds: spent, .. } => seconds(*spent)?,
            EventBody::Rated { theme, .. } => drop(self.theme(theme)?),
            EventBody::Chose { theme, among } => {
                within("among", among.len())?;
                self.theme(theme)?;
                among
                    .iter()
                    .try_for_each(|theme| self.theme(theme).map(drop))?;
            }
            EventBody::Control(control) => self.check_control(&control.control)?,
            EventBody::Offered(offered) => within("activities", offered.activities.len())?,
            _ => {}
        }
        let key = EventKey {
            at,
            id: event.event_id.clone(),
        };
        let received = event.received;
        let entry = Entry::new(event, judged);
        Ok(Checked {
            place,
            entry,
            key,
            received,
            overruled,
            parts,
        })
    }

    fn check_control(&self, control: &Control) -> Result<(), Error> {
        match control {
            Control::Pin(id) | Control::Ban(id) if self.bank.item_ix(id).is_none() => {
                self.skill(id)?;
            }
            Control::Goal(goal) => {
                within("skills", goal.skills.len())?;
                self.skills(&goal.skills)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The score of an attempt and the verdict on each part.
    fn judge(&self, attempt: &Attempt) -> Result<(Option<Probability>, Vec<Graded>), Error> {
        seconds(attempt.seconds)?;
        let item = self.item(&attempt.item)?;
        let responses = match &attempt.outcome {
            Outcome::Score(score) => return Ok((Some(*score), Vec::new())),
            Outcome::Response(responses) => responses,
        };
        within("response", responses.len())?;
        let wanted = self.render(item, &attempt.instance)?.parts.len();
        if responses.len() != wanted {
            let (item, found) = (attempt.item.clone(), responses.len());
            return Err(Error::WrongParts {
                item,
                found,
                wanted,
            });
        }
        let instance = &attempt.instance;
        let grade =
            |(part, response): (usize, &String)| self.bank.grade(item, instance, part, response);
        let parts: Vec<Graded> = responses
            .iter()
            .enumerate()
            .map(grade)
            .collect::<Result<_, _>>()
            .map_err(|error| self.no_instance(item, instance, &error))?;
        let right = parts
            .iter()
            .filter(|part| part.verdict == Verdict::Right)
            .count();
        let score = right as f32 / wanted.max(1) as f32;
        Ok((Some(Probability::clamped(score)), parts))
    }

    /// Folds and appends what was checked for one learner, under the lock of its shard.
    fn record_for(
        &self,
        learner: &LearnerId,
        mut batch: Vec<Checked>,
        shard: &mut Shard,
        answers: &mut Answers,
    ) {
        drop_repeats(learner, &mut batch, answers);
        if let Err(error) = self.drop_idle_corrections(learner, &mut batch, answers) {
            return refuse(&batch, error, answers);
        }
        for _ in 0..TRIES {
            if batch.is_empty() {
                return;
            }
            let cached = match shard.states.remove(learner) {
                Some(cached) => Ok(cached),
                None => self.load(learner, &mut shard.scratch),
            };
            let outcome = match cached {
                Ok(cached) => self.try_append(learner, cached, &batch, &mut shard.scratch),
                Err(error) => Err(error),
            };
            match outcome {
                Ok(Tried::Stored(cached, updates)) => {
                    for (checked, update) in batch.iter().zip(updates) {
                        answers[checked.place] = Some(Ok(update));
                    }
                    self.make_room(&mut shard.states);
                    shard.states.insert(learner.clone(), *cached);
                    return;
                }
                Ok(Tried::Known(known)) => {
                    let (old, new) = batch.into_iter().partition(|c| known.contains(&c.key.id));
                    batch = new;
                    for checked in old {
                        let place = checked.place;
                        answers[place] =
                            Some(self.first_answer(learner, checked, &mut shard.scratch));
                    }
                }
                Ok(Tried::Overtaken) => {}
                Err(error) => return refuse(&batch, error, answers),
            }
        }
        let found = LearnerVersion::default();
        let expected = LearnerVersion::default();
        let conflict = StoreError::Conflict {
            learner: learner.clone(),
            expected,
            found,
        };
        refuse(&batch, conflict.into(), answers);
    }

    /// Refuses corrections of attempts that are neither in the store nor in the batch.
    fn drop_idle_corrections(
        &self,
        learner: &LearnerId,
        batch: &mut Vec<Checked>,
        answers: &mut Answers,
    ) -> Result<(), Error> {
        for place in (0..batch.len()).rev() {
            let EventBody::Corrected { attempt, .. } = &batch[place].entry.body else {
                continue;
            };
            let sent = batch
                .iter()
                .any(|c| c.key.id == *attempt && is_attempt(&c.entry));
            let stored = match self.store.event(learner, attempt)? {
                Some(event) => is_attempt(&self.decode_all(learner, &[event])?[0].1),
                None => false,
            };
            if !sent && !stored {
                let (learner, attempt) = (learner.clone(), attempt.clone());
                answers[batch[place].place] = Some(Err(Error::NoSuchAttempt { learner, attempt }));
                batch.remove(place);
            }
        }
        Ok(())
    }

    /// One try to fold and append a batch.
    fn try_append(
        &self,
        learner: &LearnerId,
        mut cached: Cached,
        batch: &[Checked],
        scratch: &mut Scratch,
    ) -> Result<Tried, Error> {
        let before = cached.state.version;
        let enrols = |checked: &Checked| matches!(checked.entry.body, EventBody::Enrolled(_));
        if before == 0 && !batch.iter().any(enrols) {
            return Err(Error::UnknownLearner {
                learner: learner.to_string(),
            });
        }
        let effects = self.fold_batch(learner, &mut cached.state, batch, scratch)?;
        let version = cached.state.version;
        let bytes: Vec<_> = batch.iter().map(|checked| checked.entry.encode()).collect();
        let pairs = batch.iter().zip(&bytes);
        let events: Vec<_> = pairs
            .map(|(checked, bytes)| new_event(checked, bytes))
            .collect();
        cached.lag_bytes += bytes.iter().map(Vec::len).sum::<usize>();
        let behind = cached.lag_bytes as f32 > self.config.view_lag * cached.view_bytes as f32;
        let view = (behind || before == 0).then(|| self.encode(&cached.state));
        if let Some(view) = &view {
            (cached.view_bytes, cached.lag_bytes) = (view.len(), 0);
        }
        let append = Append {
            learner,
            expected: LearnerVersion(before),
            events: &events,
            view: view.as_deref(),
        };
        match self.store.append(append) {
            Ok(Appended::Stored { .. }) => {
                let update =
                    |(checked, effect): (&Checked, _)| self.update(checked, effect, version);
                let updates = batch.iter().zip(effects).map(update).collect();
                Ok(Tried::Stored(Box::new(cached), updates))
            }
            Ok(Appended::Duplicate { known, .. }) => Ok(Tried::Known(known)),
            Err(StoreError::Conflict { .. }) => Ok(Tried::Overtaken),
            Err(StoreError::EventIdReused { event, .. }) => Ok(Tried::Known(vec![event])),
            Err(error) => Err(error.into()),
        }
    }

    /// Folds a batch in canonical order; anew from the beginning where part of it comes late or corrects.
    fn fold_batch(
        &self,
        learner: &LearnerId,
        state: &mut State,
        batch: &[Checked],
        scratch: &mut Scratch,
    ) -> Result<Vec<Option<AttemptEffect>>, Error> {
        let late = |checked: &Checked| state.last.as_ref().is_some_and(|last| checked.key < *last);
        let mut order: Vec<usize> = (0..batch.len()).collect();
        order.sort_by(|&a, &b| batch[a].key.cmp(&batch[b].key));
        let mut effects = vec![None; batch.len()];
        if !batch
            .iter()
            .any(|checked| late(checked) || checked.entry.corrects())
        {
            let corrections = Corrections::new();
            let folder = Folder {
                bank: &self.bank,
                params: &self.params,
                corrections: &corrections,
            };
            for place in order {
                let Checked { entry, key, .. } = &batch[place];
                effects[place] = folder.apply(state, entry, key.at, scratch);
                state.version += 1;
                state.last = Some(key.clone());
            }
            return Ok(effects);
        }
        let mut entries = self.decode_all(learner, &self.store.events(learner)?)?;
        let places: BTreeMap<_, _> = batch
            .iter()
            .enumerate()
            .map(|(i, c)| (c.key.clone(), i))
            .collect();
        entries.extend(batch.iter().map(|c| (c.key.clone(), c.entry.clone())));
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        *state = State::new(&self.params);
        let all = self.fold_all(state, &entries, scratch);
        for ((key, _), effect) in entries.iter().zip(all) {
            if let Some(&place) = places.get(key) {
                effects[place] = effect;
            }
        }
        Ok(effects)
    }

    /// The answer that an event had when it came first: the fold of what had been received by then.
    fn first_answer(
        &self,
        learner: &LearnerId,
        checked: Checked,
        scratch: &mut Scratch,
    ) -> Result<Update, Error> {
        let mut events = self.store.events(learner)?;
        let reused = || Error::EventIdReused {
            learner: learner.clone(),
            event: checked.key.id.clone(),
        };
        let first = events
            .iter()
            .find(|event| event.id == checked.key.id)
            .ok_or_else(reused)?;
        let version = first.version;
        events.retain(|event| event.version <= version);
        let entries = self.decode_all(learner, &events)?;
        let place = entries
            .iter()
            .position(|(key, _)| key.id == checked.key.id)
            .ok_or_else(reused)?;
        if !entries[place].1.same_event(&checked.entry) {
            return Err(reused());
        }
        let mut state = State::new(&self.params);
        let mut effects = self.fold_all(&mut state, &entries, scratch);
        let update = self.update(&checked, effects.swap_remove(place), version.0);
        Ok(Update {
            duplicate: true,
            ..update
        })
    }

    fn update(&self, checked: &Checked, effect: Option<AttemptEffect>, version: u64) -> Update {
        let attempt = is_attempt(&checked.entry).then(|| AttemptUpdate {
            score: effect.as_ref().map(|effect| effect.score),
            parts: checked.parts.clone(),
            unreadable: false,
            p_before: effect.as_ref().map(|effect| effect.observation.p_before),
            skills: effect.map_or_else(Vec::new, |effect| effect.changes),
        });
        Update {
            attempt,
            ..plain_update(checked, version)
        }
    }
}

/// How a try to append ended.
enum Tried {
    Stored(Box<Cached>, Vec<Update>),
    /// Some event ids are in the store.
    Known(Vec<EventId>),
    /// Another process has written to the learner.
    Overtaken,
}

fn new_event<'a>(checked: &'a Checked, bytes: &'a [u8]) -> NewEvent<'a> {
    NewEvent {
        id: &checked.key.id,
        at: checked.key.at,
        received: checked.received,
        bytes,
    }
}

fn unreadable(part: &Graded) -> bool {
    matches!(part.verdict, Verdict::Unreadable { .. })
}

fn is_attempt(entry: &Entry) -> bool {
    matches!(entry.body, EventBody::Attempt(_))
}

fn plain_update(checked: &Checked, learner_version: u64) -> Update {
    Update {
        format: 1,
        event_id: checked.key.id.clone(),
        learner: checked.entry.learner.clone(),
        duplicate: false,
        learner_version,
        clock_overruled: checked.overruled,
        attempt: None,
    }
}

/// The answer to an attempt that cannot be read: it was none.
fn ask_again(checked: Checked) -> Update {
    let update = plain_update(&checked, 0);
    let attempt = AttemptUpdate {
        score: None,
        parts: checked.parts,
        unreadable: true,
        p_before: None,
        skills: Vec::new(),
    };
    Update {
        attempt: Some(attempt),
        ..update
    }
}

/// Of an event that stands twice in a batch the first counts, and the second is refused if it is another.
fn drop_repeats(learner: &LearnerId, batch: &mut Vec<Checked>, answers: &mut Answers) {
    let mut order: Vec<usize> = (0..batch.len()).collect();
    order.sort_by_key(|&at| &batch[at].key.id);
    let mut repeats = vec![false; batch.len()];
    for same in order.chunk_by(|&a, &b| batch[a].key.id == batch[b].key.id) {
        let first = &batch[same[0]];
        for &at in &same[1..] {
            repeats[at] = true;
            let checked = &batch[at];
            answers[checked.place] = Some(if first.entry.same_event(&checked.entry) {
                Ok(Update {
                    duplicate: true,
                    ..plain_update(checked, 0)
                })
            } else {
                Err(Error::EventIdReused {
                    learner: learner.clone(),
                    event: checked.key.id.clone(),
                })
            });
        }
    }
    let mut repeats = repeats.into_iter();
    batch.retain(|_| repeats.next() == Some(false));
}

/// Answers a batch that could not be written.
fn refuse(batch: &[Checked], error: Error, answers: &mut Answers) {
    let text = error.to_string();
    let mut first = Some(error);
    for checked in batch {
        let error = first
            .take()
            .unwrap_or_else(|| Error::Batch { why: text.clone() });
        answers[checked.place] = Some(Err(error));
    }
}

fn seconds(seconds: f32) -> Result<(), Error> {
    if (0.0..=MAX_SECONDS).contains(&seconds) {
        Ok(())
    } else {
        let (field, found) = ("seconds", f64::from(seconds));
        Err(Error::BadNumber {
            field,
            found,
            wanted: "a finite number from 0 to 86400",
        })
    }
}

fn within(field: &'static str, found: usize) -> Result<(), Error> {
    if found <= MAX_FIELD {
        Ok(())
    } else {
        Err(Error::TooLong {
            field,
            found,
            limit: MAX_FIELD,
        })
    }
}

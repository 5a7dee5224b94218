//! How a value is laid out in a tree.
//!
//! Little-endian throughout, `n` the length of the id and `m` that of the payload:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | format, now 1 |
//! | 1 | 1 | kind: 1 event, 2 view, 3 view that is yet to be folded, 4 blob, 5 counts, 6 head |
//! | 2 | 8 | learner version (0 where there is no learner) |
//! | 10 | 8 | time that orders the event; of a view or head, that of its last event |
//! | 18 | 8 | time of receipt (0 where there is no event) |
//! | 26 | 2 | n |
//! | 28 | n | event id; of a view or head, that of its last event |
//! | 28 + n | 4 | m |
//! | 32 + n | m | payload |
//! | 32 + n + m | 4 | CRC32C of the key followed by all bytes before |
//!
//! In every format, later ones too, the checksum is in the last four bytes and the format in the
//! first, so that damage is told from a newer format. The key is under the checksum, so a value
//! that lies under another's key is found out.
//!
//! Keys: of a view and of a head the learner id; of an event the length of the learner id (2 bytes, big-endian), the
//! learner id, the event id; of a blob its name; of the counts `all`.

use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::Timestamp;

use crate::error::{StoreError, Tree};
use crate::store::EventKey;

#[cfg(test)]
mod tests;

pub(crate) const FORMAT: u8 = 1;
const HEADER: usize = 28;
const SHORTEST: usize = HEADER + 8;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event = 1,
    View = 2,
    Unfolded = 3,
    Blob = 4,
    Counts = 5,
    /// How far a learner's events go whose view lags.
    Head = 6,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        let kinds = [
            Self::Event,
            Self::View,
            Self::Unfolded,
            Self::Blob,
            Self::Counts,
            Self::Head,
        ];
        kinds.into_iter().find(|kind| *kind as u8 == byte)
    }

    const fn tree(self) -> Tree {
        match self {
            Self::Event => Tree::Events,
            Self::View | Self::Unfolded => Tree::Views,
            Self::Blob => Tree::Blobs,
            Self::Counts => Tree::Counts,
            Self::Head => Tree::Heads,
        }
    }
}

/// A value of any tree, borrowed from where it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) kind: Kind,
    pub(crate) version: u64,
    pub(crate) at: i64,
    pub(crate) received: i64,
    pub(crate) id: &'a str,
    pub(crate) payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// A record that belongs to no learner.
    pub(crate) const fn plain(kind: Kind, payload: &'a [u8]) -> Self {
        Self {
            kind,
            version: 0,
            at: 0,
            received: 0,
            id: "",
            payload,
        }
    }

    /// The bytes to be stored under `key`.
    ///
    /// `rules` keeps ids under 2^16 and payloads under 2^32 bytes.
    pub(crate) fn encode(&self, key: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(SHORTEST + self.id.len() + self.payload.len());
        out.extend([FORMAT, self.kind as u8]);
        out.extend(self.version.to_le_bytes());
        out.extend(self.at.to_le_bytes());
        out.extend(self.received.to_le_bytes());
        out.extend((self.id.len() as u16).to_le_bytes());
        out.extend(self.id.as_bytes());
        out.extend((self.payload.len() as u32).to_le_bytes());
        out.extend(self.payload);
        out.extend(checksum(key, &out).to_le_bytes());
        out
    }

    /// Reads what is stored in `tree` under `key`.
    pub(crate) fn decode(tree: Tree, key: &[u8], bytes: &'a [u8]) -> Result<Self, StoreError> {
        let damaged = |found: String, wanted: String| corrupt(tree, key, found, wanted);
        if bytes.len() < SHORTEST {
            let wanted = format!("{SHORTEST} or more");
            return Err(damaged(format!("{} bytes", bytes.len()), wanted));
        }
        let (body, crc) = bytes.split_at(bytes.len() - 4);
        let (found, wanted) = (u32_at(crc, 0), checksum(key, body));
        if found != wanted {
            return Err(damaged(
                format!("checksum {found:08x}"),
                format!("{wanted:08x}"),
            ));
        }
        if body[0] != FORMAT {
            return Err(StoreError::NewerFormat {
                what: format!("{tree}/{}", key_text(tree, key)),
                found: body[0].into(),
                supported: FORMAT.into(),
            });
        }
        Self::parse(tree, body)
            .ok_or_else(|| damaged("a value of another layout".to_owned(), format!("{tree}")))
    }

    /// Takes apart a body whose checksum and format are right.
    fn parse(tree: Tree, body: &'a [u8]) -> Option<Self> {
        let kind = Kind::of(body[1]).filter(|kind| kind.tree() == tree)?;
        let rest = &body[HEADER..];
        let (id, rest) = rest.split_at_checked(u16_at(body, 26).into())?;
        let (length, payload) = rest.split_at_checked(4)?;
        if payload.len() != u32_at(length, 0) as usize {
            return None;
        }
        Some(Self {
            kind,
            version: u64_at(body, 2),
            at: u64_at(body, 10) as i64,
            received: u64_at(body, 18) as i64,
            id: std::str::from_utf8(id).ok()?,
            payload,
        })
    }

    /// The event that this record is, or is the last of.
    pub(crate) fn event_key(&self, tree: Tree, key: &[u8]) -> Result<EventKey, StoreError> {
        Ok(EventKey {
            at: Timestamp(self.at),
            id: event_id(tree, key, self.id)?,
        })
    }
}

/// The key of an event.
pub(crate) fn event_row(learner: &LearnerId, id: &EventId) -> Vec<u8> {
    let mut key = event_prefix(learner);
    key.extend(id.as_str().as_bytes());
    key
}

/// What the keys of a learner's events, and no others, begin with.
pub(crate) fn event_prefix(learner: &LearnerId) -> Vec<u8> {
    let id = learner.as_str().as_bytes();
    let mut key = Vec::with_capacity(2 + id.len() + 40);
    key.extend((id.len() as u16).to_be_bytes());
    key.extend(id);
    key
}

/// Reads a learner id back from `key` of `tree`.
pub(crate) fn learner_id(tree: Tree, key: &[u8], id: &[u8]) -> Result<LearnerId, StoreError> {
    let text = std::str::from_utf8(id).ok();
    text.and_then(|id| LearnerId::new(id).ok()).ok_or_else(|| {
        let found = format!("the learner id {:?}", String::from_utf8_lossy(id));
        corrupt(tree, key, found, "a valid one".to_owned())
    })
}

/// Reads an event id back from a record under `key` of `tree`.
pub(crate) fn event_id(tree: Tree, key: &[u8], id: &str) -> Result<EventId, StoreError> {
    EventId::new(id).map_err(|_| {
        let found = format!("the event id {id:?}");
        corrupt(tree, key, found, "a valid one".to_owned())
    })
}

/// The learner's part of an event's key.
pub(crate) fn learner_of_event(key: &[u8]) -> &[u8] {
    split_event_row(key).map_or(key, |(learner, _)| learner)
}

fn split_event_row(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, ids) = key.split_at_checked(2)?;
    ids.split_at_checked(u16::from_be_bytes([length[0], length[1]]).into())
}

/// An error that names a tree and a key.
pub(crate) fn corrupt(tree: Tree, key: &[u8], found: String, wanted: String) -> StoreError {
    let key = key_text(tree, key);
    StoreError::Corrupt {
        tree,
        key,
        found,
        wanted,
    }
}

fn key_text(tree: Tree, key: &[u8]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).escape_debug().to_string();
    match split_event_row(key) {
        Some((learner, event)) if tree == Tree::Events && event.is_empty() => text(learner),
        Some((learner, event)) if tree == Tree::Events => {
            format!("{}/{}", text(learner), text(event))
        }
        _ => text(key),
    }
}

fn checksum(key: &[u8], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), body)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// The four bytes at `at`, which the caller knows to be there.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..at + 4].try_into();
    u32::from_le_bytes(bytes.expect("a slice of four"))
}

/// The eight bytes at `at`, which the caller knows to be there.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes[at..at + 8].try_into();
    u64::from_le_bytes(bytes.expect("a slice of eight"))
}

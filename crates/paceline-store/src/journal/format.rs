//! The bytes of the journal; `docs/journal-format.md` states them for people.
//!
//! A segment is a header and blocks. A block is what one sync made durable: it is there wholly or
//! not at all, so one checksum covers it. Its entries are numbered through all segments without
//! a gap, so a missing one cannot go unnoticed.

use paceline_core::ids::{EventId, LearnerId};
use paceline_core::time::Timestamp;

use crate::record::{u32_at, u64_at};
use crate::store::{Append, LearnerVersion, StoredEvent};

/// How a segment begins.
pub(super) const MAGIC: &[u8; 8] = b"PACELJNL";
/// The format written here, and the newest that is read.
pub(super) const FORMAT: u32 = 1;
/// Bytes of a segment's header.
pub(super) const SEGMENT_HEADER: usize = 32;
/// Bytes of a block's header.
pub(super) const BLOCK_HEADER: usize = 20;
const ENTRY_HEADER: usize = 5;

const APPEND: u8 = 1;
const ERASED: u8 = 2;
const BLOB: u8 = 3;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Events were appended to a learner.
    Append {
        /// The learner.
        learner: LearnerId,
        /// The events, numbered from the learner's version before, plus one.
        events: Vec<StoredEvent>,
    },
    /// Something was erased that had this place.
    Erased,
    /// A blob was stored.
    Blob {
        /// Its name.
        name: String,
        /// Its contents.
        bytes: Vec<u8>,
    },
}

impl Entry {
    /// The learner that this entry is about.
    pub(super) fn learner(&self) -> Option<&LearnerId> {
        match self {
            Self::Append { learner, .. } => Some(learner),
            _ => None,
        }
    }

    /// Its bytes, header and payload.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut payload = Writer::default();
        let kind = match self {
            Self::Append { learner, events } => {
                let before = events.first().map_or(0, |event| event.version.0 - 1);
                payload.learner(learner, before, events.len());
                for event in events {
                    payload.event(&event.id, event.at, event.received, &event.bytes);
                }
                APPEND
            }
            Self::Erased => ERASED,
            Self::Blob { name, bytes } => {
                payload.short(name.as_bytes());
                payload.long(bytes);
                BLOB
            }
        };
        payload.framed(kind)
    }

    /// The bytes of the entry of an append on top of version `before`.
    pub(super) fn encode_append(append: &Append<'_>, before: u64) -> Vec<u8> {
        let mut payload = Writer::default();
        payload.learner(append.learner, before, append.events.len());
        for event in append.events {
            payload.event(event.id, event.at, event.received, event.bytes);
        }
        payload.framed(APPEND)
    }

    fn decode(kind: u8, payload: &[u8]) -> Option<Self> {
        let mut reader = Reader(payload);
        let entry = match kind {
            APPEND => {
                let learner = LearnerId::new(reader.short()?).ok()?;
                let before = reader.number()?;
                let count = reader.count()?;
                let events = (before.checked_add(1)?..)
                    .take(count)
                    .map(|version| reader.event(version))
                    .collect::<Option<_>>()?;
                Self::Append { learner, events }
            }
            ERASED => Self::Erased,
            BLOB => Self::Blob {
                name: reader.short()?.to_owned(),
                bytes: reader.long()?.to_vec(),
            },
            _ => return None,
        };
        reader.0.is_empty().then_some(entry)
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn short(&mut self, bytes: &[u8]) {
        self.0.extend((bytes.len() as u16).to_le_bytes());
        self.0.extend(bytes);
    }

    fn long(&mut self, bytes: &[u8]) {
        self.0.extend((bytes.len() as u32).to_le_bytes());
        self.0.extend(bytes);
    }

    fn learner(&mut self, learner: &LearnerId, before: u64, events: usize) {
        self.short(learner.as_str().as_bytes());
        self.0.extend(before.to_le_bytes());
        self.0.extend((events as u32).to_le_bytes());
    }

    fn event(&mut self, id: &EventId, at: Timestamp, received: Timestamp, bytes: &[u8]) {
        self.short(id.as_str().as_bytes());
        self.0.extend(at.0.to_le_bytes());
        self.0.extend(received.0.to_le_bytes());
        self.long(bytes);
    }

    fn framed(self, kind: u8) -> Vec<u8> {
        let mut out = Vec::with_capacity(ENTRY_HEADER + self.0.len());
        out.push(kind);
        out.extend((self.0.len() as u32).to_le_bytes());
        out.extend(self.0);
        out
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<&'a str> {
        let length = self.take(2)?;
        let length = u16::from_le_bytes([length[0], length[1]]);
        std::str::from_utf8(self.take(length.into())?).ok()
    }

    fn count(&mut self) -> Option<usize> {
        Some(u32_at(self.take(4)?, 0) as usize)
    }

    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64_at(self.take(8)?, 0))
    }

    fn event(&mut self, version: u64) -> Option<StoredEvent> {
        Some(StoredEvent {
            id: EventId::new(self.short()?).ok()?,
            at: Timestamp(self.number()? as i64),
            received: Timestamp(self.number()? as i64),
            version: LearnerVersion(version),
            bytes: self.long()?.to_vec(),
        })
    }
}

/// The header of the segment whose first entry is `first`, after the one that begins with
/// `previous` (0 for the first segment).
pub(super) fn segment_header(first: u64, previous: u64) -> [u8; SEGMENT_HEADER] {
    let mut header = [0; SEGMENT_HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    header[12..20].copy_from_slice(&first.to_le_bytes());
    header[20..28].copy_from_slice(&previous.to_le_bytes());
    let crc = crc32c::crc32c(&header[..28]);
    header[28..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// What is wrong with bytes of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// They are not what was written; found and wanted.
    Bad(String, String),
    /// A newer format.
    Newer(u32),
}

fn bad<T>(found: String, wanted: impl Into<String>) -> Result<T, Flaw> {
    Err(Flaw::Bad(found, wanted.into()))
}

/// Reads a segment's header: its first entry, and the first entry of the segment before.
pub(super) fn read_segment_header(bytes: &[u8]) -> Result<(u64, u64), Flaw> {
    let Some(header) = bytes.get(..SEGMENT_HEADER) else {
        return bad(format!("{} bytes", bytes.len()), "the 32 of a header");
    };
    let crc = crc32c::crc32c(&header[..28]);
    if header[..8] != MAGIC[..] || u32_at(header, 28) != crc {
        return bad("another header".to_owned(), "that of a segment, undamaged");
    }
    match u32_at(header, 8) {
        FORMAT => Ok((u64_at(header, 12), u64_at(header, 20))),
        newer => Err(Flaw::Newer(newer)),
    }
}

/// The bytes of a block of encoded entries, the first of which is number `first`.
pub(super) fn encode_block<E: AsRef<[u8]>>(first: u64, entries: &[E]) -> Vec<u8> {
    let body: usize = entries.iter().map(|entry| entry.as_ref().len()).sum();
    let mut block = Vec::with_capacity(BLOCK_HEADER + body);
    block.extend((body as u32).to_le_bytes());
    block.extend([0; 4]);
    block.extend(first.to_le_bytes());
    block.extend((entries.len() as u32).to_le_bytes());
    for entry in entries {
        block.extend(entry.as_ref());
    }
    let crc = block_checksum(&block);
    block[4..8].copy_from_slice(&crc.to_le_bytes());
    block
}

fn block_checksum(block: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&block[..4]), &block[8..])
}

/// A block that is whole, its entries not yet read.
pub(super) struct Frame<'a> {
    body: &'a [u8],
    /// How many entries it has.
    pub(super) entries: u32,
    /// Its length in bytes.
    pub(super) length: usize,
}

impl Frame<'_> {
    /// Its entries.
    pub(super) fn read(&self) -> Result<Vec<Entry>, Flaw> {
        read_entries(self.body, self.entries).map_or_else(
            || {
                bad(
                    "a block of another layout".to_owned(),
                    format!("format {FORMAT}"),
                )
            },
            Ok,
        )
    }
}

/// Checks the block that `bytes` begins with; its first entry must be number `first`.
pub(super) fn read_frame(bytes: &[u8], first: u64) -> Result<Frame<'_>, Flaw> {
    if bytes.len() < BLOCK_HEADER {
        return bad(
            format!("{} bytes", bytes.len()),
            "the 20 of a block's header",
        );
    }
    let length = BLOCK_HEADER + u32_at(bytes, 0) as usize;
    let Some(block) = bytes.get(..length) else {
        return bad(
            format!("{} bytes", bytes.len()),
            format!("a block of {length}"),
        );
    };
    let (found, wanted) = (u32_at(block, 4), block_checksum(block));
    if found != wanted {
        return bad(format!("checksum {found:08x}"), format!("{wanted:08x}"));
    }
    if u64_at(block, 8) != first {
        return bad(
            format!("entry {}", u64_at(block, 8)),
            format!("entry {first}"),
        );
    }
    Ok(Frame {
        body: &block[BLOCK_HEADER..],
        entries: u32_at(block, 16),
        length,
    })
}

fn read_entries(body: &[u8], count: u32) -> Option<Vec<Entry>> {
    let mut reader = Reader(body);
    let mut entries = Vec::new();
    for _ in 0..count {
        let kind = reader.take(1)?[0];
        entries.push(Entry::decode(kind, reader.long()?)?);
    }
    reader.0.is_empty().then_some(entries)
}

/// Whether a whole block with entries from number `first` on begins anywhere in `bytes`: then what
/// precedes it is no torn tail.
pub(super) fn holds_a_block(bytes: &[u8], first: u64) -> bool {
    (0..bytes.len().saturating_sub(BLOCK_HEADER)).any(|at| {
        let rest = &bytes[at..];
        let length = BLOCK_HEADER + u32_at(rest, 0) as usize;
        // The number is a cheap test that nearly all bytes fail; the checksum need not be computed.
        u64_at(rest, 8) >= first
            && u64_at(rest, 8) - first <= bytes.len() as u64
            && rest
                .get(..length)
                .is_some_and(|block| u32_at(block, 4) == block_checksum(block))
    })
}

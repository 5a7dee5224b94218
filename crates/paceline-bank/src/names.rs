//! Interned external ids: dense index to text and back.
//!
//! One byte buffer and one open-addressing table, so that a million ids cost a few allocations and
//! a lookup a few tens of nanoseconds. The hash is fixed (FNV-1a with a final mix): the table is
//! the same on every platform and nothing iterates over it.

use serde::{Deserialize, Serialize};

use paceline_core::raw;

/// Texts by dense index, and the index of a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Names {
    bytes: String,
    /// Shape: `[len + 1]`, byte offsets into `bytes`.
    #[serde(with = "raw")]
    ends: Vec<u32>,
    /// Shape: a power of two at least twice `len`; `EMPTY` or an index.
    #[serde(with = "raw")]
    table: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

fn hash(text: &str) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |word: u64| {
        h = (h ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        h ^= h >> 29;
    };
    let (words, rest) = text.as_bytes().as_chunks();
    for word in words {
        add(u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        add(rest
            .iter()
            .rev()
            .fold(0, |word, &byte| word << 8 | u64::from(byte)));
    }
    h ^ (h >> 32)
}

impl Names {
    /// Interns `texts` in order; on a repeat returns the indexes of both.
    pub(crate) fn new<'a>(
        texts: impl ExactSizeIterator<Item = &'a str>,
    ) -> Result<Self, (u32, u32)> {
        let slots = (texts.len() * 2).next_power_of_two();
        let mut names = Self {
            bytes: String::with_capacity(texts.len() * 16),
            ends: Vec::with_capacity(texts.len() + 1),
            table: vec![EMPTY; slots],
        };
        names.ends.push(0);
        for (i, text) in texts.enumerate() {
            let i = i as u32;
            let slot = match names.probe(text) {
                Ok(first) => return Err((first, i)),
                Err(slot) => slot,
            };
            names.table[slot] = i;
            names.bytes.push_str(text);
            names.ends.push(names.bytes.len() as u32);
        }
        Ok(names)
    }

    /// The index of `text`, or the free slot where it would stand.
    fn probe(&self, text: &str) -> Result<u32, usize> {
        let mask = self.table.len().wrapping_sub(1);
        let mut slot = hash(text) as usize & mask;
        // At least half of the slots are free, so the walk ends; the bound guards a damaged table.
        for _ in 0..self.table.len() {
            match self.table[slot] {
                EMPTY => return Err(slot),
                i if self.get(i) == Some(text) => return Ok(i),
                _ => slot = (slot + 1) & mask,
            }
        }
        Err(slot)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    /// The text of an index.
    pub(crate) fn get(&self, index: u32) -> Option<&str> {
        let i = index as usize;
        let (start, end) = (*self.ends.get(i)?, *self.ends.get(i + 1)?);
        self.bytes.get(start as usize..end as usize)
    }

    /// The index of a text.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        if self.table.is_empty() {
            return None;
        }
        self.probe(text).ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).filter_map(|i| self.get(i))
    }
}

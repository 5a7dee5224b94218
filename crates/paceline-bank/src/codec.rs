//! The compiled form of a bank as bytes.
//!
//! ```text
//! "PLBANK" 0x00 format:u8    eight bytes; the format is 2
//! crc32c: u32 LE             over the payload
//! length: u64 LE             of the payload
//! payload                    the bank, postcard; long columns as raw little-endian bytes
//! ```
//!
//! Item bodies stay encoded until an item is shown, so opening a bank costs a few copies whatever
//! its size.

use paceline_core::raw;

use crate::bank::Bank;

const MAGIC: &[u8; 7] = b"PLBANK\0";
/// The version of the compiled form; a bank of another version is compiled again from its text.
pub const FORMAT: u8 = 2;
const HEADER: usize = 20;

/// Why bytes are not a compiled bank.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes do not begin as a compiled bank does.
    #[error("not a compiled bank: found {found} bytes that do not begin with the mark PLBANK")]
    NotABank {
        /// How many bytes were given.
        found: usize,
    },
    /// The bank was compiled by another version.
    #[error("the compiled bank has format {found}, wanted {FORMAT}; compile the content again")]
    Format {
        /// The format number found.
        found: u8,
    },
    /// The bytes are cut short or changed.
    #[error("the compiled bank is damaged ({what}); compile the content again")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
}

impl Bank {
    /// The compiled form, which [`Bank::from_bytes`] opens without parsing any content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload = postcard::to_allocvec(self)
            .expect("every field of a bank serialises, and a vector does not run full");
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        bytes.extend_from_slice(MAGIC);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&crc32c::crc32c(&payload).to_le_bytes());
        bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&payload);
        bytes
    }

    /// Opens a compiled bank.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the bytes are not a bank, are of another format, or fail their checksum.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
            return Err(DecodeError::NotABank { found: bytes.len() });
        }
        if bytes[7] != FORMAT {
            return Err(DecodeError::Format { found: bytes[7] });
        }
        let (header, payload) = bytes.split_at(HEADER);
        let crc = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        let mut length = [0; 8];
        length.copy_from_slice(&header[12..20]);
        if u64::from_le_bytes(length) != payload.len() as u64 {
            return Err(DecodeError::Damaged { what: "its length" });
        }
        if crc32c::crc32c(payload) != crc {
            return Err(DecodeError::Damaged {
                what: "its checksum",
            });
        }
        let bank: Self = postcard::from_bytes(payload).map_err(|_| DecodeError::Damaged {
            what: "its payload",
        })?;
        bank.is_consistent()
            .then_some(bank)
            .ok_or(DecodeError::Damaged {
                what: "its columns",
            })
    }
}

/// Byte strings by dense index in one buffer.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Blobs {
    #[serde(with = "serde_bytes")]
    data: Vec<u8>,
    /// Shape: `[len + 1]`.
    #[serde(with = "raw")]
    ends: Vec<u32>,
}

impl Blobs {
    pub(crate) fn new() -> Self {
        Self {
            data: Vec::new(),
            ends: vec![0],
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        self.ends.push(self.data.len() as u32);
    }

    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let span = self.ends.get(index).zip(self.ends.get(index + 1));
        span.and_then(|(&a, &b)| self.data.get(a as usize..b as usize))
            .unwrap_or(&[])
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }
}

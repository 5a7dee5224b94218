//! Columns as raw little-endian bytes in what serde writes: a copy instead of one number at a time.
//!
//! For `#[serde(with = "raw")]` on a `Vec` of cells.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

use crate::ids::{ItemIx, SkillIx, ThemeIx};

/// A column element of fixed width.
pub trait Cell: Copy {
    /// Appends the bytes of a column.
    fn write(column: &[Self], bytes: &mut Vec<u8>);
    /// The column of these bytes; none if they end in the middle of a cell.
    fn read(bytes: &[u8]) -> Option<Vec<Self>>;
}

macro_rules! cell {
    ($($cell:ty as $word:ty: $to:expr, $from:expr;)*) => {$(
        impl Cell for $cell {
            fn write(column: &[Self], bytes: &mut Vec<u8>) {
                bytes.reserve(size_of_val(column));
                for &cell in column {
                    bytes.extend_from_slice(&$to(cell).to_le_bytes());
                }
            }
            fn read(bytes: &[u8]) -> Option<Vec<Self>> {
                let (words, rest) = bytes.as_chunks();
                let cells = words.iter().map(|&word| $from(<$word>::from_le_bytes(word)));
                rest.is_empty().then(|| cells.collect())
            }
        }
    )*};
}

cell! {
    u16 as u16: u16::from, u16::from;
    u32 as u32: u32::from, u32::from;
    f32 as f32: f32::from, f32::from;
    SkillIx as u32: (|SkillIx(word)| word), Self;
    ItemIx as u32: (|ItemIx(word)| word), Self;
    ThemeIx as u32: (|ThemeIx(word)| word), Self;
}

/// Writes a column.
///
/// # Errors
/// What the serializer refuses.
pub fn serialize<T: Cell, S: Serializer>(column: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::new();
    T::write(column, &mut bytes);
    serializer.serialize_bytes(&bytes)
}

/// Reads a column.
///
/// # Errors
/// Bytes that end in the middle of a cell.
pub fn deserialize<'de, T: Cell, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_bytes(Column(PhantomData))
}

struct Column<T>(PhantomData<T>);

impl<T: Cell> Visitor<'_> for Column<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column of numbers as bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<T>, E> {
        T::read(bytes).ok_or_else(|| E::custom("a column that ends in the middle of a number"))
    }
}

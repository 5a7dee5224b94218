//! The rows of a design, in blocks: in memory up to a budget, beyond it wherever the caller says.
//!
//! Values are whole multiples of a quantum, two bytes each; a row of the full variant takes about
//! 210 bytes, one of the lite variant about 80.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::design::SHARDS;

/// Where rows that do not fit into memory go: a file without a name does.
pub trait Overflow: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Overflow for T {}

/// Opens an empty [`Overflow`].
pub type Open<'a> = &'a (dyn Fn() -> io::Result<Box<dyn Overflow>> + Sync);

/// What a fit may use beside its parameters.
#[derive(Clone, Copy)]
pub struct Workspace<'a> {
    /// Bytes of rows that are held in memory.
    pub memory_bytes: usize,
    /// Where the other rows go; without it all are held in memory.
    pub open: Option<Open<'a>>,
}

impl Workspace<'_> {
    /// All rows in memory.
    pub const MEMORY: Self = Self {
        memory_bytes: usize::MAX,
        open: None,
    };
}

impl<'a> Workspace<'a> {
    /// One of the shards that share the memory.
    pub(crate) fn shard(&self, stride: usize, quantum: f32) -> Shard<'a> {
        let workspace = Self {
            memory_bytes: self.memory_bytes / SHARDS,
            open: self.open,
        };
        Shard::new(stride, quantum, workspace)
    }
}

impl std::fmt::Debug for Workspace<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workspace")
            .field("memory_bytes", &self.memory_bytes)
            .field("overflows", &self.open.is_some())
            .finish()
    }
}

/// Rows in a block: what is written and read at once.
const BLOCK: usize = 4096;

/// Some rows as columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// `stride` multiples of the quantum a row.
    pub(crate) dense: Vec<i16>,
    /// Where each row's terms end.
    pub(crate) ends: Vec<u32>,
    pub(crate) slots: Vec<u32>,
    /// Multiples of the quantum.
    pub(crate) values: Vec<i16>,
    pub(crate) right: Vec<bool>,
}

impl Block {
    fn clear(&mut self) {
        self.dense.clear();
        self.ends.clear();
        self.slots.clear();
        self.values.clear();
        self.right.clear();
    }

    fn bytes(&self) -> usize {
        2 * self.dense.len()
            + 5 * self.ends.len()
            + (size_of::<u32>() + size_of::<i16>()) * self.slots.len()
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        bytes.extend(self.dense.iter().flat_map(|x| x.to_le_bytes()));
        bytes.extend(self.ends.iter().flat_map(|x| x.to_le_bytes()));
        bytes.extend(self.slots.iter().flat_map(|x| x.to_le_bytes()));
        bytes.extend(self.values.iter().flat_map(|x| x.to_le_bytes()));
        bytes.extend(self.right.iter().map(|right| u8::from(*right)));
    }

    /// Reads what [`Block::encode`] wrote of a block of this extent.
    fn decode(&mut self, bytes: &[u8], extent: &Extent, stride: usize) {
        fn take<T, const N: usize>(
            bytes: &mut &[u8],
            n: usize,
            to: &mut Vec<T>,
            of: fn([u8; N]) -> T,
        ) {
            let (these, rest) = bytes.split_at(n * N);
            *bytes = rest;
            let (cells, _) = these.as_chunks::<N>();
            to.clear();
            to.extend(cells.iter().map(|cell| of(*cell)));
        }
        let mut rest = bytes;
        take(
            &mut rest,
            extent.rows * stride,
            &mut self.dense,
            i16::from_le_bytes,
        );
        take(&mut rest, extent.rows, &mut self.ends, u32::from_le_bytes);
        take(&mut rest, extent.terms, &mut self.slots, u32::from_le_bytes);
        take(
            &mut rest,
            extent.terms,
            &mut self.values,
            i16::from_le_bytes,
        );
        take(
            &mut rest,
            extent.rows,
            &mut self.right,
            |[right]: [u8; 1]| right == 1,
        );
    }
}

/// The size of a block that overflowed.
#[derive(Clone, Copy, Debug)]
struct Extent {
    rows: usize,
    terms: usize,
    bytes: usize,
}

/// A part of the rows. They are visited in the order in which they came.
pub(crate) struct Shard<'a> {
    pub(crate) stride: usize,
    quantum: f32,
    workspace: Workspace<'a>,
    held: Vec<Block>,
    held_bytes: usize,
    overflow: Option<Box<dyn Overflow>>,
    extents: Vec<Extent>,
    building: Block,
    buffer: Vec<u8>,
    rows: usize,
    right: usize,
    /// Of each dense feature: the first row's value, then sums of differences from it and of their squares.
    sums: Vec<(f32, f64, f64)>,
}

impl<'a> Shard<'a> {
    /// No rows yet, of `stride` dense values each; values are kept as multiples of `quantum`, up to 32,767 of them.
    fn new(stride: usize, quantum: f32, workspace: Workspace<'a>) -> Self {
        Self {
            stride,
            quantum,
            workspace,
            held: Vec::new(),
            held_bytes: 0,
            overflow: None,
            extents: Vec::new(),
            building: Block::default(),
            buffer: Vec::new(),
            rows: 0,
            right: 0,
            sums: Vec::new(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn right(&self) -> usize {
        self.right
    }

    pub(crate) fn quantum(&self) -> f32 {
        self.quantum
    }

    fn quantise(&self, value: f32) -> i16 {
        // Saturates.
        (value / self.quantum).round() as i16
    }

    /// Adds a row's dense values; missing ones are zero.
    pub(crate) fn push_dense(&mut self, values: impl Iterator<Item = f32>) {
        let start = self.building.dense.len();
        for (i, value) in values.enumerate() {
            let cell = self.quantise(value);
            self.building.dense.push(cell);
            let value = f32::from(cell) * self.quantum;
            if self.rows == 0 {
                self.sums.push((value, 0.0, 0.0));
            }
            let (first, sum, squares) = &mut self.sums[i];
            let difference = f64::from(value - *first);
            *sum += difference;
            *squares += difference * difference;
        }
        self.building.dense.resize(start + self.stride, 0);
    }

    /// Adds a sparse term of the row that is being built.
    #[inline]
    pub(crate) fn push_term(&mut self, slot: u32, value: f32) {
        let value = self.quantise(value);
        self.building.slots.push(slot);
        self.building.values.push(value);
    }

    /// Ends the row.
    ///
    /// # Errors
    /// A failure to write what overflows.
    pub(crate) fn end_row(&mut self, right: bool) -> io::Result<()> {
        self.building.ends.push(self.building.slots.len() as u32);
        self.building.right.push(right);
        self.rows += 1;
        self.right += usize::from(right);
        if self.building.ends.len() == BLOCK {
            self.end_block()?;
        }
        Ok(())
    }

    /// Puts the block away that is being built.
    pub(crate) fn end_block(&mut self) -> io::Result<()> {
        let bytes = self.building.bytes();
        let fits = self.held_bytes + bytes <= self.workspace.memory_bytes;
        match self.workspace.open {
            // Once rows overflow, later ones do: they stay in order.
            Some(open) if self.overflow.is_some() || !fits => self.write_block(open),
            _ => {
                self.held_bytes += bytes;
                let mut block = std::mem::take(&mut self.building);
                block.slots.shrink_to_fit();
                block.values.shrink_to_fit();
                self.held.push(block);
                Ok(())
            }
        }
    }

    fn write_block(&mut self, open: Open<'_>) -> io::Result<()> {
        self.building.encode(&mut self.buffer);
        let overflow = match &mut self.overflow {
            Some(overflow) => overflow,
            none => none.insert(open()?),
        };
        overflow.write_all(&self.buffer)?;
        self.extents.push(Extent {
            rows: self.building.ends.len(),
            terms: self.building.slots.len(),
            bytes: self.buffer.len(),
        });
        self.building.clear();
        Ok(())
    }

    /// Visits all blocks. The last block must have been ended.
    ///
    /// # Errors
    /// A failure to read what overflowed.
    pub(crate) fn visit(&mut self, mut visit: impl FnMut(&Block)) -> io::Result<()> {
        self.held.iter().for_each(&mut visit);
        if let Some(overflow) = &mut self.overflow {
            overflow.seek(SeekFrom::Start(0))?;
            for extent in &self.extents {
                self.buffer.resize(extent.bytes, 0);
                overflow.read_exact(&mut self.buffer)?;
                self.building.decode(&self.buffer, extent, self.stride);
                visit(&self.building);
            }
        }
        Ok(())
    }

    /// Count, mean and sum of squared deviations of a dense feature.
    pub(crate) fn moments(&self, feature: usize) -> (f64, f64, f64) {
        let n = self.rows as f64;
        self.sums
            .get(feature)
            .map_or((n, 0.0, 0.0), |&(first, sum, squares)| {
                (n, f64::from(first) + sum / n, squares - sum * sum / n)
            })
    }
}

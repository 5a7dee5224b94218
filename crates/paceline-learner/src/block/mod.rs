//! Columns of equal length in one allocation.
//!
//! A learner's state is many short columns. One `Vec` each would cost more in headers and allocator
//! overhead than in content, so the columns of one cell type share a buffer: column `c` occupies
//! `cells[c * room .. c * room + len]`.

#[cfg(test)]
mod tests;

/// Struct-of-arrays storage: `columns` columns of `len` cells each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block<T> {
    cells: Vec<T>,
    columns: usize,
    room: usize,
    len: usize,
}

impl<T: Copy + Default> Block<T> {
    /// No rows yet, and no allocation.
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            cells: Vec::new(),
            columns,
            room: 0,
            len: 0,
        }
    }

    /// The number of rows.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The number of columns.
    #[inline]
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// One column, in row order.
    #[inline]
    pub(crate) fn column(&self, column: usize) -> &[T] {
        &self.cells[column * self.room..][..self.len]
    }

    /// All cells, column after column.
    pub(crate) fn cells(&self) -> Vec<T> {
        let columns: Vec<_> = (0..self.columns).map(|c| self.column(c)).collect();
        columns.concat()
    }

    /// The block of these cells; none if they are no whole rows of so many columns.
    pub(crate) fn from_cells(cells: Vec<T>, columns: usize) -> Option<Self> {
        let len = cells.len() / columns;
        (len * columns == cells.len()).then_some(Self {
            cells,
            columns,
            room: len,
            len,
        })
    }

    /// The cells of a row.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = T> + '_ {
        (0..self.columns).map(move |column| self.at(column, row))
    }

    /// Puts cells in the place of those of a row.
    pub(crate) fn set_row(&mut self, row: usize, cells: impl Iterator<Item = T>) {
        for (column, cell) in cells.enumerate() {
            *self.at_mut(column, row) = cell;
        }
    }

    /// One cell.
    #[inline]
    pub(crate) fn at(&self, column: usize, row: usize) -> T {
        self.cells[column * self.room + row]
    }

    /// One cell, to be changed.
    #[inline]
    pub(crate) fn at_mut(&mut self, column: usize, row: usize) -> &mut T {
        &mut self.cells[column * self.room + row]
    }

    /// Makes room for a row of default cells before row `row`.
    pub(crate) fn insert(&mut self, row: usize) {
        if self.len == self.room {
            // A sixteenth more: resident memory is what a million learners are limited by.
            self.set_room(self.len + (self.len / 16).max(4));
        }
        for column in 0..self.columns {
            let at = column * self.room;
            self.cells
                .copy_within(at + row..at + self.len, at + row + 1);
            self.cells[at + row] = T::default();
        }
        self.len += 1;
    }

    /// Gives back what growth has reserved.
    pub(crate) fn shrink(&mut self) {
        if self.len < self.room {
            self.set_room(self.len);
        }
    }

    /// Forgets all rows and keeps the allocation.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Bytes held on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<T>()
    }

    fn set_room(&mut self, room: usize) {
        let mut cells = Vec::with_capacity(self.columns * room);
        for column in 0..self.columns {
            cells.extend_from_slice(self.column(column));
            cells.resize((column + 1) * room, T::default());
        }
        self.cells = cells;
        self.room = room;
    }
}

/// Equal content; what is reserved does not count.
impl<T: Copy + Default + PartialEq> PartialEq for Block<T> {
    fn eq(&self, other: &Self) -> bool {
        self.columns == other.columns
            && self.len == other.len
            && (0..self.columns).all(|column| self.column(column) == other.column(column))
    }
}

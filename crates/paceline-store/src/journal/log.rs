//! The segments on disk: one writer at a time, which syncs for all who wait.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use paceline_core::ids::LearnerId;

use crate::error::StoreError;
use crate::files::{file_error, sync_dir};
use crate::journal::JournalOptions;
use crate::journal::format::{self, Entry, Flaw, Frame};
use crate::sled_store::Durability;

/// A block is closed once it has this many bytes; most have what came during one sync.
const BLOCK_BYTES: usize = 8 << 20;

/// The journal of a store.
pub(super) struct Log {
    dir: PathBuf,
    options: JournalOptions,
    queue: Mutex<Queue>,
    turn: Condvar,
    tail: Mutex<Tail>,
    /// The number of the last entry, for who must not wait for the tail.
    last: AtomicU64,
}

/// Entries that wait to be written, and what became of those that were.
#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether some thread is writing.
    writing: bool,
    next_ticket: u64,
    /// By ticket: how many of its entries are still to be written, and what went wrong.
    open: BTreeMap<u64, Open>,
}

struct Waiting {
    ticket: u64,
    entry: Vec<u8>,
}

struct Open {
    left: usize,
    failure: Option<(io::ErrorKind, String)>,
}

/// The end of the newest segment.
struct Tail {
    path: PathBuf,
    file: File,
    /// The segment's first entry.
    first: u64,
    /// Bytes known to be good.
    length: u64,
    /// The number of the next entry.
    next: u64,
    /// Whether there is more in the file, which is to be cut off.
    torn: bool,
    /// Why nothing more can be written.
    broken: Option<String>,
}

impl Log {
    /// Opens the journal in `dir`, or makes one there.
    ///
    /// A torn tail, what a crash leaves of a block that nobody was told of, is passed over; it is to
    /// be cut before anything is written. The journal must reach entry `last`, and its newest segment must not begin before entry `segment`.
    pub(super) fn open(
        dir: &Path,
        options: JournalOptions,
        last: u64,
        segment: u64,
    ) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(file_error("make", dir))?;
        let mut segments = segments(dir)?;
        if segments.is_empty() && segment == 0 {
            make_segment(dir, 1, 0)?;
            segments.push(1);
        }
        check_chain(dir, &segments, segment)?;
        let first = *segments
            .last()
            .ok_or_else(|| missing(dir, segment.max(1)))?;
        let tail = open_tail(segment_path(dir, first), first, last, options.durability)?;
        Ok(Self {
            dir: dir.to_owned(),
            options,
            queue: Mutex::default(),
            turn: Condvar::new(),
            last: AtomicU64::new(tail.next - 1),
            tail: Mutex::new(tail),
        })
    }

    // What these guard is changed only after all that can fail, so a poisoned lock is good.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a torn tail.
    pub(super) fn is_torn(&self) -> bool {
        self.tail().torn
    }

    /// Cuts a torn tail.
    pub(super) fn cut_torn_tail(&self) -> Result<(), StoreError> {
        let mut tail = self.tail();
        let cut = tail.cut();
        cut.map_err(file_error("cut", &tail.path))?;
        tail.torn = false;
        Ok(())
    }

    /// The number of the last entry.
    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// The number of the last entry, and the first of the newest segment.
    pub(super) fn end(&self) -> (u64, u64) {
        let tail = self.tail();
        (tail.next - 1, tail.first)
    }

    /// Writes encoded entries and returns once they are on the disk, or handed to the system if that is to do.
    ///
    /// Whoever finds nobody writing writes for all who wait; who comes meanwhile waits for the
    /// next block. So one thread alone is never held up, and many share a sync.
    pub(super) fn commit(&self, entries: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let mut queue = self.queue();
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.open.insert(
            ticket,
            Open {
                left: entries.len(),
                failure: None,
            },
        );
        queue
            .waiting
            .extend(entries.into_iter().map(|entry| Waiting { ticket, entry }));
        loop {
            if queue.open.get(&ticket).is_none_or(|open| open.left == 0) {
                let failure = queue.open.remove(&ticket).and_then(|open| open.failure);
                return failure.map_or(Ok(()), |(kind, text)| {
                    Err(StoreError::Io {
                        doing: format!("write the journal in {}", self.dir.display()),
                        source: io::Error::new(kind, text),
                    })
                });
            }
            if queue.writing {
                queue = self
                    .turn
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.writing = true;
            let batch = take_block(&mut queue.waiting);
            drop(queue);
            let written = self.write_block(&batch);
            queue = self.queue();
            queue.writing = false;
            queue.settle(&batch, written.err().as_ref());
            self.turn.notify_all();
        }
    }

    fn write_block(&self, batch: &[Waiting]) -> io::Result<()> {
        let mut tail = self.tail();
        if let Some(reason) = &tail.broken {
            return Err(io::Error::other(format!("{reason}; open the store again")));
        }
        if tail.length >= self.options.segment_bytes {
            self.roll(&mut tail)?;
        }
        let entries: Vec<&[u8]> = batch.iter().map(|waiting| &waiting.entry[..]).collect();
        let block = format::encode_block(tail.next, &entries);
        if let Err(error) = tail.file.write_all(&block) {
            // Most likely the disk is full: what was written in part is taken back, and the
            // journal goes on when there is space.
            tail.take_back();
            return Err(error);
        }
        if self.options.durability == Durability::Synced {
            tail.sync()?;
        }
        tail.length += block.len() as u64;
        tail.next += entries.len() as u64;
        self.last.store(tail.next - 1, Ordering::Relaxed);
        Ok(())
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        if self.options.durability == Durability::Synced {
            return Ok(());
        }
        let mut tail = self.tail();
        let synced = tail.sync();
        synced.map_err(file_error("sync", &tail.path))
    }

    /// Begins a new segment.
    fn roll(&self, tail: &mut Tail) -> io::Result<()> {
        if self.options.durability == Durability::Background {
            tail.sync()?;
        }
        let (first, previous) = (tail.next, tail.first);
        make_segment(&self.dir, first, previous).map_err(into_io)?;
        let path = segment_path(&self.dir, first);
        *tail = open_tail(path, first, first - 1, self.options.durability).map_err(into_io)?;
        Ok(())
    }

    /// Gives every entry from number `from` on to `take`, with its number.
    ///
    /// Nobody may write meanwhile.
    pub(super) fn read(
        &self,
        from: u64,
        mut take: impl FnMut(u64, Entry) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let tail = self.tail();
        let segments = segments(&self.dir)?;
        for (place, &first) in segments.iter().enumerate() {
            let next = segments.get(place + 1).copied().unwrap_or(tail.next);
            if next <= from {
                continue;
            }
            let entries = self.read_segment(&tail, first, next)?;
            for (number, entry) in (first..).zip(entries).skip_while(|(n, _)| *n < from) {
                take(number, entry)?;
            }
        }
        Ok(())
    }

    /// All entries of the segment that begins with `first`; the next one begins with `next`.
    fn read_segment(&self, tail: &Tail, first: u64, next: u64) -> Result<Vec<Entry>, StoreError> {
        let path = segment_path(&self.dir, first);
        let mut bytes = fs::read(&path).map_err(file_error("read", &path))?;
        if first == tail.first {
            bytes.truncate(tail.length as usize);
        }
        check_header(&path, &bytes, first)?;
        let (entries, end) = read_blocks(&bytes, first);
        if let Err((at, flaw)) = end {
            return Err(flawed(&path, at, flaw));
        }
        if first + entries.len() as u64 != next {
            let found = format!("entry {}", first + entries.len() as u64);
            return Err(StoreError::BadFile {
                path,
                found,
                wanted: format!("entry {next}"),
            });
        }
        Ok(entries)
    }

    /// Puts nothing in the place of all entries about these learners.
    ///
    /// Nobody may write meanwhile. Each segment is replaced wholly or not at all.
    pub(super) fn erase(&self, learners: &BTreeSet<&LearnerId>) -> Result<(), StoreError> {
        let mut tail = self.tail();
        let segments = segments(&self.dir)?;
        for (place, &first) in segments.iter().enumerate() {
            let next = segments.get(place + 1).copied().unwrap_or(tail.next);
            let mut entries = self.read_segment(&tail, first, next)?;
            let about = |entry: &Entry| entry.learner().is_some_and(|id| learners.contains(id));
            if !entries.iter().any(about) {
                continue;
            }
            for entry in entries.iter_mut().filter(|entry| about(entry)) {
                *entry = Entry::Erased;
            }
            let previous = place.checked_sub(1).map_or(0, |place| segments[place]);
            write_segment(&self.dir, first, previous, &entries)?;
        }
        let path = tail.path.clone();
        let reopened = open_tail(path, tail.first, tail.next - 1, self.options.durability)?;
        *tail = reopened;
        Ok(())
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> Result<u64, StoreError> {
        let size = |first: u64| {
            let path = segment_path(&self.dir, first);
            fs::metadata(&path)
                .map(|found| found.len())
                .map_err(file_error("measure", &path))
        };
        segments(&self.dir)?.into_iter().map(size).sum()
    }
}

impl Queue {
    fn settle(&mut self, batch: &[Waiting], error: Option<&io::Error>) {
        for waiting in batch {
            if let Some(open) = self.open.get_mut(&waiting.ticket) {
                open.left -= 1;
                if let Some(error) = error {
                    open.failure = Some((error.kind(), error.to_string()));
                }
            }
        }
    }
}

impl Tail {
    fn sync(&mut self) -> io::Result<()> {
        // What a failed sync left on the disk is not known, and a second one may lie.
        self.file.sync_data().inspect_err(|error| {
            self.broken = Some(format!("an earlier sync failed ({error})"));
        })
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.sync_data()
    }

    fn take_back(&mut self) {
        if let Err(error) = self.cut() {
            self.broken = Some(format!("what was written in part cannot be cut ({error})"));
        }
    }
}

/// Takes from the front what goes into one block.
fn take_block(waiting: &mut Vec<Waiting>) -> Vec<Waiting> {
    let mut bytes = 0;
    let fits = waiting.iter().take_while(|waiting| {
        let fits = bytes < BLOCK_BYTES;
        bytes += waiting.entry.len();
        fits
    });
    let count = fits.count();
    waiting.drain(..count).collect()
}

fn segment_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.journal"))
}

/// The first entries of all segments, in order. Half-made segments are deleted on the way.
fn segments(dir: &Path) -> Result<Vec<u64>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(file_error("list", dir))? {
        let path = entry.map_err(file_error("list", dir))?.path();
        let number = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse().ok());
        match (number, path.extension().and_then(|kind| kind.to_str())) {
            (Some(first), Some("journal")) => found.push(first),
            (Some(_), Some("new")) => {
                fs::remove_file(&path).map_err(file_error("delete", &path))?;
            }
            _ => {}
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn make_segment(dir: &Path, first: u64, previous: u64) -> Result<(), StoreError> {
    write_segment(dir, first, previous, &[])
}

/// Writes a whole segment, in the place of one that may be there.
fn write_segment(
    dir: &Path,
    first: u64,
    previous: u64,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let path = segment_path(dir, first);
    let fresh = path.with_extension("new");
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(&format::segment_header(first, previous))?;
        let mut number = first;
        let encoded: Vec<Vec<u8>> = entries.iter().map(Entry::encode).collect();
        for part in encoded.chunks(1024) {
            file.write_all(&format::encode_block(number, part))?;
            number += part.len() as u64;
        }
        file.sync_all()?;
        fs::rename(&fresh, &path)
    });
    written.map_err(file_error("write", &path))?;
    sync_dir(dir)
}

/// Checks that no segment is missing: each names the one before.
fn check_chain(dir: &Path, segments: &[u64], newest: u64) -> Result<(), StoreError> {
    let mut before = 0;
    for &first in segments {
        let path = segment_path(dir, first);
        let head = read_start(&path).map_err(file_error("read", &path))?;
        let previous = check_header(&path, &head, first)?;
        if previous != before {
            return Err(missing(dir, previous));
        }
        before = first;
    }
    if before < newest {
        Err(missing(dir, newest))
    } else {
        Ok(())
    }
}

fn read_start(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut head = Vec::new();
    File::open(path)?
        .take(format::SEGMENT_HEADER as u64)
        .read_to_end(&mut head)?;
    Ok(head)
}

fn missing(dir: &Path, first: u64) -> StoreError {
    StoreError::BadFile {
        path: segment_path(dir, first),
        found: "no such file".to_owned(),
        wanted: "a segment of the journal".to_owned(),
    }
}

/// The first entry of the segment before, if this is the header of the one that `first` begins.
fn check_header(path: &Path, bytes: &[u8], first: u64) -> Result<u64, StoreError> {
    match format::read_segment_header(bytes) {
        Ok((found, previous)) if found == first => Ok(previous),
        Ok((found, _)) => {
            let wanted = format!("entry {first}");
            Err(flawed(path, 0, Flaw::Bad(format!("entry {found}"), wanted)))
        }
        Err(flaw) => Err(flawed(path, 0, flaw)),
    }
}

fn flawed(path: &Path, at: usize, flaw: Flaw) -> StoreError {
    match flaw {
        Flaw::Bad(found, wanted) => {
            let found = format!("{found} at byte {at}");
            StoreError::BadFile {
                path: path.to_owned(),
                found,
                wanted,
            }
        }
        Flaw::Newer(found) => StoreError::NewerFormat {
            what: path.display().to_string(),
            found,
            supported: format::FORMAT,
        },
    }
}

/// The entries of a segment as far as they are good, and where and why they end before its end.
fn read_blocks(bytes: &[u8], first: u64) -> (Vec<Entry>, Result<usize, (usize, Flaw)>) {
    let mut entries = Vec::new();
    let (_, end) = walk_blocks(bytes, first, |frame| {
        entries.extend(frame.read()?);
        Ok(())
    });
    (entries, end)
}

/// Gives each block of a segment to `take`. The number after the last good entry, and where and why the good ones end
/// before its end.
fn walk_blocks(
    bytes: &[u8],
    first: u64,
    mut take: impl FnMut(&Frame<'_>) -> Result<(), Flaw>,
) -> (u64, Result<usize, (usize, Flaw)>) {
    let (mut next, mut at) = (first, format::SEGMENT_HEADER);
    while at < bytes.len() {
        let frame = format::read_frame(&bytes[at..], next);
        match frame.and_then(|frame| take(&frame).map(|()| frame)) {
            Ok(frame) => {
                next += u64::from(frame.entries);
                at += frame.length;
            }
            Err(flaw) => return (next, Err((at, flaw))),
        }
    }
    (next, Ok(at))
}

/// Opens the newest segment for writing.
fn open_tail(
    path: PathBuf,
    first: u64,
    last: u64,
    durability: Durability,
) -> Result<Tail, StoreError> {
    let bytes = fs::read(&path).map_err(file_error("read", &path))?;
    check_header(&path, &bytes, first)?;
    let (next, end) = walk_blocks(&bytes, first, |_| Ok(()));
    let length = match end {
        Ok(length) => length,
        // Blocks are written one after the other. If each was synced before the next, only the
        // last can be torn, and nobody was told of what is in it.
        Err((at, _))
            if next > last
                && (durability == Durability::Background
                    || !format::holds_a_block(&bytes[at + 1..], next)) =>
        {
            let torn = bytes.len() - at;
            tracing::warn!(path = %path.display(), at, torn, "a torn tail");
            at
        }
        Err((at, flaw)) => return Err(flawed(&path, at, flaw)),
    };
    if next <= last {
        let (found, wanted) = (
            format!("entry {} as the last", next - 1),
            format!("entry {last}"),
        );
        return Err(StoreError::BadFile {
            path,
            found,
            wanted,
        });
    }
    let torn = length < bytes.len();
    let file = open_at(&path, length as u64).map_err(file_error("open", &path))?;
    Ok(Tail {
        path,
        file,
        first,
        length: length as u64,
        next,
        torn,
        broken: None,
    })
}

fn open_at(path: &Path, length: u64) -> io::Result<File> {
    let mut file = File::options().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(length))?;
    Ok(file)
}

fn into_io(error: StoreError) -> io::Error {
    match error {
        StoreError::Io { source, .. } => source,
        other => io::Error::other(other.to_string()),
    }
}

//! The manifest of a sled store, and where its databases lie.
//!
//! ```text
//! DIR/LOCK           held by the process that has the store open
//! DIR/MANIFEST       which database counts, and how much it holds at least
//! DIR/view-000001/   the database, by generation; any other generation is rubbish of a crash
//! ```
//!
//! The manifest is a text of six lines; the last is the CRC32C of those before, in hexadecimal:
//!
//! ```text
//! paceline-store 2
//! view 1
//! learners 12
//! events 345
//! erasing 0
//! crc 89abcdef
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::files::{self, CheckedText};

const MANIFEST: &str = "MANIFEST";
const KIND: &str = "paceline-store";
/// Since 2 there may be heads apart from views.
const FORMAT: u32 = 2;

/// What the manifest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The generation of the database that counts.
    pub(super) view: u64,
    /// How many learners it holds at least.
    pub(super) learners: u64,
    /// How many events it holds at least.
    pub(super) events: u64,
    /// Whether an erasure was begun whose bytes may still be on disk.
    pub(super) erasing: bool,
}

impl Manifest {
    /// Reads the manifest of the store in `dir`; none if there is no store.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, StoreError> {
        let Some(mut text) = CheckedText::read(&dir.join(MANIFEST), KIND, FORMAT)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            view: text.number("view")?,
            learners: text.number("learners")?,
            events: text.number("events")?,
            erasing: text.number("erasing")? != 0,
        }))
    }

    /// Puts this manifest in the place of the one before: wholly, or not at all.
    pub(super) fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let Self {
            view,
            learners,
            events,
            erasing,
        } = *self;
        let erasing = u8::from(erasing);
        let body = format!(
            "{KIND} {FORMAT}\nview {view}\nlearners {learners}\nevents {events}\nerasing {erasing}\n"
        );
        CheckedText::write(&dir.join(MANIFEST), &body)
    }

    /// The directory of the database that counts.
    pub(super) fn database(&self, dir: &Path) -> PathBuf {
        dir.join(format!("view-{:06}", self.view))
    }
}

/// The generations of databases in `dir`.
pub(super) fn databases(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(files::file_error("list", dir))? {
        let entry = entry.map_err(files::file_error("list", dir))?;
        if entry.file_name().to_string_lossy().starts_with("view-") {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

//! The small file that says how far the journal goes and how far the view has followed it.

use std::path::Path;

use paceline_core::ids::LearnerId;

use crate::error::StoreError;
use crate::files::CheckedText;

const NAME: &str = "JOURNAL";
const KIND: &str = "paceline-journal";
const FORMAT: u32 = 1;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Entries up to this number are in the view, and the view was synced.
    pub(super) applied: u64,
    /// The journal has at least this many entries.
    pub(super) last: u64,
    /// The newest segment begins with this entry; 0 before there is one.
    pub(super) segment: u64,
    /// Whether the view is to be built again, as it was found damaged.
    pub(super) rebuild: bool,
    /// Learners whose erasure was begun and may not be finished.
    pub(super) erasing: Vec<LearnerId>,
}

impl State {
    /// Reads the state of the store in `dir`; none if there is no store.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(NAME);
        let Some(mut text) = CheckedText::read(&path, KIND, FORMAT)? else {
            return Ok(None);
        };
        let mut state = Self {
            applied: text.number("applied")?,
            last: text.number("last")?,
            segment: text.number("segment")?,
            rebuild: text.number("rebuild")? != 0,
            erasing: Vec::new(),
        };
        while let Some(id) = text.word("erasing ") {
            let id = LearnerId::new(id).map_err(|error| StoreError::BadFile {
                path: path.clone(),
                found: error.to_string(),
                wanted: "the id of a learner to be erased".to_owned(),
            })?;
            state.erasing.push(id);
        }
        Ok(Some(state))
    }

    /// Puts this state in the place of the one before: wholly, or not at all.
    pub(super) fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let Self {
            applied,
            last,
            segment,
            rebuild,
            erasing,
        } = self;
        let rebuild = u8::from(*rebuild);
        let mut body = format!(
            "{KIND} {FORMAT}\napplied {applied}\nlast {last}\nsegment {segment}\nrebuild {rebuild}\n"
        );
        for id in erasing {
            body.push_str(&format!("erasing {id}\n"));
        }
        CheckedText::write(&dir.join(NAME), &body)
    }
}

//! Importers: other systems' content and logs to ours.
//!
//! They take texts and give texts, know no files, and never fail on a defect: what cannot be taken over is
//! named in a [`Defect`] and the rest goes on.

use serde::{Deserialize, Serialize};

mod log;
pub mod oatutor;

pub use log::{LOG_HEADER, LogImport, LogImportError, LogKind, import_log};

/// Something in imported content that is wrong or has no place here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Defect {
    /// The file it stands in.
    pub path: String,
    /// What is wrong there, and what was made of it.
    pub what: String,
}

/// The longest id, and how much of a longer one is kept before its digest.
const ID_CHARS: usize = 64;
const KEPT_CHARS: usize = 55;

/// Ids of our form for another system's names, each once.
#[derive(Debug, Default)]
struct Ids {
    taken: std::collections::BTreeSet<String>,
}

impl Ids {
    /// An id that reads like `name`: lower case, other characters as `-`, with a number where it is taken.
    fn take(&mut self, name: &str) -> String {
        let plain: String = name
            .chars()
            .map(|c| match c.to_ascii_lowercase() {
                c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => c,
                _ => '-',
            })
            .collect();
        let plain = plain.trim_start_matches(['-', '_']);
        let mut id = match plain.len() {
            0 => "x".to_owned(),
            1..=ID_CHARS => plain.to_owned(),
            _ => {
                let digest = paceline_core::stream::keyed_u64("id", 0, name.as_bytes());
                format!("{}-{:08x}", &plain[..KEPT_CHARS], digest >> 32)
            }
        };
        if self.taken.contains(&id) {
            let stem: String = id.chars().take(KEPT_CHARS).collect();
            let free = (2..).find_map(|n: u32| {
                let id = format!("{stem}-{n}");
                (!self.taken.contains(&id)).then_some(id)
            });
            id = free.expect("there are more numbers than ids");
        }
        self.taken.insert(id.clone());
        id
    }
}

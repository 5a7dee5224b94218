//! Reading content files for [`Bank::compile`](crate::Bank::compile).
//!
//! A convenience for applications that keep content in a folder; the engine itself reads no files.

use paceline_bank::SourceFile;
use std::io;
use std::path::{Path, PathBuf};

/// The longest content file that is read, bytes.
pub const MAX_FILE_BYTES: u64 = 16 << 20;
/// Folders below the content folder deeper than this are refused.
const MAX_DEPTH: usize = 8;

/// Why content could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The folder or a file in it could not be read.
    #[error("could not read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason given by the operating system.
        source: io::Error,
    },
    /// A file is not UTF-8 text.
    #[error("{} is not UTF-8 text (byte {at}); wanted a text file", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first byte that is wrong.
        at: usize,
    },
    /// A file is too long.
    #[error("{} has {bytes} bytes; wanted at most {MAX_FILE_BYTES}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// Folders are nested too deeply.
    #[error("{} lies more than {MAX_DEPTH} folders deep; wanted content/<course>/<file>", path.display())]
    TooDeep {
        /// The folder.
        path: PathBuf,
    },
    /// There is no course.
    #[error("{} holds no course; wanted <course>/course.toml in it", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads every `.toml` and `.md` file below `folder`, in the order of their paths, which are given relative to it.
///
/// # Errors
/// [`ContentError`] with the path that could not be read.
pub fn read_dir(folder: impl AsRef<Path>) -> Result<Vec<SourceFile>, ContentError> {
    let folder = folder.as_ref();
    let mut sources = Vec::new();
    walk(folder, folder, 0, &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    if !sources
        .iter()
        .any(|source| source.path.ends_with("/course.toml"))
    {
        return Err(ContentError::Empty {
            path: folder.to_owned(),
        });
    }
    Ok(sources)
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    sources: &mut Vec<SourceFile>,
) -> Result<(), ContentError> {
    let io = |source| ContentError::Io {
        path: folder.to_owned(),
        source,
    };
    if depth > MAX_DEPTH {
        return Err(ContentError::TooDeep {
            path: folder.to_owned(),
        });
    }
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let wanted = path
            .extension()
            .is_some_and(|ending| ending == "md" || ending == "toml");
        if hidden {
            continue;
        } else if path.is_dir() {
            walk(root, &path, depth + 1, sources)?;
        } else if wanted {
            sources.push(read(root, &path)?);
        }
    }
    Ok(())
}

fn read(root: &Path, path: &Path) -> Result<SourceFile, ContentError> {
    let io = |source| ContentError::Io {
        path: path.to_owned(),
        source,
    };
    let bytes = std::fs::metadata(path).map_err(io)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(ContentError::TooLong {
            path: path.to_owned(),
            bytes,
        });
    }
    let text = String::from_utf8(std::fs::read(path).map_err(io)?).map_err(|error| {
        ContentError::NotText {
            path: path.to_owned(),
            at: error.utf8_error().valid_up_to(),
        }
    })?;
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    Ok(SourceFile {
        path: parts.join("/"),
        text,
    })
}

#[cfg(test)]
mod tests;

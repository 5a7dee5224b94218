//! What both stores on disk need of files: locks, small checked texts, syncs.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::error::StoreError;

/// A text of lines `name value` in a file, whose last line is the CRC32C of those before in
/// hexadecimal, and whose first gives its format.
pub(crate) struct CheckedText {
    lines: std::vec::IntoIter<String>,
    path: std::path::PathBuf,
}

impl CheckedText {
    /// Reads the text in `path`, which must be of the kind given and no newer format; none if there is no
    /// such file.
    pub(crate) fn read(path: &Path, kind: &str, format: u32) -> Result<Option<Self>, StoreError> {
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(file_error("read", path)(source)),
        };
        let (body, crc) = text.rsplit_once("crc ").unwrap_or((&text, ""));
        let wanted = format!("{:08x}\n", crc32c::crc32c(body.as_bytes()));
        if crc != wanted {
            let (found, wanted) = (format!("checksum {crc:?}"), format!("{wanted:?}"));
            let path = path.to_owned();
            return Err(StoreError::BadFile {
                path,
                found,
                wanted,
            });
        }
        let lines: Vec<String> = body.lines().map(str::to_owned).collect();
        let mut text = Self {
            lines: lines.into_iter(),
            path: path.to_owned(),
        };
        let found = u32::try_from(text.number(kind)?).unwrap_or(u32::MAX);
        if format < found {
            let what = path.display().to_string();
            return Err(StoreError::NewerFormat {
                what,
                found,
                supported: format,
            });
        }
        Ok(Some(text))
    }

    /// The number in the next line, which must have this name.
    pub(crate) fn number(&mut self, name: &str) -> Result<u64, StoreError> {
        let line = self.lines.next().unwrap_or_default();
        let value = line
            .strip_prefix(name)
            .and_then(|rest| rest.trim_start().parse().ok());
        value.ok_or_else(|| StoreError::BadFile {
            path: self.path.clone(),
            found: format!("line {line:?}"),
            wanted: format!("{name} and a number"),
        })
    }

    /// What follows `name` in the next line; none if there is no such line.
    pub(crate) fn word(&mut self, name: &str) -> Option<String> {
        let line = self.lines.next()?;
        line.strip_prefix(name)
            .map(|rest| rest.trim_start().to_owned())
    }

    /// Puts lines, each with its line feed, in the place of what was in `path`: wholly, or not
    /// at all.
    pub(crate) fn write(path: &Path, body: &str) -> Result<(), StoreError> {
        let fresh = path.with_extension("new");
        let written = File::create(&fresh).and_then(|mut file| {
            let crc = crc32c::crc32c(body.as_bytes());
            file.write_all(format!("{body}crc {crc:08x}\n").as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, path)
        });
        written.map_err(file_error("write", path))?;
        path.parent().map_or(Ok(()), sync_dir)
    }
}

/// Takes the store in `dir` for this process; free again when the file is dropped.
pub(crate) fn lock(dir: &Path) -> Result<File, StoreError> {
    fs::create_dir_all(dir).map_err(file_error("make", dir))?;
    let path = dir.join("LOCK");
    let file = File::create(&path).map_err(file_error("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::BadFile {
            path,
            found: "another process that has the store open".to_owned(),
            wanted: "one process at a time".to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(file_error("lock", &path)(source)),
    }
}

/// Deletes a directory with all that is in it.
pub(crate) fn delete_dir(path: &Path) -> Result<(), StoreError> {
    // A thread of the closed database may still write a snapshot, which makes the directory
    // not empty again; it is done in moments.
    let deleted = retry(|| match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    });
    deleted.map_err(file_error("delete", path))?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Tries for up to two seconds what other threads may be in the way of for a moment.
pub(crate) fn retry<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for pause_ms in [1, 4, 15, 80, 300, 600, 1000] {
        match attempt() {
            Err(error) if is_passing(&error) => thread::sleep(Duration::from_millis(pause_ms)),
            other => return other,
        }
    }
    attempt()
}

fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{DirectoryNotEmpty, WouldBlock};
    matches!(error.kind(), DirectoryNotEmpty | WouldBlock)
        || error.to_string().contains("could not acquire lock")
}

/// Refuses to write where less than `floor_bytes` are free: a database that runs into the end of the
/// disk can no longer be read.
pub(crate) fn check_space(dir: &Path, floor_bytes: u64) -> Result<(), StoreError> {
    let free_bytes = fs2::available_space(dir).map_err(file_error("measure", dir))?;
    if free_bytes >= floor_bytes {
        return Ok(());
    }
    let path = dir.to_owned();
    Err(StoreError::DiskFull {
        path,
        free_bytes,
        floor_bytes,
    })
}

/// Makes a directory's entries durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(file_error("sync", dir))
}

/// Turns an error about a file into one of ours.
pub(crate) fn file_error<'a>(
    doing: &'a str,
    path: &'a Path,
) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io {
        doing: format!("{doing} {}", path.display()),
        source,
    }
}

//! Where tests find the research data that is not part of the repository.

use std::io::Read;
use std::path::{Path, PathBuf};

/// Opens a file under the data folder: `PACELINE_DATA`, else `../shared/data` beside the repository.
///
/// None where it is absent; the test then says so and returns, unless `PACELINE_REQUIRE_DATA=1`.
pub(crate) fn path(test: &str, file: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("PACELINE_DATA").map_or(beside, PathBuf::from);
    let path = root.join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var("PACELINE_REQUIRE_DATA").as_deref() != Ok("1"),
        "{} is required and absent",
        path.display()
    );
    eprintln!("skipped {test}: no {file}; set PACELINE_DATA");
    None
}

/// The content of a gzipped text file, as [`path`] finds it.
pub(crate) fn gunzip(test: &str, file: &str) -> Option<String> {
    let packed = std::fs::File::open(path(test, file)?).unwrap();
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(packed)
        .read_to_string(&mut text)
        .unwrap();
    Some(text)
}

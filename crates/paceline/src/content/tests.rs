use super::*;
use std::fs;

#[test]
fn files_come_in_the_order_of_their_paths_and_only_text_counts() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    for file in [
        "b/course.toml",
        "a/page.md",
        "a/course.toml",
        "a/.hidden.md",
        "a/notes.txt",
    ] {
        fs::write(folder.path().join(file), "x").unwrap();
    }
    let paths: Vec<_> = read_dir(folder.path())
        .unwrap()
        .into_iter()
        .map(|s| s.path)
        .collect();
    assert_eq!(paths, ["a/course.toml", "a/page.md", "b/course.toml"]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        read_dir(folder.path()),
        Err(ContentError::Empty { .. })
    ));
    assert!(matches!(
        read_dir(folder.path().join("none")),
        Err(ContentError::Io { .. })
    ));
    fs::write(folder.path().join("x.md"), [b'a', 0xff]).unwrap();
    assert!(matches!(
        read_dir(folder.path()),
        Err(ContentError::NotText { at: 1, .. })
    ));
}

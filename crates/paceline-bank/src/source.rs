//! A content file as it was read.

/// A content file: its path below the content folder, with `/` between folders, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// `course/page.md`, say.
    pub path: String,
    /// The whole text.
    pub text: String,
}

//! All that passes between a policy and a pupil: what to do next, and what could be seen of it.

/// What kind of work an activity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The lesson text of a skill with its worked example.
    Lesson,
    /// One item.
    Practice {
        /// Index in [`crate::Curriculum::items`].
        item: u32,
    },
}

/// What a policy gives a pupil to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The skill it is about.
    pub skill: u32,
    /// A lesson or an item.
    pub kind: Kind,
    /// What the activity is dressed in: an index in [`crate::Curriculum::themes`].
    pub theme: u32,
}

/// What can be seen of an activity that the pupil finished.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Whether the first answer was right; none for a lesson.
    pub right: Option<bool>,
    /// Seconds spent.
    pub seconds: f64,
    /// Hints asked for.
    pub hints: u8,
}

/// What a policy knows when it decides: the calendar's place, never the pupil's state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Now {
    /// Number of the lesson in the term, from 0.
    pub lesson: u16,
    /// Days since the term began.
    pub day: u16,
    /// Number of the activity in the lesson, from 0.
    pub slot: u16,
    /// Minutes since the lesson began.
    pub minute: f64,
    /// Minutes until the bell.
    pub minutes_left: f64,
}

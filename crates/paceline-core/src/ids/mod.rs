//! Ids: strings outside, dense `u32` indexes inside one bank version.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest learner or event id, in bytes.
pub const MAX_OPAQUE_ID_BYTES: usize = 128;
/// The longest local id of a skill, item, theme or course, in bytes.
pub const MAX_LOCAL_ID_BYTES: usize = 64;

/// Why an id was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// A learner or event id without characters.
    #[error("an id is empty; wanted 1 to {MAX_OPAQUE_ID_BYTES} bytes")]
    Empty,
    /// An id longer than its limit.
    #[error("an id of {bytes} bytes starting {start:?} is too long; wanted at most {limit}")]
    TooLong {
        /// The first characters of the id.
        start: String,
        /// Its length.
        bytes: usize,
        /// The limit it broke.
        limit: usize,
    },
    /// A learner id that looks like an e-mail address.
    #[error(
        "a learner id looks like an e-mail address; wanted an opaque id, so that what is stored names nobody"
    )]
    Email,
    /// A control character in a learner or event id.
    #[error("the id {id:?} holds a control character; wanted printable text")]
    Control {
        /// The id.
        id: String,
    },
    /// A local id outside `[a-z0-9][a-z0-9_-]{0,63}`.
    #[error(
        "the id {id:?} is not valid; wanted lower-case letters, digits, `-` and `_`, starting with a letter or digit"
    )]
    Local {
        /// The id.
        id: String,
    },
    /// A qualified id that is not `course/local`.
    #[error("the id {id:?} is not valid; wanted `course/name`")]
    Qualified {
        /// The id.
        id: String,
    },
}

/// Checks that `id` matches `[a-z0-9][a-z0-9_-]{0,63}`.
///
/// # Errors
/// [`IdError::Local`] or [`IdError::TooLong`].
pub fn check_local_id(id: &str) -> Result<(), IdError> {
    if id.len() > MAX_LOCAL_ID_BYTES {
        return Err(too_long(id, MAX_LOCAL_ID_BYTES));
    }
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let valid = id.bytes().next().is_some_and(letter)
        && id.bytes().all(|b| letter(b) || b == b'-' || b == b'_');
    if valid {
        Ok(())
    } else {
        Err(IdError::Local { id: id.to_owned() })
    }
}

/// Checks that `id` is `course/name`, both valid local ids, and returns the two halves.
///
/// # Errors
/// [`IdError::Qualified`] where there is no slash, else as [`check_local_id`].
pub fn check_qualified_id(id: &str) -> Result<(&str, &str), IdError> {
    let (course, name) = id
        .split_once('/')
        .ok_or_else(|| IdError::Qualified { id: shorten(id) })?;
    check_local_id(course)?;
    check_local_id(name)?;
    Ok((course, name))
}

fn shorten(id: &str) -> String {
    id.chars().take(MAX_LOCAL_ID_BYTES).collect()
}

fn too_long(id: &str, limit: usize) -> IdError {
    IdError::TooLong {
        start: id.chars().take(16).collect(),
        bytes: id.len(),
        limit,
    }
}

fn check_opaque(id: &str) -> Result<(), IdError> {
    if id.is_empty() {
        return Err(IdError::Empty);
    }
    if id.len() > MAX_OPAQUE_ID_BYTES {
        return Err(too_long(id, MAX_OPAQUE_ID_BYTES));
    }
    if id.chars().any(char::is_control) {
        return Err(IdError::Control { id: id.to_owned() });
    }
    Ok(())
}

/// Whether `id` has the shape of an e-mail address: something, `@`, and a name with a dot.
fn looks_like_email(id: &str) -> bool {
    id.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && host.split('.').count() > 1 && host.split('.').all(|p| !p.is_empty())
    })
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, $email:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes an id after checking it.
            ///
            /// # Errors
            /// [`IdError`] says which rule the id breaks.
            pub fn new(id: impl Into<String>) -> Result<Self, IdError> {
                let id = id.into();
                check_opaque(&id)?;
                if $email && looks_like_email(&id) {
                    return Err(IdError::Email);
                }
                Ok(Self(id))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(id: String) -> Result<Self, IdError> {
                Self::new(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(id: &str) -> Result<Self, IdError> {
                Self::new(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

opaque_id!(
    /// A learner's id: opaque, chosen by the platform, 1 to 128 bytes, never an e-mail address.
    LearnerId,
    true
);
opaque_id!(
    /// An event's id, chosen by the platform so that sending an event twice changes nothing.
    EventId,
    false
);

macro_rules! dense_ix {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as `usize`, to index columns.
            #[must_use]
            pub const fn at(self) -> usize {
                self.0 as usize
            }
        }
    };
}

dense_ix!(
    /// A skill's place in the columns of one bank version.
    SkillIx
);
dense_ix!(
    /// An item's place in the columns of one bank version.
    ItemIx
);
dense_ix!(
    /// A theme's place in the columns of one bank version.
    ThemeIx
);

#[cfg(test)]
mod tests;

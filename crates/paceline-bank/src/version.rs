//! Versions: what exactly an answer was given to.
//!
//! An item version changes with what a learner is asked and what is accepted, and with nothing
//! else, so that mending a hint does not make a calibration stale.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! version {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(
            Clone,
            Copy,
            Debug,
            Default,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// The first 16 bytes of SHA-256 over `bytes`.
            pub fn of(bytes: &[u8]) -> Self {
                let digest = Sha256::digest(bytes);
                let mut version = [0; 16];
                version.copy_from_slice(&digest[..16]);
                Self(version)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let digit = |nth: usize| {
                    let byte = self.0[nth / 2];
                    DIGITS[usize::from(if nth % 2 == 0 { byte >> 4 } else { byte & 15 })]
                };
                let text: [u8; 32] = std::array::from_fn(digit);
                f.write_str(std::str::from_utf8(&text).map_err(|_| std::fmt::Error)?)
            }
        }

        impl std::str::FromStr for $name {
            type Err = VersionError;

            fn from_str(text: &str) -> Result<Self, VersionError> {
                let error = || VersionError {
                    found: text.chars().take(64).collect(),
                };
                let digits = text.as_bytes();
                if digits.len() != 32 {
                    return Err(error());
                }
                let mut version = [0; 16];
                for (byte, pair) in version.iter_mut().zip(digits.as_chunks::<2>().0) {
                    let hex = |digit: u8| {
                        char::from(digit)
                            .to_digit(16)
                            .filter(|_| !digit.is_ascii_uppercase())
                    };
                    let (high, low) = hex(pair[0]).zip(hex(pair[1])).ok_or_else(error)?;
                    *byte = (high * 16 + low) as u8;
                }
                Ok(Self(version))
            }
        }

        impl TryFrom<String> for $name {
            type Error = VersionError;

            fn try_from(text: String) -> Result<Self, VersionError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(version: $name) -> Self {
                version.to_string()
            }
        }
    };
}

version!(
    BankVersion,
    "A bank's content and parameters as 16 bytes; shown as 32 hexadecimal digits."
);
version!(
    ItemVersion,
    "What an item asks and accepts as 16 bytes; shown as 32 hexadecimal digits."
);

/// A text that is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, wanted a version of 32 lower-case hexadecimal digits")]
pub struct VersionError {
    /// The beginning of the text.
    pub found: String,
}

//! Paceline's item bank: what the engine may offer.
//!
//! A [`Bank`] is compiled once, validated whole, and immutable after; learners' answers never change
//! it. [`BankBuilder`] makes one from specifications. Skills, items and themes are dense indexes of
//! one bank version inside, and external ids (`course/skill`) outside.
//!
//! The crate knows no learners, no clock and no files: content comes in as text, and a compiled bank
//! as bytes.

mod bank;
mod builder;
mod codec;
mod names;
mod rational;
mod suggest;
mod version;

pub use bank::{Bank, Course, ItemStatus, ItemThemes, Lesson, Skill, Theme};
pub use builder::{
    BankBuilder, BankError, BankErrors, CourseSpec, ItemSpec, Kind, Level, SkillSpec, ThemeSpec,
    ThemesSpec,
};
pub use codec::{DecodeError, FORMAT};
pub use rational::{ArithmeticError, Rational};
pub use version::{BankVersion, ItemVersion, VersionError};

//! Paceline's item bank: what the engine may offer.
//!
//! A [`Bank`] is compiled once, validated whole, and immutable after; learners' answers never change
//! it. [`BankBuilder`] makes one from specifications. Skills, items and themes are dense indexes of
//! one bank version inside, and external ids (`course/skill`) outside.
//!
//! [`Bank::compile`] makes one from text and reports every mistake with its place;
//! [`Bank::instantiate`] and [`Bank::grade`] show an item and judge a response. Measurement is plain maths
//! over item parameters: [`irt`] curves, [`ability`] estimates, [`calibrate`] from logs (after each answer
//! [`online`], seconds by [`response_time`]), [`linking`] of scales, [`select`] the next item, a test [`session`]
//! of one ability, and item [`health`], choices among it.
//!
//! [`import`] takes other systems' courses and logs over.
//!
//! The crate knows no learners, no clock and no files: content comes in as text, and a compiled bank
//! as bytes.

pub mod ability;
mod answer;
mod bank;
mod body;
mod builder;
pub mod calibrate;
mod codec;
mod content;
mod diagnostic;
mod expr;
pub mod health;
pub mod import;
mod instance;
mod inventory;
pub mod irt;
pub mod linking;
mod lock;
mod names;
pub mod online;
mod rational;
pub mod response_time;
pub mod select;
pub mod session;
mod source;
mod suggest;
mod text;
mod version;

pub use answer::MAX_RESPONSE_CHARS;
pub use bank::{Bank, Course, ItemStatus, ItemThemes, Lesson, Skill, Theme};
pub use builder::{
    BankBuilder, BankError, BankErrors, CourseSpec, ItemSpec, Kind, Level, SkillSpec, ThemeSpec,
    ThemesSpec,
};
pub use codec::{DecodeError, FORMAT};
pub use diagnostic::{Diagnostic, Severity};
pub use expr::{EvalError, Value};
pub use instance::{
    Graded, InstanceError, MAX_DRAWS, PartKind, Rendered, RenderedChoice, RenderedHint,
    RenderedPart, Verdict,
};
pub use inventory::{CourseInventory, Edges, Gaps, Inventory, WANTED_ITEMS};
pub use lock::{LOCK_FILE, LOCK_FORMAT, Lock, LockError, LockedItem};
pub use rational::{ArithmeticError, Rational};
pub use source::SourceFile;
pub use suggest::closest;
pub use version::{BankVersion, ItemVersion, VersionError};

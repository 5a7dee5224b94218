//! Content: text to a checked bank.
//!
//! 1. [`tables`] reads the TOML of a course, [`page`] the Markdown, each into what stands there with
//!    its place;
//! 2. [`compile`] resolves names and turns items into bodies;
//! 3. [`locked`] puts the parameters of lock files in use;
//! 4. [`check`] draws instances of every template and looks for what only they show.
//!
//! Every mistake is collected, none stops the reading of the rest.

mod check;
mod compile;
mod item;
mod locked;
mod page;
mod tables;

#[cfg(test)]
mod tests;

pub(crate) use check::distinct_instances;

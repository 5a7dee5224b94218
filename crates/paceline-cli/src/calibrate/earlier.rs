//! What earlier calibrations know of items: tables and lock files, as `calibrate` writes them.

use crate::files;
use anyhow::{Context as _, anyhow, bail};
use paceline::bank::calibrate::{ItemBelief, ItemCurve, ItemEstimate, Population};
use paceline::bank::irt::Curve;
use paceline::bank::linking::Link;
use paceline::bank::{Bank, ItemStatus, ItemVersion, Lock, LockedItem};
use paceline::log::Lines;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Items by id.
pub(crate) type Known = BTreeMap<String, LockedItem>;

/// A line of a table.
#[derive(Deserialize)]
struct Row {
    item: String,
    a: f64,
    b: f64,
    #[serde(default)]
    c: f64,
    #[serde(default)]
    se_a: f64,
    #[serde(default)]
    se_b: f64,
    #[serde(default)]
    n: u32,
}

/// Items as they were calibrated and those that were edited since.
#[derive(Default)]
pub(crate) struct Earlier {
    pub(crate) unedited: Known,
    /// Less sure by what an edit may change.
    pub(crate) edited: Known,
}

impl Earlier {
    /// Reads a lock file, by the ending `.toml`, or a table.
    pub(super) fn read(path: &Path, bank: Option<&Bank>) -> anyhow::Result<Self> {
        let shown = path.display();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("could not read {shown}"))?;
            let lock = Lock::parse(&text).with_context(|| format!("could not read {shown}"))?;
            return Ok(Self::of_lock(lock, bank));
        }
        let mut earlier = Self::default();
        let mut reader = csv::Reader::from_reader(Lines::new(files::open(path)?));
        let header = reader
            .headers()
            .with_context(|| format!("could not read {shown}"))?
            .clone();
        while let Some(record) = reader.records().next() {
            let record = record.with_context(|| format!("could not read {shown}"))?;
            let line = record.position().map_or(0, |at| reader.get_ref().line(at));
            let row: Row = record.deserialize(Some(&header)).map_err(|error| {
                let why = match error.kind() {
                    csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
                    _ => error.to_string(),
                };
                anyhow!("could not read {shown}, line {line}: {why}")
            })?;
            let item = LockedItem {
                version: ItemVersion::default(),
                status: ItemStatus::Pilot,
                a: row.a,
                b: row.b,
                c: row.c,
                se_a: row.se_a,
                se_b: row.se_b,
                n: row.n,
            };
            if !item.is_valid() {
                bail!(
                    "{shown}, line {line}: item {:?} has a = {}, b = {}, c = {}, se_a = {}, se_b = {}, wanted numbers that a lock file may hold",
                    row.item,
                    row.a,
                    row.b,
                    row.c,
                    row.se_a,
                    row.se_b
                );
            }
            earlier.unedited.insert(row.item, item);
        }
        Ok(earlier)
    }

    pub(super) fn of_lock(lock: Lock, bank: Option<&Bank>) -> Self {
        let is_edited = |id: &str, item: &LockedItem| {
            let place = bank.and_then(|bank| Some(bank.item_version(bank.item_ix(id)?)));
            place.is_some_and(|version| version != item.version)
        };
        let mut earlier = Self::default();
        for (id, item) in lock.items {
            if is_edited(&id, &item) {
                earlier.edited.insert(id, item.when_stale());
            } else {
                earlier.unedited.insert(id, item);
            }
        }
        earlier
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &LockedItem)> {
        self.unedited.iter().chain(&self.edited)
    }
}

/// The curve of an item.
pub(super) fn curve(item: &LockedItem) -> Curve {
    Curve::three(item.a, item.b, item.c)
}

/// The item as an anchor.
pub(super) fn anchor(item: &LockedItem) -> ItemCurve {
    ItemCurve::RightOrWrong(curve(item))
}

/// The item in the terms of a calibration.
pub(super) fn estimate(item: &LockedItem) -> ItemEstimate {
    ItemEstimate {
        a: item.a,
        b: item.b,
        c: item.c,
        d: 1.0,
        se_a: item.se_a,
        se_b: item.se_b,
        n: item.n,
        ..ItemEstimate::default()
    }
}

/// The estimate on another scale.
pub(super) fn moved(estimate: &ItemEstimate, link: Link) -> ItemEstimate {
    let curve = link.curve(estimate.curve());
    ItemEstimate {
        a: curve.a,
        b: curve.b,
        se_a: estimate.se_a / link.slope,
        se_b: estimate.se_b * link.slope,
        ..estimate.clone()
    }
}

/// What is known of the item on the scale on which `learners`, as the items' own scale has them, are standard normal.
pub(super) fn belief(item: &LockedItem, learners: Population) -> Option<ItemBelief> {
    let link = Link {
        slope: 1.0 / learners.sd,
        intercept: -learners.mean / learners.sd,
    };
    ItemBelief::of_estimate(&moved(&estimate(item), link))
}

//! Lock files to item parameters and places in the life cycle.

use std::collections::BTreeMap;
use std::ops::Range;

use super::compile::{Compiled, Course};
use crate::bank::ItemStatus;
use crate::builder::ItemSpec;
use crate::diagnostic::Report;
use crate::lock::{LOCK_FORMAT, Lock, LockError, LockedItem};

/// How many items a warning names.
const NAMED: usize = 5;
/// The least and greatest standard deviation of an easiness that is taken over, logits.
const SD_RANGE: (f64, f64) = (0.01, 100.0);

/// Puts the parameters of the lock files among `reports` into the items of `courses`.
pub(super) fn apply(reports: &mut [Report<'_>], locks: &[usize], courses: &mut [Course]) {
    let mut items: BTreeMap<String, &mut Compiled> = courses
        .iter_mut()
        .flat_map(|course| &mut course.items)
        .map(|item| (item.spec.id.clone(), item))
        .collect();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for &file in locks {
        let report = &mut reports[file];
        let lock = match Lock::parse(&report.source.text) {
            Ok(lock) => lock,
            Err(error) => {
                refuse(report, &error);
                continue;
            }
        };
        let (mut gone, mut stale) = (Vec::new(), Vec::new());
        for (id, locked) in &lock.items {
            if let Some(first) = seen.insert(id.clone(), report.source.path.clone()) {
                let (place, found) = (place_of(report, id), format!("`{id}`, also in {first}"));
                let wanted = "each item in one lock file";
                report.error(place, "an item is locked twice", &found, wanted);
            }
            match items.get_mut(id) {
                None => gone.push(id.as_str()),
                Some(item) => {
                    put(&mut item.spec, locked, item.item.version == locked.version);
                    if item.spec.status == ItemStatus::Stale {
                        stale.push(id.as_str());
                    }
                }
            }
        }
        let (message, wanted) = ("calibrated items that no longer exist", "items that exist");
        warn(report, &gone, message, wanted);
        let (message, wanted) = (
            "items edited since they were calibrated",
            "the version that was calibrated",
        );
        warn(report, &stale, message, wanted);
    }
}

/// What a lock says of an item, in force: an author's draft or retired item stays that.
fn put(spec: &mut ItemSpec, locked: &LockedItem, is_same_version: bool) {
    let sd = if is_same_version {
        locked.easiness_sd()
    } else {
        locked.when_stale().easiness_sd()
    };
    spec.easiness = locked.easiness() as f32;
    spec.easiness_sd = sd.clamp(SD_RANGE.0, SD_RANGE.1) as f32;
    spec.discrimination = locked.a as f32;
    spec.status = match spec.status {
        fixed @ (ItemStatus::Draft | ItemStatus::Retired) => fixed,
        _ if !is_same_version => ItemStatus::Stale,
        ItemStatus::Pilot => locked.status,
        own => own,
    };
}

fn refuse(report: &mut Report<'_>, error: &LockError) {
    let wanted = "a lock file as `paceline calibrate` writes it";
    match error {
        LockError::Malformed { message, place, .. } => {
            let found = report.source.text.get(place.clone());
            let found = format!("`{}`", found.unwrap_or_default());
            report.error(place.clone(), message, &found, wanted);
        }
        LockError::Format { found } => {
            let wanted = format!("{LOCK_FORMAT}; calibrate again");
            report.error(
                0..1,
                "a lock file of another version",
                &found.to_string(),
                &wanted,
            );
        }
        LockError::BadValue {
            item,
            field,
            found,
            wanted,
        } => {
            let place = place_of(report, item);
            let message = format!("`{field}` is out of range");
            report.error(place, &message, &found.to_string(), wanted);
        }
    }
}

fn warn(report: &mut Report<'_>, ids: &[&str], message: &str, wanted: &str) {
    let Some(first) = ids.first() else {
        return;
    };
    let named = ids[..ids.len().min(NAMED)].join("`, `");
    let rest = ids.len().saturating_sub(NAMED);
    let found = if rest == 0 {
        format!("`{named}`")
    } else {
        format!("`{named}` and {rest} more")
    };
    let help = Some("`paceline calibrate` writes the file anew".to_owned());
    report.warning(place_of(report, first), message, &found, wanted, help);
}

/// Where an item's entry stands.
fn place_of(report: &Report<'_>, id: &str) -> Range<usize> {
    let key = format!("\"{id}\"");
    report
        .source
        .text
        .find(&key)
        .map_or(0..1, |at| at..at + key.len())
}

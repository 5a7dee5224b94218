//! How many items of each content area a test asks.

use serde::{Deserialize, Serialize};

use super::{Purpose, Settings, TestError, TestItem};

/// A content area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Its name, for messages.
    pub name: String,
    /// Scored items at least.
    pub at_least: usize,
    /// Scored items at most.
    pub at_most: usize,
}

/// An area that got fewer items than the blueprint wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// Its name.
    pub area: String,
    /// Items wanted at least.
    pub wanted: usize,
    /// Items asked.
    pub asked: usize,
}

/// The areas that fall short.
pub(super) fn unmet(areas: &[Area], asked: &[usize]) -> Vec<Unmet> {
    let short = areas
        .iter()
        .zip(asked)
        .filter(|(area, asked)| **asked < area.at_least);
    short
        .map(|(area, &asked)| Unmet {
            area: area.name.clone(),
            wanted: area.at_least,
            asked,
        })
        .collect()
}

/// Items owed by all areas together.
pub(super) fn debts(areas: &[Area], asked: &[usize]) -> usize {
    let owed = |(area, &asked): (&Area, &usize)| area.at_least.saturating_sub(asked);
    areas.iter().zip(asked).map(owed).sum()
}

/// Which areas the next item may come from.
pub(super) struct Open {
    /// By area: not yet at its most; owing items, where those come first.
    open: Vec<[bool; 2]>,
    debts_first: bool,
}

impl Open {
    /// `asked` scored items by area, `n` in all.
    ///
    /// Items owed are asked at an even pace over the shortest length, and before anything else once they fill what is
    /// left of the longest.
    pub(super) fn new(settings: &Settings, asked: &[usize], n: usize) -> Self {
        let areas = &settings.blueprint;
        let stopping = &settings.stopping;
        let owed = debts(areas, asked);
        let all: usize = areas.iter().map(|area| area.at_least).sum();
        let pace = stopping.min_items.max(all).max(1);
        let behind = (all - owed) * pace < (n + 1) * all;
        let debts_first = owed > 0 && (behind || stopping.max_items <= n + owed);
        let open = |(area, &asked): (&Area, &usize)| [asked < area.at_most, asked < area.at_least];
        Self {
            open: areas.iter().zip(asked).map(open).collect(),
            debts_first,
        }
    }

    /// The same without insisting on areas that owe items.
    pub(super) fn without_debts(&self) -> Self {
        Self {
            open: self.open.clone(),
            debts_first: false,
        }
    }

    pub(super) fn is_open(&self, area: u16) -> bool {
        let [open, owes] = self
            .open
            .get(usize::from(area))
            .copied()
            .unwrap_or([true, true]);
        open && (owes || !self.debts_first)
    }
}

/// Refuses items that measure nothing and blueprints that cannot be met.
pub(super) fn check(items: &[TestItem], settings: &Settings) -> Result<(), TestError> {
    let areas = &settings.blueprint;
    for (item, TestItem { curve, area, .. }) in items.iter().enumerate() {
        let what = if !curve.is_sound() {
            "its curve wants finite numbers, a > 0 and 0 <= c < d <= 1"
        } else if !areas.is_empty() && areas.len() <= usize::from(*area) {
            "its area is not in the blueprint"
        } else {
            continue;
        };
        return Err(TestError::Item { item, what });
    }
    let refuse = |area: &str, wanted, available| {
        Err(TestError::Blueprint {
            area: area.to_owned(),
            wanted,
            available,
        })
    };
    for (index, area) in areas.iter().enumerate() {
        let measures =
            |item: &&TestItem| item.purpose == Purpose::Measure && usize::from(item.area) == index;
        let available = items.iter().filter(measures).count().min(area.at_most);
        if available < area.at_least {
            return refuse(&area.name, area.at_least, available);
        }
    }
    let all: usize = areas.iter().map(|area| area.at_least).sum();
    if settings.stopping.max_items < all {
        return refuse("all areas", all, settings.stopping.max_items);
    }
    Ok(())
}

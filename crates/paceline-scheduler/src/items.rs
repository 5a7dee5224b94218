//! Which items of a skill to use: those whose predicted success fits, seen long enough ago.

use paceline_bank::Bank;
use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::math;
use paceline_core::stream::keyed_u64;

use crate::local::ItemChoice;
use crate::value;

#[cfg(test)]
mod tests;

/// Most items of one skill that a lesson may use.
pub(crate) const MOST_ITEMS: usize = 8;
/// Most where there are many skills to choose from.
pub(crate) const FEW_ITEMS: usize = 3;

/// How items are picked within a skill.
#[derive(Clone, Debug)]
pub(crate) struct Picker<'a> {
    pub(crate) bank: &'a Bank,
    /// Items that may not be shown, ascending.
    pub(crate) barred: &'a [ItemIx],
    /// Predicted success aimed at; `None` takes the syllabus order, easiest first.
    pub(crate) target: Option<f32>,
    /// Predicted log-odds per unit of easiness.
    pub(crate) slope: f32,
    pub(crate) minutes_per_second: f32,
    /// Share of recent lessons that showed each item, or empty.
    pub(crate) exposure: &'a [f32],
    /// Share of a skill's places that go to items on trial, where it has any.
    pub(crate) trial_share: f32,
    /// Fixes which places those are.
    pub(crate) seed: u64,
}

/// How much an item seen in every lesson is marked down: an item half as known breaks a near-tie.
const EXPOSURE_COST: f32 = 0.02;

impl Picker<'_> {
    /// Appends up to `most` items of `skill` to `out`, best first. `typical_logit` is the predicted
    /// log-odds on a typical item; `answers` how many the learner has given on the skill.
    ///
    /// Items lie by easiness, so success is monotone along them: from the one nearest the target the
    /// search goes outwards on both sides and takes the better neighbour each time. Bars apart, it
    /// looks at no more than it takes.
    pub(crate) fn pick(
        &self,
        skill: SkillIx,
        typical_logit: f32,
        answers: u32,
        most: usize,
        out: &mut Vec<ItemChoice>,
    ) {
        let start = out.len();
        self.pick_settled(skill, typical_logit, answers, most, out);
        self.weave_trials(skill, answers, most, start, out);
    }

    /// Puts items on trial in their share of the places from `start` on, each place drawn by itself. Which item comes is drawn
    /// too, and not chosen by fit: answers shall tell how hard it is for everyone.
    fn weave_trials(
        &self,
        skill: SkillIx,
        answers: u32,
        most: usize,
        start: usize,
        out: &mut Vec<ItemChoice>,
    ) {
        let trials = self.bank.trial_items_of(skill);
        if trials.is_empty() || self.trial_share <= 0.0 {
            return;
        }
        let draw = |what: &str, of: u32| {
            let key = [skill.0, answers, of].map(u32::to_le_bytes).concat();
            keyed_u64(what, self.seed, &key)
        };
        let free = trials.iter().filter(|&&item| !self.is_barred(item));
        let mut free: Vec<ItemIx> = free.copied().collect();
        free.sort_by_cached_key(|item| (draw("trial item", item.0), item.0));
        let mut free = free.into_iter();
        for place in 0..most.min(out.len() - start) {
            // The upper 24 bits, as many as an f32 tells apart.
            let unit = (draw("trial place", place as u32) >> 40) as f32 / (1 << 24) as f32;
            if unit < self.trial_share {
                let Some(item) = free.next() else { break };
                out.insert(start + place, self.choice(skill, item));
            }
        }
        out.truncate(start + most);
    }

    /// [`pick`](Self::pick) among the items that lessons are made of.
    fn pick_settled(
        &self,
        skill: SkillIx,
        typical_logit: f32,
        answers: u32,
        most: usize,
        out: &mut Vec<ItemChoice>,
    ) {
        let items = self.bank.items_of(skill);
        let typical = self.bank.typical_easiness(skill);
        let choice = |item: ItemIx| self.choice_from(typical, item);
        let Some(target) = self.target else {
            self.in_order(items, answers, most, choice, out);
            return;
        };
        let fit = |item: ItemIx| {
            let p = math::logistic(typical_logit + choice(item).offset_logit);
            let exposure = self.exposure.get(item.at()).copied().unwrap_or(0.0);
            value::difficulty_fit(p, target) - EXPOSURE_COST * exposure
        };
        let wanted = math::logit(target) - typical_logit;
        let mut above = items.partition_point(|&item| wanted < choice(item).offset_logit);
        let mut below = above;
        let mut taken = 0;
        while taken < most {
            while 0 < below && self.is_barred(items[below - 1]) {
                below -= 1;
            }
            while above < items.len() && self.is_barred(items[above]) {
                above += 1;
            }
            let easier = (0 < below).then(|| items[below - 1]);
            let harder = items.get(above).copied();
            let item = match (easier, harder) {
                (None, None) => return,
                (Some(item), None) | (None, Some(item)) => item,
                (Some(a), Some(b)) => {
                    if fit(b) <= fit(a) {
                        a
                    } else {
                        b
                    }
                }
            };
            if Some(item) == easier {
                below -= 1;
            } else {
                above += 1;
            }
            out.push(choice(item));
            taken += 1;
        }
    }

    /// One item of `skill` as a choice.
    pub(crate) fn choice(&self, skill: SkillIx, item: ItemIx) -> ItemChoice {
        self.choice_from(self.bank.typical_easiness(skill), item)
    }

    #[inline]
    fn choice_from(&self, typical_easiness: f32, item: ItemIx) -> ItemChoice {
        let easiness = self.bank.item_easiness()[item.at()];
        ItemChoice {
            item,
            minutes: self.bank.item_seconds()[item.at()] * self.minutes_per_second,
            offset_logit: self.slope * (easiness - typical_easiness),
        }
    }

    /// The syllabus's items: easiest first, on from where the learner is, round and round.
    fn in_order(
        &self,
        items: &[ItemIx],
        answers: u32,
        most: usize,
        choice: impl Fn(ItemIx) -> ItemChoice,
        out: &mut Vec<ItemChoice>,
    ) {
        let n = items.len();
        let fresh = (0..n)
            .map(|i| items[(answers as usize + i) % n])
            .filter(|&item| !self.is_barred(item));
        out.extend(fresh.take(most).map(choice));
    }

    fn is_barred(&self, item: ItemIx) -> bool {
        self.barred.binary_search(&item).is_ok()
    }
}

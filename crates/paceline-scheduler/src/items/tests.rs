use paceline_bank::ItemStatus;
use paceline_core::math;
use proptest::prelude::*;

use super::*;
use crate::testing::{course, ix, of_status};

fn picker<'a>(bank: &'a Bank, barred: &'a [ItemIx], target: Option<f32>) -> Picker<'a> {
    Picker {
        bank,
        barred,
        target,
        slope: 1.0,
        minutes_per_second: 1.0 / 60.0,
        exposure: &[],
        trial_share: 0.0,
        seed: 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::testing::cases(256)))]

    /// The binary search finds what trying every item finds.
    #[test]
    fn items_come_by_fit(
        logit in -3.0f32..3.0,
        target in 0.5f32..0.95,
        barred in prop::collection::btree_set(0u32..12, 0..6),
        most in 1usize..6,
    ) {
        let bank = course(&[("a", &[], &[])], 12);
        let skill = ix(&bank, "a");
        let barred: Vec<ItemIx> = barred.into_iter().map(ItemIx).collect();
        let picker = picker(&bank, &barred, Some(target));
        let mut found = Vec::new();
        picker.pick(skill, logit, 0, most, &mut found);
        let fit = |item: &ItemIx| {
            let offset = picker.choice(skill, *item).offset_logit;
            value::difficulty_fit(math::logistic(logit + offset), target)
        };
        let mut wanted: Vec<f32> =
            bank.items_of(skill).iter().filter(|item| !barred.contains(item)).map(fit).collect();
        wanted.sort_by(|a, b| b.total_cmp(a));
        wanted.truncate(most);
        let found: Vec<f32> = found.iter().map(|choice| fit(&choice.item)).collect();
        prop_assert_eq!(found, wanted);
    }
}

#[test]
fn the_syllabus_goes_from_easy_to_hard_and_round_again() {
    let bank = course(&[("a", &[], &[])], 4);
    let skill = ix(&bank, "a");
    let items = bank.items_of(skill);
    let mut found = Vec::new();
    picker(&bank, &[], None).pick(skill, 0.0, 3, 3, &mut found);
    let found: Vec<ItemIx> = found.iter().map(|choice| choice.item).collect();
    assert_eq!(found, [items[3], items[0], items[1]]);
}

#[test]
fn of_two_that_fit_alike_the_one_less_shown_comes_first() {
    let bank = course(&[("a", &[], &[])], 2);
    let skill = ix(&bank, "a");
    let items = bank.items_of(skill);
    let mut exposure = vec![0.0; 2];
    exposure[items[0].at()] = 0.9;
    exposure[items[1].at()] = 0.0;
    let picker = Picker {
        exposure: &exposure,
        ..picker(&bank, &[], Some(0.5))
    };
    let mut found = Vec::new();
    picker.pick(skill, 0.0, 0, 1, &mut found);
    assert_eq!(found[0].item, items[1]);
}

#[test]
fn items_on_trial_take_their_share_of_the_places_and_no_more() {
    use ItemStatus::{Live, Pilot, Stale};
    let bank = of_status(&[Live, Pilot, Live, Stale, Live, Live, Pilot, Live]);
    let skill = ix(&bank, "a");
    let trials = bank.trial_items_of(skill);
    assert_eq!(trials.len(), 3);
    for (share, wanted) in [(0.0, 0.0..=0.0), (0.25, 0.22..=0.28), (1.0, 0.75..=0.75)] {
        let mut on_trial = [0; 3];
        for seed in 0..1000 {
            let picker = Picker {
                trial_share: share,
                seed,
                ..picker(&bank, &[], Some(0.8))
            };
            let mut found = Vec::new();
            picker.pick(skill, 0.8, 0, 4, &mut found);
            let mut again = Vec::new();
            picker.pick(skill, 0.8, 0, 4, &mut again);
            assert_eq!(found, again, "the same seed gives the same items");
            assert_eq!(found.len(), 4);
            for choice in found {
                if let Some(at) = trials.iter().position(|&item| item == choice.item) {
                    on_trial[at] += 1;
                }
            }
        }
        let found = f64::from(on_trial.iter().sum::<u32>()) / 4000.0;
        assert!(wanted.contains(&found), "share {share}: {found}");
        let spread = on_trial.iter().max().unwrap() - on_trial.iter().min().unwrap();
        assert!(spread <= 100, "all are tried alike: {on_trial:?}");
    }
}

#[test]
fn a_skill_with_nothing_but_pilots_is_practised_with_them() {
    let bank = of_status(&[ItemStatus::Pilot; 3]);
    let skill = ix(&bank, "a");
    assert!(bank.trial_items_of(skill).is_empty());
    let mut found = Vec::new();
    picker(&bank, &[], Some(0.8)).pick(skill, 0.8, 0, 8, &mut found);
    assert_eq!(found.len(), 3);
}

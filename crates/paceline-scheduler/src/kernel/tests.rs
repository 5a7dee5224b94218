use paceline_core::math;
use paceline_learner::memory::Fsrs;
use proptest::prelude::*;

use super::{
    BLOCK, Block, LogOdds, Practised, Weights, believe, branches, fade, gains, memories, rates,
    reference, select_best,
};
use crate::Objective;
use crate::value::{self, Horizon};

#[cfg(feature = "bench")]
#[test]
fn the_pass_and_its_floor_agree_bit_for_bit() {
    let n = 5 * BLOCK + 7;
    let mut pass = super::SkillPass::new(n);
    let (mut ours, mut floor) = (vec![0.0; n], vec![0.0; n]);
    pass.rates(&mut ours);
    pass.floor(&mut floor);
    assert_eq!(ours, floor);
    assert!(ours.iter().any(|rate| 0.0 < *rate));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::testing::cases(256)))]

    #[test]
    fn blocks_and_single_skills_agree_bit_for_bit(
        skills in prop::collection::vec((1u32..300_000, 10u16..100, 1u16..400), 1..=BLOCK),
        days in 0.5f32..300.0,
    ) {
        let fsrs = Fsrs::default();
        let horizon = Horizon::new(&Objective::default(), days);
        let stability: Vec<f32> = skills.iter().map(|skill| skill.0 as f32 / 100.0).collect();
        let difficulty: Vec<f32> = skills.iter().map(|skill| f32::from(skill.1) / 10.0).collect();
        let elapsed: Vec<f32> = skills.iter().map(|skill| f32::from(skill.2)).collect();
        let mut block = Block::default();
        branches(&fsrs, &horizon, &stability, &difficulty, &elapsed, &mut block);
        for i in 0..skills.len() {
            let plain = reference::branches(&fsrs, &horizon, stability[i], difficulty[i], elapsed[i]);
            prop_assert_eq!(block.get(i), plain);
        }
        let kappa: Vec<f32> = difficulty.iter().map(|difficulty| difficulty / 10.0).collect();
        let mut gains_of = vec![0.0; skills.len()];
        gains(&Objective::default(), 1.2, &block, &kappa, &mut gains_of);
        for i in 0..skills.len() {
            let plain = reference::gain(&Objective::default(), 1.2, &block.get(i), kappa[i]);
            prop_assert_eq!(gains_of[i], plain);
        }
        let mut sums = vec![0.0; skills.len()];
        memories(&fsrs, &horizon, &stability, &elapsed, &mut sums);
        for i in 0..skills.len() {
            let plain = reference::memory(&fsrs, &horizon, stability[i], elapsed[i]);
            prop_assert_eq!(sums[i], plain);
        }
    }

    #[test]
    fn beliefs_agree_bit_for_bit(
        skills in prop::collection::vec((-6.0f32..6.0, 0.01f32..2.0, -1.0f32..4.0, 0u16..400), 1..=BLOCK),
        base in -2.0f32..2.0,
    ) {
        let fsrs = Fsrs::default();
        let column = |of: fn(&(f32, f32, f32, u16)) -> f32| skills.iter().map(of).collect::<Vec<_>>();
        let (logit, variance, threshold) = (column(|s| s.0), column(|s| s.1), column(|s| s.2));
        let elapsed = column(|s| f32::from(s.3));
        // Every fourth has no memory.
        let stability: Vec<f32> = skills.iter().map(|s| if s.3 % 4 == 0 { 0.0 } else { 7.0 * s.1 }).collect();
        let n = skills.len();
        let (mut kappa, mut p_mastered, mut p_now) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let mut mastered = vec![u64::MAX; n.div_ceil(64)];
        let odds = LogOdds { logit: &logit, variance: &variance, threshold: &threshold };
        believe(odds, &mut kappa, &mut p_mastered, &mut mastered);
        let practised = Practised {
            kappa: &kappa,
            easiness: &threshold,
            stability_days: &stability,
            elapsed_days: &elapsed,
        };
        fade(&fsrs, base, 0.7, practised, &mut p_now);
        for i in 0..n {
            let bit = mastered[i / 64] >> (i % 64) & 1 == 1;
            let plain = reference::believe(logit[i], variance[i], threshold[i]);
            prop_assert_eq!((kappa[i], p_mastered[i], bit), plain);
            let memory = (0.0 < stability[i]).then_some((stability[i], elapsed[i]));
            let untouched = math::logistic(base + 0.7 * threshold[i]);
            prop_assert_eq!(p_now[i], reference::fade(&fsrs, untouched, kappa[i], memory));
        }
        let members: u32 = mastered.iter().map(|word| word.count_ones()).sum();
        prop_assert!(members as usize <= n, "bits beyond the end");
    }

    #[test]
    fn rates_agree_bit_for_bit(
        skills in prop::collection::vec((0.0f32..2.0, 0.0f32..6.0, 0.0f32..1.0, 0u8..4), 1..=BLOCK),
        weighed: bool,
    ) {
        let objective = Objective::default();
        let column = |of: fn(&(f32, f32, f32, u8)) -> f32| skills.iter().map(of).collect::<Vec<_>>();
        let (own, unlock, p) = (column(|s| s.0), column(|s| s.1), column(|s| s.2));
        let minutes = column(|s| f32::from(s.3) * 20.0);
        let mut mastered = vec![0u64; skills.len().div_ceil(64)];
        for (i, skill) in skills.iter().enumerate() {
            mastered[i / 64] |= u64::from(0.5 < skill.2) << (i % 64);
        }
        let weights = Weights {
            goal: if weighed { &p } else { &[] },
            unlock: &unlock,
            mastered: &mastered,
            p_mastered: &p,
            variance: &own,
            p_now: &p,
            minutes: &minutes,
        };
        let (mut gains_of, mut rates_of) = (own.clone(), vec![0.0; own.len()]);
        rates(&objective, 1.0 / 60.0, weights, &mut gains_of, &mut rates_of);
        for i in 0..own.len() {
            let opens = if 0.5 < p[i] { 0.0 } else { unlock[i] };
            let goal = if weighed { p[i] } else { 1.0 };
            let gain = own[i] * (goal * (1.0 + objective.unlock_weight * opens));
            prop_assert_eq!(gains_of[i], gain);
            let told = objective.information_weight * value::information(p[i], own[i], p[i]);
            let minutes = minutes[i] * (1.0 / 60.0);
            let plain = if minutes == 0.0 { f32::NEG_INFINITY } else { (gain + told) / minutes };
            prop_assert_eq!(rates_of[i], plain);
        }
    }

    #[test]
    fn the_best_are_those_that_sorting_finds(
        rates in prop::collection::vec(prop_oneof![3 => -1.0f32..5.0, 1 => Just(0.5), 1 => Just(f32::NEG_INFINITY)], 0..3000),
        most in 1usize..800,
        sorted: bool,
    ) {
        let mut rates = rates;
        if sorted {
            rates.sort_by(f32::total_cmp);
        }
        let mut best = vec![7];
        select_best(&rates, most, &mut best);
        best.sort_unstable();
        prop_assert_eq!(best, reference::select_best(&rates, most));
    }
}

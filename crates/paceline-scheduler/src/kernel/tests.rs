use paceline_learner::memory::Fsrs;
use proptest::prelude::*;

use super::{BLOCK, Block, branches, gains, memories, reference};
use crate::Objective;
use crate::value::Horizon;

proptest! {
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
}

use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::time::{Timestamp, UtcOffset};

use super::{CodecError, Ids};
use crate::learner::{Learner, Observed, Params, Scratch};
use crate::memory::Answered;

struct Bank {
    skills: Vec<&'static str>,
    items: Vec<(&'static str, Vec<SkillIx>)>,
}

impl Ids for Bank {
    fn version(&self) -> [u8; 16] {
        [self.items.len() as u8; 16]
    }
    fn n_skills(&self) -> usize {
        self.skills.len()
    }
    fn n_items(&self) -> usize {
        self.items.len()
    }
    fn skill_id(&self, skill: SkillIx) -> &str {
        self.skills[skill.at()]
    }
    fn skill_ix(&self, id: &str) -> Option<SkillIx> {
        let at = self.skills.iter().position(|found| *found == id)?;
        Some(SkillIx(at as u32))
    }
    fn item_id(&self, item: ItemIx) -> &str {
        self.items[item.at()].0
    }
    fn item_ix(&self, id: &str) -> Option<ItemIx> {
        let at = self.items.iter().position(|found| found.0 == id)?;
        Some(ItemIx(at as u32))
    }
    fn item_skills(&self, item: ItemIx) -> &[SkillIx] {
        &self.items[item.at()].1
    }
}

fn bank() -> Bank {
    Bank {
        skills: vec!["add", "multiply", "divide"],
        items: vec![
            ("a1", vec![SkillIx(0)]),
            ("m1", vec![SkillIx(1)]),
            ("d1", vec![SkillIx(2), SkillIx(1)]),
        ],
    }
}

fn learner(bank: &Bank) -> (Learner, Params) {
    let (params, mut scratch) = (Params::defaults(), Scratch::default());
    let mut learner = Learner::new(&params);
    for n in 0..7 {
        let item = ItemIx(n % 3);
        let right = n % 2 == 0;
        let row = Observed {
            skills: bank.item_skills(item),
            item,
            easiness: 0.5,
            right,
            at: Timestamp(1_000_000 + i64::from(n) * 50_000),
            offset: UtcOffset::UTC,
            answered: Answered {
                correct: right,
                ..Answered::default()
            },
            credit: &[],
        };
        learner.observe(&params, &row, &mut scratch);
    }
    (learner, params)
}

#[test]
fn a_state_comes_back_bit_for_bit() {
    let bank = bank();
    let (learner, _) = learner(&bank);
    let bytes = learner.encode(&bank);
    assert_eq!(Learner::decode(&bytes, &bank).unwrap(), learner);
}

#[test]
fn rows_of_removed_skills_and_items_are_kept() {
    let old = bank();
    let (learner, _) = learner(&old);
    let smaller = Bank {
        skills: vec!["divide", "add"],
        items: vec![("a1", vec![SkillIx(1)])],
    };
    let moved = Learner::decode(&learner.encode(&old), &smaller).unwrap();
    let divide = moved.skill(SkillIx(0)).unwrap();
    let same = learner.skill(SkillIx(2)).unwrap();
    assert_eq!(divide.memory, same.memory);
    assert_eq!(moved.touched_skills().len(), 2);
    let back = Learner::decode(&moved.encode(&smaller), &old).unwrap();
    assert_eq!(
        back.skills().collect::<Vec<_>>(),
        learner.skills().collect::<Vec<_>>()
    );
    assert_eq!(back.item(ItemIx(1)), learner.item(ItemIx(1)));
}

#[test]
fn damaged_bytes_are_refused() {
    let bank = bank();
    let bytes = learner(&bank).0.encode(&bank);
    let version = Learner::decode(&[9, 9, 9], &bank);
    assert_eq!(version, Err(CodecError::Version { found: 9 }));
    assert!(Learner::decode(&[], &bank).is_err());
    for length in 1..bytes.len() {
        assert!(
            Learner::decode(&bytes[..length], &bank).is_err(),
            "{length}"
        );
    }
}

#[test]
fn an_index_beyond_the_bank_is_refused() {
    let bank = bank();
    let bytes = learner(&bank).0.encode(&bank);
    let shorter = Bank {
        // Of the same number of items, so that it goes by the same version.
        skills: vec!["add", "multiply"],
        ..self::bank()
    };
    assert!(Learner::decode(&bytes, &shorter).is_err());
}

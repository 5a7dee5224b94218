//! Stored form of a learner's state: version 1, keyed by external ids.
//!
//! The bytes are a version number and then postcard's encoding of `Stored`. Skills and items are named
//! by their external ids, so that a state outlives the bank version it was made under: rows that
//! the present bank lacks are kept as they are and written back. A state names the variant it feeds
//! and no parameters.

use paceline_core::ids::{ItemIx, SkillIx};
use serde::{Deserialize, Serialize};

use crate::knowledge::{Global, NONE, State, Variant, set_key};
use crate::learner::Learner;

#[cfg(test)]
mod tests;

/// The version that is written; older ones are read.
const FORMAT: u8 = 1;

/// How one bank version names its skills and items.
pub trait Ids {
    /// External id of a skill.
    fn skill_id(&self, skill: SkillIx) -> &str;
    /// The skill with an external id, renames followed; none if the bank lacks it.
    fn skill_ix(&self, id: &str) -> Option<SkillIx>;
    /// External id of an item.
    fn item_id(&self, item: ItemIx) -> &str;
    /// The item with an external id, renames followed; none if the bank lacks it.
    fn item_ix(&self, id: &str) -> Option<ItemIx>;
    /// The skills of an item.
    fn item_skills(&self, item: ItemIx) -> &[SkillIx];
}

/// Why stored bytes were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The version is not one that this release reads.
    #[error("learner state has format {found}, wanted {FORMAT}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// The bytes are not a state.
    #[error("learner state is damaged: {0}")]
    Damaged(String),
}

/// Rows of skills and items that the bank lacks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Orphans {
    skills: Vec<StoredSkill>,
    items: Vec<StoredItem>,
}

impl Orphans {
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.skills.iter().map(StoredSkill::bytes).sum::<usize>()
            + self.items.iter().map(StoredItem::bytes).sum::<usize>()
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    variant: Variant,
    global: Global,
    /// Ids of the last items; empty where there is none.
    previous: [String; 2],
    skills: Vec<StoredSkill>,
    items: Vec<StoredItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredSkill {
    id: String,
    f: Vec<f32>,
    u: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredItem {
    id: String,
    u: Vec<u32>,
    h: Vec<u16>,
}

impl StoredSkill {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + 4 * (self.f.len() + self.u.len())
    }
}

impl StoredItem {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + 4 * self.u.len() + 2 * self.h.len()
    }
}

impl Learner {
    /// The state as bytes that any later release and bank version reads.
    pub fn encode(&self, ids: &impl Ids) -> Vec<u8> {
        let state = &self.state;
        let row_ids = |block: &crate::block::Block<u32>, row: usize| {
            (1..block.columns()).map(|c| block.at(c, row)).collect()
        };
        let mut skills: Vec<_> = (0..state.skill_u.len())
            .map(|row| StoredSkill {
                id: ids.skill_id(SkillIx(state.skill_u.at(0, row))).to_owned(),
                f: (0..state.skill_f.columns())
                    .map(|c| state.skill_f.at(c, row))
                    .collect(),
                u: row_ids(&state.skill_u, row),
            })
            .collect();
        let mut items: Vec<_> = (0..state.item_u.len())
            .map(|row| StoredItem {
                id: ids.item_id(ItemIx(state.item_u.at(0, row))).to_owned(),
                u: row_ids(&state.item_u, row),
                h: (0..state.item_h.columns())
                    .map(|c| state.item_h.at(c, row))
                    .collect(),
            })
            .collect();
        if let Some(orphans) = &self.orphans {
            skills.extend(orphans.skills.iter().cloned());
            items.extend(orphans.items.iter().cloned());
        }
        let stored = Stored {
            variant: state.variant,
            global: state.global,
            previous: state.global.previous.map(|row| match row.item {
                NONE => String::new(),
                item => ids.item_id(ItemIx(item)).to_owned(),
            }),
            skills,
            items,
        };
        // Into a vector, of a type without maps or unsized parts: there is nothing that can fail.
        let body = postcard::to_allocvec(&stored).unwrap_or_default();
        let mut bytes = Vec::with_capacity(1 + body.len());
        bytes.push(FORMAT);
        bytes.extend(body);
        bytes
    }

    /// The state that [`Learner::encode`] wrote, under the bank that `ids` speaks for.
    ///
    /// # Errors
    /// Another format version, or damaged bytes.
    pub fn decode(bytes: &[u8], ids: &impl Ids) -> Result<Self, CodecError> {
        let (&found, body) = bytes
            .split_first()
            .ok_or_else(|| CodecError::Damaged("no bytes".to_owned()))?;
        if found != FORMAT {
            return Err(CodecError::Version { found });
        }
        let stored: Stored =
            postcard::from_bytes(body).map_err(|e| CodecError::Damaged(e.to_string()))?;
        let mut state = State::new(stored.variant, stored.global.v);
        state.global = stored.global;
        for (row, id) in state.global.previous.iter_mut().zip(&stored.previous) {
            let item = ids.item_ix(id).filter(|_| !id.is_empty());
            row.item = item.map_or(NONE, |item| item.0);
            row.set = item.map_or(0, |item| {
                let skills: Vec<u32> = ids.item_skills(item).iter().map(|s| s.0).collect();
                set_key(&skills)
            });
        }
        let mut orphans = Orphans::default();
        for skill in stored.skills {
            if skill.f.len() != state.skill_f.columns()
                || skill.u.len() + 1 != state.skill_u.columns()
                || !skill.f.iter().all(|x| x.is_finite())
            {
                return Err(CodecError::Damaged(format!("skill {}", skill.id)));
            }
            let Some(ix) = ids.skill_ix(&skill.id) else {
                orphans.skills.push(skill);
                continue;
            };
            let row = state.touch_skill(ix.0, 0.0);
            for (column, value) in skill.f.into_iter().enumerate() {
                *state.skill_f.at_mut(column, row) = value;
            }
            for (column, value) in (1..).zip(skill.u) {
                *state.skill_u.at_mut(column, row) = value;
            }
        }
        for item in stored.items {
            if item.u.len() + 1 != state.item_u.columns() || item.h.len() != state.item_h.columns()
            {
                return Err(CodecError::Damaged(format!("item {}", item.id)));
            }
            let Some(ix) = ids.item_ix(&item.id) else {
                orphans.items.push(item);
                continue;
            };
            let row = state.touch_item(ix.0);
            for (column, value) in (1..).zip(item.u) {
                *state.item_u.at_mut(column, row) = value;
            }
            for (column, value) in item.h.into_iter().enumerate() {
                *state.item_h.at_mut(column, row) = value;
            }
        }
        state.shrink();
        let none = orphans.skills.is_empty() && orphans.items.is_empty();
        Ok(Self {
            state,
            orphans: (!none).then(|| Box::new(orphans)),
        })
    }
}

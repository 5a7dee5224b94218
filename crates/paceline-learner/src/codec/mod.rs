//! Stored form of a learner's state: format 2.
//!
//! The bytes are a format number and then postcard's encoding of `Stored`: the columns as they lie in memory, little-endian,
//! and the external ids of their rows. Under the bank version that wrote them the columns are copied as they are. Under
//! another the rows are found by their ids, so that a state outlives the bank it was made under: rows that
//! the present bank lacks are kept and written back. A state names the variant it feeds and no parameters.

use paceline_core::ids::{ItemIx, SkillIx};
use paceline_core::raw;
use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::knowledge::{Global, NONE, State, Variant, item_u, set_key, skill_u};
use crate::learner::Learner;

#[cfg(test)]
mod tests;

/// The format that is written and read.
const FORMAT: u8 = 2;

/// How one bank version names its skills and items.
pub trait Ids {
    /// What names this version: banks of one version have the same indexes.
    fn version(&self) -> [u8; 16];
    /// How many skills there are.
    fn n_skills(&self) -> usize;
    /// How many items there are.
    fn n_items(&self) -> usize;
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
    /// The format is not the one that this release reads.
    #[error("learner state has format {found}, wanted {FORMAT}")]
    Version {
        /// The format found.
        found: u8,
    },
    /// The bytes are not a state.
    #[error("learner state is damaged: {0}")]
    Damaged(String),
}

/// Rows of skills and items that the bank lacks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Orphans {
    skills: Vec<StoredSkill>,
    items: Vec<StoredItem>,
}

impl Orphans {
    fn is_empty(&self) -> bool {
        self.skills.is_empty() && self.items.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.skills.iter().map(StoredSkill::bytes).sum::<usize>()
            + self.items.iter().map(StoredItem::bytes).sum::<usize>()
    }
}

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    variant: Variant,
    /// The indexes in it, as those in the columns, are of the bank of this version.
    global: Global,
    version: [u8; 16],
    /// The cells of each block, column after column.
    #[serde(with = "raw")]
    skill_f: Vec<f32>,
    #[serde(with = "raw")]
    skill_u: Vec<u32>,
    #[serde(with = "raw")]
    item_u: Vec<u32>,
    #[serde(with = "raw")]
    item_h: Vec<u16>,
    /// [`Names`], encoded, since another version alone needs them.
    #[serde(with = "serde_bytes")]
    names: &'a [u8],
    orphans: Orphans,
}

/// External ids.
#[derive(Serialize, Deserialize)]
struct Names<'a> {
    /// Of the last items; empty where there is none.
    previous: [&'a str; 2],
    /// Of the rows of skills.
    #[serde(borrow)]
    skills: Vec<&'a str>,
    /// Of the rows of items.
    items: Vec<&'a str>,
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
    /// The state as bytes that any later bank version reads.
    pub fn encode(&self, ids: &impl Ids) -> Vec<u8> {
        let state = &self.state;
        let item_id = |item: u32| match item {
            NONE => "",
            item => ids.item_id(ItemIx(item)),
        };
        let skills = state.skill_u.column(skill_u::ID).iter();
        let items = state.item_u.column(item_u::ID).iter();
        let names = Names {
            previous: state.global.previous.map(|row| item_id(row.item)),
            skills: skills.map(|&skill| ids.skill_id(SkillIx(skill))).collect(),
            items: items.map(|&item| item_id(item)).collect(),
        };
        let stored = Stored {
            variant: state.variant,
            global: state.global,
            version: ids.version(),
            skill_f: state.skill_f.cells(),
            skill_u: state.skill_u.cells(),
            item_u: state.item_u.cells(),
            item_h: state.item_h.cells(),
            names: &encoded(&names),
            orphans: self.orphans.as_deref().cloned().unwrap_or_default(),
        };
        let body = encoded(&stored);
        let mut bytes = Vec::with_capacity(1 + body.len());
        bytes.push(FORMAT);
        bytes.extend(body);
        bytes
    }

    /// The state that [`Learner::encode`] wrote, under the bank that `ids` speaks for.
    ///
    /// # Errors
    /// Another format, or damaged bytes.
    pub fn decode(bytes: &[u8], ids: &impl Ids) -> Result<Self, CodecError> {
        let (&found, body) = bytes
            .split_first()
            .ok_or_else(|| CodecError::Damaged("no bytes".to_owned()))?;
        if found != FORMAT {
            return Err(CodecError::Version { found });
        }
        let stored: Stored<'_> = parsed(body)?;
        if !stored.skill_f.iter().all(|x| x.is_finite()) {
            return Err(CodecError::Damaged(
                "a number that is not finite".to_owned(),
            ));
        }
        let mut state = State::new(stored.variant, stored.global.v);
        state.global = stored.global;
        state.skill_f = block(stored.skill_f, &state.skill_f, "skills' numbers")?;
        state.skill_u = block(stored.skill_u, &state.skill_u, "skills' counts")?;
        state.item_u = block(stored.item_u, &state.item_u, "items' counts")?;
        state.item_h = block(stored.item_h, &state.item_h, "items' tries")?;
        let lengths = [state.skill_f.len(), state.item_h.len()];
        if lengths != [state.skill_u.len(), state.item_u.len()] {
            return Err(CodecError::Damaged("columns of unequal length".to_owned()));
        }
        let mut orphans = stored.orphans;
        if stored.version != ids.version() {
            let names = parsed(stored.names)?;
            state = translated(&state, &names, ids, &mut orphans)?;
        } else if !within(&state.skill_u, ids.n_skills()) || !within(&state.item_u, ids.n_items()) {
            return Err(CodecError::Damaged("an index beyond the bank".to_owned()));
        }
        Ok(Self {
            state,
            orphans: (!orphans.is_empty()).then(|| Box::new(orphans)),
        })
    }
}

/// Whether the indexes in the first column rise and stay below `end`.
fn within(block: &Block<u32>, end: usize) -> bool {
    let ids = block.column(0);
    ids.is_sorted_by(|a, b| a < b) && ids.last().is_none_or(|&last| (last as usize) < end)
}

/// A state under another bank than that of its indexes; rows that this one lacks join the orphans, and orphans that it has
/// come back.
fn translated(
    old: &State,
    names: &Names<'_>,
    ids: &impl Ids,
    orphans: &mut Orphans,
) -> Result<State, CodecError> {
    if [names.skills.len(), names.items.len()] != [old.skill_u.len(), old.item_u.len()] {
        return Err(CodecError::Damaged("rows without ids".to_owned()));
    }
    let mut new = State::new(old.variant, old.global.v);
    new.global = old.global;
    for (row, id) in new.global.previous.iter_mut().zip(names.previous) {
        let item = ids.item_ix(id).filter(|_| !id.is_empty());
        row.item = item.map_or(NONE, |item| item.0);
        row.set = item.map_or(0, |item| {
            let skills: Vec<u32> = ids.item_skills(item).iter().map(|s| s.0).collect();
            set_key(&skills)
        });
    }
    let mut lost = std::mem::take(orphans);
    for (row, id) in names.skills.iter().enumerate() {
        lost.skills.push(StoredSkill {
            id: (*id).to_owned(),
            f: old.skill_f.row(row).collect(),
            u: old.skill_u.row(row).skip(1).collect(),
        });
    }
    for (row, id) in names.items.iter().enumerate() {
        lost.items.push(StoredItem {
            id: (*id).to_owned(),
            u: old.item_u.row(row).skip(1).collect(),
            h: old.item_h.row(row).collect(),
        });
    }
    for skill in lost.skills {
        if skill.f.len() != new.skill_f.columns() || skill.u.len() + 1 != new.skill_u.columns() {
            return Err(CodecError::Damaged(format!("skill {}", skill.id)));
        }
        let Some(ix) = ids.skill_ix(&skill.id) else {
            orphans.skills.push(skill);
            continue;
        };
        let row = new.touch_skill(ix.0, 0.0);
        new.skill_f.set_row(row, skill.f.into_iter());
        new.skill_u
            .set_row(row, std::iter::once(ix.0).chain(skill.u));
    }
    for item in lost.items {
        if item.u.len() + 1 != new.item_u.columns() || item.h.len() != new.item_h.columns() {
            return Err(CodecError::Damaged(format!("item {}", item.id)));
        }
        let Some(ix) = ids.item_ix(&item.id) else {
            orphans.items.push(item);
            continue;
        };
        let row = new.touch_item(ix.0);
        new.item_u.set_row(row, std::iter::once(ix.0).chain(item.u));
        new.item_h.set_row(row, item.h.into_iter());
    }
    new.shrink();
    Ok(new)
}

fn block<T: Copy + Default>(
    cells: Vec<T>,
    like: &Block<T>,
    what: &str,
) -> Result<Block<T>, CodecError> {
    let found = cells.len();
    Block::from_cells(cells, like.columns())
        .ok_or_else(|| CodecError::Damaged(format!("{what}: {found} cells")))
}

fn parsed<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, CodecError> {
    postcard::from_bytes(bytes).map_err(|error| CodecError::Damaged(error.to_string()))
}

fn encoded(value: &impl Serialize) -> Vec<u8> {
    // Into a vector, of a type without maps or unsized parts: there is nothing that can fail.
    postcard::to_allocvec(value).unwrap_or_default()
}

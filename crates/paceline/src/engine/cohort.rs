//! The cohort snapshot: what the class as a whole was shown, and how fast it is.

use super::Engine;
use crate::error::Error;
use crate::journal::Entry;
use paceline_core::event::EventBody;
use paceline_core::ids::{ItemIx, LearnerId, ThemeIx};
use paceline_scheduler::Cohort;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};

/// The blob that holds the cohort snapshot.
const COHORT: &str = "cohort";
/// How many learners are read at a time.
const PAGE: usize = 1_000;
/// The format of the stored snapshot.
const FORMAT: u8 = 1;

/// A cohort snapshot as it is stored, keyed by external ids.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    format: u8,
    version: u64,
    pace: f32,
    exposure: Vec<(String, f32)>,
    themes: Vec<(String, u32)>,
}

impl Engine {
    /// Counts the journal anew into a cohort snapshot: the class's pace, how often each item and theme was shown. Plans made from now on
    /// read it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn refresh_cohort(&self) -> Result<u64, Error> {
        let _span = tracing::info_span!("refresh_cohort").entered();
        let mut cohort = Cohort {
            version: self.cohort().version + 1,
            exposure: vec![0.0; self.bank.n_items()],
            theme_counts: vec![0; self.bank.n_themes()],
            ..Cohort::default()
        };
        let (mut learners, mut lessons, mut pace) = (0u64, 0u64, 0.0f64);
        let mut after: Option<LearnerId> = None;
        loop {
            let page = self.store.learners(after.as_ref(), PAGE)?;
            for learner in &page {
                let entries = self.decode_all(learner, &self.store.events(learner)?)?;
                entries
                    .iter()
                    .for_each(|(_, entry)| lessons += self.count(entry, &mut cohort));
                pace += self.read(learner, |state, _| f64::from(state.pace.factor()))?;
                learners += 1;
            }
            match page.into_iter().next_back() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        cohort
            .exposure
            .iter_mut()
            .for_each(|times| *times /= lessons.max(1) as f32);
        cohort.pace = if learners == 0 {
            0.0
        } else {
            (pace / learners as f64) as f32
        };
        self.save_cohort(&cohort)?;
        let version = cohort.version;
        *self.cohort.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(cohort);
        Ok(version)
    }

    /// Counts an offered lesson; returns how many lessons that was.
    fn count(&self, entry: &Entry, cohort: &mut Cohort) -> u64 {
        let EventBody::Offered(offered) = &entry.body else {
            return 0;
        };
        for activity in &offered.activities {
            if let Some(item) = activity.item.as_ref().and_then(|id| self.bank.item_ix(id)) {
                cohort.exposure[item.at()] += 1.0;
            }
            if let Some(theme) = activity
                .theme
                .as_ref()
                .and_then(|id| self.bank.theme_ix(id))
            {
                cohort.theme_counts[theme.at()] += 1;
            }
        }
        1
    }

    fn save_cohort(&self, cohort: &Cohort) -> Result<(), Error> {
        let shown = cohort
            .exposure
            .iter()
            .enumerate()
            .filter(|(_, rate)| **rate > 0.0);
        let exposure = shown
            .map(|(item, &rate)| {
                let item = ItemIx(item as u32);
                (self.bank.item_id(item).to_owned(), rate)
            })
            .collect();
        let themes = cohort
            .theme_counts
            .iter()
            .enumerate()
            .map(|(theme, &count)| {
                let theme = ThemeIx(theme as u32);
                (self.bank.theme(theme).id.clone(), count)
            });
        let themes = themes.collect();
        let stored = Stored {
            format: FORMAT,
            version: cohort.version,
            pace: cohort.pace,
            exposure,
            themes,
        };
        let bytes = postcard::to_allocvec(&stored).expect("numbers and texts always encode");
        Ok(self.store.put_blob(COHORT, &bytes)?)
    }

    /// Takes up the snapshot that the store holds; one of another format is left, as it can be counted anew.
    pub(super) fn load_cohort(&self) -> Result<(), Error> {
        let Some(bytes) = self.store.blob(COHORT)? else {
            return Ok(());
        };
        let stored = postcard::from_bytes::<Stored>(&bytes);
        let Some(stored) = stored.ok().filter(|stored| stored.format == FORMAT) else {
            return Ok(());
        };
        let mut cohort = Cohort {
            version: stored.version,
            pace: stored.pace,
            exposure: vec![0.0; self.bank.n_items()],
            theme_counts: vec![0; self.bank.n_themes()],
        };
        for (id, rate) in stored.exposure {
            if let Some(item) = self.bank.item_ix(&id) {
                cohort.exposure[item.at()] = rate;
            }
        }
        for (id, count) in stored.themes {
            if let Some(theme) = self.bank.theme_ix(&id) {
                cohort.theme_counts[theme.at()] = count;
            }
        }
        *self.cohort.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(cohort);
        Ok(())
    }
}

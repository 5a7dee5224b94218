//! TOML: reads tables key by key, so that every mistake is reported with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Report;
use crate::suggest::closest;

/// A table with the places of its keys; offsets are shifted to those of the file.
pub(super) struct Table<'a> {
    table: &'a DeTable<'a>,
    pub(super) place: Range<usize>,
    shift: usize,
    known: Vec<&'static str>,
}

/// A name, its place, and its texts by language.
pub(super) type Slot = (String, Range<usize>, Vec<(String, String)>);

/// Reads a document; syntax errors go to the report and the rest is read all the same.
pub(super) fn with_document<T>(
    report: &mut Report<'_>,
    text: &str,
    shift: usize,
    read: impl FnOnce(&mut Report<'_>, &mut Table<'_>) -> T,
) -> T {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = error.span().unwrap_or(0..1);
        let found = text
            .get(place.clone())
            .filter(|found| !found.trim().is_empty());
        let found = found.map_or_else(|| "this".to_owned(), |found| format!("`{found}`"));
        report.error(
            place.start + shift..place.end + shift,
            error.message(),
            &found,
            "valid TOML",
        );
    }
    let mut table = Table {
        table: document.get_ref(),
        place: shift..shift + 1,
        shift,
        known: Vec::new(),
    };
    read(report, &mut table)
}

impl<'a> Table<'a> {
    fn shifted(&self, place: Range<usize>) -> Range<usize> {
        place.start + self.shift..place.end + self.shift
    }

    fn find(&mut self, key: &'static str) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        self.known.push(key);
        let value = self.table.get(key)?;
        Some((value.get_ref(), self.shifted(value.span())))
    }

    fn mismatch(
        report: &mut Report<'_>,
        key: &str,
        value: &DeValue<'_>,
        place: Range<usize>,
        wanted: &str,
    ) {
        report.error(
            place,
            &format!("`{key}` has the wrong type"),
            &format!("a {}", value.type_str()),
            wanted,
        );
    }

    pub(super) fn text(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
    ) -> Option<(String, Range<usize>)> {
        let (value, place) = self.find(key)?;
        let Some(text) = value.as_str() else {
            Self::mismatch(report, key, value, place, "a text in quotes");
            return None;
        };
        Some((text.to_owned(), place))
    }

    pub(super) fn required_text(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
    ) -> Option<(String, Range<usize>)> {
        if !self.table.contains_key(key) {
            self.known.push(key);
            report.error(
                self.place.clone(),
                &format!("`{key}` is missing"),
                "no such key",
                &format!("`{key} = \"...\"`"),
            );
            return None;
        }
        self.text(report, key)
    }

    pub(super) fn number(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
    ) -> Option<(f32, Range<usize>)> {
        let (value, place) = self.find(key)?;
        match number(value) {
            Some(number) => Some((number, place)),
            None => {
                Self::mismatch(report, key, value, place, "a number");
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
    ) -> Vec<(String, Range<usize>)> {
        self.list(report, key, "a list of texts", |value| {
            value.as_str().map(str::to_owned)
        })
    }

    /// A list of skills, each a text or `{ skill = "...", weight = 0.5 }`.
    pub(super) fn weighted(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
    ) -> Vec<((String, f32), Range<usize>)> {
        let wanted = "skills, each a text or { skill = \"...\", weight = 0.5 }";
        self.list(report, key, wanted, |value| match value {
            DeValue::String(name) => Some((name.to_string(), 1.0)),
            DeValue::Table(table)
                if table
                    .keys()
                    .all(|key| ["skill", "weight"].contains(&key.get_ref().as_ref())) =>
            {
                let name = table.get("skill")?.get_ref().as_str()?.to_owned();
                let weight = table
                    .get("weight")
                    .map_or(Some(1.0), |weight| number(weight.get_ref()))?;
                Some((name, weight))
            }
            _ => None,
        })
    }

    fn list<T>(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        wanted: &str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Vec<(T, Range<usize>)> {
        let Some((value, place)) = self.find(key) else {
            return Vec::new();
        };
        let Some(array) = value.as_array() else {
            Self::mismatch(report, key, value, place, wanted);
            return Vec::new();
        };
        let mut values = Vec::with_capacity(array.len());
        for element in array.iter() {
            let place = self.shifted(element.span());
            match read(element.get_ref()) {
                Some(value) => values.push((value, place)),
                None => Self::mismatch(report, key, element.get_ref(), place, wanted),
            }
        }
        values
    }

    /// A table of numbers under names, as `encompasses` is.
    pub(super) fn shares(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
    ) -> Vec<((String, f32), Range<usize>)> {
        let Some((value, place)) = self.find(key) else {
            return Vec::new();
        };
        let Some(table) = value.as_table() else {
            Self::mismatch(report, key, value, place, "{ skill = 0.5 }");
            return Vec::new();
        };
        let mut shares = Vec::with_capacity(table.len());
        for (name, value) in table.iter() {
            match number(value.get_ref()) {
                Some(share) => shares.push((
                    (name.get_ref().to_string(), share),
                    self.shifted(name.span()),
                )),
                None => Self::mismatch(
                    report,
                    key,
                    value.get_ref(),
                    self.shifted(value.span()),
                    "a share above 0 and at most 1",
                ),
            }
        }
        shares
    }

    /// Every entry that is a table, as `[name]` headings make them; others are reported.
    pub(super) fn tables(
        &self,
        report: &mut Report<'_>,
        wanted: &str,
    ) -> Vec<(String, Range<usize>, Table<'a>)> {
        let mut tables = Vec::new();
        for (name, value) in self.table.iter() {
            let place = self.shifted(name.span());
            match value.get_ref() {
                DeValue::Table(table) => {
                    let table = Table {
                        table,
                        place: place.clone(),
                        shift: self.shift,
                        known: Vec::new(),
                    };
                    tables.push((name.get_ref().to_string(), place, table));
                }
                other => Self::mismatch(report, name.get_ref(), other, place, wanted),
            }
        }
        tables
    }

    /// Every entry as `(name, place, languages)`: a text stands for the course's own language.
    pub(super) fn slots(&self, report: &mut Report<'_>, own: &str) -> Vec<Slot> {
        let mut slots = Vec::new();
        for (name, value) in self.table.iter() {
            let wanted = "a text by language: { en = \"...\" }";
            let texts = match value.get_ref() {
                DeValue::String(text) => vec![(own.to_owned(), text.to_string())],
                DeValue::Table(table) => table
                    .iter()
                    .filter_map(|(language, text): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                        let Some(text) = text.get_ref().as_str() else {
                            let place = self.shifted(text.span());
                            Self::mismatch(report, name.get_ref(), text.get_ref(), place, wanted);
                            return None;
                        };
                        Some((language.get_ref().to_string(), text.to_owned()))
                    })
                    .collect(),
                other => {
                    Self::mismatch(
                        report,
                        name.get_ref(),
                        other,
                        self.shifted(value.span()),
                        wanted,
                    );
                    continue;
                }
            };
            slots.push((name.get_ref().to_string(), self.shifted(name.span()), texts));
        }
        slots
    }

    /// Reports every key that was not asked for.
    pub(super) fn finish(&self, report: &mut Report<'_>) {
        for (name, _) in self.table.iter() {
            let key: &str = name.get_ref();
            if !self.known.contains(&key) {
                let help = closest(key, self.known.iter().copied())
                    .map(|known| format!("did you mean `{known}`?"));
                let wanted = format!("one of {}", self.known.join(", "));
                report.error_with_help(
                    self.shifted(name.span()),
                    "unknown key",
                    &format!("`{key}`"),
                    &wanted,
                    help,
                );
            }
        }
    }
}

fn number(value: &DeValue<'_>) -> Option<f32> {
    let number = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok()?,
        DeValue::Float(float) => float.as_str().parse::<f32>().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

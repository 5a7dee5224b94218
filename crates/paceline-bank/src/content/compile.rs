//! Courses to a bank: groups the files, resolves names, and maps what the builder finds back to places.

use std::collections::BTreeMap;
use std::ops::Range;

use paceline_core::ids::check_local_id;
use rayon::prelude::*;

use super::item::{self, CompiledItem};
use super::page::{self, Page, RawItem};
use super::tables::with_document;
use super::{check, locked, tables};
use crate::bank::{Bank, Lesson};
use crate::builder::{
    BankBuilder, BankError, CourseSpec, ItemSpec, Level, SkillSpec, ThemeSpec, ThemesSpec,
};
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::lock::LOCK_FILE;
use crate::source::SourceFile;
use crate::suggest::closest;

/// A range of one of the files.
type Place = (usize, Range<usize>);

/// Seconds an item takes where its author does not say.
const DEFAULT_SECONDS: [(Level, f32); 3] = [
    (Level::Easy, 30.0),
    (Level::Medium, 45.0),
    (Level::Hard, 75.0),
];

struct Skill {
    spec: SkillSpec,
    place: Place,
    /// The place of each name it lists, by field and qualified name.
    names: BTreeMap<(&'static str, String), Place>,
}

struct Theme {
    spec: ThemeSpec,
    place: Place,
}

pub(super) struct Compiled {
    pub(super) spec: ItemSpec,
    place: Place,
    pub(super) item: CompiledItem,
    passage: Option<String>,
    passages: Vec<(String, Option<String>)>,
    is_sound: bool,
}

#[derive(Default)]
pub(super) struct Course {
    spec: CourseSpec,
    skills: Vec<Skill>,
    themes: Vec<Theme>,
    pub(super) items: Vec<Compiled>,
    lessons: Vec<(String, Lesson, Place)>,
}

struct Compiler<'a> {
    reports: Vec<Report<'a>>,
}

impl Bank {
    /// Compiles content: the files of one or more courses, in any order.
    ///
    /// A file's course is the folder it stands in. Files other than `course.toml`, `skills.toml`,
    /// `themes.toml`, Markdown and the lock file of a calibration are ignored, as is a `README.md`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, by file, line and column. Beside a bank there may be warnings.
    pub fn compile(sources: &[SourceFile]) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut files: Vec<&SourceFile> = sources.iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut compiler = Compiler {
            reports: files.iter().map(|file| Report::new(file)).collect(),
        };
        let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut locks = Vec::new();
        for (i, file) in files.iter().enumerate() {
            let (folder, name) = split_path(&file.path);
            if name == LOCK_FILE {
                locks.push(i);
            }
            let is_content = ["course.toml", "skills.toml", "themes.toml"].contains(&name)
                || (name.ends_with(".md") && !name.eq_ignore_ascii_case("readme.md"));
            if is_content {
                folders.entry(folder).or_default().push(i);
            }
        }
        let mut courses: Vec<Course> = folders
            .iter()
            .filter_map(|(folder, files)| compiler.course(folder, files))
            .collect();
        locked::apply(&mut compiler.reports, &locks, &mut courses);
        compiler.check_items(&courses);
        let bank = compiler.build(courses, &files);
        let diagnostics: Vec<Diagnostic> = compiler
            .reports
            .into_iter()
            .flat_map(Report::finish)
            .collect();
        let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
        match bank {
            Some(bank) if !failed => Ok((bank, diagnostics)),
            _ => Err(diagnostics),
        }
    }
}

fn split_path(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

impl Compiler<'_> {
    fn name(&self, file: usize) -> &str {
        split_path(&self.reports[file].source.path).1
    }

    fn course(&mut self, folder: &str, files: &[usize]) -> Option<Course> {
        let named = |compiler: &Self, name: &str| {
            files
                .iter()
                .copied()
                .find(|&file| compiler.name(file) == name)
        };
        let Some(file) = named(self, "course.toml") else {
            let first = files[0];
            self.reports[first].error(
                0..1,
                "a file without a course",
                "no `course.toml` beside it",
                "the course's `course.toml` in the same folder",
            );
            return None;
        };
        let mut course = Course {
            spec: self.course_table(file, split_path(folder).1),
            ..Course::default()
        };
        match named(self, "skills.toml") {
            Some(file) => self.skills_table(file, &mut course),
            None => self.reports[file].error(
                0..1,
                "a course without skills",
                "no `skills.toml` beside it",
                "a `skills.toml` in the same folder",
            ),
        }
        if let Some(file) = named(self, "themes.toml") {
            self.themes_table(file, &mut course);
        }
        let pages: Vec<usize> = files
            .iter()
            .copied()
            .filter(|&file| self.name(file).ends_with(".md"))
            .collect();
        // A translation has its language before the ending: `page.de.md`.
        let (originals, translations): (Vec<usize>, Vec<usize>) = pages
            .into_iter()
            .partition(|&file| !self.name(file).trim_end_matches(".md").contains('.'));
        let mut read: BTreeMap<String, (usize, Range<usize>)> = BTreeMap::new();
        for file in originals {
            let first = course.items.len();
            self.page(file, &mut course);
            let name = self.name(file).trim_end_matches(".md").to_owned();
            read.insert(name, (file, first..course.items.len()));
        }
        for file in translations {
            let stem = self.name(file).trim_end_matches(".md").to_owned();
            if let Some((page, language)) = stem.rsplit_once('.') {
                self.translation(file, page, language, read.get(page), &mut course);
            }
        }
        self.check_names(&mut course);
        Some(course)
    }

    fn course_table(&mut self, file: usize, folder: &str) -> CourseSpec {
        let report = &mut self.reports[file];
        let text = report.source.text.as_str();
        with_document(report, text, 0, |report, table| {
            let id = table.required_text(report, "id");
            let title = table.required_text(report, "title");
            let languages = table.texts(report, "languages");
            let licence = table.text(report, "licence");
            let authors = table.texts(report, "authors");
            table.finish(report);
            if let Some((id, place)) = id.as_ref().filter(|(id, _)| id != folder) {
                report.error(
                    place.clone(),
                    "a course's id is its folder's name",
                    &format!("`{id}`"),
                    &format!("`{folder}`"),
                );
            }
            if check_local_id(folder).is_err() {
                report.error(
                    0..1,
                    "malformed course id",
                    &format!("`{folder}`"),
                    "a folder named with lower-case letters, digits, `-` and `_`",
                );
            }
            for (language, place) in &languages {
                let is_code = (2..=12).contains(&language.len())
                    && language
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-');
                if !is_code {
                    report.error(
                        place.clone(),
                        "malformed language",
                        &format!("`{language}`"),
                        "a code such as `en` or `pt-br`",
                    );
                }
            }
            let mut languages: Vec<String> = languages
                .into_iter()
                .map(|(language, _)| language)
                .collect();
            if languages.is_empty() {
                languages.push("en".to_owned());
            }
            CourseSpec {
                id: folder.to_owned(),
                title: title.map_or_else(String::new, |(title, _)| title),
                languages,
                licence: licence.map_or_else(String::new, |(licence, _)| licence),
                authors: authors.into_iter().map(|(author, _)| author).collect(),
            }
        })
    }

    fn skills_table(&mut self, file: usize, course: &mut Course) {
        let report = &mut self.reports[file];
        let text = report.source.text.as_str();
        let id = course.spec.id.clone();
        let qualified = |name: &str| {
            if name.contains('/') {
                name.to_owned()
            } else {
                format!("{id}/{name}")
            }
        };
        course.skills = with_document(report, text, 0, |report, document| {
            let mut skills = Vec::new();
            for (name, place, mut table) in document.tables(report, "a table: [skill-id]") {
                if check_local_id(&name).is_err() {
                    report.error(
                        place.clone(),
                        "malformed skill id",
                        &format!("`{name}`"),
                        "lower-case letters, digits, `-` and `_`",
                    );
                    continue;
                }
                let skill = skill(
                    report,
                    &mut table,
                    file,
                    place,
                    &qualified(&name),
                    &qualified,
                );
                table.finish(report);
                skills.push(skill);
            }
            skills
        });
        if course.skills.is_empty() && self.reports[file].n_errors() == 0 {
            self.reports[file].error(
                0..1,
                "a course without skills",
                "no table",
                "at least one `[skill-id]`",
            );
        }
    }

    fn themes_table(&mut self, file: usize, course: &mut Course) {
        let report = &mut self.reports[file];
        let text = report.source.text.as_str();
        let own = course.spec.languages[0].clone();
        let mut slots_by_theme: Vec<(String, Range<usize>, Vec<String>)> = Vec::new();
        let course_id = course.spec.id.clone();
        course.themes = with_document(report, text, 0, |report, document| {
            let mut themes = Vec::new();
            for (id, place, table) in document.tables(report, "a table: [theme-id]") {
                if check_local_id(&id).is_err() {
                    report.error(
                        place.clone(),
                        "malformed theme id",
                        &format!("`{id}`"),
                        "lower-case letters, digits, `-` and `_`",
                    );
                    continue;
                }
                let slots = table.slots(report, &own);
                for (slot, place, texts) in &slots {
                    if !texts.iter().any(|(language, _)| *language == own) {
                        report.error(
                            place.clone(),
                            "a slot without the course's own language",
                            &format!("`{slot}`"),
                            &format!("`{own} = \"...\"`"),
                        );
                    }
                }
                slots_by_theme.push((
                    id.clone(),
                    place.clone(),
                    slots.iter().map(|(slot, ..)| slot.clone()).collect(),
                ));
                let texts = slots.into_iter().flat_map(|(slot, _, texts)| {
                    texts
                        .into_iter()
                        .map(move |(language, text)| (slot.clone(), language, text))
                });
                let spec = ThemeSpec {
                    course: course_id.clone(),
                    id,
                    slots: texts.collect(),
                };
                themes.push(Theme {
                    spec,
                    place: (file, place),
                });
            }
            themes
        });
        let all: std::collections::BTreeSet<&str> = slots_by_theme
            .iter()
            .flat_map(|(.., slots)| slots.iter().map(String::as_str))
            .chain(["title"])
            .collect();
        for (id, place, slots) in &slots_by_theme {
            let missing: Vec<&str> = all
                .iter()
                .copied()
                .filter(|slot| !slots.iter().any(|own| own == slot))
                .collect();
            if !missing.is_empty() {
                let found = format!("no `{}` in `{id}`", missing.join("`, `"));
                self.reports[file].error(
                    place.clone(),
                    "a theme without some slots",
                    &found,
                    "the same slots as in every other theme, and `title`",
                );
            }
        }
    }

    fn page(&mut self, file: usize, course: &mut Course) {
        let report = &mut self.reports[file];
        let page = page::read(report);
        let front = front_matter(report, &page, true);
        let (own, id) = (course.spec.languages[0].clone(), course.spec.id.clone());
        let skills: Vec<(String, Range<usize>)> = front
            .skills
            .iter()
            .map(|(skill, place)| (qualify(&id, skill), place.clone()))
            .collect();
        if page.lesson.text.is_empty() {
            if page.items.is_empty() {
                report.error(
                    0..1,
                    "an empty page",
                    "neither a lesson nor an item",
                    "a text under `# Title`, or `## item`",
                );
            }
        } else {
            let place = page
                .title
                .as_ref()
                .map_or_else(|| page.lesson.whole(), page::Located::whole);
            if page.title.is_none() {
                report.error(
                    place.clone(),
                    "a lesson without a title",
                    "a text",
                    "`# Title` above it",
                );
            }
            if !page.has_worked_example {
                let help = Some(
                    "show one problem solved step by step, below `### Worked example`".to_owned(),
                );
                report.warning(
                    place.clone(),
                    "a lesson without a worked example",
                    "no such heading",
                    "`### Worked example`",
                    help,
                );
            }
            for (skill, _) in &skills {
                let lesson = lesson_of(&page, &own);
                course
                    .lessons
                    .push((skill.clone(), lesson, (file, place.clone())));
            }
        }
        for raw in &page.items {
            let before = report.n_errors();
            if check_local_id(&raw.id).is_err() {
                report.error(
                    raw.place.clone(),
                    "malformed item id",
                    &format!("`{}`", raw.id),
                    "lower-case letters, digits, `-` and `_`",
                );
            }
            let item = item::compile(report, raw, &own);
            let spec = item_spec(&item, raw, &front, &skills, &id);
            course.items.push(Compiled {
                spec,
                place: (file, raw.place.clone()),
                item,
                passage: front.passage.clone(),
                passages: Vec::new(),
                is_sound: report.n_errors() == before,
            });
        }
        for (skill, place) in skills {
            self.known_skill(course, &skill, &(file, place));
        }
        if let Some((theme, place)) = &front.theme {
            self.known_theme(course, theme, (file, place.clone()));
        }
    }

    fn translation(
        &mut self,
        file: usize,
        page_name: &str,
        language: &str,
        original: Option<&(usize, Range<usize>)>,
        course: &mut Course,
    ) {
        let report = &mut self.reports[file];
        let own = &course.spec.languages;
        if language == own[0] || !own.iter().any(|known| known == language) {
            let wanted = format!(
                "one of `{}`, and not the course's own `{}`",
                own.join("`, `"),
                own[0]
            );
            report.error(
                0..1,
                "a translation into a language that the course does not list",
                &format!("`{language}`"),
                &wanted,
            );
            return;
        }
        let Some((original, items)) = original else {
            report.error(
                0..1,
                "a translation without an original",
                &format!("no `{page_name}.md`"),
                "the page that it translates, in the same folder",
            );
            return;
        };
        let page = page::read(report);
        let front = front_matter(report, &page, false);
        if !page.lesson.text.is_empty() {
            let lesson = lesson_of(&page, language);
            let place = page.lesson.whole();
            let skills: Vec<String> = course
                .lessons
                .iter()
                .filter(|(.., (file, _))| file == original)
                .map(|(skill, ..)| skill.clone())
                .collect();
            if skills.is_empty() {
                report.error(
                    place.clone(),
                    "a translated lesson without an original",
                    "a lesson text",
                    "a lesson in the page that it translates",
                );
            }
            course.lessons.extend(
                skills
                    .into_iter()
                    .map(|skill| (skill, lesson.clone(), (file, place.clone()))),
            );
        }
        let mut slots: Vec<(String, Range<usize>)> = Vec::new();
        let ids: Vec<String> = course.items[items.clone()]
            .iter()
            .map(|c| local(&c.spec.id).to_owned())
            .collect();
        for raw in &page.items {
            let Some(at) = ids.iter().position(|id| *id == raw.id) else {
                let help = closest(&raw.id, ids.iter().map(String::as_str))
                    .map(|id| format!("did you mean `{id}`?"));
                report.error_with_help(
                    raw.place.clone(),
                    "a translation of an unknown item",
                    &format!("`{}`", raw.id),
                    &format!("an item of `{page_name}.md`"),
                    help,
                );
                continue;
            };
            let compiled = &mut course.items[items.start + at];
            let before = report.n_errors();
            if let Some(texts) = item::translate(report, raw, &compiled.item, language, &mut slots)
            {
                if compiled
                    .item
                    .body
                    .texts
                    .iter()
                    .any(|known| known.language == language)
                {
                    report.error(
                        raw.place.clone(),
                        "an item is translated twice",
                        &format!("`{}`", raw.id),
                        "one translation",
                    );
                } else {
                    compiled.item.body.texts.push(texts);
                    compiled
                        .passages
                        .push((language.to_owned(), front.passage.clone()));
                }
            }
            compiled.is_sound &= report.n_errors() == before;
        }
        for (slot, place) in slots {
            self.known_slot(course, &slot, language, (file, place));
        }
    }

    /// Checks the names that items use, now that all skills and themes of the course are read.
    fn check_names(&mut self, course: &mut Course) {
        let mut seen: BTreeMap<String, Place> = BTreeMap::new();
        for i in 0..course.items.len() {
            let (file, place) = course.items[i].place.clone();
            let id = course.items[i].spec.id.clone();
            if let Some((first, at)) = seen.insert(id.clone(), (file, place.clone())) {
                let line = self.reports[first].source.text[..at.start]
                    .matches('\n')
                    .count()
                    + 1;
                let help = Some(format!(
                    "the first is in {}:{line}",
                    self.reports[first].source.path
                ));
                self.reports[file].error_with_help(
                    place.clone(),
                    "an item's id is used twice",
                    &format!("`{}`", local(&id)),
                    "an id of its own in the whole course",
                    help,
                );
                course.items[i].is_sound = false;
            }
            let heading = std::mem::take(&mut course.items[i].item.heading);
            for (skill, _, place) in &heading.skills {
                let skill = qualify(&course.spec.id, skill);
                let known = self.known_skill(course, &skill, &(file, place.clone()));
                course.items[i].is_sound &= known;
            }
            if let Some((theme, place)) = &heading.theme {
                let known = self.known_theme(course, theme, (file, place.clone()));
                course.items[i].is_sound &= known;
            }
            course.items[i].item.heading = heading;
            let slots = std::mem::take(&mut course.items[i].item.slots);
            let language = course.spec.languages[0].clone();
            for (slot, place) in &slots {
                self.known_slot(course, slot, &language, (file, place.clone()));
            }
        }
        let mut lessons: BTreeMap<(&str, &str), &Place> = BTreeMap::new();
        for (skill, lesson, place) in &course.lessons {
            if let Some((first, _)) = lessons.insert((skill, &lesson.language), place) {
                let help = Some(format!(
                    "the first is in {}",
                    self.reports[*first].source.path
                ));
                let found = format!("a second lesson of `{skill}`");
                self.reports[place.0].error_with_help(
                    place.1.clone(),
                    "a skill with two lessons",
                    &found,
                    "one page with a lesson text a skill",
                    help,
                );
            }
        }
    }

    fn known_skill(&mut self, course: &Course, skill: &str, (file, place): &Place) -> bool {
        // Skills of other courses are checked when all courses are read.
        let own = course.skills.iter().map(|skill| skill.spec.id.as_str());
        if own.clone().any(|known| known == skill) {
            return true;
        }
        let help =
            closest(local(skill), own.map(local)).map(|known| format!("did you mean `{known}`?"));
        self.reports[*file].error_with_help(
            place.clone(),
            "unknown skill",
            &format!("`{}`", local(skill)),
            "a skill of the course's `skills.toml`",
            help,
        );
        false
    }

    fn known_theme(&mut self, course: &Course, theme: &str, (file, place): Place) -> bool {
        let own = course.themes.iter().map(|theme| theme.spec.id.as_str());
        if own.clone().any(|known| known == theme) {
            return true;
        }
        let help = closest(theme, own).map(|known| format!("did you mean `{known}`?"));
        self.reports[file].error_with_help(
            place,
            "unknown theme",
            &format!("`{theme}`"),
            "a theme of the course's `themes.toml`",
            help,
        );
        false
    }

    fn known_slot(&mut self, course: &Course, slot: &str, language: &str, (file, place): Place) {
        let slots: std::collections::BTreeSet<&str> = course
            .themes
            .iter()
            .flat_map(|theme| theme.spec.slots.iter().map(|(slot, ..)| slot.as_str()))
            .collect();
        if !slots.contains(slot) {
            let help = closest(slot, slots.iter().copied())
                .map(|known| format!("did you mean `{known}`?"));
            self.reports[file].error_with_help(
                place,
                "unknown theme slot",
                &format!("`{slot}`"),
                "a slot of every theme in `themes.toml`",
                help,
            );
            return;
        }
        let lacks = |theme: &&Theme| {
            !theme
                .spec
                .slots
                .iter()
                .any(|(own, code, _)| own == slot && code == language)
        };
        let lacking: Vec<&str> = course
            .themes
            .iter()
            .filter(lacks)
            .map(|theme| theme.spec.id.as_str())
            .collect();
        if !lacking.is_empty() {
            let found = format!(
                "no `{language}` for `{slot}` in theme `{}`",
                lacking.join("`, `")
            );
            self.reports[file].error(
                place,
                "a theme slot without this language",
                &found,
                "the slot in every theme in every language of a page that uses it",
            );
        }
    }

    /// Draws instances of every sound item, in parallel; findings are reported in the order of the items.
    fn check_items(&mut self, courses: &[Course]) {
        let items: Vec<&Compiled> = courses
            .iter()
            .flat_map(|course| &course.items)
            .filter(|item| item.is_sound)
            .collect();
        let findings: Vec<Vec<check::Finding>> = items
            .par_iter()
            .map(|item| check::check(&item.spec.id, &item.place.1, &item.item))
            .collect();
        for (item, findings) in items.iter().zip(findings) {
            for found in findings {
                let report = &mut self.reports[item.place.0];
                report.error_with_help(
                    found.place,
                    &found.message,
                    &found.found,
                    &found.wanted,
                    found.help,
                );
            }
        }
    }

    fn build(&mut self, courses: Vec<Course>, files: &[&SourceFile]) -> Option<Bank> {
        if courses.is_empty() {
            return BankBuilder::new().build().ok();
        }
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        let mut names: BTreeMap<(String, &'static str, String), Place> = BTreeMap::new();
        let mut builder = BankBuilder::new();
        for course in courses {
            builder.course(course.spec);
            for theme in course.themes {
                places.entry(theme.spec.id.clone()).or_insert(theme.place);
                builder.theme(theme.spec);
            }
            for skill in course.skills {
                places.insert(skill.spec.id.clone(), skill.place);
                let id = &skill.spec.id;
                names.extend(
                    skill
                        .names
                        .into_iter()
                        .map(|((field, name), place)| ((id.clone(), field, name), place)),
                );
                builder.skill(skill.spec);
            }
            let mut kept: Vec<(Option<String>, u32)> = Vec::new();
            let mut passage = |builder: &mut BankBuilder, text: Option<String>| {
                let text = text?;
                if let Some((_, index)) =
                    kept.iter().find(|(known, _)| known.as_ref() == Some(&text))
                {
                    return Some(*index);
                }
                let index = builder.passage(text.clone());
                kept.push((Some(text), index));
                Some(index)
            };
            for mut compiled in course.items.into_iter().filter(|item| item.is_sound) {
                places.insert(compiled.spec.id.clone(), compiled.place);
                let own = passage(&mut builder, compiled.passage);
                for texts in &mut compiled.item.body.texts {
                    let translated = compiled
                        .passages
                        .iter_mut()
                        .find(|(language, _)| *language == texts.language);
                    let text = translated.and_then(|(_, text)| text.take());
                    texts.passage = passage(&mut builder, text).or(own);
                }
                builder.item_with_body(compiled.spec, &compiled.item.body, compiled.item.version);
            }
            for (skill, lesson, _) in course
                .lessons
                .into_iter()
                .filter(|(skill, ..)| places.contains_key(skill))
            {
                builder.lesson(&skill, lesson);
            }
        }
        match builder.build() {
            Ok(bank) => Some(bank),
            Err(errors) => {
                errors
                    .0
                    .iter()
                    .for_each(|error| self.bank_error(error, &places, &names, files));
                None
            }
        }
    }

    /// Puts what the builder found where it stands.
    fn bank_error(
        &mut self,
        error: &BankError,
        places: &BTreeMap<String, Place>,
        names: &BTreeMap<(String, &'static str, String), Place>,
        files: &[&SourceFile],
    ) {
        let fields = ["needs", "encompasses", "confusable", "renamed"];
        let listed = |owner: &str, target: &str| {
            fields
                .iter()
                .find_map(|&field| names.get(&(owner.to_owned(), field, target.to_owned())))
        };
        let place = match error {
            BankError::Unknown { owner, target, .. } | BankError::BadEdge { owner, target, .. } => {
                listed(owner, target).or_else(|| places.get(owner))
            }
            BankError::Cycle { path, .. } => {
                let edge = path.first().zip(path.get(1));
                edge.and_then(|(owner, target)| listed(owner, target))
                    .or_else(|| places.get(path.first()?))
            }
            BankError::BadValue { owner, .. } => places.get(owner),
            BankError::Duplicate { id, .. }
            | BankError::BadId { id, .. }
            | BankError::ItemSkills { id, .. } => {
                let renamed = names
                    .iter()
                    .find(|((_, field, old), _)| *field == "renamed" && old == id);
                renamed.map(|(_, place)| place).or_else(|| places.get(id))
            }
            BankError::TooMany { .. } => None,
        };
        let (file, at) = place.cloned().unwrap_or((0, 0..1));
        if file >= files.len() {
            return;
        }
        let report = &mut self.reports[file];
        match error {
            BankError::Unknown {
                target,
                target_kind,
                suggestion,
                ..
            } => {
                let help = suggestion
                    .as_ref()
                    .map(|known| format!("did you mean `{known}`?"));
                report.error_with_help(
                    at,
                    &format!("unknown {target_kind}"),
                    &format!("`{target}`"),
                    &format!("a {target_kind} that exists"),
                    help,
                );
            }
            BankError::Cycle { field, path } => {
                let found = path.join(" -> ");
                report.error(
                    at,
                    &format!("`{field}` forms a cycle"),
                    &found,
                    "an order in which everything can be learned",
                );
            }
            BankError::BadEdge {
                target, problem, ..
            } => {
                report.error(
                    at,
                    &format!("a skill listed {problem}"),
                    &format!("`{target}`"),
                    "other skills, each once",
                );
            }
            BankError::BadValue {
                field,
                found,
                wanted,
                ..
            } => {
                report.error(
                    at,
                    &format!("`{field}` is out of range"),
                    &found.to_string(),
                    wanted,
                );
            }
            other => report.error(at, &other.to_string(), "this", "an id of its own"),
        }
    }
}

fn qualify(course: &str, name: &str) -> String {
    if name.contains('/') {
        name.to_owned()
    } else {
        format!("{course}/{name}")
    }
}

fn local(id: &str) -> &str {
    id.split_once('/').map_or(id, |(_, local)| local)
}

fn lesson_of(page: &Page, language: &str) -> Lesson {
    Lesson {
        title: page
            .title
            .as_ref()
            .map_or_else(String::new, |title| title.text.clone()),
        markdown: page.lesson.text.clone(),
        language: language.to_owned(),
    }
}

#[derive(Default)]
struct Front {
    skills: Vec<(String, Range<usize>)>,
    level: Level,
    theme: Option<(String, Range<usize>)>,
    passage: Option<String>,
}

fn front_matter(report: &mut Report<'_>, page: &Page, required: bool) -> Front {
    let Some((range, shift)) = &page.front else {
        if required && report.n_errors() == 0 {
            report.error(
                0..1,
                "a page without front matter",
                "no `+++`",
                "`+++`, `skills = [\"...\"]`, `+++` at the top",
            );
        }
        return Front::default();
    };
    let text = &report.source.text[range.clone()];
    with_document(
        report,
        text,
        *shift,
        |report, table: &mut tables::Table<'_>| {
            let skills = table.texts(report, "skills");
            let level = table.text(report, "level");
            let theme = table.text(report, "theme");
            let passage = table
                .text(report, "passage")
                .map(|(passage, _)| passage.trim().to_owned());
            table.finish(report);
            if skills.is_empty() && required {
                report.error(
                    range.start..range.start + 1,
                    "a page without skills",
                    "no `skills`",
                    "`skills = [\"...\"]`",
                );
            }
            let level = match level {
                None => Level::Medium,
                Some((name, place)) => item::level(&name).unwrap_or_else(|| {
                    report.error(
                        place,
                        "malformed `level`",
                        &format!("`{name}`"),
                        "`easy`, `medium` or `hard`",
                    );
                    Level::Medium
                }),
            };
            Front {
                skills,
                level,
                theme,
                passage,
            }
        },
    )
}

fn item_spec(
    item: &CompiledItem,
    raw: &RawItem,
    front: &Front,
    page_skills: &[(String, Range<usize>)],
    course: &str,
) -> ItemSpec {
    let heading = &item.heading;
    let level = heading.level.unwrap_or(front.level);
    let mut skills: Vec<String> = Vec::new();
    let replaced = heading.skills.iter().any(|(_, adds, _)| !adds);
    if !replaced {
        skills.extend(page_skills.iter().map(|(skill, _)| skill.clone()));
    }
    for (skill, ..) in &heading.skills {
        let skill = qualify(course, skill);
        if !skills.contains(&skill) {
            skills.push(skill);
        }
    }
    let fixed = heading.theme.as_ref().or(front.theme.as_ref());
    let default_seconds = DEFAULT_SECONDS
        .iter()
        .find(|(own, _)| *own == level)
        .map_or(45.0, |(_, seconds)| *seconds);
    ItemSpec {
        id: format!("{course}/{}", raw.id),
        skills,
        easiness: level.easiness(),
        easiness_sd: Level::SD,
        discrimination: 1.0,
        seconds: heading.seconds.unwrap_or(default_seconds),
        status: heading.status.unwrap_or_default(),
        themes: match fixed {
            Some((theme, _)) => ThemesSpec::Fixed(theme.clone()),
            None if item.body.slots().next().is_some() => ThemesSpec::Any,
            None => ThemesSpec::None,
        },
    }
}

fn skill(
    report: &mut Report<'_>,
    table: &mut tables::Table<'_>,
    file: usize,
    place: Range<usize>,
    id: &str,
    qualified: &dyn Fn(&str) -> String,
) -> Skill {
    let mut names = BTreeMap::new();
    let title = table.required_text(report, "title");
    let mut list =
        |field: &'static str, entries: Vec<((String, f32), Range<usize>)>| -> Vec<(String, f32)> {
            let mut listed = Vec::with_capacity(entries.len());
            for ((name, weight), place) in entries {
                let name = qualified(&name);
                names.insert((field, name.clone()), (file, place));
                listed.push((name, weight));
            }
            listed
        };
    let needs = list("needs", table.weighted(report, "needs"));
    let encompasses = list("encompasses", table.shares(report, "encompasses"));
    let confusable = table
        .texts(report, "confusable")
        .into_iter()
        .map(|(name, place)| ((name, 1.0), place))
        .collect();
    let confusable = list("confusable", confusable)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let renamed = table
        .text(report, "renamed")
        .map(|(old, place)| ((old, 1.0), place))
        .into_iter()
        .collect();
    let renamed_from = list("renamed", renamed)
        .into_iter()
        .map(|(old, _)| old)
        .next();
    let standard = table.text(report, "standard").map(|(standard, _)| standard);
    let default = SkillSpec::default();
    let minutes = table.number(report, "minutes");
    let threshold = table.number(report, "threshold");
    let mut in_range =
        |value: Option<(f32, Range<usize>)>, default, most: f32, what, wanted| match value {
            Some((value, place)) if !(value > 0.0 && value <= most) => {
                report.error(
                    place,
                    &format!("`{what}` is out of range"),
                    &value.to_string(),
                    wanted,
                );
                default
            }
            Some((value, _)) => value,
            None => default,
        };
    let spec = SkillSpec {
        id: id.to_owned(),
        title: title.map_or_else(String::new, |(title, _)| title),
        standard,
        lesson_minutes: in_range(
            minutes,
            default.lesson_minutes,
            600.0,
            "minutes",
            "above 0 and at most 600",
        ),
        threshold: in_range(
            threshold,
            default.threshold,
            0.999,
            "threshold",
            "above 0 and at most 0.999",
        ),
        renamed_from,
        needs,
        encompasses,
        confusable,
    };
    Skill {
        spec,
        place: (file, place),
        names,
    }
}

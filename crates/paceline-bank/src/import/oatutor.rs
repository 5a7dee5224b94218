//! OATutor courses: folders of JSON to a course of ours.
//!
//! 1. `read` sorts the files by their place: problems, steps, pathways, skill model, course plans;
//! 2. each step becomes an item, each problem a page whose passage is what its steps share, each objective a skill with its
//!    threshold;
//! 3. the course is compiled, and an item that does not compile is taken out and named, until the rest does.
//!
//! What the pages do not show (ids of hints and their dependencies, answers in TeX, sources, licences by problem, fitted
//! parameters, steps that were left out) goes to `oatutor.json` beside them, so that nothing is lost. Hints keep their order:
//! each after those it depends on.

mod read;
mod step;
mod text;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Defect, Ids};
use crate::bank::Bank;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceFile;
use read::{Problem, Source};
use step::Item;
use text::toml_text;

/// The file with what has no place in the format.
pub const SIDECAR: &str = "oatutor.json";

/// A course that was taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The course's files, paths beginning with its id; they compile.
    pub files: Vec<SourceFile>,
    /// What was wrong, by path.
    pub defects: Vec<Defect>,
    /// How many skills it has.
    pub skills: usize,
    /// How many problems, each a page.
    pub problems: usize,
    /// How many items.
    pub items: usize,
    /// How many steps were left out since they cannot be valid; each is named in a defect.
    pub left_out: usize,
    /// How many hints, scaffolds among them.
    pub hints: usize,
}

/// A page of the course: a problem and its steps.
struct Page {
    id: String,
    /// Where it came from.
    path: String,
    /// The problem as OATutor has it.
    json: Value,
    passage: String,
    items: Vec<Item>,
}

/// A skill of the course.
struct Skill {
    name: String,
    threshold: Option<f64>,
}

/// Turns the JSON files of an OATutor content folder, in any order, into a course `course`.
///
/// Files are told by their place, as OATutor's are: `<problem>/<problem>.json`, `steps/<step>/<step>.json` and
/// `steps/<step>/tutoring/<step>DefaultPathway.json` below it, `skillModel.json`, `coursePlans.json`, `bkt-params/*.json`.
pub fn import(files: &[SourceFile], course: &str) -> Imported {
    let mut source = read::read(files);
    let n_steps: usize = source
        .problems
        .values()
        .map(|problem| problem.steps.len())
        .sum();
    let mut skills = Skills::new(&mut source);
    let mut left_out = Map::new();
    let mut pages = pages(&mut source, &mut skills, &mut left_out);
    let (files, items) = loop {
        let files = write(&source, &skills, &pages, &left_out, course);
        match Bank::compile(&files) {
            Ok((bank, _)) => break (files, bank.n_items()),
            Err(errors) => {
                let before = left_out.len();
                take_out(
                    &errors,
                    &files,
                    &mut pages,
                    &mut left_out,
                    &mut source.defects,
                );
                // Nothing left to take out: the course itself is the problem, as an empty one is.
                if left_out.len() == before {
                    break (files, 0);
                }
            }
        }
    };
    source.defects.sort();
    Imported {
        skills: skills.by_id.len(),
        problems: pages.len(),
        items,
        left_out: n_steps.saturating_sub(items),
        hints: pages
            .iter()
            .flat_map(|page| &page.items)
            .map(|item| item.n_hints)
            .sum(),
        files,
        defects: source.defects,
    }
}

/// The skills under ids of ours, in syllabus order.
struct Skills {
    by_id: Vec<(String, Skill)>,
    ids: BTreeMap<String, String>,
    taken: Ids,
}

impl Skills {
    /// The skills of the course plans, each with the highest threshold that a lesson asks for.
    fn new(source: &mut Source<'_>) -> Self {
        let mut skills = Self {
            by_id: Vec::new(),
            ids: BTreeMap::new(),
            taken: Ids::default(),
        };
        for (name, threshold) in std::mem::take(&mut source.objectives) {
            let id = skills.id(&name);
            if let Some((_, skill)) = skills.by_id.iter_mut().find(|(own, _)| *own == id) {
                skill.threshold = Some(skill.threshold.map_or(threshold, |t| t.max(threshold)));
            }
        }
        skills
    }

    fn id(&mut self, name: &str) -> String {
        if let Some(id) = self.ids.get(name) {
            return id.clone();
        }
        let id = self.taken.take(name);
        self.ids.insert(name.to_owned(), id.clone());
        let skill = Skill {
            name: name.to_owned(),
            threshold: None,
        };
        self.by_id.push((id.clone(), skill));
        id
    }
}

fn pages(
    source: &mut Source<'_>,
    skills: &mut Skills,
    left_out: &mut Map<String, Value>,
) -> Vec<Page> {
    let (mut page_ids, mut item_ids) = (Ids::default(), Ids::default());
    let mut pages = Vec::new();
    for (name, problem) in std::mem::take(&mut source.problems) {
        let mut items = Vec::new();
        for (step, parts) in &problem.steps {
            let names = source.skill_model.get(step).cloned().unwrap_or_default();
            if names.is_empty() {
                source.defect(
                    problem.path,
                    format!(
                        "step {step} has no skill in skillModel.json; it gets one of its own name"
                    ),
                );
            }
            let names = if names.is_empty() {
                vec![step.clone()]
            } else {
                names
            };
            let mut own: Vec<String> = Vec::new();
            for name in &names {
                let id = skills.id(name);
                if !own.contains(&id) {
                    own.push(id);
                }
            }
            let id = item_ids.take(step);
            match step::item(source, &problem, step, parts, id, own) {
                Some(item) => items.push(item),
                None => {
                    let whole = whole(&problem.json, &parts.json, &parts.pathway);
                    left_out.insert(step.clone(), whole);
                }
            }
        }
        if items.is_empty() {
            source.defect(problem.path, format!("problem {name} has no step"));
            continue;
        }
        pages.push(Page {
            id: page_ids.take(&name),
            path: problem.path.to_owned(),
            passage: passage(&problem, &items),
            json: problem.json,
            items,
        });
    }
    pages
}

/// A step that is left out, with all that belongs to it.
fn whole(problem: &Value, step: &Value, pathway: &Value) -> Value {
    json!({ "problem": problem, "step": step, "pathway": pathway })
}

/// What the steps of a problem share: its title and body, but for what all of them ask.
fn passage(problem: &Problem<'_>, items: &[Item]) -> String {
    let field =
        |key: &str| text::passage(problem.json.get(key).and_then(Value::as_str).unwrap_or(""));
    let (mut title, mut body) = (field("title"), field("body"));
    if items.iter().all(|item| item.problem_asks) {
        let asked = if body.is_empty() {
            &mut title
        } else {
            &mut body
        };
        asked.clear();
    }
    match (title.is_empty(), body.is_empty()) {
        (true, _) => body,
        (false, true) => format!("**{title}**"),
        (false, false) => format!("**{title}**\n\n{body}"),
    }
}

/// The course's files.
fn write(
    source: &Source<'_>,
    skills: &Skills,
    pages: &[Page],
    left_out: &Map<String, Value>,
    course: &str,
) -> Vec<SourceFile> {
    let file = |name: &str, text: String| SourceFile {
        path: format!("{course}/{name}"),
        text,
    };
    let mut files = vec![
        file("course.toml", course_toml(source, course)),
        file("skills.toml", skills_toml(skills)),
        file(SIDECAR, sidecar(source, skills, pages, left_out)),
    ];
    for page in pages.iter().filter(|page| !page.items.is_empty()) {
        let skill = toml_text(&page.items[0].skills[0]);
        let mut text = format!("+++\nskills = [{skill}]\n");
        if !page.passage.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "passage = {}", toml_text(&page.passage));
        }
        text.push_str("+++\n");
        for item in &page.items {
            text.push('\n');
            text.push_str(&item.text);
        }
        files.push(file(&format!("{}.md", page.id), text));
    }
    files
}

fn course_toml(source: &Source<'_>, course: &str) -> String {
    let join = |texts: &BTreeSet<String>| texts.iter().cloned().collect::<Vec<_>>().join("; ");
    let authors: Vec<String> = source
        .authors
        .iter()
        .map(|author| toml_text(author))
        .collect();
    let title = source.titles.first().map_or(course, String::as_str);
    let language = source.languages.iter().next().map_or("en", String::as_str);
    format!(
        "id = {}\ntitle = {}\nlanguages = [{}]\nlicence = {}\nauthors = [{}]\n",
        toml_text(course),
        toml_text(title),
        toml_text(language),
        toml_text(&join(&source.licences)),
        authors.join(", ")
    )
}

fn skills_toml(skills: &Skills) -> String {
    let mut text = String::new();
    for (id, skill) in &skills.by_id {
        let mut words = skill.name.replace('_', " ");
        if let Some(first) = words.get(..1) {
            words = first.to_uppercase() + &words[1..];
        }
        let _ = write!(text, "[{id}]\ntitle = {}\n", toml_text(&words));
        if let Some(threshold) = skill.threshold {
            let _ = writeln!(text, "threshold = {threshold}");
        }
        text.push('\n');
    }
    text
}

fn sidecar(
    source: &Source<'_>,
    skills: &Skills,
    pages: &[Page],
    left_out: &Map<String, Value>,
) -> String {
    let skills: Map<String, Value> = skills
        .by_id
        .iter()
        .map(|(id, skill)| {
            let bkt = source.bkt.get(&skill.name).cloned().unwrap_or(Value::Null);
            (id.clone(), json!({ "name": skill.name, "bkt": bkt }))
        })
        .collect();
    let problems: Map<String, Value> = pages
        .iter()
        .map(|page| (page.id.clone(), without(&page.json, &["title", "body"])))
        .collect();
    let items: Map<String, Value> = pages
        .iter()
        .flat_map(|page| &page.items)
        .map(|item| {
            let step = without(&item.json, &["stepTitle", "stepBody"]);
            let note = json!({ "step": step, "hints": notes(&item.pathway) });
            (item.id.clone(), note)
        })
        .collect();
    let whole = json!({
        "format": 1, "skills": skills, "problems": problems, "items": items, "left_out": left_out, "course_plans": source.course_plans,
    });
    format!("{whole:#}\n")
}

/// An object without what the pages show of it.
fn without(json: &Value, shown: &[&str]) -> Value {
    let mut rest = json.clone();
    if let Value::Object(fields) = &mut rest {
        fields.retain(|field, _| !shown.contains(&field.as_str()));
    }
    rest
}

/// Hints without their texts, and so those within them.
fn notes(pathway: &Value) -> Value {
    let hints = pathway.as_array().into_iter().flatten();
    let note = |hint: &Value| {
        let mut note = without(hint, &["text"]);
        if let Some(inner) = note.get_mut("subHints") {
            *inner = notes(inner);
        }
        note
    };
    hints.map(note).collect()
}

/// Takes out every item that an error stands in, and names it with the first of its errors.
fn take_out(
    errors: &[Diagnostic],
    files: &[SourceFile],
    pages: &mut [Page],
    left_out: &mut Map<String, Value>,
    defects: &mut Vec<Defect>,
) {
    let mut bad: BTreeMap<String, &Diagnostic> = BTreeMap::new();
    for error in errors
        .iter()
        .filter(|error| error.severity == Severity::Error)
    {
        let file = files.iter().find(|file| file.path == error.path);
        let lines = file.map(|file| file.text.lines().take(error.line as usize));
        let heading = lines.and_then(|lines| lines.filter_map(heading_id).last());
        if let Some(id) = heading {
            bad.entry(id.to_owned()).or_insert(error);
        }
    }
    for page in pages {
        let (path, problem) = (&page.path, &page.json);
        page.items.retain(|item| {
            let Some(error) = bad.get(&item.id) else {
                return true;
            };
            let what = format!(
                "step {} is left out: {}: found {}, wanted {}",
                item.step, error.message, error.found, error.wanted
            );
            defects.push(Defect {
                path: path.clone(),
                what,
            });
            left_out.insert(item.step.clone(), whole(problem, &item.json, &item.pathway));
            false
        });
    }
}

fn heading_id(line: &str) -> Option<&str> {
    line.strip_prefix("## ")?.split_whitespace().next()
}

//! Sorting OATutor's files by their place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::import::Defect;
use crate::source::SourceFile;

/// A folder of OATutor content, sorted.
#[derive(Default)]
pub(super) struct Source<'a> {
    pub(super) problems: BTreeMap<String, Problem<'a>>,
    /// Skill names by step id.
    pub(super) skill_model: BTreeMap<String, Vec<String>>,
    /// Skills and thresholds in the order of the course plans.
    pub(super) objectives: Vec<(String, f64)>,
    /// Parameters by skill name.
    pub(super) bkt: BTreeMap<String, Value>,
    pub(super) course_plans: Value,
    pub(super) titles: Vec<String>,
    pub(super) languages: BTreeSet<String>,
    pub(super) licences: BTreeSet<String>,
    pub(super) authors: BTreeSet<String>,
    pub(super) defects: Vec<Defect>,
}

/// A problem's file and its steps by id.
#[derive(Default)]
pub(super) struct Problem<'a> {
    pub(super) path: &'a str,
    pub(super) json: Value,
    pub(super) steps: BTreeMap<String, Step<'a>>,
}

/// A step's file and its pathway.
#[derive(Default)]
pub(super) struct Step<'a> {
    pub(super) path: &'a str,
    pub(super) json: Value,
    pub(super) pathway_path: &'a str,
    pub(super) pathway: Value,
}

impl Source<'_> {
    pub(super) fn defect(&mut self, path: &str, what: String) {
        self.defects.push(Defect {
            path: path.to_owned(),
            what,
        });
    }
}

/// What a file is, by its path.
enum Place<'a> {
    SkillModel,
    CoursePlans,
    Parameters,
    Problem(&'a str),
    Step(&'a str, &'a str),
    Pathway(&'a str, &'a str),
}

pub(super) fn read(files: &[SourceFile]) -> Source<'_> {
    let mut source = Source::default();
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    for file in files {
        let Some(place) = place(&file.path) else {
            continue;
        };
        let json: Value = match serde_json::from_str(file.text.trim_start_matches('\u{feff}')) {
            Ok(json) => json,
            Err(error) => {
                source.defect(
                    &file.path,
                    format!("not JSON ({error}); the file is left out"),
                );
                continue;
            }
        };
        source.take(place, &file.path, json);
    }
    source.check_steps();
    source
}

fn place(path: &str) -> Option<Place<'_>> {
    let stem = path.strip_suffix(".json")?;
    let parts: Vec<&str> = stem.split('/').collect();
    match parts[..] {
        [.., "skillModel"] => Some(Place::SkillModel),
        [.., "coursePlans"] => Some(Place::CoursePlans),
        [.., "bkt-params", _] => Some(Place::Parameters),
        [.., problem, "steps", step, "tutoring", name]
            if name.strip_suffix("DefaultPathway") == Some(step) =>
        {
            Some(Place::Pathway(problem, step))
        }
        [.., problem, "steps", step, name] if name == step => Some(Place::Step(problem, step)),
        [.., problem, name] if name == problem => Some(Place::Problem(problem)),
        _ => None,
    }
}

impl<'a> Source<'a> {
    fn take(&mut self, place: Place<'a>, path: &'a str, json: Value) {
        match place {
            Place::SkillModel => self.skill_model(json),
            Place::CoursePlans => self.course_plans(path, json),
            Place::Parameters => {
                if let Value::Object(skills) = json {
                    for (skill, parameters) in skills {
                        self.bkt.entry(skill).or_insert(parameters);
                    }
                }
            }
            Place::Problem(name) => {
                self.credit(&json);
                let problem = self.problems.entry(name.to_owned()).or_default();
                (problem.path, problem.json) = (path, json);
            }
            Place::Step(problem, step) => {
                let step = self.step(problem, step);
                (step.path, step.json) = (path, json);
            }
            Place::Pathway(problem, step) => {
                let step = self.step(problem, step);
                (step.pathway_path, step.pathway) = (path, json);
            }
        }
    }

    fn step(&mut self, problem: &str, step: &str) -> &mut Step<'a> {
        let problem = self.problems.entry(problem.to_owned()).or_default();
        problem.steps.entry(step.to_owned()).or_default()
    }

    fn skill_model(&mut self, json: Value) {
        let Value::Object(steps) = json else { return };
        for (step, skills) in steps {
            let skills = skills
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            let skills = skills.filter(|skill| !skill.trim().is_empty());
            self.skill_model
                .insert(step, skills.map(str::to_owned).collect());
        }
    }

    fn course_plans(&mut self, path: &str, json: Value) {
        for course in json.as_array().into_iter().flatten() {
            let text = |key: &str| {
                course
                    .get(key)
                    .and_then(Value::as_str)
                    .filter(|text| !text.trim().is_empty())
            };
            self.titles.extend(text("courseName").map(str::to_owned));
            self.languages
                .extend(text("language").map(str::to_lowercase));
            self.licences.extend(text("courseLicense").map(name_of));
            let lessons = course.get("lessons").and_then(Value::as_array);
            for lesson in lessons.into_iter().flatten() {
                let objectives = lesson.get("learningObjectives").and_then(Value::as_object);
                for (skill, threshold) in objectives.into_iter().flatten() {
                    match threshold.as_f64().filter(|t| 0.0 < *t && *t < 1.0) {
                        Some(threshold) => self.objectives.push((skill.clone(), threshold)),
                        None => self.defect(path, format!("the threshold of skill {skill} is {threshold}, wanted between 0 and 1; it gets the usual one")),
                    }
                }
            }
        }
        self.course_plans = json;
    }

    /// Whom a problem is owed to.
    fn credit(&mut self, problem: &Value) {
        let text = |key: &str| {
            problem
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.trim().is_empty())
        };
        self.licences.extend(text("license").map(name_of));
        self.authors.extend(text("oer").map(name_of));
    }

    /// Drops what has no step file, and names it.
    fn check_steps(&mut self) {
        let mut problems = std::mem::take(&mut self.problems);
        for (name, problem) in &mut problems {
            if problem.json.is_null() && !problem.steps.is_empty() {
                let path = problem
                    .steps
                    .values()
                    .map(|step| step.path)
                    .next()
                    .unwrap_or_default();
                self.defect(
                    path,
                    format!(
                        "problem {name} has no file {name}.json; its steps have no text in common"
                    ),
                );
                problem.path = path;
            }
            problem.steps.retain(|id, step| {
                if step.json.is_null() {
                    self.defects.push(Defect {
                        path: step.pathway_path.to_owned(),
                        what: format!("a pathway without its step {id}; it is left out"),
                    });
                }
                !step.json.is_null()
            });
        }
        self.problems = problems;
    }
}

/// The name in `https://... <name>`, else the whole.
fn name_of(text: &str) -> String {
    let inner = text
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or(text, |(name, _)| name).trim().to_owned()
}

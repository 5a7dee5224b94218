//! Placement on the mathematics course that we ship, with students who are not the engine's own model.

use crate::support::{NOON, enrol, event, id};
use paceline::bank::Bank;
use paceline::content;
use paceline::event::{Attempt, Enrolled, EventBody, Outcome};
use paceline::ids::SkillIx;
use paceline::math::wide::{logistic, logit};
use paceline::stream::keyed_u64;
use paceline::units::Minutes;
use paceline::{Engine, MemoryStore, PlanRequest, Purpose};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Easiness of a typical item.
const TYPICAL: f64 = 0.8;
const QUESTIONS: u16 = 20;

fn mathematics() -> Arc<Bank> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content");
    let mut sources = content::read_dir(folder).unwrap();
    sources.retain(|source| source.path.starts_with("math/"));
    Arc::new(Bank::compile(&sources).unwrap().0)
}

/// A student with a strength for each skill, in logits of being right on a typical item: well above .8 where
/// known, and falling off with the number of steps beyond the frontier where not.
struct Student {
    seed: u64,
    strength: Vec<f64>,
}

impl Student {
    fn draw(seed: u64, purpose: &str, key: u32) -> f64 {
        let bits = keyed_u64(purpose, seed, &key.to_le_bytes());
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A frontier anywhere: the first part, of any length, of an order in which the skills could be learnt.
    fn new(bank: &Bank, seed: u64) -> Self {
        let graph = bank.prerequisites();
        let n = bank.n_skills();
        let wanted = (Self::draw(seed, "how far", 0) * (n + 1) as f64) as usize;
        let mut known = vec![false; n];
        for step in 0..wanted {
            let is_ready = |s: &u32| {
                !known[*s as usize] && graph.targets(*s).iter().all(|&p| known[p as usize])
            };
            let ready: Vec<u32> = (0..n as u32).filter(is_ready).collect();
            let pick = Self::draw(seed, "which next", step as u32) * ready.len() as f64;
            known[ready[pick as usize] as usize] = true;
        }
        let mut beyond = vec![0_u32; n];
        for _ in 0..n {
            for s in (0..n).filter(|&s| !known[s]) {
                let before = graph.targets(s as u32).iter().map(|&p| beyond[p as usize]);
                beyond[s] = 1 + before.max().unwrap_or(0);
            }
        }
        let bar = logit(0.8);
        let strength = (0..n).map(|s| {
            let luck = Self::draw(seed, "strength", s as u32);
            if known[s] {
                bar + 2.5 * luck
            } else {
                bar - 0.2 - 1.8 * luck - 0.5 * f64::from(beyond[s] - 1).min(4.0)
            }
        });
        Self {
            seed,
            strength: strength.collect(),
        }
    }

    fn knows(&self, skill: usize) -> bool {
        logistic(self.strength[skill]) >= 0.8
    }

    fn is_right(&self, skill: usize, easiness: f64, question: u32) -> bool {
        let p = logistic(self.strength[skill] + easiness - TYPICAL);
        Self::draw(self.seed, "answer", question) < p
    }

    /// Mean of the shares of known and of unknown skills called right.
    fn balanced_accuracy(&self, called: impl Fn(usize) -> bool) -> f64 {
        let share = |side: bool| {
            let all: Vec<usize> = (0..self.strength.len())
                .filter(|&s| self.knows(s) == side)
                .collect();
            let right = all.iter().filter(|&&s| called(s) == side).count();
            (!all.is_empty()).then(|| right as f64 / all.len() as f64)
        };
        match (share(true), share(false)) {
            (Some(a), Some(b)) => 0.5 * (a + b),
            (a, b) => a.or(b).unwrap_or(1.0),
        }
    }
}

/// Places a student by the engine: what it calls known, and the questions it took.
fn place(engine: &Engine, bank: &Bank, name: &str, student: &Student) -> (BTreeSet<String>, u16) {
    let learner = id(name);
    enrol(engine, name, Enrolled::default());
    // Minutes for one question at a time, so that each is chosen knowing the answers before.
    let request = PlanRequest {
        minutes: Some(Minutes::clamped(2.0)),
        purpose: Purpose::Place {
            max_questions: QUESTIONS,
        },
        ..PlanRequest::default()
    };
    let mut asked = 0;
    loop {
        let now = NOON.plus_seconds(i64::from(asked) * 60);
        let plan = engine.plan(&learner, &request, now, 1).unwrap();
        let Some(probe) = plan.activities.first() else {
            break;
        };
        engine.offer(&plan).unwrap();
        let item = probe.item.clone().unwrap().id;
        let skill = bank.skill_ix(probe.skill()).unwrap();
        let easiness = bank.item_easiness()[bank.item_ix(&item).unwrap().at()];
        let right = student.is_right(skill.at(), f64::from(easiness), u32::from(asked));
        let attempt = EventBody::Attempt(Attempt {
            activity: Some(probe.id.clone()),
            ..Attempt::new(item, Outcome::Score(right.into()), 30.0)
        });
        asked += 1;
        let event_id = format!("{name}-{asked}");
        engine
            .record(event(name, &event_id, i64::from(asked) * 60 - 20, attempt))
            .unwrap();
    }
    let done = format!("placed-{name}").parse().unwrap();
    let known = engine
        .conclude_placement(&learner, done, NOON.plus_seconds(3600))
        .unwrap();
    (known.into_iter().collect(), asked)
}

#[test]
fn placement_on_the_shipped_course_finds_the_frontier_of_other_students() {
    let bank = mathematics();
    let engine = Engine::open(Arc::clone(&bank), Box::new(MemoryStore::new())).unwrap();
    let n_students = if std::env::var_os("PACELINE_SLOW").is_some() {
        400
    } else {
        40
    };
    let students: Vec<Student> = (0..n_students)
        .map(|seed| Student::new(&bank, seed))
        .collect();
    let skill_id = |s: usize| &bank.skill(SkillIx(s as u32)).id;
    let share = |s: usize| {
        students.iter().filter(|student| student.knows(s)).count() as f64 / students.len() as f64
    };
    let (mut ours, mut fixed, mut majority, mut lengths) = (0.0, 0.0, 0.0, Vec::new());
    for (i, student) in students.iter().enumerate() {
        let (known, asked) = place(&engine, &bank, &format!("student-{i}"), student);
        ours += student.balanced_accuracy(|s| known.contains(skill_id(s)));
        majority += student.balanced_accuracy(|s| share(s) >= 0.5);
        fixed += student.balanced_accuracy(fixed_test(&bank, student, asked));
        lengths.push(asked);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    let [ours, fixed, majority] = [ours, fixed, majority].map(|sum| sum / students.len() as f64);
    eprintln!(
        "{n_students} students, {} skills: balanced accuracy {ours:.3}, fixed test {fixed:.3}, majority {majority:.3}, median {median} questions",
        bank.n_skills()
    );
    assert!(ours >= 0.85, "{ours}");
    assert!(
        ours > fixed && ours > majority,
        "{ours}, fixed {fixed}, majority {majority}"
    );
    assert!(median <= QUESTIONS);
}

/// A test of as many questions, spread evenly over the syllabus and read by the same belief.
fn fixed_test(bank: &Bank, student: &Student, questions: u16) -> impl Fn(usize) -> bool {
    use paceline::learner::belief::{Belief, Correct, Curve};
    let mut belief = Belief::new(bank.prerequisites());
    for question in 0..questions {
        let skill = usize::from(question) * bank.n_skills() / usize::from(questions.max(1));
        let right = student.is_right(skill, TYPICAL, 1000 + u32::from(question));
        let correct = if right {
            Correct::Right
        } else {
            Correct::Wrong
        };
        belief.answer(SkillIx(skill as u32), Curve::default(), correct);
    }
    move |s| belief.p_known()[s] >= belief.balanced_cut()
}

//! Times planning, one thread: `cargo run --release --example planning [-- PART]` prints microseconds a lesson, the
//! least of several rounds, for learners of the shipped mathematics course (where it is found) and of
//! generated banks, and the lesson's value so that a change of quality shows. `LEARNERS=1` plans for one learner again and
//! again, who keeps what others would displace.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

use paceline_bank::{Bank, BankBuilder, CourseSpec, ItemSpec, SkillSpec, SourceFile};
use paceline_core::ids::SkillIx;
use paceline_core::stream::{ChaCha8Rng, stream};
use paceline_core::time::{Timestamp, UtcOffset};
use paceline_learner::memory::Answered;
use paceline_learner::{self as learner, Learner, Observed, Params};
use paceline_scheduler::{Cohort, Request, Scratch, plan};
use rand::Rng;

const NOW: Timestamp = Timestamp(20_700 * 86_400 + 43_200);
/// Learners of each kind.
const LEARNERS: u64 = 16;
/// Rounds of which the quickest counts.
const ROUNDS: usize = 15;

fn main() {
    let part = std::env::args().nth(1).unwrap_or_default();
    let mut banks: Vec<(String, Bank)> = Vec::new();
    if part.is_empty() || part == "math" {
        banks.extend(shipped("math").map(|bank| ("math".into(), bank)));
    }
    for items in [1_000, 10_000, 100_000, 1_000_000] {
        let name = format!("{items}");
        if part.is_empty() || part == name {
            banks.push((name, generated(items / 10, 10)));
        }
    }
    println!("bank learner us/lesson activities minutes value");
    for (name, bank) in banks
        .iter()
        .filter(|bank| part.is_empty() || bank.0 == part)
    {
        for (kind, share) in [("new", 0.0), ("half", 0.5), ("mature", 1.0)] {
            if std::env::args().nth(3).is_none_or(|only| only == kind) {
                time(name, bank, kind, share);
            }
        }
    }
}

fn time(name: &str, bank: &Bank, kind: &str, share: f64) {
    let (params, cohort) = (Params::defaults(), Cohort::default());
    let usual = if 50_000 < bank.n_skills() {
        2
    } else {
        LEARNERS
    };
    let n = std::env::var("LEARNERS").map_or(usual, |n| n.parse().expect("a number"));
    let learners: Vec<Learner> = (0..n)
        .map(|seed| practised(bank, &params, share, seed))
        .collect();
    let mut request = Request::learn(20.0);
    if let Some(width) = std::env::args().nth(2) {
        request.width = width.parse().expect("a width");
    }
    let mut scratch = Scratch::default();
    let mut best = f64::INFINITY;
    let (mut activities, mut minutes, mut value) = (0, 0.0, 0.0);
    let rounds = std::env::var("ROUNDS").map_or(ROUNDS, |n| n.parse().expect("a number"));
    for _ in 0..rounds {
        (activities, minutes, value) = (0, 0.0, 0.0);
        let start = busy_seconds();
        let mut lessons = 0;
        while lessons < 4 * learners.len() || busy_seconds() < start + 0.02 {
            let learner = &learners[lessons % learners.len()];
            let lesson = plan(
                bank,
                &params,
                &cohort,
                learner,
                &request,
                NOW,
                7,
                &mut scratch,
            );
            if lessons < learners.len() {
                activities += lesson.activities.len();
                minutes += lesson.minutes();
                value += lesson.value;
            }
            black_box(lesson);
            lessons += 1;
        }
        best = best.min((busy_seconds() - start) / lessons as f64);
    }
    let n = learners.len() as f32;
    println!(
        "{name:>8} {kind:<7} {:>8.1} {:>6.1} {:>6.2} {:>9.5}",
        1e6 * best,
        activities as f32 / n,
        minutes / n,
        value / n
    );
}

/// Seconds this thread has had the processor, where the system says so; else those that went by.
fn busy_seconds() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let busy = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = busy.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    nanos.map_or_else(|| START.elapsed().as_secs_f64(), |nanos| 1e-9 * nanos)
}

/// A learner who has had the first `share` of the skills: each lesson and four answers, over a hundred
/// days.
fn practised(bank: &Bank, params: &Params, share: f64, seed: u64) -> Learner {
    let mut rng = stream("practised", seed, b"");
    let mut scratch = learner::Scratch::default();
    let mut learner = Learner::new(params);
    let n = (bank.n_skills() as f64 * share) as usize;
    for (i, &skill) in bank.topological_order().iter().take(n).enumerate() {
        let at = NOW.plus_seconds(-8_640_000 + (8_000_000 * i / n) as i64);
        learner.lesson(params, skill, at, UtcOffset::UTC);
        let credit: Vec<(SkillIx, f32)> = bank
            .encompasses()
            .edges(skill.0)
            .map(|(to, weight)| (SkillIx(to), weight))
            .collect();
        for &item in bank.items_of(skill).iter().take(4) {
            let right = !rng.next_u32().is_multiple_of(5);
            let answer = Observed {
                skills: &[skill],
                item,
                easiness: bank.item_easiness()[item.at()],
                right,
                at,
                offset: UtcOffset::UTC,
                answered: Answered {
                    correct: right,
                    revealed: false,
                    hints: 0,
                    tries: 1,
                    seconds: 30.0,
                    expected_seconds: 40.0,
                    rapid_guess: false,
                    earlier_today: false,
                },
                credit: &credit,
            };
            learner.observe(params, &answer, &mut scratch);
        }
    }
    learner
}

/// The shipped course of this name, where the repository is at hand.
fn shipped(course: &str) -> Option<Bank> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../content")
        .join(course);
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        sources.push(SourceFile {
            path: format!("{course}/{name}"),
            text: std::fs::read_to_string(entry.path()).ok()?,
        });
    }
    Bank::compile(&sources).ok().map(|(bank, _)| bank)
}

fn uniform(rng: &mut ChaCha8Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1u32 << 24) as f32
}

/// A bank in which a skill needs up to three of the forty before it and carries up to two of those along.
fn generated(skills: usize, items_each: usize) -> Bank {
    let mut rng = stream("planning", skills as u64, b"");
    let mut builder = BankBuilder::new();
    builder.course(CourseSpec {
        id: "c".into(),
        ..CourseSpec::default()
    });
    for k in 0..skills {
        let mut spec = SkillSpec {
            id: format!("c/s{k:06}"),
            lesson_minutes: 4.0 + (4.0 * uniform(&mut rng)).round(),
            ..SkillSpec::default()
        };
        for _ in 0..(uniform(&mut rng) * 3.2) as usize {
            let back = uniform(&mut rng);
            let to = k.saturating_sub(1 + (back * back * k.min(40) as f32) as usize);
            let id = format!("c/s{to:06}");
            if to < k && spec.needs.iter().all(|need| need.0 != id) {
                spec.needs
                    .push((id.clone(), if uniform(&mut rng) < 0.8 { 1.0 } else { 0.5 }));
                if spec.encompasses.len() < 2 {
                    spec.encompasses.push((id, 0.2 + 0.5 * uniform(&mut rng)));
                }
            }
        }
        for i in 0..items_each {
            builder.item(ItemSpec {
                id: format!("{}-{i}", spec.id),
                skills: vec![spec.id.clone()],
                easiness: [1.5, 0.8, 0.0][i * 3 / items_each],
                seconds: (20.0 + 55.0 * uniform(&mut rng)).round(),
                ..ItemSpec::default()
            });
        }
        builder.skill(spec);
    }
    builder
        .build()
        .expect("generated ids are distinct and edges point backward")
}

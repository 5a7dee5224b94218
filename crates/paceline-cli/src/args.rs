//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Decides what each student should do next, says why, and measures whether it helped.
#[derive(Debug, Parser)]
#[command(name = "paceline", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Folder of the courses; `content` where a command needs one.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) content: Option<PathBuf>,
    /// Folder of the store.
    #[arg(
        long,
        global = true,
        default_value = "paceline-store",
        value_name = "DIR"
    )]
    pub(crate) store: PathBuf,
    /// Fitted model in place of the parameters that ship; of `calibrate`, the family of curves.
    #[arg(long, global = true, value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,
    /// The moment to act at, RFC 3339 or seconds since 1970; the clock's by default.
    #[arg(long, global = true, value_name = "TIME", value_parser = crate::context::parse_time)]
    pub(crate) now: Option<i64>,
    /// Seed of everything that is drawn.
    #[arg(long, global = true, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check content and print the inventory.
    Check(Check),
    /// Enrol a learner, or add to what is known of one.
    Enrol(Enrol),
    /// Set or clear a learner's goal.
    Goal(Goal),
    /// Pin a skill or item: the next lesson holds it.
    Pin(Control),
    /// Ban a skill or item: it is never shown.
    Ban(Control),
    /// Rate a theme.
    Rate(Rate),
    /// Plan a learner's next lesson.
    Plan(Plan),
    /// Teach a lesson here in the terminal: show, ask, judge, help, plan anew.
    Practice(Practice),
    /// Record events from JSON Lines.
    Record(Record),
    /// Show what is known of a learner.
    Learner(Learner),
    /// List the learners.
    Learners,
    /// Simulate classes: three students' lessons, then the engine against other policies.
    Simulate(Simulate),
    /// Calibrate items from an answer log; `--model 1pl`, `2pl` (the usual) or `3pl`.
    Calibrate(Calibrate),
    /// List the items of an answer log that should be mended first, and why.
    Items(Items),
    /// Take another system's course or log over.
    #[command(subcommand)]
    Import(Import),
    /// Fit the learner model to an answer log.
    Fit(Fit),
    /// Judge a fitted model, and the baselines in it, on an answer log.
    Evaluate(Evaluate),
    /// Print everything held of a learner as JSON Lines.
    Export(Who),
    /// Erase a learner for good.
    Erase(Erase),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Folder of the courses, in place of `--content`.
    pub(crate) dir: Option<PathBuf>,
    /// List every skill with its items.
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Who {
    /// The learner's id.
    pub(crate) learner: String,
}

#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// The learner's id: opaque, never a name or an address.
    pub(crate) learner: String,
    /// An interest from 0 to 1, `space=0.9`; may be repeated.
    #[arg(long = "interest", value_name = "THEME=0..1")]
    pub(crate) interests: Vec<String>,
    /// A skill known from elsewhere; may be repeated.
    #[arg(long = "known", value_name = "SKILL")]
    pub(crate) known: Vec<String>,
    /// Minutes a day that the learner has.
    #[arg(long)]
    pub(crate) minutes: Option<f32>,
    /// The class.
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Language of lessons.
    #[arg(long)]
    pub(crate) language: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Goal {
    /// The learner's id.
    pub(crate) learner: String,
    /// Skills to reach, or a course for all of its skills.
    #[arg(required_unless_present = "clear", value_name = "SKILL")]
    pub(crate) skills: Vec<String>,
    /// The date to reach them by.
    #[arg(long, value_name = "DATE", value_parser = crate::context::parse_time)]
    pub(crate) by: Option<i64>,
    /// Probability of a right answer that counts as reached.
    #[arg(long, default_value_t = 0.8)]
    pub(crate) threshold: f32,
    /// Clear the goal.
    #[arg(long)]
    pub(crate) clear: bool,
    #[command(flatten)]
    pub(crate) by_whom: ByWhom,
}

#[derive(Debug, Args)]
pub(crate) struct ByWhom {
    /// Who sets it.
    #[arg(long, default_value = "teacher")]
    pub(crate) who: String,
    /// Why.
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Control {
    /// The learner's id.
    pub(crate) learner: String,
    /// The skill or item.
    pub(crate) id: String,
    /// Take it back.
    #[arg(long)]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) by_whom: ByWhom,
}

#[derive(Debug, Args)]
pub(crate) struct Rate {
    /// The learner's id.
    pub(crate) learner: String,
    /// The theme.
    pub(crate) theme: String,
    /// Stars, 1 to 5.
    #[arg(value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) stars: u8,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Purpose {
    /// New skills, practice and review, as they pay.
    Learn,
    /// Only what was taught before.
    Review,
    /// Find out where the learner stands.
    Place,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The learner's id.
    pub(crate) learner: String,
    /// Minutes there are; the learner's own by default.
    #[arg(long)]
    pub(crate) minutes: Option<f32>,
    /// What the lesson is for.
    #[arg(long, value_enum, default_value = "learn")]
    pub(crate) purpose: Purpose,
    /// Most questions of a placement.
    #[arg(long, default_value_t = 20)]
    pub(crate) questions: u16,
    /// How often a place is filled at random among near-equals, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) explore: f32,
    /// A strategy to switch off; may be repeated.
    #[arg(long = "without", value_name = "STRATEGY")]
    pub(crate) without: Vec<String>,
    /// A strategy to switch on; may be repeated.
    #[arg(long = "with", value_name = "STRATEGY")]
    pub(crate) with: Vec<String>,
    /// Only these skills or courses.
    #[arg(long = "only", value_name = "SKILL")]
    pub(crate) only: Vec<String>,
    /// Show the plan to the learner: journal it and print its texts.
    #[arg(long)]
    pub(crate) offer: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Practice {
    /// The learner's id.
    pub(crate) learner: String,
    /// Minutes there are; the learner's own by default.
    #[arg(long)]
    pub(crate) minutes: Option<f32>,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    /// A file of JSON Lines, one event a line, gzipped or not; `-` for standard input.
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Learner {
    /// The learner's id.
    pub(crate) learner: String,
    /// Take the prediction for this skill apart.
    #[arg(long, value_name = "SKILL")]
    pub(crate) explain: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// The learner's id.
    pub(crate) learner: String,
    /// Yes, for good.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// A study to run in place of the comparison: a TOML file that states worlds, schools, years, policies. Run again, it goes on where
    /// it stood, unless the program, the content or the study has changed since.
    #[arg(value_name = "STUDY.toml", conflicts_with_all = ["quick", "classes", "oracle", "fitted"])]
    pub(crate) study: Option<PathBuf>,
    /// Pupils of a school, in place of the study's.
    #[arg(long, requires = "study", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) pupils: Option<u32>,
    /// Six classes a family in place of twenty.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Classes a family.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) classes: Option<u32>,
    /// Also a policy that sees the students' true state; greedy, so no bound.
    #[arg(long)]
    pub(crate) oracle: bool,
    /// Only look whether the simulated students resemble published ones: each gate with its reference.
    #[arg(long)]
    pub(crate) check_worlds: bool,
    /// Numbers of the fitted family as JSON, in place of the shipped ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) fitted: Option<PathBuf>,
    /// Threads; all cores by default. The output does not depend on it.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Folder of the report.
    #[arg(long, default_value = "paceline-report", value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModelVariant {
    /// Twelve features and tables: small and quick.
    Lite,
    /// All features and tables.
    Full,
}

#[derive(Debug, Args)]
pub(crate) struct Fit {
    /// The answer log, CSV, gzipped or not.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// Where the model goes: TOML by the ending `.toml`, else binary.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Which form of the model.
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) variant: ModelVariant,
    /// Leave the baselines out.
    #[arg(long)]
    pub(crate) no_baselines: bool,
    /// Rows of features held in memory; the others wait in a file without a name beside the model.
    #[arg(long, value_name = "MB", default_value_t = 64)]
    pub(crate) memory: usize,
    /// Order each learner's rows by time in place of refusing times that go back.
    #[arg(long)]
    pub(crate) sort: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// The answer log, CSV, gzipped or not.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// Where an HTML report goes.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Order each learner's rows by time in place of refusing times that go back.
    #[arg(long)]
    pub(crate) sort: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// The answer log, CSV, gzipped or not.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// Where the parameters go: a table by the ending `.csv`, else a lock file, which needs `--content`.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// A table or lock file whose items keep their parameters; the others are put on their scale.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["start", "link"])]
    pub(crate) anchors: Option<PathBuf>,
    /// A table or lock file to go on from: the log, of other answers than it rests on, moves what it knows.
    #[arg(long, value_name = "FILE", conflicts_with = "link")]
    pub(crate) start: Option<PathBuf>,
    /// A table or lock file on whose scale the results are put, by the items in both (Stocking-Lord).
    #[arg(long, value_name = "FILE")]
    pub(crate) link: Option<PathBuf>,
    /// One pass that learns from each answer in turn, 2pl; quicker and less sure. `--start` goes on from it.
    #[arg(long, conflicts_with_all = ["anchors", "link", "no_priors", "html"])]
    pub(crate) online: bool,
    /// Plain maximum likelihood, without weak beliefs of what items are like.
    #[arg(long, conflicts_with = "start")]
    pub(crate) no_priors: bool,
    /// Where an HTML report goes.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Items {
    /// The answer log, CSV, gzipped or not.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// How many findings are printed.
    #[arg(long, default_value_t = 20)]
    pub(crate) most: usize,
    /// Where an HTML report with all of them goes.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// An OATutor course: its folder of JSON files.
    Oatutor(ImportOatutor),
    /// A log of answers: CSV, JSON Lines, our own export, xAPI.
    Log(ImportLog),
}

#[derive(Debug, Args)]
pub(crate) struct ImportOatutor {
    /// The folder that holds `content-pool`, `skillModel.json` and `coursePlans.json`.
    pub(crate) dir: PathBuf,
    /// The folder of the course to write; its name is the course's id.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ImportLog {
    /// The log, gzipped or not, `-` for standard input: JSON Lines by the endings `.jsonl` and `.json`, else CSV.
    pub(crate) file: PathBuf,
    /// It holds xAPI statements.
    #[arg(long)]
    pub(crate) xapi: bool,
    /// Where the log goes; gzipped by the ending `.gz`.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

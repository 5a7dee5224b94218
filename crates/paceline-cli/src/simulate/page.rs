//! The report of a study: its tables once, as Markdown and as a page with figures.

use super::plots;
use crate::html::{begin, escape};
use paceline_sim::study::{Effect, Report, SchoolEffect};
use std::fmt::Write;

/// One table of the report.
pub(super) struct Table {
    title: String,
    /// What the reader should know of it.
    note: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// The family that stands for all: `all` where there are several.
fn overall(report: &Report) -> &str {
    let all = report.effects.iter().any(|effect| effect.family == "all");
    match report.effects.first() {
        Some(first) if !all => &first.family,
        _ => "all",
    }
}

fn sd((mean, low, high): (f64, f64, f64)) -> String {
    format!("{mean:+.3} ({low:+.3} {high:+.3})")
}

fn interval(effect: &Effect) -> String {
    sd((effect.effect_sd, effect.low, effect.high))
}

/// The effects of one group on all tests, in the order of the report.
fn of<'r>(
    report: &'r Report,
    family: &'r str,
    wanted: impl Fn(&Effect) -> bool + 'r,
) -> impl Iterator<Item = &'r Effect> {
    report
        .effects
        .iter()
        .filter(move |effect| effect.family == family && wanted(effect))
}

fn effect_row(effect: &Effect) -> Vec<String> {
    vec![
        effect.policy.clone(),
        effect.variant.clone(),
        effect.subject.clone(),
        effect.test.clone(),
        effect.group.clone(),
        interval(effect),
        format!("{:+.1}", effect.percentile_points),
        format!("{} of {}", effect.below_zero, effect.schools),
    ]
}

const EFFECT: [&str; 8] = [
    "policy",
    "worlds",
    "subject",
    "test",
    "group",
    "effect, SD",
    "percentile points",
    "schools below zero",
];

/// Every table of the report that has rows.
pub(super) fn tables(report: &Report) -> Vec<Table> {
    let family = overall(report);
    let effects = |title: &str, note: &'static str, wanted: &dyn Fn(&Effect) -> bool| Table {
        title: title.to_owned(),
        note,
        head: EFFECT.to_vec(),
        rows: of(report, family, wanted).map(effect_row).collect(),
    };
    let tables = vec![
        effects(
            "Effect by subject and year",
            "Schools that adopt, against the same pupils under the pacing guide, over all families.",
            &|e| e.group == "all",
        ),
        published(report),
        families(report),
        effects("By type of school", "", &|e| {
            e.group == "charter" || e.group == "district"
        }),
        effects(
            "By where pupils began",
            "Fifths of the first pre-test, lowest first.",
            &|e| e.group.starts_with("quintile"),
        ),
        effects(
            "Matched, not randomised",
            "Against pupils of other schools of the same type who began alike. What schools that choose to adopt have beside the policy counts for it here.",
            &|e| e.group == "matched",
        ),
        ablations(report),
        usage(report),
    ];
    tables
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect()
}

fn published(report: &Report) -> Table {
    let row = |figure: &paceline_sim::study::Published| {
        vec![
            figure.what.clone(),
            format!("{:+.2}", figure.effect_sd),
            figure.source.clone(),
        ]
    };
    Table {
        title: "Published figures".to_owned(),
        note: "To hold beside; a simulation can reproduce a pattern, never confirm it.",
        head: vec!["what", "effect, SD", "source"],
        rows: report.published.iter().map(row).collect(),
    }
}

fn families(report: &Report) -> Table {
    let worst = |policy: &str| {
        let own = report.rows.iter().filter(|row| row.policy == policy);
        own.map(|row| row.gain_sd).fold(f64::INFINITY, f64::min)
    };
    let row = |row: &paceline_sim::Row| {
        let mark = if row.gain_sd <= worst(&row.policy) {
            "worst"
        } else {
            ""
        };
        vec![
            row.policy.clone(),
            row.family.clone(),
            row.variant.clone(),
            sd((row.gain_sd, row.gain_sd_low, row.gain_sd_high)),
            sd((row.delayed_sd, row.delayed_sd_low, row.delayed_sd_high)),
            format!("{:.0}", row.minutes),
            mark.to_owned(),
        ]
    };
    let mut rows: Vec<_> = report.rows.iter().map(row).collect();
    rows.sort_by(|a, b| a[0].cmp(&b[0]));
    Table {
        title: "By family of students".to_owned(),
        note: "Over all subjects: the test at the end of the last year, and the one after the delay.",
        head: vec![
            "policy",
            "family",
            "worlds",
            "end",
            "delayed",
            "minutes a subject",
            "",
        ],
        rows,
    }
}

fn ablations(report: &Report) -> Table {
    let row = |a: &paceline_sim::study::Ablation| {
        vec![
            a.policy.clone(),
            a.family.clone(),
            a.variant.clone(),
            sd((a.effect_sd, a.low, a.high)),
        ]
    };
    Table {
        title: "What each strategy adds".to_owned(),
        note: "The engine as it is less the engine so changed.",
        head: vec!["set against", "family", "worlds", "difference, SD"],
        rows: report.ablations.iter().map(row).collect(),
    }
}

fn usage(report: &Report) -> Table {
    let row = |usage: &paceline_sim::study::Usage| {
        vec![
            usage.policy.clone(),
            usage.family.clone(),
            usage.variant.clone(),
            usage.subject.clone(),
            format!("{:.0}", usage.minutes),
            format!("{:.0}", usage.activities),
            format!("{:.1} %", 100.0 * usage.left),
            format!("{:.1} %", 100.0 * usage.spinning),
            format!("{:.0} %", 100.0 * usage.personal),
            format!("{:.2}", usage.teacher_minutes),
        ]
    };
    Table {
        title: "Use".to_owned(),
        note: "Spinning: of the skills with answers, those with more than ten and never three right in a row. Teacher minutes are a pupil and week.",
        head: vec![
            "policy",
            "family",
            "worlds",
            "subject",
            "minutes",
            "activities",
            "left",
            "spinning",
            "lessons personal",
            "teacher minutes",
        ],
        rows: report.usage.iter().map(row).collect(),
    }
}

fn opening(report: &Report) -> String {
    format!(
        "Seed {}, design {}. Effects are in standard deviations of the test under the fixed pacing guide; intervals are 95 %, over {}.",
        report.seed, report.design, report.units
    )
}

/// What the terminal shows: the effect on all tests by subject, in the first family column.
pub(super) fn short(report: &Report) -> String {
    let family = overall(report);
    let mut text = format!("{}\n{}\n\n", report.name, opening(report));
    for effect in of(report, family, |effect| effect.group == "all") {
        text += &format!(
            "{:<18} {:<20} {:<14} {:<8} {}  {:+5.1} points  {} of {} schools below zero\n",
            effect.policy,
            effect.variant,
            effect.subject,
            effect.test,
            interval(effect),
            effect.percentile_points,
            effect.below_zero,
            effect.schools
        );
    }
    text
}

/// The report as Markdown.
pub(super) fn markdown(report: &Report, tables: &[Table]) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let line = |cells: &mut dyn Iterator<Item = String>| {
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let mut text = format!("# {}\n\n{}\n", report.name, opening(report));
    for table in tables {
        text += &format!("\n## {}\n\n", table.title);
        if !table.note.is_empty() {
            text += &format!("{}\n\n", table.note);
        }
        text += &line(&mut table.head.iter().map(|head| (*head).to_owned()));
        text += &line(&mut table.head.iter().map(|_| "---".to_owned()));
        for row in &table.rows {
            text += &line(&mut row.iter().map(|text| cell(text)));
        }
    }
    text
}

/// Figures stand to the right.
fn is_figure(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c))
}

/// The report as one page without scripts, with figures.
pub(super) fn html(report: &Report, tables: &[Table]) -> anyhow::Result<String> {
    let mut page = begin(&report.name);
    write!(page, "<p>{}</p>", escape(&opening(report)))?;
    for table in tables {
        write!(
            page,
            "<h2>{}</h2><p>{}</p><table class=\"wide\"><tr>",
            escape(&table.title),
            table.note
        )?;
        let class = |column: usize| match table.rows.first() {
            Some(row) if is_figure(&row[column]) => " class=\"n\"",
            _ => "",
        };
        for (column, head) in table.head.iter().enumerate() {
            write!(page, "<th{}>{head}", class(column))?;
        }
        for row in &table.rows {
            page.push_str("<tr>");
            for (column, text) in row.iter().enumerate() {
                write!(page, "<td{}>{}", class(column), escape(text))?;
            }
        }
        page.push_str("</table>");
    }
    figures(&mut page, report)?;
    page.push_str("</html>\n");
    Ok(page)
}

fn figures(page: &mut String, report: &Report) -> anyhow::Result<()> {
    let mut families: Vec<(&str, &str)> = report
        .rows
        .iter()
        .map(|row| (row.family.as_str(), row.variant.as_str()))
        .collect();
    families.dedup();
    for &(family, variant) in &families {
        let heading = format!("{family}, {variant}");
        let rows: Vec<_> = report
            .rows
            .iter()
            .filter(|row| (row.family.as_str(), row.variant.as_str()) == (family, variant))
            .collect();
        write!(
            page,
            "<h2>Students: {}</h2><h3>Gain</h3>{}",
            escape(&heading),
            plots::gains(&rows)?
        )?;
        let mut subjects: Vec<&str> = report
            .effects
            .iter()
            .map(|effect| effect.subject.as_str())
            .collect();
        subjects.sort_unstable();
        subjects.dedup();
        for subject in subjects {
            subject_figures(page, report, (family, variant, subject))?;
        }
    }
    if !report.ablations.is_empty() {
        let bar = |a: &paceline_sim::study::Ablation| {
            (
                format!("{} {}", a.family, a.policy),
                a.effect_sd,
                a.low,
                a.high,
            )
        };
        let bars: Vec<_> = report.ablations.iter().map(bar).collect();
        write!(
            page,
            "<h2>What each strategy adds</h2>{}",
            plots::intervals("the engine less the engine so changed, SD", &bars)?
        )?;
    }
    Ok(())
}

/// Curves, fifths and schools of one subject in one family's worlds.
fn subject_figures(
    page: &mut String,
    report: &Report,
    at: (&str, &str, &str),
) -> anyhow::Result<()> {
    let (family, variant, subject) = at;
    let curves: Vec<_> = report
        .curves
        .iter()
        .filter(|curve| {
            (
                curve.family.as_str(),
                curve.variant.as_str(),
                curve.subject.as_str(),
            ) == at
        })
        .map(|curve| {
            let weeks = curve.weekly_known.iter().enumerate();
            let points = weeks.map(|(week, &known)| (week as f64 + 1.0, known));
            (curve.policy.as_str(), points.collect())
        })
        .collect();
    if !curves.is_empty() {
        write!(
            page,
            "<h3>{}: learning</h3>{}",
            escape(subject),
            plots::lines("school week", "share known", curves)?
        )?;
    }
    let last = report
        .effects
        .iter()
        .filter(|e| e.test.starts_with("year"))
        .map(|e| e.test.as_str())
        .max()
        .unwrap_or("delayed");
    let mut policies: Vec<&str> = report
        .effects
        .iter()
        .map(|effect| effect.policy.as_str())
        .collect();
    policies.sort_unstable();
    policies.dedup();
    let fifths: Vec<(&str, Vec<(f64, f64)>)> = policies
        .iter()
        .map(|&policy| {
            let own = of(report, family, move |e| {
                (
                    e.variant.as_str(),
                    e.subject.as_str(),
                    e.policy.as_str(),
                    e.test.as_str(),
                ) == (variant, subject, policy, last)
                    && e.group.starts_with("quintile")
            });
            (
                policy,
                (1..).map(f64::from).zip(own.map(|e| e.effect_sd)).collect(),
            )
        })
        .filter(|(_, points): &(_, Vec<_>)| !points.is_empty())
        .collect();
    if !fifths.is_empty() {
        write!(
            page,
            "<h3>{}: gain by fifth of the pre-test, lowest first</h3>{}",
            escape(subject),
            plots::lines("fifth", "gain, SD", fifths)?
        )?;
    }
    for policy in policies {
        let own = |s: &&SchoolEffect| {
            (
                s.family.as_str(),
                s.variant.as_str(),
                s.subject.as_str(),
                s.policy.as_str(),
            ) == (family, variant, subject, policy)
        };
        let bar = |s: &SchoolEffect| {
            (
                format!("{} {}", s.kind.name(), s.school),
                s.effect_sd,
                s.low,
                s.high,
            )
        };
        let schools: Vec<_> = report.schools.iter().filter(own).map(bar).collect();
        if !schools.is_empty() {
            write!(
                page,
                "<h3>{}: {} school by school</h3>{}",
                escape(subject),
                escape(policy),
                plots::intervals("gain, SD, with intervals over pupils", &schools)?
            )?;
        }
    }
    Ok(())
}

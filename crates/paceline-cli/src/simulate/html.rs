//! The report: one page without scripts, the same bytes for the same input.

use super::{closest, delayed, end, interval, line, plots};
use crate::html::{begin, escape};
use paceline::Bank;
use paceline_sim::{Figure, Row, Shown, Study};
use std::fmt::Write;

pub(super) fn page(bank: &Bank, students: &[Shown], study: &Study) -> anyhow::Result<String> {
    let mut page = begin("Simulated classes");
    write!(
        page,
        "<p>Seed {}, {} classes of thirty a family of students, one world each. Gains are over a fixed pacing guide at equal minutes, in \
         standard deviations of its test at the end of the term; intervals are 95 %, from the spread over classes. The students are not the \
         engine's own model of a student.</p>",
        study.comparison.seed, study.comparison.worlds
    )?;
    summary(&mut page, study)?;
    sequences(&mut page, bank, students)?;
    let mut families: Vec<&str> = study
        .comparison
        .rows
        .iter()
        .map(|row| row.family.as_str())
        .collect();
    families.dedup();
    for family in families {
        let rows: Vec<&Row> = study
            .comparison
            .rows
            .iter()
            .filter(|row| row.family == family)
            .collect();
        let figures: Vec<&Figure> = study
            .figures
            .iter()
            .filter(|figure| figure.family == family)
            .collect();
        write!(
            page,
            "<h2>Students: {}</h2><h3>Gain</h3>{}",
            escape(family),
            plots::gains(&rows)?
        )?;
        table(&mut page, &rows)?;
        write!(page, "<h3>Learning</h3>{}", plots::learning(&figures)?)?;
        write!(
            page,
            "<h3>Gain by where students began</h3>{}",
            plots::quintiles(&figures)?
        )?;
    }
    page.push_str("</html>\n");
    Ok(page)
}

/// How far the engine is ahead, first of all.
fn summary(page: &mut String, study: &Study) -> std::fmt::Result {
    page.push_str(
        "<h2>The engine ahead of the best other policy</h2><p>From the same classes under both.</p>\
         <table><tr><th>students<th>best other<th class=\"n\">end of term<th class=\"n\">30 days later</tr>",
    );
    for lead in closest(study) {
        write!(
            page,
            "<tr><td>{}<td>{}<td class=\"n\">{}<td class=\"n\">{}</tr>",
            escape(&lead.family),
            escape(&lead.policy),
            interval(lead.end),
            interval(lead.delayed)
        )?;
    }
    page.push_str("</table>");
    Ok(())
}

/// How many activities of a lesson are open to the eye at once.
const OPEN: usize = 8;

fn sequences(page: &mut String, bank: &Bank, students: &[Shown]) -> std::fmt::Result {
    page.push_str("<h2>Three students, twenty minutes, the same course</h2><div class=\"cols\">");
    for student in students {
        let (answers, right) = student.answers;
        write!(
            page,
            "<section><h3>{}</h3><p>{}; {right} of {answers} right so far</p><ol>",
            escape(&student.learner),
            escape(&student.about)
        )?;
        for (place, activity) in student.plan.activities.iter().enumerate() {
            if place == OPEN {
                let more = student.plan.activities.len() - OPEN;
                write!(
                    page,
                    "</ol><details><summary>{more} more</summary><ol start=\"{}\">",
                    OPEN + 1
                )?;
            }
            let (what, why) = line(bank, activity);
            write!(
                page,
                "<li>{} <small>{:.1} min; {}</small></li>",
                escape(&what),
                activity.minutes.get(),
                escape(&why)
            )?;
        }
        page.push_str("</ol>");
        if OPEN < student.plan.activities.len() {
            page.push_str("</details>");
        }
        page.push_str("</section>");
    }
    page.push_str("</div>");
    Ok(())
}

fn table(page: &mut String, rows: &[&Row]) -> std::fmt::Result {
    page.push_str("<table><tr><th>policy<th class=\"n\">end of term<th class=\"n\">30 days later<th class=\"n\">minutes</tr>");
    for row in rows {
        let class = if row.policy == "engine" {
            " class=\"engine\""
        } else {
            ""
        };
        let policy = escape(&row.policy);
        write!(
            page,
            "<tr{class}><td>{policy}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{:.0}</tr>",
            end(row),
            delayed(row),
            row.minutes
        )?;
    }
    page.push_str("</table>");
    Ok(())
}

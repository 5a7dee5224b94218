//! What to mend first, from an answer log.

use crate::answers::Answers;
use crate::args;
use crate::context::Context;
use crate::{files, html, progress};
use paceline::bank::health::{Finding, Item, Log, Options, Urgency, report};
use paceline::bank::{Bank, calibrate};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{self, Write};

pub(crate) fn run(context: &Context, args: &args::Items) -> anyhow::Result<()> {
    let bank = context.named_bank()?;
    let bar = progress::told();
    bar.set_message("reading the log");
    let answers = Answers::read(&args.log, bank.as_ref())?;
    let fitted = answers.calibrate(&calibrate::Options::default(), &bar)?;
    bar.set_message("looking at each item");
    let items: Vec<Item<'_>> = fitted
        .items
        .iter()
        .enumerate()
        .map(|(i, found)| Item {
            curve: found.curve(),
            expected_seconds: expected_seconds(bank.as_ref(), &answers.items.all()[i]),
            choices: answers.choices_of(i),
        })
        .collect();
    let log = Log {
        answers: &answers.first,
        items: &items,
        groups: answers.groups.all(),
    };
    let findings = report(&log, &Options::default())?;
    bar.finish_and_clear();
    if let Some(file) = &args.html {
        files::write(file, page(&answers, &findings)?.as_bytes())?;
    }
    let name = |finding: &Finding| answers.items.all()[finding.item as usize].to_string();
    let documents: Vec<_> = findings
        .iter()
        .map(|f| json!({ "item": name(f), "urgency": f.urgency, "n": f.n, "size": f.size, "fault": f.fault, "sentence": f.sentence }))
        .collect();
    let document = json!({ "format": 1, "answers": answers.first.len(), "items": items.len(), "findings": documents });
    context.print(&document, |out| print(&answers, &findings, args.most, out))
}

fn expected_seconds(bank: Option<&Bank>, id: &str) -> Option<f64> {
    let bank = bank?;
    let item = bank.item_ix(id)?;
    Some(f64::from(bank.item_seconds()[item.at()]))
}

const fn heading(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Now => "Mend now",
        Urgency::Soon => "Mend soon",
        Urgency::Sometime => "Mend sometime",
    }
}

fn print(
    answers: &Answers,
    findings: &[Finding],
    most: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let n_items = answers.items.all().len();
    writeln!(
        out,
        "{} first answers of {} learners to {n_items} items",
        answers.first.len(),
        answers.learners.all().len()
    )?;
    if findings.is_empty() {
        return writeln!(out, "nothing to mend was found");
    }
    let mut last = None;
    for finding in findings.iter().take(most) {
        if last.replace(finding.urgency) != Some(finding.urgency) {
            writeln!(out, "\n{}", heading(finding.urgency))?;
        }
        writeln!(
            out,
            "  {}: {}",
            answers.items.all()[finding.item as usize],
            finding.sentence
        )?;
    }
    match findings.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(
            out,
            "\n{more} more; `--most N` shows them, `--html FILE` writes all"
        ),
    }
}

fn page(answers: &Answers, findings: &[Finding]) -> anyhow::Result<String> {
    let mut page = html::begin("Items to mend");
    write!(
        page,
        "<p>{} first answers of {} learners to {} items.</p>",
        answers.first.len(),
        answers.learners.all().len(),
        answers.items.all().len()
    )?;
    if findings.is_empty() {
        page.push_str("<p>Nothing to mend was found.</p>");
    }
    for urgency in [Urgency::Now, Urgency::Soon, Urgency::Sometime] {
        let own = findings.iter().filter(|finding| finding.urgency == urgency);
        let mut own = own.peekable();
        if own.peek().is_none() {
            continue;
        }
        write!(
            page,
            "<h2>{}</h2><table><tr><th>item<th>what<th>answers</tr>",
            heading(urgency)
        )?;
        for finding in own {
            let id = html::escape(&answers.items.all()[finding.item as usize]);
            write!(
                page,
                "<tr><td>{id}<td>{}<td class=\"n\">{}</tr>",
                html::escape(&finding.sentence),
                finding.n
            )?;
        }
        page.push_str("</table>");
    }
    page.push_str("</html>\n");
    Ok(page)
}

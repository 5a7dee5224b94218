//! The report on a calibration: one page without scripts, the same bytes for the same log.

use super::figures;
use crate::answers::Answers;
use crate::html;
use paceline::bank::calibrate::{Calibration, FitPoint, ItemEstimate};
use std::fmt::Write;

/// Items whose fit is drawn.
const SHOWN: usize = 12;
/// The gap from which large-scale tests act (OECD 2017, PISA 2015 technical report, ch. 9).
const MOST_GAP: f64 = 0.1;

pub(super) fn page(answers: &Answers, fitted: &Calibration, model: &str) -> anyhow::Result<String> {
    let mut page = html::begin("Calibration");
    write!(
        page,
        "<p>{} answers of {} learners to {} items; {}, {} cycles. Difficulties are in logits, learners average {:.2} with a standard deviation of {:.2}.</p>",
        answers.first.len(),
        answers.learners.all().len(),
        fitted.items.len(),
        model,
        fitted.cycles,
        fitted.population.mean,
        fitted.population.sd
    )?;
    let mut order: Vec<usize> = (0..fitted.items.len()).collect();
    order.sort_by(|&i, &j| fitted.items[i].b.total_cmp(&fitted.items[j].b));
    let item = |i: usize| &fitted.items[i];
    let items: Vec<&ItemEstimate> = order.iter().map(|&i| item(i)).collect();
    write!(
        page,
        "<h2>Items by difficulty</h2><p>Shaded: two standard errors to either side.</p>{}",
        figures::difficulties(&items)?
    )?;
    fits(&mut page, answers, fitted)?;
    page.push_str(
        "<h2>All items</h2><table><tr><th>item<th>a<th>SE<th>b<th>SE<th>c<th>gap<th>answers</tr>",
    );
    for &i in &order {
        let found = item(i);
        let id = html::escape(&answers.items.all()[i]);
        write!(
            page,
            "<tr><td>{id}<td class=\"n\">{:.2}<td class=\"n\">{:.2}<td class=\"n\">{:.2}<td class=\"n\">{:.2}<td class=\"n\">{:.2}<td class=\"n\">{:.2}<td class=\"n\">{}</tr>",
            found.a, found.se_a, found.b, found.se_b, found.c, found.rmsd, found.n
        )?;
    }
    page.push_str("</table></html>\n");
    Ok(page)
}

/// Items whose curve fits worst: observed and expected share right by ability.
fn fits(page: &mut String, answers: &Answers, fitted: &Calibration) -> anyhow::Result<()> {
    let mut worst: Vec<usize> = (0..fitted.items.len()).collect();
    let gaps: Vec<f64> = fitted
        .items
        .iter()
        .map(|item| beyond_chance(&item.fit))
        .collect();
    worst.sort_by(|&i, &j| gaps[j].total_cmp(&gaps[i]));
    let off = worst.iter().filter(|&&i| gaps[i] > MOST_GAP).count();
    let n_items = worst.len();
    write!(
        page,
        "<h2>Where curve and answers differ most</h2><p>The share right by ability: the line is the item's curve, the points what was \
         observed, with 95 % intervals. Where the gap, the root mean square between them, is above {MOST_GAP} after what chance makes of so \
         many answers is taken off, the curve does not describe the item: so with {off} of {n_items} items.</p><div class=\"cols\">"
    )?;
    for &i in worst.iter().take(SHOWN) {
        let item = &fitted.items[i];
        write!(
            page,
            "<div><b>{}</b><small>gap {:.2}, {:.2} beyond chance, {} answers</small>{}</div>",
            html::escape(&answers.items.all()[i]),
            item.rmsd,
            gaps[i],
            item.n,
            figures::fit(&item.fit)?
        )?;
    }
    page.push_str("</div>");
    Ok(())
}

/// The gap between curve and answers with what chance makes of so many answers taken off, root mean square over the groups of abilities.
fn beyond_chance(points: &[FitPoint]) -> f64 {
    let answers: f64 = points.iter().map(|point| point.n).sum();
    let beyond = |point: &FitPoint| {
        let gap = point.observed - point.expected;
        point.n * gap * gap - point.expected * (1.0 - point.expected)
    };
    let squares: f64 = points.iter().map(beyond).sum();
    (squares / answers.max(1.0)).max(0.0).sqrt()
}

//! The report on a calibration: one page without scripts, the same bytes for the same log.

use crate::answers::Answers;
use crate::html;
use crate::simulate::plots;
use paceline::bank::calibrate::{Calibration, FitPoint};
use std::fmt::Write;

/// Items whose fit is drawn.
const SHOWN: usize = 12;

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
    let curve = |f: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
        order
            .iter()
            .enumerate()
            .map(|(place, &i)| (place as f64 + 1.0, f(i).clamp(-8.0, 8.0)))
            .collect()
    };
    let item = |i: usize| &fitted.items[i];
    let lines = vec![
        ("difficulty", curve(&|i| item(i).b)),
        ("- 2 SE", curve(&|i| item(i).b - 2.0 * item(i).se_b)),
        ("+ 2 SE", curve(&|i| item(i).b + 2.0 * item(i).se_b)),
    ];
    write!(
        page,
        "<h2>Items by difficulty</h2>{}",
        plots::lines("item, easiest first", "difficulty, logits", lines)?
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
    worst.sort_by(|&i, &j| fitted.items[j].rmsd.total_cmp(&fitted.items[i].rmsd));
    page.push_str("<h2>Where curve and answers differ most</h2><p>The share right by ability, as observed and as the curve has it. A gap above .1 means that the curve does not describe the item.</p>");
    for &i in worst.iter().take(SHOWN) {
        let item = &fitted.items[i];
        let points =
            |value: fn(&FitPoint) -> f64| item.fit.iter().map(|p| (p.ability, value(p))).collect();
        let lines = vec![
            ("expected", points(|p| p.expected)),
            ("observed", points(|p| p.observed)),
        ];
        let id = html::escape(&answers.items.all()[i]);
        write!(
            page,
            "<h3>{id}: gap {:.2}, {} answers</h3>{}",
            item.rmsd,
            item.n,
            plots::lines("ability, logits", "share right", lines)?
        )?;
    }
    Ok(())
}

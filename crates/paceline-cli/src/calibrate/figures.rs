//! The figures of the report on a calibration, as SVG.

use crate::simulate::plots::{failed, sized};
use paceline::bank::calibrate::{FitPoint, ItemEstimate};
use plotters::prelude::*;

/// Colours that a colour-blind reader tells apart (Okabe & Ito 2008).
const CURVE: RGBColor = RGBColor(213, 94, 0);
const ANSWERS: RGBColor = RGBColor(0, 114, 178);
/// Difficulties are drawn within this, in logits.
const FARTHEST: f64 = 6.0;

/// Difficulties, easiest first, in the band of two standard errors.
pub(super) fn difficulties(items: &[&ItemEstimate]) -> anyhow::Result<String> {
    let place = |(rank, b): (usize, f64)| (rank as f64 + 1.0, b.clamp(-FARTHEST, FARTHEST));
    let line = |errors: f64| {
        let b = items.iter().map(move |item| item.b + errors * item.se_b);
        b.enumerate().map(place).collect::<Vec<_>>()
    };
    let (low, high) = (line(-2.0), line(2.0));
    let ends = low.iter().chain(&high).map(|point| point.1);
    let (least, most) = ends.fold((-1.0_f64, 1.0_f64), |(a, b), end| (a.min(end), b.max(end)));
    sized((860, 300), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(24)
            .x_label_area_size(36)
            .y_label_area_size(48)
            .build_cartesian_2d(1.0..items.len().max(2) as f64, least..most)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .x_desc("item, easiest first")
            .y_desc("difficulty, logits")
            .draw()
            .map_err(failed)?;
        let outline = low.iter().chain(high.iter().rev()).copied();
        let band = Polygon::new(outline.collect::<Vec<_>>(), ANSWERS.mix(0.2));
        chart.draw_series([band]).map_err(failed)?;
        let middle = LineSeries::new(line(0.0), CURVE.stroke_width(2));
        chart.draw_series(middle).map_err(failed)?;
        Ok(())
    })
}

/// An item's curve, and the share right that was observed with its 95 % interval.
pub(super) fn fit(points: &[FitPoint]) -> anyhow::Result<String> {
    let abilities = points.iter().map(|point| point.ability);
    let (least, most) = abilities.fold((-2.5_f64, 2.5_f64), |(a, b), x| (a.min(x), b.max(x)));
    sized((320, 230), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(6)
            .x_label_area_size(32)
            .y_label_area_size(36)
            .build_cartesian_2d(least - 0.2..most + 0.2, 0.0..1.0)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_labels(6)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_labels(5)
            .x_desc("ability, logits")
            .draw()
            .map_err(failed)?;
        let curve = points.iter().map(|point| (point.ability, point.expected));
        let curve = LineSeries::new(curve, CURVE.stroke_width(2));
        chart.draw_series(curve).map_err(failed)?;
        for point in points {
            let spread = point.expected * (1.0 - point.expected) / point.n.max(1.0);
            let reach = 1.96 * spread.sqrt();
            let (x, y) = (point.ability, point.observed);
            let ends = [(x, (y - reach).max(0.0)), (x, (y + reach).min(1.0))];
            let bar = PathElement::new(ends, ANSWERS.stroke_width(1));
            chart.draw_series([bar]).map_err(failed)?;
            let dot = Circle::new((x, y), 3, ANSWERS.filled());
            chart.draw_series([dot]).map_err(failed)?;
        }
        Ok(())
    })
}

//! The figures of the report, as SVG.

use anyhow::anyhow;
use paceline_sim::{Figure, Row};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Size of a figure, pixels.
const SIZE: (u32, u32) = (860, 320);
/// Width of the legend beside the curves, pixels.
const LEGEND: u32 = 150;
/// Colours that a colour-blind reader tells apart (after Okabe & Ito 2008); the second is the engine's.
const COLOURS: [RGBColor; 10] = [
    RGBColor(120, 120, 120),
    ABOVE,
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(136, 84, 48),
    RGBColor(0, 0, 0),
    BELOW,
    RGBColor(190, 170, 0),
];
/// Of a figure above zero and of one below it.
const ABOVE: RGBColor = RGBColor(0, 114, 178);
const BELOW: RGBColor = RGBColor(213, 94, 0);

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A policy's colour: its own in every figure.
fn colour(policies: &[&str], policy: &str) -> RGBColor {
    let place = policies
        .iter()
        .position(|other| *other == policy)
        .unwrap_or(0);
    COLOURS[place % COLOURS.len()]
}

fn draw(body: impl FnOnce(&Area<'_>) -> anyhow::Result<()>) -> anyhow::Result<String> {
    sized(SIZE, body)
}

/// A figure of a width and height in pixels.
pub(crate) fn sized(
    size: (u32, u32),
    body: impl FnOnce(&Area<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        body(&area)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

pub(crate) fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("could not draw a figure: {error}")
}

/// The least and greatest of `values`, with some room, and zero within.
fn range(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values.fold((0.0f64, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
    let room = 0.05 * (high - low).max(0.1);
    low - room..high + room
}

/// Gains of each policy with their intervals: end of term above, delayed below, on one line a policy.
pub(super) fn gains(rows: &[&Row]) -> anyhow::Result<String> {
    draw(|area| {
        let ends = rows.iter().flat_map(|r| {
            [
                r.gain_sd_low,
                r.gain_sd_high,
                r.delayed_sd_low,
                r.delayed_sd_high,
            ]
        });
        let n = rows.len();
        let spans = range(ends);
        // Room on the left for the names.
        let start = spans.start - 0.22 * (spans.end - spans.start);
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(36)
            .build_cartesian_2d(start..spans.end, 0.0..n as f64)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(TRANSPARENT)
            .y_labels(0)
            .x_desc("gain over fixed pacing, SD (filled: end of term; open: 30 days later)")
            .draw()
            .map_err(failed)?;
        let names = rows.iter().enumerate().map(|(place, row)| {
            let y = (n - 1 - place) as f64 + 0.6;
            Text::new(row.policy.clone(), (start, y), ("sans-serif", 13))
        });
        chart.draw_series(names).map_err(failed)?;
        let policies: Vec<&str> = rows.iter().map(|row| row.policy.as_str()).collect();
        for (place, row) in rows.iter().enumerate() {
            let colour = colour(&policies, &row.policy);
            let y = (n - 1 - place) as f64;
            let spans = [
                (
                    y + 0.62,
                    row.gain_sd,
                    row.gain_sd_low,
                    row.gain_sd_high,
                    true,
                ),
                (
                    y + 0.34,
                    row.delayed_sd,
                    row.delayed_sd_low,
                    row.delayed_sd_high,
                    false,
                ),
            ];
            for (y, mean, low, high, filled) in spans {
                let line = PathElement::new(vec![(low, y), (high, y)], colour.stroke_width(2));
                chart.draw_series([line]).map_err(failed)?;
                let style = if filled {
                    colour.filled()
                } else {
                    colour.stroke_width(2)
                };
                chart
                    .draw_series([Circle::new((mean, y), 4, style)])
                    .map_err(failed)?;
            }
        }
        let zero = PathElement::new(vec![(0.0, 0.0), (0.0, n as f64)], BLACK.mix(0.5));
        chart.draw_series([zero]).map_err(failed)?;
        Ok(())
    })
}

/// Named values with their intervals, one a line from the top; without names where there are too many to read.
pub(super) fn intervals(x_desc: &str, bars: &[(String, f64, f64, f64)]) -> anyhow::Result<String> {
    /// Names that fit below one another.
    const NAMED: usize = 20;
    draw(|area| {
        let n = bars.len();
        let spans = range(bars.iter().flat_map(|(_, _, low, high)| [*low, *high]));
        let start = spans.start - 0.3 * (spans.end - spans.start);
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .x_label_area_size(36)
            .build_cartesian_2d(start..spans.end, 0.0..n as f64)
            .map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_y_mesh()
            .light_line_style(TRANSPARENT)
            .y_labels(0)
            .x_desc(x_desc)
            .draw()
            .map_err(failed)?;
        for (place, (name, mean, low, high)) in bars.iter().enumerate() {
            let y = (n - 1 - place) as f64 + 0.5;
            let colour = if *mean < 0.0 { BELOW } else { ABOVE };
            let line = PathElement::new(vec![(*low, y), (*high, y)], colour.stroke_width(2));
            chart.draw_series([line]).map_err(failed)?;
            let point = Circle::new((*mean, y), 3, colour.filled());
            chart.draw_series([point]).map_err(failed)?;
            if n <= NAMED {
                let text = Text::new(name.clone(), (start, y + 0.3), ("sans-serif", 12));
                chart.draw_series([text]).map_err(failed)?;
            }
        }
        let zero = PathElement::new(vec![(0.0, 0.0), (0.0, n as f64)], BLACK.mix(0.5));
        chart.draw_series([zero]).map_err(failed)?;
        Ok(())
    })
}

/// Mean probability of knowing a skill of the course, by week.
pub(super) fn learning(figures: &[&Figure]) -> anyhow::Result<String> {
    draw(|area| {
        let weeks = figures
            .iter()
            .map(|f| f.weekly_known.len())
            .max()
            .unwrap_or(1);
        let highest = figures
            .iter()
            .flat_map(|f| &f.weekly_known)
            .fold(0.0f64, |a, &b| a.max(b));
        let lowest = figures
            .iter()
            .flat_map(|f| &f.weekly_known)
            .fold(1.0f64, |a, &b| a.min(b));
        let lines = figures.iter().map(|f| {
            let points = f
                .weekly_known
                .iter()
                .enumerate()
                .map(|(week, &known)| (week as f64 + 1.0, known));
            (f.policy.as_str(), points.collect::<Vec<_>>())
        });
        let axes = Axes {
            x: 1.0..weeks as f64,
            y: lowest * 0.95..highest * 1.02 + 0.001,
            x_desc: "week",
            y_desc: "share known",
        };
        curves(area, &axes, lines.collect())
    })
}

/// Gain by fifth of the pre-test.
pub(super) fn quintiles(figures: &[&Figure]) -> anyhow::Result<String> {
    draw(|area| {
        let lines = figures.iter().map(|f| {
            let points = f
                .quintiles
                .iter()
                .enumerate()
                .map(|(fifth, &(mean, ..))| (fifth as f64 + 1.0, mean));
            (f.policy.as_str(), points.collect::<Vec<_>>())
        });
        let lines: Vec<_> = lines.collect();
        let y = range(
            lines
                .iter()
                .flat_map(|(_, points)| points)
                .map(|point| point.1),
        );
        let axes = Axes {
            x: 1.0..5.0,
            y,
            x_desc: "fifth of the pre-test, lowest first",
            y_desc: "gain, SD",
        };
        curves(area, &axes, lines)
    })
}

/// Any curves, with axes that hold them all and start at zero.
pub(crate) fn lines(
    x_desc: &'static str,
    y_desc: &'static str,
    lines: Vec<(&str, Vec<(f64, f64)>)>,
) -> anyhow::Result<String> {
    draw(|area| {
        let points = || lines.iter().flat_map(|(_, points)| points);
        let x = range(points().map(|point| point.0));
        let y = range(points().map(|point| point.1));
        let axes = Axes {
            x,
            y,
            x_desc,
            y_desc,
        };
        curves(area, &axes, lines.clone())
    })
}

struct Axes {
    x: std::ops::Range<f64>,
    y: std::ops::Range<f64>,
    x_desc: &'static str,
    y_desc: &'static str,
}

/// The curves, and beside them their names, from the one that ends highest.
fn curves(area: &Area<'_>, axes: &Axes, lines: Vec<(&str, Vec<(f64, f64)>)>) -> anyhow::Result<()> {
    let (left, right) = area.split_horizontally(SIZE.0 - LEGEND);
    let mut chart = ChartBuilder::on(&left)
        .margin(8)
        .margin_right(20)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(axes.x.clone(), axes.y.clone())
        .map_err(failed)?;
    let steps = (axes.x.end - axes.x.start).round() as usize + 1;
    let whole = |x: &f64| format!("{}", (x * 100.0).round() / 100.0);
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(TRANSPARENT)
        .x_labels(if (4..12).contains(&steps) { steps } else { 10 })
        .x_label_formatter(&whole)
        .x_desc(axes.x_desc)
        .y_desc(axes.y_desc)
        .draw()
        .map_err(failed)?;
    let policies: Vec<&str> = lines.iter().map(|(policy, _)| *policy).collect();
    let mut legend: Vec<(f64, &str, RGBColor)> = Vec::new();
    for (policy, points) in &lines {
        let colour = colour(&policies, policy);
        let width = if *policy == "engine" { 3 } else { 1 };
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(width));
        chart.draw_series(line).map_err(failed)?;
        legend.push((points.last().map_or(0.0, |point| point.1), policy, colour));
    }
    legend.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (place, (_, policy, colour)) in (0..).zip(legend) {
        let y = 24 + 18 * place;
        let line = PathElement::new(vec![(0, y), (16, y)], colour.stroke_width(2));
        right.draw(&line).map_err(failed)?;
        let name = Text::new(policy.to_owned(), (22, y - 6), ("sans-serif", 13));
        right.draw(&name).map_err(failed)?;
    }
    Ok(())
}

//! Line and bar plots as SVG text.

use {
    super::{axis::Labelled, words::time},
    anyhow::{Result, anyhow},
    plotters::prelude::*,
};

const SIZE: (u32, u32) = (1_000, 400);
const FONT: &str = "sans-serif";
const SECONDS_PER_HOUR: f64 = 3_600.0;

/// Colours that people with any colour vision tell apart (Okabe and Ito).
pub const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(110, 110, 110),
];

pub struct Series {
    pub name: String,
    pub colour: RGBColor,
    /// Unix seconds and value.
    pub points: Vec<(f64, f64)>,
}

pub struct Lines<'a> {
    pub y_label: &'a str,
    pub y_range: (f64, f64),
    /// Unix seconds.
    pub x_range: (f64, f64),
    /// Hours between labels.
    pub every_hours: usize,
    /// A level to mark, with its name.
    pub level: Option<(f64, &'a str)>,
    pub series: Vec<Series>,
    /// Points to mark with a circle, with what they stand for.
    pub marks: Option<(&'a str, Vec<(f64, f64)>)>,
}

/// Lines over time.
pub fn lines(plot: &Lines) -> Result<String> {
    let mut svg = String::new();
    draw_lines(plot, &mut svg).map_err(|error| anyhow!("a plot could not be drawn: {error}"))?;
    Ok(svg)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw_lines(plot: &Lines, svg: &mut String) -> Drawn {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (from, to) = plot.x_range;
    // In whole hours since the start of the axis, where the labels fall on round numbers.
    let hours = |t: f64| (t - from) / SECONDS_PER_HOUR;
    let axis = Labelled::new(0.0..hours(to), ticks(hours(to), plot.every_hours));
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .margin_right(56)
        .x_label_area_size(44)
        .y_label_area_size(76)
        .build_cartesian_2d(axis, plot.y_range.0..plot.y_range.1)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_label_formatter(&|h| time((from + h * SECONDS_PER_HOUR).round() as i64))
        .x_desc("UTC, 2025")
        .y_desc(plot.y_label)
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 15))
        .draw()?;
    if let Some((level, name)) = plot.level {
        let line = [(0.0, level), (hours(to), level)];
        chart
            .draw_series(DashedLineSeries::new(line, 6, 4, BLACK.stroke_width(1)))?
            .label(name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], BLACK));
    }
    for series in &plot.series {
        let style = series.colour.stroke_width(2);
        let points = series.points.iter().map(|(t, y)| (hours(*t), *y));
        chart
            .draw_series(LineSeries::new(points, style))?
            .label(&series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    if let Some((name, points)) = &plot.marks {
        let circle = |at| Circle::new(at, 6, BLACK.stroke_width(2));
        chart
            .draw_series(points.iter().map(|(t, y)| circle((hours(*t), *y))))?
            .label(*name)
            .legend(|(x, y)| Circle::new((x + 9, y), 5, BLACK.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .label_font((FONT, 14))
        .draw()?;
    root.present()?;
    Ok(())
}

fn ticks(hours: f64, every: usize) -> Vec<f64> {
    (0..=hours as usize)
        .step_by(every.max(1))
        .map(|h| h as f64)
        .collect()
}

/// Pairs of bars, one group for each name.
pub struct Bars<'a> {
    pub y_label: &'a str,
    pub names: [&'a str; 2],
    pub groups: Vec<(String, [f64; 2])>,
}

pub fn bars(plot: &Bars) -> Result<String> {
    let mut svg = String::new();
    draw_bars(plot, &mut svg).map_err(|error| anyhow!("a plot could not be drawn: {error}"))?;
    Ok(svg)
}

fn draw_bars(plot: &Bars, svg: &mut String) -> Drawn {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let count = plot.groups.len();
    let highest = plot
        .groups
        .iter()
        .flat_map(|(_, pair)| *pair)
        .fold(1.0, f64::max);
    let centres: Vec<f64> = (0..count).map(|i| i as f64 + 0.5).collect();
    let axis = Labelled::new(0.0..count as f64, centres);
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(76)
        .build_cartesian_2d(axis, 0.0..highest * 1.1)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_label_formatter(&|x| {
            let group = plot.groups.get(x.floor() as usize);
            group.map_or_else(String::new, |(name, _)| name.clone())
        })
        .y_label_formatter(&|y| format!("{y:.0}"))
        .y_desc(plot.y_label)
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 15))
        .draw()?;
    for (side, (name, colour)) in plot.names.iter().zip(COLOURS).enumerate() {
        let left = if side == 0 { 0.18 } else { 0.52 };
        let bars = plot.groups.iter().enumerate().map(|(i, (_, pair))| {
            let x = i as f64 + left;
            let value = pair.get(side).copied().unwrap_or_default();
            Rectangle::new([(x, 0.0), (x + 0.3, value)], colour.filled())
        });
        chart
            .draw_series(bars)?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .label_font((FONT, 14))
        .draw()?;
    root.present()?;
    Ok(())
}

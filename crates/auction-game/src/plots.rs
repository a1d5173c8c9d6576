//! Lines and bars as SVG files.

use {
    anyhow::{Result, anyhow},
    plotters::prelude::*,
    std::path::Path,
};

const SIZE: (u32, u32) = (1_000, 400);
const FONT: &str = "sans-serif";
/// Colours that people with any colour vision tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(110, 110, 110),
];

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// One group of bars per name, one bar per series.
pub struct Bars {
    pub y_label: &'static str,
    pub groups: Vec<String>,
    pub series: Vec<(String, Vec<f64>)>,
}

/// Lines through points.
pub struct Lines {
    pub x_label: &'static str,
    pub y_label: &'static str,
    pub y_range: [f64; 2],
    pub series: Vec<(String, Vec<(f64, f64)>)>,
}

pub fn write_bars(plot: &Bars, path: &Path) -> Result<()> {
    draw_bars(plot, path).map_err(|error| anyhow!("{} was not drawn: {error}", path.display()))
}

pub fn write_lines(plot: &Lines, path: &Path) -> Result<()> {
    draw_lines(plot, path).map_err(|error| anyhow!("{} was not drawn: {error}", path.display()))
}

fn draw_bars(plot: &Bars, path: &Path) -> Drawn {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let highest = plot
        .series
        .iter()
        .flat_map(|(_, v)| v)
        .fold(0.0f64, |a, b| a.max(*b));
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(76)
        .build_cartesian_2d(
            (0..plot.groups.len()).into_segmented(),
            0.0..highest.max(1e-9) * 1.1,
        )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_label_formatter(&|x| match x {
            SegmentValue::CenterOf(i) => plot.groups.get(*i).cloned().unwrap_or_default(),
            _ => String::new(),
        })
        .y_desc(plot.y_label)
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 15))
        .draw()?;
    let count = plot.series.len().max(1);
    let area = chart.plotting_area();
    let (width, height) = area.dim_in_pixel();
    let (left, top) = area.get_base_pixel();
    let group = f64::from(width) / plot.groups.len().max(1) as f64;
    for (s, ((name, values), colour)) in plot.series.iter().zip(COLOURS).enumerate() {
        let bar = group * 0.8 / count as f64;
        for (g, value) in values.iter().enumerate() {
            let x = f64::from(left) + group * (g as f64 + 0.1) + bar * s as f64;
            let tall = value / (highest.max(1e-9) * 1.1) * f64::from(height);
            let bottom = f64::from(top) + f64::from(height);
            let corners = [
                (x as i32, (bottom - tall) as i32),
                ((x + bar * 0.9) as i32, bottom as i32),
            ];
            root.draw(&Rectangle::new(corners, colour.filled()))?;
        }
        chart
            .draw_series(std::iter::empty::<Circle<(SegmentValue<usize>, f64), i32>>())?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .label_font((FONT, 14))
        .draw()?;
    root.present()?;
    Ok(())
}

fn draw_lines(plot: &Lines, path: &Path) -> Drawn {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let xs = plot.series.iter().flat_map(|(_, p)| p).map(|(x, _)| *x);
    let (from, to) = xs.fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x), b.max(x)));
    let [low, high] = plot.y_range;
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(76)
        .build_cartesian_2d(from..to, low..high)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc(plot.x_label)
        .y_desc(plot.y_label)
        .label_style((FONT, 14))
        .axis_desc_style((FONT, 15))
        .draw()?;
    for ((name, points), colour) in plot.series.iter().zip(COLOURS) {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(points.clone(), style).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .label_font((FONT, 14))
        .draw()?;
    root.present()?;
    Ok(())
}

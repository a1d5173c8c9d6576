//! A number axis with labels where we want them.

use {
    plotters::coord::{
        ranged1d::{DefaultFormatting, KeyPointHint, Ranged},
        types::RangedCoordf64,
    },
    std::ops::Range,
};

pub struct Labelled {
    axis: RangedCoordf64,
    labels: Vec<f64>,
}

impl Labelled {
    pub fn new(range: Range<f64>, labels: Vec<f64>) -> Self {
        Self {
            axis: range.into(),
            labels,
        }
    }
}

impl Ranged for Labelled {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.axis.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.labels.clone()
    }

    fn range(&self) -> Range<f64> {
        self.axis.range()
    }
}

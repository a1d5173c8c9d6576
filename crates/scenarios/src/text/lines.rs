//! Taking a file line by line, with errors that name the line.

use std::str::FromStr;

use super::{PPM, parse_decimal};
use crate::error::ReadError;

/// The lines of a file, with the number of the one last taken.
pub(super) struct Lines<'a> {
    inner: std::str::Lines<'a>,
    line: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            inner: text.lines(),
            line: 0,
        }
    }

    pub(super) fn next(&mut self, wanted: &str) -> Result<&'a str, ReadError> {
        let text = self
            .inner
            .next()
            .ok_or_else(|| ReadError::Incomplete(wanted.to_owned()))?;
        self.line += 1;
        Ok(text)
    }

    pub(super) fn bad(&self, what: &str) -> ReadError {
        ReadError::Line {
            line: self.line,
            what: what.to_owned(),
        }
    }

    pub(super) fn literal(&mut self, wanted: &str) -> Result<(), ReadError> {
        let found = self.next(&format!("`{wanted}` is missing"))?;
        if found == wanted {
            Ok(())
        } else {
            Err(self.bad(&format!("expected `{wanted}`, found `{found}`")))
        }
    }

    /// The value of the header line `# key: value`.
    pub(super) fn field(&mut self, key: &str) -> Result<&'a str, ReadError> {
        let found = self.next(&format!("the header line `# {key}: ...` is missing"))?;
        found
            .strip_prefix(&format!("# {key}: "))
            .ok_or_else(|| self.bad(&format!("expected `# {key}: ...`, found `{found}`")))
    }

    pub(super) fn number<T: FromStr>(&mut self, key: &str) -> Result<T, ReadError> {
        let value = self.field(key)?;
        value
            .parse()
            .map_err(|_| self.bad(&format!("{key} `{value}` is not a whole number in range")))
    }

    pub(super) fn list<T: FromStr<Err = String>>(
        &mut self,
        key: &str,
    ) -> Result<Vec<T>, ReadError> {
        let value = self.field(key)?;
        words(value)
            .map(|v| v.parse().map_err(|e: String| self.bad(&e)))
            .collect()
    }

    pub(super) fn numbers(&mut self, key: &str) -> Result<Vec<u32>, ReadError> {
        let value = self.field(key)?;
        words(value)
            .map(|v| {
                v.parse()
                    .map_err(|_| self.bad(&format!("{key} `{v}` is not a whole number in range")))
            })
            .collect()
    }

    pub(super) fn ppm(&mut self, key: &str) -> Result<u32, ReadError> {
        let value = self.field(key)?;
        self.ppm_value(key, value)
    }

    pub(super) fn ppm_list(&mut self, key: &str) -> Result<Vec<u32>, ReadError> {
        let value = self.field(key)?;
        value
            .split_whitespace()
            .map(|v| self.ppm_value(key, v))
            .collect()
    }

    fn ppm_value(&self, key: &str, value: &str) -> Result<u32, ReadError> {
        parse_decimal(value, PPM)
            .and_then(|v| u32::try_from(v).ok())
            .ok_or_else(|| self.bad(&format!("{key} `{value}` is not a positive decimal")))
    }

    /// The cells of a line; exactly `count`.
    pub(super) fn cells(&mut self, count: usize, wanted: &str) -> Result<Vec<&'a str>, ReadError> {
        let cells: Vec<&str> = self.next(wanted)?.split(',').collect();
        if cells.len() == count {
            Ok(cells)
        } else {
            Err(self.bad(&format!("has {} cells instead of {count}", cells.len())))
        }
    }

    pub(super) fn decimals(
        &self,
        cells: &[&str],
        one: i32,
        what: &str,
    ) -> Result<Vec<i32>, ReadError> {
        let parse = |cell: &&str| {
            parse_decimal(cell, one)
                .ok_or_else(|| self.bad(&format!("{what} `{cell}` is not a decimal in range")))
        };
        cells.iter().map(parse).collect()
    }
}

/// The words of a list; an empty list is a dash.
fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split_whitespace().filter(|word| *word != "-")
}

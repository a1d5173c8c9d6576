//! Reading a set.

use super::TITLE;
use super::lines::Lines;
use crate::builder::BuildParams;
use crate::date::Date;
use crate::error::ReadError;
use crate::population::Basis;
use crate::set::{Draw, Origin, Provenance, ScenarioSet, StressRow};
use crate::shape::{LEVEL_ONE, MAX_STRESS, RETURN_ONE, ROWS, Symbol, Z_ONE};
use crate::stress::StressKind;

impl ScenarioSet {
    /// Reads what [`Self::write`] wrote, and checks the shape and the hash.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let mut lines = Lines::new(text);
        lines.literal(TITLE)?;
        let source = lines.field("source")?.to_owned();
        let sha = lines.field("prices-sha256")?;
        let prices_sha256 = sha
            .split_whitespace()
            .map(|sha| parse_hex(sha).ok_or_else(|| lines.bad("needs 64 hexadecimal digits")))
            .collect::<Result<_, _>>()?;
        let symbols: Vec<Symbol> = lines.list("symbols")?;
        let (days, draw_count) = (lines.number("days")?, lines.number("draws")?);
        let raw_sd_ppm = lines.ppm_list("raw-sd")?;
        let long_run_ppm = lines.ppm_list("long-run")?;
        let pegged = lines.list("pegged")?;
        let filled = lines.numbers("filled")?;
        let proxies = lines.list("proxies")?;
        let rows: u16 = lines.number("rows")?;
        let params = BuildParams {
            rows,
            body_rows: lines.number("body-rows")?,
            seed: lines.number("seed")?,
            lambda_ppm: lines.ppm("lambda")?,
            seed_days: lines.number("seed-days")?,
            level_lambda_ppm: lines.ppm("level-lambda")?,
            excursion_ppm: lines.ppm("excursion")?,
            excess_ppm: lines.ppm("excess")?,
            directions: lines.number("directions")?,
            peg_depth_ppm: lines.ppm("peg-depth")?,
            proxies,
        };
        let stress_count: usize = lines.number("stress")?;
        let hash = lines.field("hash")?.to_owned();
        if usize::from(rows) > ROWS || stress_count > MAX_STRESS {
            return Err(ReadError::Shape(format!(
                "{rows} rows and {stress_count} stress rows: a set holds {ROWS} and {MAX_STRESS}"
            )));
        }
        let columns =
            |prefix: &str| -> String { symbols.iter().map(|s| format!("{prefix}_{s},")).collect() };
        lines.literal(&format!("row,weight,level,{}origin", columns("z")))?;
        let draws = (1..=usize::from(rows))
            .map(|at| lines.draw(at, symbols.len()))
            .collect::<Result<_, _>>()?;
        lines.literal(&format!("stress,name,level,{}day", columns("return")))?;
        let stress = (0..stress_count)
            .map(|_| lines.stress(&symbols))
            .collect::<Result<_, _>>()?;
        if let Ok(extra) = lines.next("") {
            return Err(lines.bad(&format!(
                "`{extra}` comes after the last stress row: remove it"
            )));
        }
        let provenance = Provenance {
            source,
            prices_sha256,
            params,
            days,
            draws: draw_count,
            raw_sd_ppm,
            long_run_ppm,
            pegged,
            filled,
        };
        let set = Self::new(symbols, draws, stress, provenance)?;
        if set.hash_hex() == hash {
            Ok(set)
        } else {
            Err(ReadError::Hash {
                header: hash,
                rows: set.hash_hex(),
            })
        }
    }
}

impl Lines<'_> {
    fn draw(&mut self, at: usize, columns: usize) -> Result<Draw, ReadError> {
        let cells = self.cells(columns + 4, &format!("row {at} is missing"))?;
        if cells[0] != at.to_string() {
            return Err(self.bad(&format!("expected row {at}, found `{}`", cells[0])));
        }
        let weight = cells[1]
            .parse()
            .map_err(|_| self.bad(&format!("weight `{}` is not a whole number", cells[1])))?;
        let level = self.decimals(&cells[2..3], LEVEL_ONE, "level")?[0];
        let z = self.decimals(&cells[3..3 + columns], Z_ONE, "return")?;
        let origin = parse_origin(cells[3 + columns]).ok_or_else(|| {
            self.bad("the origin reads `2022-11-09 low` (or close, high, peg) or `body of 12`")
        })?;
        Ok(Draw {
            weight,
            level,
            z,
            origin,
        })
    }

    fn stress(&mut self, symbols: &[Symbol]) -> Result<StressRow, ReadError> {
        let columns = symbols.len();
        let cells = self.cells(columns + 4, "a stress row is missing")?;
        let kind = cells[0]
            .strip_prefix("0x")
            .and_then(|id| u8::from_str_radix(id, 16).ok())
            .and_then(StressKind::from_id)
            .ok_or_else(|| self.bad(&format!("`{}` is not the id of a stress row", cells[0])))?;
        if cells[1] != kind.name(symbols) {
            let name = kind.name(symbols);
            return Err(self.bad(&format!("{} is `{name}`, not `{}`", cells[0], cells[1])));
        }
        let level = self.decimals(&cells[2..3], LEVEL_ONE, "level")?[0];
        let returns = self.decimals(&cells[3..3 + columns], RETURN_ONE, "return")?;
        let (day, inferred) = match cells[3 + columns].strip_suffix(" inferred") {
            Some(day) => (day, true),
            None => (cells[3 + columns], false),
        };
        let day: Option<Date> = match day {
            "-" => None,
            day => Some(day.parse().map_err(|e: String| self.bad(&e))?),
        };
        Ok(StressRow {
            kind,
            level,
            returns,
            day,
            inferred,
        })
    }
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

fn parse_origin(text: &str) -> Option<Origin> {
    if let Some(draws) = text.strip_prefix("body of ") {
        return Some(Origin::Body {
            draws: draws.parse().ok()?,
        });
    }
    let (day, basis) = text.split_once(' ')?;
    let basis = match basis {
        "close" => Basis::Close,
        "low" => Basis::Low,
        "high" => Basis::High,
        "peg" => Basis::Peg,
        _ => return None,
    };
    Some(Origin::Day {
        day: day.parse().ok()?,
        basis,
    })
}

//! Writing a set.

use std::fmt::Write as _;

use super::{PPM, TITLE, decimal};
use crate::column::Proxy;
use crate::population::Basis;
use crate::set::{Origin, ScenarioSet, hex};
use crate::shape::{LEVEL_ONE, RETURN_ONE, Symbol, Z_ONE};

impl ScenarioSet {
    /// The set as text. Weights are in 16,000,000ths; everything else is in plain units, with enough digits to be exact.
    pub fn write(&self) -> String {
        let p = self.provenance();
        let b = &p.params;
        let ppm = |value: u32| format!("{}.{:06}", value / PPM as u32, value % PPM as u32);
        // An empty list is a dash, so that every header line has a value.
        let joined = |parts: Vec<String>| {
            let empty = parts.is_empty();
            if empty { "-".into() } else { parts.join(" ") }
        };
        let fields = [
            ("source", p.source.clone()),
            (
                "prices-sha256",
                joined(p.prices_sha256.iter().map(|h| hex(h)).collect()),
            ),
            (
                "symbols",
                joined(self.symbols().iter().map(Symbol::to_string).collect()),
            ),
            ("days", p.days.to_string()),
            ("draws", p.draws.to_string()),
            (
                "raw-sd",
                joined(p.raw_sd_ppm.iter().map(|sd| ppm(*sd)).collect()),
            ),
            (
                "long-run",
                joined(p.long_run_ppm.iter().map(|sd| ppm(*sd)).collect()),
            ),
            (
                "pegged",
                joined(p.pegged.iter().map(Symbol::to_string).collect()),
            ),
            (
                "filled",
                joined(p.filled.iter().map(u32::to_string).collect()),
            ),
            (
                "proxies",
                joined(b.proxies.iter().map(Proxy::to_string).collect()),
            ),
            ("rows", b.rows.to_string()),
            ("body-rows", b.body_rows.to_string()),
            ("seed", b.seed.to_string()),
            ("lambda", ppm(b.lambda_ppm)),
            ("seed-days", b.seed_days.to_string()),
            ("level-lambda", ppm(b.level_lambda_ppm)),
            ("excursion", ppm(b.excursion_ppm)),
            ("excess", ppm(b.excess_ppm)),
            ("directions", b.directions.to_string()),
            ("peg-depth", ppm(b.peg_depth_ppm)),
            ("stress", self.stress().len().to_string()),
            ("hash", self.hash_hex()),
        ];
        let mut text = format!("{TITLE}\n");
        for (key, value) in fields {
            line(&mut text, &format!("# {key}: {value}"));
        }
        let columns = |prefix: &str| -> String {
            self.symbols()
                .iter()
                .map(|s| format!("{prefix}_{s},"))
                .collect()
        };
        line(
            &mut text,
            &format!("row,weight,level,{}origin", columns("z")),
        );
        for (at, draw) in self.draws().iter().enumerate() {
            let z: String = draw.z.iter().map(|z| decimal(*z, Z_ONE, 6) + ",").collect();
            let (weight, level) = (draw.weight, decimal(draw.level, LEVEL_ONE, 6));
            line(
                &mut text,
                &format!(
                    "{},{weight},{level},{z}{}",
                    at + 1,
                    origin_text(draw.origin)
                ),
            );
        }
        line(
            &mut text,
            &format!("stress,name,level,{}day", columns("return")),
        );
        for row in self.stress() {
            let returns: String = row
                .returns
                .iter()
                .map(|r| decimal(*r, RETURN_ONE, 8) + ",")
                .collect();
            let name = row.kind.name(self.symbols());
            let day = row.day.map_or_else(|| "-".to_owned(), |d| d.to_string());
            let mark = if row.inferred { " inferred" } else { "" };
            let (id, level) = (row.kind.id(), decimal(row.level, LEVEL_ONE, 6));
            line(
                &mut text,
                &format!("0x{id:02x},{name},{level},{returns}{day}{mark}"),
            );
        }
        text
    }
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}

fn origin_text(origin: Origin) -> String {
    match origin {
        Origin::Day {
            day,
            basis: Basis::Close,
        } => format!("{day} close"),
        Origin::Day {
            day,
            basis: Basis::Low,
        } => format!("{day} low"),
        Origin::Day {
            day,
            basis: Basis::High,
        } => format!("{day} high"),
        Origin::Day {
            day,
            basis: Basis::Peg,
        } => format!("{day} peg"),
        Origin::Body { draws } => format!("body of {draws}"),
    }
}

//! The file: what is written reads back the same, and what was changed is refused by line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use cep_scenarios::{
    Basis, BuildParams, Date, Draw, Origin, Provenance, ReadError, ScenarioSet, StressKind,
    StressRow,
};
use common::symbols;
use sha2::{Digest, Sha256};

fn shipped_text() -> String {
    ScenarioSet::shipped()
        .expect("the shipped set reads")
        .write()
}

fn tiny() -> ScenarioSet {
    let draw = |weight, level, z: [i32; 2], origin| Draw {
        weight,
        level,
        z: z.to_vec(),
        origin,
    };
    let off_peg = Origin::Day {
        day: Date::from_days(19_427),
        basis: Basis::Peg,
    };
    let stress = StressRow {
        kind: StressKind::AllDown,
        level: 65_536,
        returns: vec![-8_388_608, 1],
        day: Some(Date::from_days(18_333)),
        inferred: true,
    };
    let params = BuildParams {
        rows: 2,
        ..BuildParams::default()
    };
    let provenance = Provenance {
        source: "made up".into(),
        prices_sha256: vec![[7; 32], [9; 32]],
        params,
        days: 9,
        draws: 9,
        raw_sd_ppm: vec![1_100_000, 999_999],
        long_run_ppm: vec![40_000, 2_500],
        pegged: vec![],
        filled: vec![0, 7],
    };
    let draws = vec![
        draw(6_000_000, -3, [65_536, -2], off_peg),
        draw(10_000_000, 4, [-1, 131_072], Origin::Body { draws: 3 }),
    ];
    ScenarioSet::new(symbols(&["BTC", "ETH"]), draws, vec![stress], provenance)
        .expect("a set in shape")
}

#[test]
fn the_hashed_bytes_are_laid_out_as_published() {
    let mut bytes: Vec<u8> = vec![2, 0, 1, 0, 2];
    bytes.extend(b"BTC\0\0\0\0\0ETH\0\0\0\0\0");
    bytes.extend([0x80, 0x8d, 0x5b, 0x00, 0x80, 0x96, 0x98, 0x00]);
    bytes.extend([0xfd, 0xff, 0xff, 0xff, 4, 0, 0, 0]);
    bytes.extend([0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff]);
    bytes.extend([0xfe, 0xff, 0xff, 0xff, 0, 0, 2, 0]);
    bytes.extend([0x30, 0, 0, 1, 0, 0, 0, 0x80, 0xff, 1, 0, 0, 0]);
    assert_eq!(tiny().canonical_bytes(), bytes);
    assert_eq!(tiny().hash()[..], Sha256::digest(&bytes)[..]);
}

#[test]
fn what_is_written_reads_back_the_same() {
    assert_eq!(ScenarioSet::read(&tiny().write()).unwrap(), tiny());
    assert_eq!(shipped_text(), include_str!("../data/default.csv"));
}

#[test]
fn one_changed_digit_is_caught_by_the_hash() {
    let text = tiny().write();
    let changed = text.replace("2,10000000,0.000061", "2,10000000,0.000076");
    assert_ne!(text, changed);
    assert!(matches!(
        ScenarioSet::read(&changed),
        Err(ReadError::Hash { .. })
    ));
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let text = shipped_text();
    let replace = |number: usize, with: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[number - 1] = with;
        ScenarioSet::read(&lines.join("\n"))
    };
    for (number, with) in [
        (1, "# another file"),
        (3, "# prices-sha256: 00ff"),
        (4, "# symbols: BTC E-H SOL USDC USDT SOLGAP"),
        (10, "# filled: 0 0 0 26 x 224"),
        (11, "# proxies: SOLGAP=STETH"),
        (14, "# seed: one"),
        (24, "row,weight,level,z_BTC,z_SOL,z_ETH,origin"),
        (25, "1,9593,0.09,0.04,-0.009,3.6,0,0,0"),
        (25, "2,9593,0.09,0.04,-0.009,3.6,0,0,0,2020-06-19 high"),
        (30, "6,9593,0.09,0.04,-0.009,x,0,0,0,2020-06-19 high"),
        (30, "6,9593,0.09,0.04,-0.009,3.6,0,0,0,2020-06-31 high"),
        (30, "6,9593,0.09,0.04,-0.009,3.6,0,0,0,2020-06-30 open"),
        (538, "0x99,worst day of BTC,1.0,-0.3,-0.4,-0.4,0,0,0,-"),
        (538, "0x11,worst day of BTC,1.0,-0.3,-0.4,-0.4,0,0,0,-"),
    ] {
        let found = replace(number, with);
        assert!(
            matches!(&found, Err(ReadError::Line { line, .. }) if *line == number),
            "{number}: {with}: {found:?}"
        );
    }
}

#[test]
fn a_file_cut_short_or_with_too_much_is_refused() {
    let text = shipped_text();
    for keep in [0, 5, 23, 100, 536, 545] {
        let cut: String = text.lines().take(keep).map(|l| format!("{l}\n")).collect();
        assert!(
            matches!(ScenarioSet::read(&cut), Err(ReadError::Incomplete(_))),
            "{keep}"
        );
    }
    assert!(matches!(
        ScenarioSet::read(&format!("{text}x\n")),
        Err(ReadError::Line { .. })
    ));
    let rows = text.replace("# rows: 512", "# rows: 60000");
    assert!(matches!(ScenarioSet::read(&rows), Err(ReadError::Shape(_))));
}

#[test]
fn a_set_that_breaks_the_shape_is_refused() {
    let good = tiny();
    let with = |draws: Vec<Draw>, stress: Vec<StressRow>| {
        ScenarioSet::new(
            good.symbols().to_vec(),
            draws,
            stress,
            good.provenance().clone(),
        )
    };
    let draws = |change: &dyn Fn(&mut Vec<Draw>)| {
        let mut draws = good.draws().to_vec();
        change(&mut draws);
        with(draws, good.stress().to_vec())
    };
    let stress = |change: &dyn Fn(&mut Vec<StressRow>)| {
        let mut rows = good.stress().to_vec();
        change(&mut rows);
        with(good.draws().to_vec(), rows)
    };
    assert!(with(good.draws().to_vec(), good.stress().to_vec()).is_ok());
    let broken = [
        draws(&|d| d[0].weight += 1),
        draws(&|d| (d[0].weight, d[1].weight) = (0, 16_000_000)),
        draws(&|d| d[0].level = 65_537),
        draws(&|d| d[0].level = -65_537),
        draws(&|d| d[1].z.truncate(1)),
        draws(&|d| d[0].z[0] = 64 * 65_536 + 1),
        draws(&|d| d[0].z[0] = -64 * 65_536 - 1),
        stress(&|s| s[0].returns[0] = -(1 << 24) - 1),
        stress(&|s| s[0].returns[1] = (4 << 24) + 1),
        stress(&|s| s.push(s[0].clone())),
    ];
    for (at, found) in broken.into_iter().enumerate() {
        assert!(matches!(found, Err(ReadError::Shape(_))), "case {at}");
    }
}

//! The report as one self-contained page.

use {
    super::{charts, facts, tables::Table, terminal::is_number},
    crate::{actors::ROLES, replay::Recording},
    anyhow::Result,
    maud::{DOCTYPE, Markup, PreEscaped, html},
    std::time::Duration,
};

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 1080px; margin: 2em auto; padding: 0 1em; }
h1 { line-height: 1.2; } h2 { margin: 2em 0 .3em; }
.note { color: #555; max-width: 52em; margin: .2em 0 .8em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: .3em .7em; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
td { white-space: nowrap; } th { font-weight: 600; } thead th { border-bottom: 2px solid #888; vertical-align: bottom; }
td.n, th.n { text-align: right; } td.n { font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; border: 1px solid #eee; }
li { margin: .25em 0; }
footer { color: #555; margin: 3em 0; font-size: 14px; }
";

pub fn page(recording: &Recording, tables: &[Table], elapsed: Duration) -> Result<String> {
    let charts = charts::all(recording)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Capital Efficiency Protocol: the crash of 10 October 2025" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (introduction())
                h2 { "In short" }
                ul { @for sentence in facts::sentences(recording) { li { (sentence) } } }
                @for chart in &charts {
                    h2 { (chart.title) }
                    p.note { (chart.note) }
                    (PreEscaped(&chart.svg))
                }
                @for table in tables.iter().filter(|table| !table.rows.is_empty()) { (grid(table)) }
                footer {
                    "Made by " code { "cargo xtask demo" } " in " (elapsed.as_secs()) " seconds. How the replay is made "
                    "and what it does not show: " code { "docs/demo.md" } "."
                }
            }
        }
    };
    Ok(page.into_string())
}

fn introduction() -> Markup {
    html! {
        h1 { "The crash of 10 October 2025, replayed" }
        p {
            "On that evening SOL lost a quarter of its price within an hour and came back. This page shows what the "
            "Capital Efficiency Protocol would have done to six accounts. Three programs ran as SBF bytecode on a local "
            "Solana chain; real hourly prices of BTC, ETH and SOL went onto it as Pyth price accounts, four prints an "
            "hour; the keeper, a program of its own, followed them over RPC and websocket, "
            "opened auctions on accounts that fell below maintenance margin, and bid in them."
        }
        p {
            "One account holds everything a trader has. The program values it under 512 joint scenarios and a few mandated "
            "stress moves at once and asks for the expected shortfall of the whole. Positions that offset each other need "
            "little; a bet in one direction needs all of it."
        }
        h2 { "The accounts" }
        div.scroll { table { tbody {
            @for role in ROLES { tr { th { (role.name()) } td { (role.story()) } } }
        } } }
    }
}

fn grid(table: &Table) -> Markup {
    let class = |column: usize| is_number(table, column).then_some("n");
    html! {
        h2 { (table.title) }
        p.note { (table.note) }
        div.scroll { table {
            thead { tr { @for (i, head) in table.head.iter().enumerate() {
                th class=[class(i)] { (head) }
            } } }
            tbody { @for row in &table.rows { tr { @for (i, cell) in row.iter().enumerate() {
                td class=[class(i)] { (cell) }
            } } } }
        } }
    }
}

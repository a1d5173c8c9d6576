//! The report on the terminal.

use {
    super::tables::Table,
    comfy_table::{CellAlignment, ContentArrangement, Table as Grid, presets},
};

/// Wide enough for every table in a file; a narrower terminal wraps cells instead.
const WIDTH: u16 = 160;

pub fn print(sentences: &[String], tables: &[Table]) {
    println!();
    for sentence in sentences {
        println!("* {sentence}");
    }
    for table in tables.iter().filter(|table| !table.rows.is_empty()) {
        println!("\n{}\n{}", table.title, grid(table));
    }
}

fn grid(table: &Table) -> Grid {
    let mut grid = Grid::new();
    grid.load_preset(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(&table.head);
    for row in &table.rows {
        grid.add_row(row);
    }
    for (i, column) in grid.column_iter_mut().enumerate() {
        if is_number(table, i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    grid
}

/// Whether a column holds numbers, which are set flush right.
pub fn is_number(table: &Table, column: usize) -> bool {
    let mut cells = table.rows.iter().filter_map(|row| row.get(column));
    cells.all(|cell| {
        let digits = cell.trim_end_matches(" %");
        digits
            .chars()
            .all(|c| c.is_ascii_digit() || "-,.".contains(c))
            || matches!(cell.as_str(), "insured" | "no risk")
    })
}

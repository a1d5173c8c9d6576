//! What the replay showed, for people: the same tables on the terminal and, with plots, as one HTML page.

mod axis;
mod charts;
mod facts;
mod html;
mod plots;
mod tables;
mod terminal;
pub mod words;

use {
    crate::replay::Recording,
    anyhow::{Context, Result},
    std::{fs, path::Path, time::Duration},
};

/// Prints the report and writes `report.html` into `directory`.
pub fn publish(recording: &Recording, elapsed: Duration, directory: &Path) -> Result<()> {
    let tables = tables::all(recording);
    terminal::print(&facts::sentences(recording), &tables);
    let page = html::page(recording, &tables, elapsed)?;
    let path = directory.join("report.html");
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    println!("\nThe same with plots: {}", path.display());
    Ok(())
}

//! Prints the tables of docs/liquidation-game.md and writes its figures.

mod plots;
mod tables;

use {
    anyhow::{Context, Result},
    clap::Parser,
    indicatif::{ProgressBar, ProgressStyle},
    std::{fs, path::PathBuf},
    tables::{Effort, Run},
};

/// Bidders who choose when to bid in liquidation auctions: tables on standard output, figures as SVG.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Few paths: seconds, and figures only to look at
    #[arg(long)]
    fast: bool,
    /// Where the figures go
    #[arg(long, default_value = "docs/liquidation-game")]
    figures: PathBuf,
}

/// Equilibria and rows of deviations, for the progress line.
const STEPS: u64 = 28 + 8 + 42;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let figures = arguments.figures;
    fs::create_dir_all(&figures).with_context(|| {
        format!(
            "{} cannot be made; name another --figures",
            figures.display()
        )
    })?;
    let effort = if arguments.fast {
        Effort {
            single: [20, 50],
            crowd: [2, 3],
            aside: [1, 2],
        }
    } else {
        Effort {
            single: [300, 2_000],
            crowd: [12, 40],
            aside: [5, 16],
        }
    };
    let progress = ProgressBar::new(STEPS).with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len}  {elapsed} of about {duration}  {msg}",
    )?);
    progress.enable_steady_tick(std::time::Duration::from_millis(200));
    let run = Run {
        effort,
        progress: &progress,
    };
    let mut out = String::from("## Mechanisms\n\n");
    let solved = run.mechanisms(&mut out, &figures)?;
    out.push_str("## Waiting\n\n");
    run.waiting(&mut out, &solved, &figures)?;
    out.push_str("\n## Sensitivities\n\n");
    run.sensitivities(&mut out)?;
    progress.finish_and_clear();
    print!("{out}");
    Ok(())
}

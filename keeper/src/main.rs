//! `cep-keeper`: the liquidator's bot. How it decides and how to run it: docs/keeper.md.

mod config;
mod execute;
mod follow;
mod journal;
mod keeper;
mod receipt;
mod refusals;
mod sync;

use {
    anyhow::Result,
    cep_keeper::{action, plan, view},
    clap::Parser,
    config::{Cli, Command},
    std::{io, process::ExitCode},
    tokio::{
        signal::unix::{SignalKind, signal},
        sync::watch,
    },
    tracing_subscriber::EnvFilter,
};

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run(run) = Cli::parse().command;
    log_to_stderr(run.log_json);
    let result = async { keeper::run(run.load()?, stop_signal()?).await }.await;
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The chain of causes and no backtrace: the messages say what to do.
        Err(error) => {
            eprintln!("error: {error}");
            error
                .chain()
                .skip(1)
                .for_each(|cause| eprintln!("  because: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    if json {
        log.json().flatten_event(true).init();
    } else {
        log.with_target(false).init();
    }
}

/// Turns true at SIGINT or SIGTERM. What is in flight is still confirmed and recorded.
fn stop_signal() -> Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // The receiver is gone only when the program ends anyway.
        let _ = sender.send(true);
    });
    Ok(receiver)
}

//! Staying connected: follows the cluster, and when the connection ends, connects again.

use {
    backon::{ExponentialBuilder, Retryable},
    cep_sdk::follow::{Change, FollowError, Target, follow},
    std::time::Duration,
    tokio::sync::mpsc::Sender,
    tracing::warn,
};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Tells `changes` until nobody listens. Pauses between attempts double up to half a minute, and
/// start over once a connection had stood.
pub async fn forever(url: String, targets: Vec<Target>, changes: Sender<Change>) {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times();
    loop {
        let attempt = || follow(&url, &targets, &changes);
        let result = attempt
            .retry(pauses)
            .when(|error| !matches!(error, FollowError::Ended))
            .notify(|error, pause| warn!(%error, ?pause, "not connected; trying again"))
            .await;
        match result {
            Ok(()) => return,
            Err(error) => warn!(%error, "connecting again"),
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

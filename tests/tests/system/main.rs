//! The whole chain of parts at once: a local cluster in this process with real RPC and websocket, the
//! programs deployed and initialised through the migrations, and the real keeper as a child process.
// A test that cannot go on stops with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cluster;
mod keeper;
mod wire;

use {
    cep_migrations::parameters::feeds,
    cep_sdk::{SdkError, address, programs::liquidation::state::Auction, units::quantity},
    cluster::{Cluster, base},
    keeper::Keeper,
    wire::Wire,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_keeper_liquidates_a_failing_account_and_leaves_a_healthy_one_alone() {
    // SETUP: a deployment, a market maker, a trader at high leverage, a hedged one, a keeper.
    let cluster = Cluster::start().await;
    let maker = cluster.trader("maker", 1_000_000.0, 0.0).await;
    let directional = cluster.trader("directional", 26_500.0, 0.0).await;
    let hedged = cluster.trader("hedged", 5_000.0, 500.0).await;
    let liquidator = cluster.trader("keeper", 500_000.0, 0.0).await;
    cluster.trade(&directional, &maker, 600.0, 220.0).await;
    cluster.trade(&hedged, &maker, -500.0, 220.0).await;
    let hedged_before = cluster.account(&hedged).await;
    let directional_before = cluster.account(&directional).await;
    let wire = Wire::to(cluster.surfnet.ws_url()).await;
    let mut keeper = Keeper::start(&cluster, &wire, &liquidator, 0);
    keeper
        .until("became ready", async |k| k.event("ready").is_some())
        .await;

    let mut lost = Keeper::start(&cluster, &wire, &liquidator, 7);
    assert!(!lost.ended().await.success());
    let advice = "`cep account create --id 7`";
    assert!(lost.log().contains(advice), "{}", lost.log());

    // ACT: the keeper loses its connection once, then the price of SOL falls by an eighth.
    wire.cut();
    keeper
        .until("connected again", async |k| {
            k.log().contains("connecting again")
        })
        .await;
    cluster.post("SOL", feeds::SOL, 192.5).await;
    for event in ["refreshed", "opened", "bid", "closed"] {
        let told = async |k: &Keeper| k.event(event).is_some();
        keeper.until(&format!("reported {event:?}"), told).await;
    }

    // CHECK: on chain through RPC, then in the events file.
    let auction = address::auction(&directional.account);
    keeper
        .until("closed the auction on chain", async |_| {
            let gone = cluster.client.account::<Auction>(&auction).await;
            matches!(gone, Err(SdkError::NotFound { .. }))
        })
        .await;
    let sold = cluster.account(&directional).await;
    let left = base(&sold);
    assert!(sold.in_liquidation == 0 && left > 0 && left < base(&directional_before));
    let bought = base(&*cluster.account(&liquidator).await);
    assert_eq!(
        bought,
        quantity(600.0) - left,
        "what was sold is what the keeper holds"
    );
    let health = cluster.client.health(&directional.account).await.unwrap();
    assert!(health.maintenance.health() > 0, "{health:?}");

    let hedged_after = cluster.account(&hedged).await;
    assert_eq!(hedged_after.in_liquidation, 0);
    assert_eq!(base(&hedged_after), base(&hedged_before));
    assert_eq!(hedged_after.collaterals, hedged_before.collaterals);
    let touched = keeper.events().into_iter().filter(|e| {
        e["account"] == hedged.account.to_string()
            && ["opened", "bid", "refused"].contains(&e["event"].as_str().unwrap_or(""))
    });
    assert_eq!(
        touched.count(),
        0,
        "the hedged account is none of the keeper's business"
    );

    let bid = keeper.event("bid").unwrap();
    assert!(bid["fraction"].as_u64().unwrap() > 0 && bid["payment"].as_i64().unwrap() > 0);
    assert!(bid["discount"].as_u64().is_some() && bid["signature"].as_str().is_some());
    assert!(bid["slot"].as_u64().unwrap() > 0 && bid["time"].as_i64().unwrap() > 0);

    assert!(
        keeper.stop().success(),
        "SIGTERM ends the keeper in order:\n{}",
        keeper.log()
    );
    cluster.assert_books_balance().await;
}

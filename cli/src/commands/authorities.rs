use {
    crate::{Outcome, Output, cluster::Options},
    cep_sdk::{
        Pubkey, address,
        programs::{
            liquidation::{self, state::LiquidationConfig},
            margin_pool, risk_engine,
            risk_engine::state::RiskConfig,
        },
    },
    serde_json::{Value, json},
};

/// Every key with a power over a deployment; what each may do stands in docs/governance.md.
pub async fn run(cluster: &Options) -> Outcome {
    let client = cluster.client();
    let mut programs = Vec::new();
    for (name, id) in [
        ("risk_engine", risk_engine::ID),
        ("margin_pool", margin_pool::ID),
        ("liquidation", liquidation::ID),
    ] {
        let authority = client.upgrade_authority(&id).await?;
        programs.push(json!({
            "program": name,
            "address": id.to_string(),
            "upgrade_authority": authority.map(|key| key.to_string()),
        }));
    }
    let risk = client
        .account::<RiskConfig>(&address::risk_config())
        .await?;
    let pool = client.pool().await?;
    let auctions = client
        .account::<LiquidationConfig>(&address::liquidation_config())
        .await?;
    let publishers: Vec<Value> = risk
        .publishers
        .iter()
        .map(key)
        .filter(|k| !k.is_null())
        .collect();
    let json = json!({
        "programs": programs,
        "risk_engine": {
            "authority": key(&risk.authority),
            "pending_authority": key(&risk.pending_authority),
            "guardian": key(&risk.guardian),
            "publishers": publishers,
            "timelock_seconds": risk.params.timelock,
        },
        "margin_pool": {
            "authority": key(&pool.authority),
            "pending_authority": key(&pool.pending_authority),
            "guardian": key(&pool.guardian),
            "liquidation_authority": key(&pool.liquidation_authority),
            "timelock_seconds": pool.params.timelock,
        },
        "liquidation": { "authority": key(&auctions.authority) },
    });
    Ok(Output {
        text: serde_json::to_string_pretty(&json)?,
        json,
    })
}

/// Null for nobody, which the programs write as the default key.
fn key(key: &Pubkey) -> Value {
    if *key == Pubkey::default() {
        return Value::Null;
    }
    key.to_string().into()
}

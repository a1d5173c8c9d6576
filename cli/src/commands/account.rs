use {
    crate::{Outcome, Output, cluster::Options},
    cep_sdk::{
        Health, Pubkey, address, instruction, programs::margin_pool::state::MarginAccount,
        units::usd,
    },
    clap::Subcommand,
    serde_json::json,
    solana_sdk::signature::Signer,
};

#[derive(Subcommand)]
pub enum Command {
    /// Open a margin account
    Create {
        /// Number of the account, for owners of several
        #[arg(long, default_value_t = 0)]
        id: u16,
    },
    /// Show balances, positions and health
    Show {
        /// Owner; by default the keypair's
        #[arg(long)]
        owner: Option<Pubkey>,
        #[arg(long, default_value_t = 0)]
        id: u16,
    },
}

pub async fn run(cluster: &Options, command: Command) -> Outcome {
    match command {
        Command::Create { id } => create(cluster, id).await,
        Command::Show { owner, id } => {
            let owner = match owner {
                Some(owner) => owner,
                None => cluster.signer()?.pubkey(),
            };
            show(cluster, address::margin_account(&owner, id)).await
        }
    }
}

async fn create(cluster: &Options, id: u16) -> Outcome {
    let signer = cluster.signer()?;
    let owner = signer.pubkey();
    let ix = instruction::pool::create_account(owner, owner, id);
    let signature = cluster.client().send(&[ix], &[&signer]).await?;
    let address = address::margin_account(&owner, id);
    Ok(Output {
        text: format!("margin account {address}\nsignature {signature}"),
        json: json!({ "margin_account": address.to_string(), "signature": signature.to_string() }),
    })
}

async fn show(cluster: &Options, address: Pubkey) -> Outcome {
    let client = cluster.client();
    let pool = client.pool().await?;
    let account = client.account::<MarginAccount>(&address).await?;
    let books = client.books(&pool).await?;
    let name = |index: u8| {
        books.get(index).map_or_else(
            |_| index.to_string(),
            |book| {
                String::from_utf8_lossy(&book.symbol)
                    .trim_end_matches('\0')
                    .to_owned()
            },
        )
    };
    let health = Health::of(&pool, &account, &books)?;

    let positions: Vec<_> = account
        .positions
        .iter()
        .filter(|p| !p.is_free())
        .map(|p| {
            json!({
                "instrument": format!("{}-PERP", name(p.underlying)),
                "quantity": usd(p.base),
                "quote": usd(p.quote),
            })
        })
        .collect();
    let collateral: Vec<_> = pool
        .collaterals
        .iter()
        .zip(&account.collaterals)
        .filter(|(_, amount)| **amount > 0)
        .map(|(listed, amount)| {
            let quantity = *amount as f64 / 10f64.powi(i32::from(listed.decimals));
            json!({ "asset": name(listed.underlying), "quantity": quantity })
        })
        .collect();
    let json = json!({
        "margin_account": address.to_string(),
        "owner": account.owner.to_string(),
        "cash": usd(account.cash),
        "collateral": collateral,
        "positions": positions,
        "equity": usd(health.initial.equity),
        "initial": usd(health.initial.requirement),
        "maintenance": usd(health.maintenance.requirement),
        "isolated": usd(health.isolated_initial),
        "health_factor": health.factor(),
        "in_liquidation": account.in_liquidation != 0,
    });
    Ok(Output {
        text: serde_json::to_string_pretty(&json)?,
        json,
    })
}

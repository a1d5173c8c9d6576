//! Reading over RPC: everything at the start and from time to time, single accounts after an action.

use {
    crate::{
        config::Config,
        view::{View, symbol_of},
    },
    anyhow::{Context, Result, bail},
    cep_sdk::{
        Client, Pubkey, SdkError, address,
        clock::{CLOCK, ChainTime},
        programs::{
            self,
            risk_engine::{oracle::Fault, state::RiskBook},
        },
    },
    solana_commitment_config::CommitmentConfig,
    solana_sdk::{account::Account, signer::Signer},
    tracing::warn,
};

/// Most accounts that one request may ask for.
const BATCH: usize = 100;

/// The whole view.
pub async fn load(
    client: &Client,
    oracles: impl Iterator<Item = Pubkey>,
) -> Result<View, SdkError> {
    let (risk_at, liquidation_at) = (address::risk_config(), address::liquidation_config());
    let (time, pool, risk, liquidation, books, markets, accounts, auctions) = tokio::try_join!(
        client.clock(),
        client.pool(),
        client.account(&risk_at),
        client.account(&liquidation_at),
        client.all_books(),
        client.all(&programs::margin_pool::ID),
        client.margin_accounts(),
        client.all(&programs::liquidation::ID),
    )?;
    let mut view = View {
        time,
        pool,
        risk,
        liquidation,
        books: books.into_iter().collect(),
        markets: markets.into_iter().collect(),
        accounts: accounts.into_iter().collect(),
        auctions: auctions.into_iter().collect(),
        oracles: oracles.map(|at| (at, None)).collect(),
    };
    let oracles: Vec<Pubkey> = view.oracles.keys().copied().collect();
    reread(client, &mut view, &oracles).await?;
    Ok(view)
}

/// Reads `addresses` and the clock anew.
pub async fn reread(
    client: &Client,
    view: &mut View,
    addresses: &[Pubkey],
) -> Result<(), SdkError> {
    let all: Vec<Pubkey> = addresses.iter().copied().chain([CLOCK]).collect();
    for batch in all.chunks(BATCH) {
        let found = client
            .rpc
            .get_multiple_accounts_with_commitment(batch, CommitmentConfig::confirmed())
            .await?;
        for (at, account) in batch.iter().zip(&found.value) {
            if *at != CLOCK {
                view.apply(*at, account.as_ref())?;
            } else if let Some(time) = account
                .as_ref()
                .and_then(|clock| ChainTime::from_sysvar(&clock.data))
            {
                view.time = time;
            }
        }
    }
    Ok(())
}

/// The first sync, with what an operator has to do when it cannot work.
pub async fn first(client: &Client, config: &Config) -> Result<View> {
    client.rpc.get_version().await.with_context(|| {
        format!(
            "no Solana RPC answers at {}; start the cluster or correct --url",
            config.url
        )
    })?;
    let view = load(client, config.policy.prices.values().flatten().copied())
        .await
        .context("this cluster has no complete deployment; run the migrations first")?;
    let own = config.policy.own;
    if !view.accounts.contains_key(&own) {
        bail!(
            "the keeper has no margin account: {own} (id {id} of {owner}) does not exist; create it with \
             `cep account create --id {id}` signed by that key and deposit quote currency, or pass another --account-id",
            id = config.account_id,
            owner = config.keypair.pubkey(),
        );
    }
    check_prices(&view, config)?;
    Ok(view)
}

fn check_prices(view: &View, config: &Config) -> Result<()> {
    for (symbol, accounts) in &config.policy.prices {
        let name = String::from_utf8_lossy(symbol);
        let name = name.trim_end_matches('\0');
        let Some(book) = view.books.values().find(|book| book.symbol == *symbol) else {
            let known: Vec<String> = view.books.values().map(|book| symbol_of(book)).collect();
            bail!(
                "--price-account {name}: no such underlying here; there are {}",
                known.join(", ")
            );
        };
        for at in accounts {
            match view.oracles.get(at).and_then(Option::as_ref) {
                None => {
                    warn!(symbol = name, account = %at, "this price account does not exist yet; waiting for it");
                }
                Some(account) if !is_source(view, book, at, account) => bail!(
                    "--price-account {name}: {at} carries another feed; pass accounts of the feeds in RiskBook.sources"
                ),
                Some(_) => {}
            }
        }
    }
    for book in view.books.values() {
        if !config.policy.prices.contains_key(&book.symbol) {
            warn!(symbol = %symbol_of(book), "no --price-account: its prices are left to other keepers");
        }
    }
    Ok(())
}

/// Whether an account speaks for one of the book's sources, however badly.
fn is_source(view: &View, book: &RiskBook, at: &Pubkey, account: &Account) -> bool {
    book.sources
        .iter()
        .any(|source| view.read(source, at, account) != Err(Fault::NotThisSource))
}

use {
    crate::{Failure, Outcome, Output, cluster::Options},
    anchor_spl::associated_token::get_associated_token_address,
    cep_sdk::{
        Client, Pubkey, address,
        health::exposed_underlyings,
        instruction,
        programs::margin_pool::state::{MarginAccount, Pool},
    },
    clap::Args,
    serde_json::json,
    solana_sdk::signature::{Signature, Signer},
};

#[derive(Args)]
pub struct Deposit {
    /// Amount in whole tokens, e.g. 1500.25
    amount: f64,
    /// Token mint; by default the pool's quote currency
    #[arg(long)]
    mint: Option<Pubkey>,
    #[arg(long, default_value_t = 0)]
    id: u16,
}

#[derive(Args)]
pub struct Withdraw {
    /// Amount in whole tokens, e.g. 1500.25
    amount: f64,
    /// Token mint; by default the pool's quote currency
    #[arg(long)]
    mint: Option<Pubkey>,
    #[arg(long, default_value_t = 0)]
    id: u16,
}

pub async fn deposit(cluster: &Options, args: Deposit) -> Outcome {
    let signer = cluster.signer()?;
    let (client, owner) = (cluster.client(), signer.pubkey());
    let token = Token::of(&client, args.mint, args.amount).await?;
    let source = get_associated_token_address(&owner, &token.mint);
    let account = address::margin_account(&owner, args.id);
    let ix = instruction::pool::deposit(account, token.mint, source, owner, token.amount);
    Ok(done("deposited", &client.send(&[ix], &[&signer]).await?))
}

pub async fn withdraw(cluster: &Options, args: Withdraw) -> Outcome {
    let signer = cluster.signer()?;
    let (client, owner) = (cluster.client(), signer.pubkey());
    let token = Token::of(&client, args.mint, args.amount).await?;
    let destination = get_associated_token_address(&owner, &token.mint);
    let address = address::margin_account(&owner, args.id);
    let account = client.account::<MarginAccount>(&address).await?;
    let books: Vec<Pubkey> = exposed_underlyings(&token.pool, &account)
        .into_iter()
        .filter_map(|index| Some(token.pool.underlying(index).ok()?.book))
        .collect();
    let ix = instruction::pool::withdraw(
        address,
        owner,
        token.mint,
        destination,
        token.amount,
        &books,
    );
    Ok(done("withdrawn", &client.send(&[ix], &[&signer]).await?))
}

/// A listed token and an amount of it in its smallest unit.
struct Token {
    pool: Box<Pool>,
    mint: Pubkey,
    amount: u64,
}

impl Token {
    async fn of(client: &Client, mint: Option<Pubkey>, amount: f64) -> Result<Self, Failure> {
        let pool = client.pool().await?;
        let mint = mint.unwrap_or(pool.quote_mint);
        let decimals = if mint == pool.quote_mint {
            6
        } else {
            let index = pool.collateral_index(&mint).map_err(|_| {
                Failure::Input(format!(
                    "--mint: {mint} is not listed; see Pool.collaterals"
                ))
            })?;
            pool.collateral(index)
                .map_err(cep_sdk::SdkError::from)?
                .decimals
        };
        let units = (amount * 10f64.powi(i32::from(decimals))).round();
        // Above zero and inside u64, so the conversion keeps the value.
        if !(1.0..1.8e19).contains(&units) {
            return Err(Failure::Input(format!(
                "AMOUNT: {amount} is not a positive amount"
            )));
        }
        Ok(Self {
            pool,
            mint,
            amount: units as u64,
        })
    }
}

fn done(what: &str, signature: &Signature) -> Output {
    Output {
        text: format!("{what}; signature {signature}"),
        json: json!({ "signature": signature.to_string() }),
    }
}

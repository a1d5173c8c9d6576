//! Who takes part, and what each of them does before the crash.

use {
    crate::{
        cluster::Cluster,
        prices::{BTC, ETH, Feeds, Prices, SOL, receiver},
        tokens,
    },
    anyhow::{Context, Result},
    bytemuck::Zeroable,
    cep_sdk::{
        Client, Pubkey, address,
        health::Health,
        instruction,
        programs::margin_pool::{Leg, clearing::Asset, state::MarginAccount},
        units::{micro_usd, quantity, usd},
    },
    solana_sdk::signature::{Keypair, Signer},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Hedger,
    Directional,
    Latecomer,
    Pair,
    Maker,
    Liquidator,
}

/// In the order of tables and legends.
pub const ROLES: [Role; 6] = [
    Role::Hedger,
    Role::Pair,
    Role::Directional,
    Role::Latecomer,
    Role::Liquidator,
    Role::Maker,
];

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hedger => "hedged",
            Self::Directional => "directional",
            Self::Latecomer => "latecomer",
            Self::Pair => "pair",
            Self::Maker => "market maker",
            Self::Liquidator => "liquidator",
        }
    }

    pub fn story(self) -> &'static str {
        match self {
            Self::Hedger => "holds 10,000 SOL as collateral, short 9,500 SOL of perpetual",
            Self::Directional => "long 5,000 SOL of perpetual on little more than initial margin",
            Self::Latecomer => {
                "opens 1,500 SOL long on bare initial margin at 21:00, minutes before the low"
            }
            Self::Pair => "long 10 BTC against short 278 ETH of perpetual",
            Self::Maker => "other side of every trade, 25 million USDC",
            Self::Liquidator => {
                "the keeper's account, 5 million USDC to take over failing accounts"
            }
        }
    }

    /// USDC deposited at the start, where it is not sized from the margin requirement.
    fn cash(self) -> f64 {
        match self {
            Self::Hedger => 2_000.0,
            Self::Maker => 25_000_000.0,
            Self::Liquidator => 5_000_000.0,
            Self::Directional | Self::Latecomer | Self::Pair => 0.0,
        }
    }

    /// Contracts bought (negative: sold) per underlying.
    pub fn trades(self) -> &'static [(usize, f64)] {
        match self {
            Self::Hedger => &[(SOL, -9_500.0)],
            Self::Directional => &[(SOL, 5_000.0)],
            Self::Latecomer => &[(SOL, 1_500.0)],
            Self::Pair => &[(BTC, 10.0), (ETH, -278.0)],
            Self::Maker | Self::Liquidator => &[],
        }
    }

    /// Deposit over initial margin, for those who size it so.
    fn cushion(self) -> Option<f64> {
        match self {
            Self::Directional => Some(1.10),
            Self::Latecomer => Some(1.01),
            Self::Pair => Some(1.50),
            _ => None,
        }
    }
}

/// SOL that the hedged trader puts up, smallest unit.
const HEDGED_SOL: u64 = 10_000_000_000_000;
/// What the insurance fund starts with, USDC.
pub const INSURANCE: f64 = 500_000.0;

pub struct Actor {
    pub role: Role,
    pub key: Keypair,
    pub account: Pubkey,
}

/// The cast with the tokens it trades in.
pub struct Cast {
    pub actors: Vec<Actor>,
    pub usdc: Pubkey,
    pub sol: Pubkey,
}

impl Cast {
    /// Opens everybody's account with what they start with.
    pub async fn assemble(cluster: &Cluster, usdc: Pubkey, sol: Pubkey) -> Result<Self> {
        let mut actors = Vec::new();
        for role in ROLES {
            let key = Keypair::new();
            let owner = key.pubkey();
            cluster.endow(&owner)?;
            let open = instruction::pool::create_account(owner, owner, 0);
            cluster
                .client
                .send(&[open], &[&key])
                .await
                .with_context(|| format!("opening the account of the {}", role.name()))?;
            let account = address::margin_account(&owner, 0);
            actors.push(Actor { role, key, account });
        }
        let cast = Self { actors, usdc, sol };
        for actor in &cast.actors {
            if actor.role.cash() > 0.0 {
                cast.deposit_usd(cluster, actor, actor.role.cash()).await?;
            }
            if actor.role == Role::Hedger {
                cast.deposit(cluster, actor, &cast.sol, HEDGED_SOL).await?;
            }
        }
        Ok(cast)
    }

    pub fn get(&self, role: Role) -> Result<&Actor> {
        let found = self.actors.iter().find(|actor| actor.role == role);
        found.with_context(|| format!("the cast has no {}; report this as a bug", role.name()))
    }

    /// Deposits what the trades of `role` need and makes them with the market maker at `prices`, which must be
    /// those on chain.
    pub async fn trade(
        &self,
        cluster: &Cluster,
        feeds: &Feeds,
        role: Role,
        prices: &Prices,
    ) -> Result<()> {
        let actor = self.get(role)?;
        if let Some(cushion) = role.cushion() {
            let margin = initial_margin(&cluster.client, role, prices).await?;
            let fees = self.fees(&cluster.client, role, prices).await?;
            self.deposit_usd(cluster, actor, usd(margin) * cushion + fees)
                .await?;
        }
        let maker = self.get(Role::Maker)?;
        let pool = cluster.client.pool().await?;
        let books: Vec<Pubkey> = (0..pool.underlying_count)
            .zip(&pool.underlyings)
            .map(|(_, u)| u.book)
            .collect();
        // New risk wants a price of the last seconds: prints of now, refreshed in the same transaction.
        let now = cluster.client.clock().await?.unix_timestamp;
        for (account, bytes) in feeds.updates(prices, now)? {
            cluster.write_account(&account, &bytes, &receiver())?;
        }
        let oracles = books.iter().zip(&feeds.accounts);
        let mut transaction: Vec<_> = oracles
            .map(|(book, oracle)| instruction::risk::refresh(*book, &[*oracle]))
            .collect();
        transaction.push(instruction::pool::trade_block(
            (actor.account, actor.key.pubkey()),
            (maker.account, maker.key.pubkey()),
            legs(role, prices),
            &books,
        ));
        cluster
            .client
            .send(&transaction, &[&cluster.payer, &actor.key, &maker.key])
            .await
            .with_context(|| format!("the trade of the {}", role.name()))?;
        Ok(())
    }

    async fn fees(&self, client: &Client, role: Role, prices: &Prices) -> Result<f64> {
        let pool = client.pool().await?;
        let rate = pool.params.block_fee as f64 / 1e6;
        let notional: f64 = role
            .trades()
            .iter()
            .map(|(u, size)| size.abs() * prices.get(*u).copied().unwrap_or_default())
            .sum();
        // A cent for rounding.
        Ok(notional * rate + 0.01)
    }

    async fn deposit_usd(&self, cluster: &Cluster, actor: &Actor, amount: f64) -> Result<()> {
        let amount = u64::try_from(micro_usd(amount))?;
        self.deposit(cluster, actor, &self.usdc, amount).await
    }

    async fn deposit(
        &self,
        cluster: &Cluster,
        actor: &Actor,
        mint: &Pubkey,
        amount: u64,
    ) -> Result<()> {
        let owner = actor.key.pubkey();
        let (client, payer) = (&cluster.client, &cluster.payer);
        let wallet = tokens::mint_to(client, payer, mint, &owner, amount).await?;
        let deposit = instruction::pool::deposit(actor.account, *mint, wallet, owner, amount);
        client
            .send(&[deposit], &[&actor.key])
            .await
            .with_context(|| format!("the deposit of the {}", actor.role.name()))?;
        Ok(())
    }
}

/// Puts money into the insurance fund.
pub async fn fund_insurance(cluster: &Cluster, usdc: &Pubkey) -> Result<()> {
    let (client, payer) = (&cluster.client, &cluster.payer);
    let amount = u64::try_from(micro_usd(INSURANCE))?;
    let wallet = tokens::mint_to(client, payer, usdc, &payer.pubkey(), amount).await?;
    let fund = instruction::liquidation::fund_insurance(payer.pubkey(), wallet, *usdc, amount);
    client
        .send(&[fund], &[payer])
        .await
        .context("funding the insurance fund")?;
    Ok(())
}

fn legs(role: Role, prices: &Prices) -> Vec<Leg> {
    let legs = role.trades().iter().filter_map(|(underlying, size)| {
        let price = micro_usd(*prices.get(*underlying)?);
        Some(Leg::perpetual(
            u8::try_from(*underlying).ok()?,
            quantity(*size),
            u64::try_from(price).ok()?,
        ))
    });
    legs.collect()
}

/// What the trades of `role` will need, by the chain's own check on an account that holds nothing else.
async fn initial_margin(client: &Client, role: Role, prices: &Prices) -> Result<i64> {
    let pool = client.pool().await?;
    let books = client.books(&pool).await?;
    let mut account: Box<MarginAccount> = Box::new(MarginAccount::zeroed());
    for leg in legs(role, prices) {
        Asset::perpetual(leg.underlying)
            .find_or_open(&mut account)
            .and_then(|slot| account.position_mut(slot)?.add(leg.quantity, 0))
            .map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    Ok(Health::of(&pool, &account, &books)?.initial.requirement)
}

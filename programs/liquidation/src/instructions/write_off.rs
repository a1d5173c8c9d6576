use {
    crate::{
        assess::Reporter,
        error::LiquidationError,
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig, Open},
    },
    anchor_lang::prelude::*,
    margin_pool::{
        Covered,
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: a (risk book, writable market) pair for every underlying the account has a claim in,
/// or lost in by `MarginAccount.earned`.
#[derive(Accounts)]
pub struct WriteOff<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = pool @ LiquidationError::WrongPool)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ LiquidationError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(mut, seeds = [seeds::AUCTION, margin_account.key().as_ref()],
        bump = auction.load()?.bump)]
    pub auction: AccountLoader<'info, Auction>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
}

/// An account in auction that has nothing but claims owes more than those: the insurance fund pays for it within the tranches of
/// the markets that caused it, and cash what the fund does not.
pub(crate) fn handler<'info>(ctx: Context<'info, WriteOff<'info>>) -> Result<()> {
    let accounts = &ctx.accounts;
    let (bump, tranche) = {
        let config = accounts.config.load()?;
        ([config.authority_bump], config.params.tranche)
    };
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::WriteOff {
        pool: accounts.pool.to_account_info(),
        margin_account: accounts.margin_account.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer)
        .with_remaining_accounts(ctx.remaining_accounts.to_vec());
    let covered = margin_pool::cpi::write_off(cpi, tranche)?.get();
    book(accounts, &covered)?;
    Reporter {
        config: &accounts.config,
        fund: &accounts.fund,
        pool: &accounts.pool,
        authority: &accounts.liquidation_authority,
        program: &accounts.margin_pool,
    }
    .report()
}

/// Writes into the auction and the fund what is left of the debt, and what the fund paid.
fn book(accounts: &WriteOff, covered: &Covered) -> Result<()> {
    let mut auction = accounts.auction.load_mut()?;
    let mut fund = accounts.fund.load_mut()?;
    let before = auction.open;
    let account = accounts.margin_account.load()?;
    let claims = account.positions.iter().map(|p| p.quote);
    let left = claims.fold(account.cash, i64::saturating_add);
    auction.open = Open::of(left, 0);
    fund.replace(before, auction.open);
    fund.pay(covered.fund)
}

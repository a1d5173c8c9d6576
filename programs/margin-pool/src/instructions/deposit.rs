use {
    crate::{
        clearing,
        custody::{self, PoolToken},
        error::MarginPoolError,
        events::Deposited,
        seeds,
        state::{MarginAccount, Pool, permission},
        token,
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface},
    risk_engine::state::{BookRef, PriceUse},
};

/// Remaining accounts: for a staked token the risk book of its underlying, for others none.
#[derive(Accounts)]
pub struct Deposit<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(mint::token_program = token_program)]
    pub mint: InterfaceAccount<'info, Mint>,
    #[account(mut, seeds = [seeds::VAULT, pool.key().as_ref(), mint.key().as_ref()], bump)]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    #[account(mut, token::mint = mint, token::authority = depositor)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    pub depositor: Signer<'info>,
    /// SPL Token or Token-2022, whichever the mint is of.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, Deposit<'info>>, amount: u64) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    let accounts = &ctx.accounts;
    let transfer = token::Transfer {
        program: &accounts.token_program,
        mint: &accounts.mint,
        from: &accounts.source,
        to: &accounts.vault,
        authority: accounts.depositor.to_account_info(),
    };
    let amount = transfer.receive(amount)?;

    let mut pool = accounts.pool.load_mut()?;
    let mut account = accounts.margin_account.load_mut()?;
    let (mint, now) = (accounts.mint.key(), Clock::get()?.unix_timestamp);
    let asset = PoolToken::of(&pool, &mint)?;
    if !account.permits(accounts.depositor.key, permission::ALL, now) {
        require_welcome(&pool, &account, asset, amount)?;
    }
    match asset {
        PoolToken::Quote => {
            let received = pool.ledger.receive(amount)?;
            pool.accrue(now)?;
            clearing::credit(&mut pool, &mut account, received)?;
        }
        PoolToken::Collateral(index) => {
            // A mint closed and opened again at its address may be another one.
            let listed = pool.collateral(index)?;
            token::require_allowed(&accounts.mint, listed.extensions)?;
            require!(
                accounts.mint.decimals == listed.decimals,
                MarginPoolError::ExtensionRefused
            );
            require_no_gap(&pool, index, ctx.remaining_accounts, now)?;
            take_in(&mut pool, index, amount)?;
            custody::add_collateral(&pool, &mut account, index, amount)?;
        }
    }
    pool.record_deposit(&mut account, asset, amount, now)?;
    emit!(Deposited {
        margin_account: accounts.margin_account.key(),
        mint,
        amount
    });
    pool.invariant()
}

/// What somebody else brings in changes neither what an account is exposed to nor, by dust, whether it
/// is empty: a kind of collateral that it holds already, or quote currency, where there is no cash yet
/// at least so much. Whose books an account's instructions need is its owner's to decide.
fn require_welcome(
    pool: &Pool,
    account: &MarginAccount,
    token: PoolToken,
    amount: u64,
) -> Result<()> {
    let welcome = match token {
        PoolToken::Quote => account.cash != 0 || amount >= pool.params.least_gift,
        PoolToken::Collateral(index) => account.collaterals.get(index).is_some_and(|a| *a > 0),
    };
    require!(welcome, MarginPoolError::GiftRefused);
    Ok(())
}

/// A staked token that trades far below what it redeems for is not taken in; withdrawing it goes on.
fn require_no_gap<'info>(
    pool: &Pool,
    index: usize,
    remaining: &'info [AccountInfo<'info>],
    now: i64,
) -> Result<()> {
    let listed = pool.collateral(index)?;
    if listed.is_staked == 0 {
        return Ok(());
    }
    let account = remaining
        .first()
        .ok_or(MarginPoolError::RiskAccountsMissing)?;
    require_keys_eq!(
        *account.key,
        pool.underlying(listed.underlying)?.book,
        MarginPoolError::RiskAccountsMismatch
    );
    let book = BookRef::load(account)?;
    let state = book.header.price_state(now);
    require!(state.allows(PriceUse::Deposit), MarginPoolError::PriceStale);
    require!(!book.header.has_gap(), MarginPoolError::StakedTokenGap);
    Ok(())
}

/// Counts what the pool keeps of a collateral; its cap holds.
fn take_in(pool: &mut Pool, index: usize, amount: u64) -> Result<()> {
    let listed = pool.collateral_mut(index)?;
    listed.deposited = listed
        .deposited
        .checked_add(amount)
        .ok_or(MarginPoolError::Overflow)?;
    require!(
        listed.deposited <= listed.cap,
        MarginPoolError::CollateralCapReached
    );
    Ok(())
}

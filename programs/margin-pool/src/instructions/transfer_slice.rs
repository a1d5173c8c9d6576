use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::SliceTransferred,
        margin::RiskAccounts,
        seeds,
        state::{Ledger, MarginAccount, Pool, add},
    },
    anchor_lang::prelude::*,
    cep_risk::auction::{PPB, slice_of, slice_of_position},
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug)]
pub struct SliceArgs {
    /// Parts per billion of every position and collateral, and of cash less `reserved`.
    pub fraction: u64,
    /// Cash that earlier bids paid in, which is not for sale. Micro-USD.
    pub reserved: i64,
    /// Positive: the bidder pays the account. Negative: the insurance fund pays the bidder. Micro-USD.
    pub payment: i64,
}

/// Remaining accounts: a (risk book, writable market) pair for every underlying the account has a
/// position in. The caller, the liquidation program, has set the price and checks the bidder's margin after.
/// Every part rounds against the bidder.
#[derive(Accounts)]
pub struct TransferSlice<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub from: AccountLoader<'info, MarginAccount>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        constraint = to.key() != from.key() @ MarginPoolError::SameAccount)]
    pub to: AccountLoader<'info, MarginAccount>,
    pub liquidation_authority: Signer<'info>,
}

pub(crate) fn handler<'info>(
    ctx: Context<'info, TransferSlice<'info>>,
    args: SliceArgs,
) -> Result<()> {
    require!(
        (1..=PPB).contains(&args.fraction),
        MarginPoolError::FractionOutOfRange
    );
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut from = ctx.accounts.from.load_mut()?;
    let mut to = ctx.accounts.to.load_mut()?;
    from.require_in_liquidation()?;
    to.require_not_in_liquidation()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;

    move_positions(&mut from, &mut to, &risk, args.fraction)?;
    move_collateral(&mut from, &mut to, args.fraction)?;
    let for_sale = from
        .cash
        .checked_sub(args.reserved)
        .ok_or(MarginPoolError::Overflow)?;
    move_cash(&mut from, &mut to, slice_of(for_sale, args.fraction))?;
    pay(&mut pool.ledger, &mut from, &mut to, args.payment)?;
    emit!(SliceTransferred {
        from: ctx.accounts.from.key(),
        to: ctx.accounts.to.key(),
        fraction: args.fraction,
        payment: args.payment,
    });
    pool.invariant()
}

fn move_positions(
    from: &mut MarginAccount,
    to: &mut MarginAccount,
    risk: &RiskAccounts,
    fraction: u64,
) -> Result<()> {
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    for slot in 0..from.positions.len() {
        let Some(position) = from.positions.get(slot).filter(|p| !p.is_free()) else {
            continue;
        };
        let mark = books.get(position.underlying)?.index_price()?;
        let (base, quote) = slice_of_position(position.base, position.quote, mark, fraction)
            .map_err(MarginPoolError::from)?;
        let mut market = risk.market_mut(position.underlying)?;
        clearing::exchange(&mut market, to, from, base, quote)?;
        market.invariant()?;
    }
    Ok(())
}

fn move_collateral(from: &mut MarginAccount, to: &mut MarginAccount, fraction: u64) -> Result<()> {
    for (left, right) in from.collaterals.iter_mut().zip(to.collaterals.iter_mut()) {
        // amount x fraction / PPB <= amount, since the fraction is at most one.
        let part = u128::from(*left) * u128::from(fraction) / u128::from(PPB);
        let part = u64::try_from(part).map_err(|_| MarginPoolError::Overflow)?;
        *left = left.checked_sub(part).ok_or(MarginPoolError::Overflow)?;
        *right = right.checked_add(part).ok_or(MarginPoolError::Overflow)?;
    }
    Ok(())
}

fn move_cash(from: &mut MarginAccount, to: &mut MarginAccount, amount: i64) -> Result<()> {
    from.cash = from
        .cash
        .checked_sub(amount)
        .ok_or(MarginPoolError::Overflow)?;
    to.cash = add(to.cash, amount)?;
    Ok(())
}

fn pay(
    ledger: &mut Ledger,
    from: &mut MarginAccount,
    to: &mut MarginAccount,
    payment: i64,
) -> Result<()> {
    if payment >= 0 {
        // The bidder pays the account.
        return move_cash(to, from, payment);
    }
    let amount = payment.checked_neg().ok_or(MarginPoolError::Overflow)?;
    require!(
        amount <= ledger.insurance,
        MarginPoolError::InsuranceExhausted
    );
    ledger.insurance = add(ledger.insurance, -amount)?;
    ledger.cash = add(ledger.cash, amount)?;
    to.cash = add(to.cash, amount)?;
    Ok(())
}

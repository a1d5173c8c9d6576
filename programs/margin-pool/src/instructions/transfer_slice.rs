use {
    crate::{
        clearing::{self, Asset},
        error::MarginPoolError,
        events::SliceTransferred,
        margin::{BookParts, Books, RiskAccounts, valuation},
        seeds,
        state::{MarginAccount, Market, Pool, add, negative, sub},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Price,
        auction::{PPB, slice_of, slice_of_balance},
    },
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

    let books = risk.books(Clock::get()?.unix_timestamp)?;
    pool.accrue(books.now)?;
    // Interest until now first: what is for sale is what the account has.
    clearing::credit(&mut pool, &mut from, 0)?;
    move_positions(
        &mut pool,
        (&mut from, &mut to),
        &risk,
        &books,
        args.fraction,
    )?;
    move_collateral(&mut from, &mut to, args.fraction)?;
    let for_sale = sub(from.cash, args.reserved)?;
    let part = slice_of(for_sale, args.fraction);
    clearing::pay(&mut pool, &mut from, &mut to, part)?;
    pay(&mut pool, &mut from, &mut to, args.payment)?;
    emit!(SliceTransferred {
        from: ctx.accounts.from.key(),
        to: ctx.accounts.to.key(),
        fraction: args.fraction,
        payment: args.payment,
    });
    pool.invariant()
}

fn move_positions<B: BookParts>(
    pool: &mut Pool,
    (from, to): (&mut MarginAccount, &mut MarginAccount),
    risk: &RiskAccounts,
    books: &Books<B>,
    fraction: u64,
) -> Result<()> {
    for slot in 0..from.positions.len() {
        let Some(position) = from.positions.get(slot).filter(|p| !p.is_free()) else {
            continue;
        };
        let asset = Asset::held(position)?;
        let mut market = risk.market_mut(asset.underlying)?;
        move_position(
            pool,
            &mut market,
            (from, to),
            books,
            (slot, &asset, fraction),
        )?;
        market.invariant()?;
    }
    Ok(())
}

/// A perpetual takes its funding first, and an instrument that has its settlement price is turned into its claim.
fn move_position<B: BookParts>(
    pool: &mut Pool,
    market: &mut Market,
    (from, to): (&mut MarginAccount, &mut MarginAccount),
    books: &Books<B>,
    (slot, asset, fraction): (usize, &Asset, u64),
) -> Result<()> {
    let listed = books.listed(asset.underlying)?;
    let funding = pool.params.funding();
    let index = Price::new(listed.book.header().price);
    let index = index.map_err(|_| MarginPoolError::BookNotReady)?;
    market.funding.accrue(&funding, index, books.now)?;
    // A claim is what it is, and its instrument may be gone.
    let open = asset.instrument != 0 && asset.base(from) != 0;
    let payoff = match open {
        true => valuation::settled_payoff(&listed.book, asset)?,
        false => None,
    };
    if let Some(payoff) = payoff {
        clearing::convert(pool, market, from, slot, payoff)?;
    }
    let position = from.positions.get_mut(slot);
    let position = position.ok_or(MarginPoolError::PositionNotFound)?;
    if position.is_free() {
        return Ok(());
    }
    clearing::take_funding(market, position)?;
    let part = clearing::part_of(position, &listed.book, books.now, fraction)?;
    clearing::exchange_as_is(market, (to, from), asset, part)
}

fn move_collateral(from: &mut MarginAccount, to: &mut MarginAccount, fraction: u64) -> Result<()> {
    for (left, right) in from.collaterals.iter_mut().zip(to.collaterals.iter_mut()) {
        let part = slice_of_balance(*left, fraction);
        *left = left.checked_sub(part).ok_or(MarginPoolError::Overflow)?;
        *right = right.checked_add(part).ok_or(MarginPoolError::Overflow)?;
    }
    Ok(())
}

/// The bidder pays the account, or the insurance fund the bidder.
fn pay(
    pool: &mut Pool,
    from: &mut MarginAccount,
    to: &mut MarginAccount,
    payment: i64,
) -> Result<()> {
    if payment >= 0 {
        return clearing::pay(pool, to, from, payment);
    }
    let amount = negative(payment)?;
    require!(
        amount <= pool.ledger.insurance,
        MarginPoolError::InsuranceExhausted
    );
    pool.ledger.insurance = add(pool.ledger.insurance, payment)?;
    clearing::credit(pool, to, amount)
}

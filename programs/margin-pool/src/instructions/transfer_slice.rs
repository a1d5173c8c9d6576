use {
    crate::{
        clearing::{self, Asset, Causes, Claim, Covered},
        error::MarginPoolError,
        events::SliceTransferred,
        margin::{BookParts, Books, RiskAccounts, valuation},
        seeds,
        state::{MarginAccount, Market, Pool, negative, standing, sub},
    },
    anchor_lang::prelude::*,
    cep_risk::auction::{PPB, slice_of, slice_of_balance},
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug)]
pub struct SliceArgs {
    /// Parts per billion of every position and collateral, and of cash less `reserved`.
    pub fraction: u64,
    /// Cash that earlier bids paid in, which is not for sale. Micro-USD.
    pub reserved: i64,
    /// Positive: the bidder pays the account. Negative: the bidder is paid, by the insurance fund and, for what the account
    /// lacks, by those who share its loss. Micro-USD.
    pub payment: i64,
    /// How much of a negative payment the account lacks, micro-USD.
    pub shortfall: i64,
    /// The bidder does not take less, micro-USD.
    pub least: i64,
    /// Most of the fund that one market may use, ppm.
    pub tranche: u64,
    /// The bidder's margin is shown by `confirm_margin` later in this transaction.
    pub unconfirmed: bool,
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

/// Returns who paid what the bidder was paid.
pub(crate) fn handler<'info>(
    ctx: Context<'info, TransferSlice<'info>>,
    args: SliceArgs,
) -> Result<Covered> {
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
    let sides = (&mut *from, &mut *to);
    let causes = move_positions(&mut pool, sides, &risk, &books, args.fraction)?;
    move_collateral(&mut from, &mut to, args.fraction)?;
    let for_sale = sub(from.cash, args.reserved)?;
    let part = slice_of(for_sale, args.fraction);
    clearing::pay(&mut pool, &mut from, &mut to, part)?;
    let mut covered = Covered::default();
    if args.payment >= 0 {
        clearing::pay(&mut pool, &mut to, &mut from, args.payment)?;
    } else {
        let claim = Claim {
            amount: negative(args.payment)?,
            shortfall: args.shortfall,
            tranche: args.tranche,
        };
        covered = clearing::cover(&mut pool, &risk, &mut to, claim, &causes)?;
        require!(
            covered.total()? >= args.least,
            MarginPoolError::LossUncovered
        );
    }
    if args.unconfirmed {
        to.in_liquidation = standing::UNCONFIRMED;
    }
    emit!(SliceTransferred {
        from: ctx.accounts.from.key(),
        to: ctx.accounts.to.key(),
        fraction: args.fraction,
        payment: args.payment.max(0),
        covered,
    });
    pool.invariant()?;
    Ok(covered)
}

fn move_positions<B: BookParts>(
    pool: &mut Pool,
    (from, to): (&mut MarginAccount, &mut MarginAccount),
    risk: &RiskAccounts,
    books: &Books<B>,
    fraction: u64,
) -> Result<Causes> {
    let mut causes = Causes::default();
    // A market is borrowed, brought to now and checked once.
    let mut left = usize::from(from.open_positions);
    for underlying in risk.underlyings() {
        let market = &mut *risk.market_mut(underlying)?;
        clearing::accrue_funding(pool, market, books, underlying)?;
        for slot in 0..from.positions.len() {
            let held = from.positions.get(slot);
            let Some(position) = held.filter(|p| !p.is_free() && p.underlying == underlying) else {
                continue;
            };
            left = left.saturating_sub(1);
            let asset = Asset::held(position)?;
            if let Some(mark) = make_current(pool, market, from, books, (slot, &asset))? {
                let position = from.position_mut(slot)?;
                causes.note(position, mark)?;
                let part = clearing::part_of(position, mark, fraction)?;
                let sides = (&mut *to, (&mut *from, slot));
                clearing::exchange_as_is(pool, market, sides, (&asset, mark), part)?;
            }
        }
        market.invariant()?;
    }
    require!(left == 0, MarginPoolError::RiskAccountsMissing);
    Ok(causes)
}

/// Brings a position up to date, its market's funding having been, an instrument that has its settlement price into its
/// claim, and returns what it is marked at; `None` when nothing is left of it. An open one is the caller's to change, which
/// writes it down.
pub(super) fn make_current<B: BookParts>(
    pool: &mut Pool,
    market: &mut Market,
    account: &mut MarginAccount,
    books: &Books<B>,
    (slot, asset): (usize, &Asset),
) -> Result<Option<u64>> {
    let listed = books.listed(asset.underlying)?;
    let payoff = valuation::settled_payoff(&listed.book, account.position_mut(slot)?)?;
    if let Some(payoff) = payoff {
        clearing::convert(pool, market, account, slot, payoff)?;
    }
    let still_held = account.positions.get(slot).filter(|p| !p.is_free());
    let Some(position) = still_held else {
        return Ok(None);
    };
    let mark = clearing::mark_of(position, &listed.book, books.now)?;
    clearing::bring_up(market, account.position_mut(slot)?)?;
    if account.position_mut(slot)?.base != 0 {
        return Ok(Some(mark));
    }
    let left = clearing::touch(pool, market, account, (slot, mark))?;
    Ok(left.then_some(mark))
}

fn move_collateral(from: &mut MarginAccount, to: &mut MarginAccount, fraction: u64) -> Result<()> {
    for (left, right) in from.collaterals.iter_mut().zip(to.collaterals.iter_mut()) {
        let part = slice_of_balance(*left, fraction);
        *left = left.checked_sub(part).ok_or(MarginPoolError::Overflow)?;
        *right = right.checked_add(part).ok_or(MarginPoolError::Overflow)?;
    }
    Ok(())
}

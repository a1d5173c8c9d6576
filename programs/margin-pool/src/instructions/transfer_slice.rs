use {
    crate::{
        clearing::{self, Asset, Causes, Claim, Covered, Handover, Markets, Rule, SlotMap},
        error::MarginPoolError,
        events::SliceTransferred,
        margin::{BookParts, Books, Pair, RiskAccounts, valuation},
        seeds,
        state::{MarginAccount, Market, Pool, add, negative, standing, sub},
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
    let sides = (&mut *from, &mut *to);
    let causes = take_part(&mut pool, sides, (&risk, &books), &args)?;
    let mut covered = Covered::default();
    if args.payment < 0 {
        let claim = Claim {
            amount: negative(args.payment)?,
            shortfall: args.shortfall,
            tranche: args.tranche,
        };
        let cash = to.cash;
        covered = clearing::cover(&mut pool, &risk, &mut to, claim, &causes)?;
        let total = covered.total()?;
        require!(total >= args.least, MarginPoolError::LossUncovered);
        // What the pool pays is what was asked for at most, and the bidder has it.
        let paid = sub(to.cash, cash)? == add(covered.fund, covered.cash)?;
        require!(
            paid && total <= claim.amount,
            MarginPoolError::HandoverMismatch
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

/// Moves the part of everything to the bidder, and its payment, if it pays, to the account. Both are brought up to date first,
/// and what they are after is compared with that.
fn take_part(
    pool: &mut Pool,
    (from, to): (&mut MarginAccount, &mut MarginAccount),
    (risk, books): (&RiskAccounts, &Books<Pair>),
    args: &SliceArgs,
) -> Result<Causes> {
    // Interest until now first: what is for sale is what the account has.
    clearing::credit(pool, from, 0)?;
    clearing::credit(pool, to, 0)?;
    let mut slots = SlotMap::of(to);
    let mut markets = Markets::new(risk, books);
    let before = bring_both_up(pool, (from, to), (&mut markets, books), &slots)?;

    let mut causes = Causes::default();
    for (slot, mark) in before.slots() {
        let position = from.position_mut(slot)?;
        let asset = Asset::held(position)?;
        causes.note(position, mark)?;
        let part = clearing::part_of(position, mark, args.fraction)?;
        let (market, held) = (markets.of(pool, asset.underlying)?, (&asset, mark));
        let taker = (&mut *to, &mut slots);
        clearing::exchange_as_is(pool, market, taker, (from, slot), held, part)?;
    }
    markets.finish()?;
    move_collateral(from, to, args.fraction)?;
    let for_sale = sub(from.cash, args.reserved)?;
    let part = slice_of(for_sale, args.fraction);
    let payment = args.payment.max(0);
    clearing::pay(pool, from, to, sub(part, payment)?)?;

    let rule = Rule::Slice {
        fraction: args.fraction,
        reserved: args.reserved,
        payment,
    };
    before.check(from, Some((to, &slots)), &rule)?;
    Ok(causes)
}

/// Brings all that `from` holds up to date, and what `to` has of the same, and records both: each slot of the account once,
/// its market found by the position's underlying.
fn bring_both_up<B: BookParts>(
    pool: &mut Pool,
    (from, to): (&mut MarginAccount, &mut MarginAccount),
    (markets, books): (&mut Markets<B>, &Books<B>),
    slots: &SlotMap,
) -> Result<Handover> {
    let mut before = Handover::of(from);
    for slot in 0..from.positions.len() {
        let Some(position) = from.positions.get(slot).filter(|p| !p.is_free()) else {
            continue;
        };
        let asset = Asset::held(position)?;
        let market = markets.of(pool, asset.underlying)?;
        let Some(mark) = make_current(pool, market, from, books, (slot, &asset))? else {
            continue;
        };
        let own = match slots.find(&asset, to) {
            Some(at) => {
                let own = to.position_mut(at)?;
                clearing::bring_up(market, own)?;
                (own.base, own.quote)
            }
            None => (0, 0),
        };
        before.hold(slot, from.position_mut(slot)?, mark, own)?;
    }
    before.balances(from, Some(to));
    Ok(before)
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

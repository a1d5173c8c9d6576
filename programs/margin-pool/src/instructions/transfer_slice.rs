use {
    crate::{
        clearing::{self, Asset, Causes, Claim, Covered, Grants, Handover, Markets, Rule, SlotMap},
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
    let covered = take_part(&mut pool, sides, (&risk, &books), &args)?;
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

/// Moves the part of everything to the bidder, and its payment, if it pays, to the account; or pays the bidder for what the
/// account lacks, before anything changes hands. Both are brought up to date first, and what they are after is compared with
/// that.
fn take_part(
    pool: &mut Pool,
    (from, to): (&mut MarginAccount, &mut MarginAccount),
    (risk, books): (&RiskAccounts, &Books<Pair>),
    args: &SliceArgs,
) -> Result<Covered> {
    // Interest until now first: what is for sale is what the account has.
    clearing::credit(pool, from, 0)?;
    clearing::credit(pool, to, 0)?;
    let mut slots = SlotMap::of(to);
    let mut markets = Markets::new(risk, books);
    let held = bring_up(pool, from, (&mut markets, books))?;
    let (mut covered, mut grants) = (Covered::default(), Grants::default());
    if args.payment < 0 {
        markets.finish()?;
        (covered, grants) = cover(pool, (from, to), (risk, books), (&held, args))?;
        clearing::credit(pool, from, 0)?;
        markets = Markets::new(risk, books);
    }
    let before = record(pool, (from, to), &mut markets, (&held, &slots))?;

    for (slot, mark) in before.slots() {
        let position = from.position_mut(slot)?;
        let asset = Asset::held(position)?;
        let part = clearing::part_of(position, mark, args.fraction)?;
        let (market, held) = (markets.of(pool, asset.underlying)?, (&asset, mark));
        let taker = (&mut *to, &mut slots);
        clearing::exchange_as_is(pool, market, taker, (from, slot), held, part)?;
    }
    markets.finish()?;
    // What was lost and settled before goes as what is held does.
    for earned in &mut from.earned {
        *earned = earned.saturating_sub(slice_of(*earned, args.fraction));
    }
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
    for (underlying, granted) in (0u8..).zip(grants).filter(|(_, granted)| *granted > 0) {
        let market = &mut *risk.market_mut(underlying)?;
        clearing::grant(market, to, underlying, granted)?;
        market.invariant()?;
    }
    clearing::register(pool, to)?;
    Ok(covered)
}

/// Pays the bidder what there is for taking over what the account lacks; what contracts bear is to be written after. `held`:
/// slots and marks of what the account holds.
fn cover(
    pool: &mut Pool,
    (from, to): (&MarginAccount, &mut MarginAccount),
    (risk, books): (&RiskAccounts, &Books<Pair>),
    (held, args): (&[(usize, u64)], &SliceArgs),
) -> Result<(Covered, Grants)> {
    let missing = MarginPoolError::PositionNotFound;
    let mut causes = Causes::of(from);
    for (slot, mark) in held {
        causes.count(from.positions.get(*slot).ok_or(missing)?, *mark)?;
    }
    let claim = Claim {
        amount: negative(args.payment)?,
        shortfall: args.shortfall,
        tranche: args.tranche,
    };
    let (covered, grants) = clearing::cover(pool, risk, claim, &causes, || {
        let mut falls = Vec::with_capacity(held.len());
        for (slot, mark) in held {
            let position = from.positions.get(*slot).ok_or(missing)?;
            falls.extend(clearing::fall_of(position, books, *mark)?);
        }
        Ok(falls)
    })?;
    let total = covered.total()?;
    require!(total >= args.least, MarginPoolError::LossUncovered);
    // What the bidder bears of it by its own cash first.
    clearing::credit(pool, to, 0)?;
    let (cash, paid) = (to.cash, add(covered.fund, covered.cash)?);
    clearing::credit(pool, to, paid)?;
    // What the pool pays is what was asked for at most, and the bidder has it.
    require!(
        sub(to.cash, cash)? == paid && total <= claim.amount,
        MarginPoolError::HandoverMismatch
    );
    Ok((covered, grants))
}

/// Brings all that `from` holds up to date: each slot of the account once, its market found by the position's underlying. Returns
/// the slots of which something is left, with their marks.
fn bring_up<B: BookParts>(
    pool: &mut Pool,
    from: &mut MarginAccount,
    (markets, books): (&mut Markets<B>, &Books<B>),
) -> Result<Vec<(usize, u64)>> {
    let mut held = Vec::with_capacity(usize::from(from.open_positions));
    for slot in 0..from.positions.len() {
        let Some(position) = from.positions.get(slot).filter(|p| !p.is_free()) else {
            continue;
        };
        let asset = Asset::held(position)?;
        let market = markets.of(pool, asset.underlying)?;
        if let Some(mark) = make_current(pool, market, from, books, (slot, &asset))? {
            held.push((slot, mark));
        }
    }
    Ok(held)
}

/// Records all that `from` holds, brings up to date what `to` has of the same, and records that too.
fn record<B: BookParts>(
    pool: &mut Pool,
    (from, to): (&mut MarginAccount, &mut MarginAccount),
    markets: &mut Markets<B>,
    (held, slots): (&[(usize, u64)], &SlotMap),
) -> Result<Handover> {
    let mut before = Handover::of(from);
    for (slot, mark) in held {
        let position = from.position_mut(*slot)?;
        let own = match slots.find(&Asset::held(position)?, to) {
            Some(at) => {
                let market = markets.of(pool, position.underlying)?;
                let own = to.position_mut(at)?;
                clearing::bring_up(market, own)?;
                (own.base, own.quote)
            }
            None => (0, 0),
        };
        before.hold(*slot, position, *mark, own)?;
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
    let left = clearing::touch(pool, market, account, slot)?;
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

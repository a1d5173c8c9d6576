use {
    super::transfer_slice::make_current,
    crate::{
        clearing::{self, Asset, Handover, Rule, SlotMap},
        error::MarginPoolError,
        events::LegTransferred,
        margin::RiskAccounts,
        seeds,
        state::{MarginAccount, Pool, Position, negative},
    },
    anchor_lang::prelude::*,
};

/// What a liquidator takes of an account.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// A part of the position in one of the account's slots: millionths of a contract, of the position's sign.
    Position { slot: u8, base: i64 },
    /// Smallest unit of the collateral in this slot of the pool.
    Collateral { slot: u8, amount: u64 },
}

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegArgs {
    pub taking: Taking,
    /// What the liquidator pays for it (negative: is paid for taking it), micro-USD.
    pub payment: i64,
}

/// Remaining accounts: a (risk book, writable market) pair for every underlying the account has a position in. The caller,
/// the liquidation program, has set the price and checks both accounts after.
#[derive(Accounts)]
pub struct TransferLeg<'info> {
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

/// As a trade without a fee: the payment is quote of what is settled day by day, and cash for all else.
pub(crate) fn handler<'info>(ctx: Context<'info, TransferLeg<'info>>, args: LegArgs) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut from = ctx.accounts.from.load_mut()?;
    let mut to = ctx.accounts.to.load_mut()?;
    from.require_in_liquidation()?;
    to.require_not_in_liquidation()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    pool.accrue(books.now)?;
    clearing::credit(&mut pool, &mut from, 0)?;
    clearing::credit(&mut pool, &mut to, 0)?;
    let before = match args.taking {
        Taking::Position { slot, base } => {
            let slot = usize::from(slot);
            let asset = Asset::held(from.position_mut(slot)?)?;
            let mut market = risk.market_mut(asset.underlying)?;
            clearing::accrue_funding(&pool, &mut market, &books, asset.underlying)?;
            let held = (slot, &asset);
            make_current(&mut pool, &mut market, &mut from, &books, held)?
                .ok_or(MarginPoolError::BadSlice)?;
            let own = from.position_mut(slot)?.base;
            let part = base != 0
                && base.signum() == own.signum()
                && base.unsigned_abs() <= own.unsigned_abs();
            require!(part, MarginPoolError::BadSlice);
            let at = to.positions.iter().position(|p| asset.is_of(p));
            let own = match at {
                Some(at) => {
                    let own = to.position_mut(at)?;
                    clearing::bring_up(&mut market, own)?;
                    (own.base, own.quote)
                }
                None => (0, 0),
            };
            let before = record(&from, &to, (slot, own))?;
            let sides = (&mut *to, &mut *from);
            let moved = (base, negative(args.payment)?);
            clearing::exchange(&mut pool, &mut market, sides, &asset, moved)?;
            market.invariant()?;
            before
        }
        Taking::Collateral { slot, amount } => {
            let slot = usize::from(slot);
            let before = record(&from, &to, (usize::MAX, (0, 0)))?;
            let left = from.collaterals.get_mut(slot);
            let left = left.ok_or(MarginPoolError::CollateralNotListed)?;
            require!(amount > 0 && amount <= *left, MarginPoolError::BadSlice);
            *left = left.checked_sub(amount).ok_or(MarginPoolError::Overflow)?;
            let right = to.collaterals.get_mut(slot);
            let right = right.ok_or(MarginPoolError::CollateralNotListed)?;
            *right = right.checked_add(amount).ok_or(MarginPoolError::Overflow)?;
            clearing::pay(&mut pool, &mut to, &mut from, args.payment)?;
            before
        }
    };
    let rule = Rule::Leg {
        payment: args.payment,
    };
    before.check(&from, Some((&to, &SlotMap::of(&to))), &rule)?;
    emit!(LegTransferred {
        from: ctx.accounts.from.key(),
        to: ctx.accounts.to.key(),
        taking: args.taking,
        payment: args.payment,
    });
    pool.invariant()
}

/// All that the account holds as it stands, and what the liquidator has of what is in `slot`.
fn record(
    from: &MarginAccount,
    to: &MarginAccount,
    (slot, own): (usize, (i64, i64)),
) -> Result<Handover> {
    let mut before = Handover::of(from);
    let held = |(_, p): &(usize, &Position)| !p.is_free();
    for (at, position) in from.positions.iter().enumerate().filter(held) {
        let own = if at == slot { own } else { (0, 0) };
        // Nothing here goes by a mark.
        before.hold(at, position, 0, own)?;
    }
    before.balances(from, Some(to));
    Ok(before)
}

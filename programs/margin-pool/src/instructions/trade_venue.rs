use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::VenueFilled,
        margin::RiskAccounts,
        seeds,
        state::{MarginAccount, Pool, add, permission},
        trade::{self, Leg, Terms},
    },
    anchor_lang::prelude::*,
    cep_risk::PPM,
};

/// Remaining accounts: as for a block trade. A is the taker, B the maker.
#[derive(Accounts)]
pub struct TradeVenue<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub taker: AccountLoader<'info, MarginAccount>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        constraint = maker.key() != taker.key() @ MarginPoolError::SameAccount)]
    pub maker: AccountLoader<'info, MarginAccount>,
    /// The venue's, named at its registration; neither side of the trade.
    #[account(mut, constraint = fee_account.key() != taker.key() && fee_account.key() != maker.key()
        @ MarginPoolError::SameAccount)]
    pub fee_account: AccountLoader<'info, MarginAccount>,
    /// Signed for by the venue's program; both accounts delegated to it.
    pub venue: Signer<'info>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, TradeVenue<'info>>, legs: Vec<Leg>) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut pool = accounts.pool.load_mut()?;
    let mut taker = accounts.taker.load_mut()?;
    let mut maker = accounts.maker.load_mut()?;
    let now = Clock::get()?.unix_timestamp;
    let venue = accounts.venue.key();
    let registered = *pool.venue(&venue)?;
    require_keys_eq!(
        registered.fee_account,
        accounts.fee_account.key(),
        MarginPoolError::WrongFeeAccount
    );
    taker.require_permission(&venue, permission::VENUE, now)?;
    maker.require_permission(&venue, permission::VENUE, now)?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(now)?;
    let sides = [
        (accounts.taker.key(), &mut *taker),
        (accounts.maker.key(), &mut *maker),
    ];
    let terms = Terms {
        fees: [pool.params.taker_fee, pool.params.maker_fee],
        discovers_price: true,
    };
    let before = pool.ledger.fees;
    trade::clear(&mut pool, sides, &risk, &books, &legs, terms)?;

    // Of what the trade brought the pool beside the insurance fund's share, rounded down.
    let earned = u64::try_from(add(pool.ledger.fees, -before)?).unwrap_or(0);
    let share = u128::from(earned) * u128::from(registered.fee_share.min(PPM)) / u128::from(PPM);
    let share = i64::try_from(share).map_err(|_| MarginPoolError::Overflow)?;
    pool.ledger.fees = add(pool.ledger.fees, -share)?;
    clearing::credit(&mut pool, &mut *accounts.fee_account.load_mut()?, share)?;
    emit!(VenueFilled {
        venue,
        taker: accounts.taker.key(),
        maker: accounts.maker.key(),
        fee_share: share,
    });
    pool.invariant()
}

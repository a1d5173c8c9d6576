use {
    crate::{
        error::RiskEngineError,
        events::FloorRaised,
        price, seeds,
        state::{RiskBook, RiskConfig},
    },
    anchor_lang::prelude::*,
    cep_risk::ewma::VARIANCE_MAX,
};

/// How far a floor may rise at once, times `RiskBook.governed_floor`: variance, so twice the volatility.
pub const MAX_FLOOR_RISE: u64 = 4;

#[derive(Accounts)]
pub struct RaiseFloor<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        constraint = config.load()?.is_guarded_by(&signer.key()) @ RiskEngineError::NotGuardian)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    /// Guardian or authority.
    pub signer: Signer<'info>,
}

/// At once. The floor enters the target alone, so initial margin follows and new risk costs more, while maintenance
/// margin follows at the published rate ([`cep_risk::volatility::VolatilityParams::maintenance_variance`]), which the
/// guardian can only slow down. The rate alone would not be enough, since a floor comes down by proposal only and the
/// rate compounds meanwhile; so the bound is on all raises together: whoever holds the margin of twice the governed
/// floor's volatility is not liquidated by any number of them.
/// `variance_floor` per day in Q48, above the present one.
pub(crate) fn handler(ctx: Context<RaiseFloor>, variance_floor: u64) -> Result<()> {
    let config = ctx.accounts.config.load()?;
    let mut book = ctx.accounts.book.load_mut()?;
    let previous = book.variance_floor;
    let governed = book.governed_floor;
    let highest = governed.saturating_mul(MAX_FLOOR_RISE).min(VARIANCE_MAX);
    require!(
        variance_floor > previous && variance_floor <= highest,
        RiskEngineError::FloorOutOfReach
    );
    book.variance_floor = variance_floor;
    price::retarget(&mut book, &config.params);
    emit!(FloorRaised {
        book: ctx.accounts.book.key(),
        by: ctx.accounts.signer.key(),
        previous,
        variance_floor,
    });
    book.invariant()
}

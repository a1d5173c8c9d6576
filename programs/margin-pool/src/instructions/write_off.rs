use {
    crate::{
        clearing::{self, Causes, Claim, Covered, Handover, Rule},
        error::MarginPoolError,
        events::DebtWrittenOff,
        margin::RiskAccounts,
        seeds,
        state::{MarginAccount, Pool, add, negative},
    },
    anchor_lang::prelude::*,
};

/// Remaining accounts: a (risk book, writable market) pair for every underlying the account has a claim in, or lost in by
/// `MarginAccount.earned`. The caller, the liquidation program, has the account in auction.
#[derive(Accounts)]
pub struct WriteOff<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub liquidation_authority: Signer<'info>,
}

/// Covers what an account owes that has nothing but claims, beyond those: the insurance fund within the tranches (ppm) of the
/// markets that caused it first, then cash. Claims are paid as far as losers have paid in. Returns who paid.
pub(crate) fn handler<'info>(
    ctx: Context<'info, WriteOff<'info>>,
    tranche: u64,
) -> Result<Covered> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    account.require_in_liquidation()?;
    pool.accrue(Clock::get()?.unix_timestamp)?;
    clearing::credit(&mut pool, &mut account, 0)?;
    require!(
        account.has_nothing_open(&pool),
        MarginPoolError::NotOnlyDebt
    );
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let (mut before, mut worth) = (Handover::of(&account), 0);
    before.balances(&account, None);
    let mut causes = Causes::of(&account);
    for slot in 0..account.positions.len() {
        let Some(claim) = account.positions.get(slot).filter(|p| !p.is_free()) else {
            continue;
        };
        let mut market = risk.market_mut(claim.underlying)?;
        let claim = account.position_mut(slot)?;
        clearing::bring_up(&mut market, claim)?;
        before.hold(slot, claim, 0, (0, 0))?;
        clearing::settle(&mut pool, &mut market, &mut account, slot, 0)?;
        market.invariant()?;
        if let Some(left) = account.positions.get(slot).filter(|p| !p.is_free()) {
            causes.count(left, 0)?;
            worth = add(worth, left.quote)?;
        }
    }
    let debt = negative(add(worth, account.cash)?)?.max(0);
    let claim = Claim {
        amount: debt,
        shortfall: debt,
        tranche,
    };
    // Nothing is held on the other side of which anybody could bear it: its instruments are gone.
    let none = || Ok(Vec::new());
    let (covered, _) = clearing::cover(&mut pool, &risk, claim, &causes, none)?;
    let paid = add(covered.fund, covered.cash)?;
    clearing::credit(&mut pool, &mut account, paid)?;
    require!(
        debt == 0 || covered.total()? > 0,
        MarginPoolError::LossUncovered
    );
    emit!(DebtWrittenOff {
        margin_account: ctx.accounts.margin_account.key(),
        debt,
        covered,
    });
    let paid = covered.total()?;
    before.check(&account, None, &Rule::WrittenOff { paid })?;
    pool.invariant()?;
    Ok(covered)
}

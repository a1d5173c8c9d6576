use {
    crate::{
        error::MarginPoolError,
        events::PoolChangeExecuted,
        seeds,
        state::{MarginAccount, Market, Pool, PoolChange, PoolProposal, check_fee_account},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct ExecutePoolChange<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, close = proposer, has_one = pool, has_one = proposer,
        seeds = [seeds::PROPOSAL, &proposal.load()?.number.to_le_bytes()], bump = proposal.load()?.bump)]
    pub proposal: AccountLoader<'info, PoolProposal>,
    /// CHECK: gets the rent back; held to the key in the proposal.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
    /// The market that the change names, where it names one.
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// The margin account that the change names, where it names one.
    #[account(has_one = pool @ MarginPoolError::WrongPool)]
    pub fee_account: Option<AccountLoader<'info, MarginAccount>>,
    pub authority: Signer<'info>,
}

/// Every change but the two listings, which have instructions of their own.
pub(crate) fn handler(ctx: Context<ExecutePoolChange>) -> Result<()> {
    let accounts = &ctx.accounts;
    let change = due(&accounts.proposal)?;
    let market = accounts.market.as_ref().map(Key::key);
    require!(market == change.market(), MarginPoolError::WrongTarget);
    check_fee_account(&change, accounts.fee_account.as_ref())?;
    let mut pool = accounts.pool.load_mut()?;
    if let Some(market) = &accounts.market {
        let mut market = market.load_mut()?;
        market.limit(&change)?;
        market.invariant()?;
    } else {
        pool.apply(&change, Clock::get()?.unix_timestamp)?;
    }
    pool.invariant()
}

/// The change of a proposal whose time has come; says that it is made.
pub(crate) fn due(proposal: &AccountLoader<PoolProposal>) -> Result<PoolChange> {
    let address = proposal.key();
    let proposal = proposal.load()?;
    let change = proposal.due(Clock::get()?.unix_timestamp)?;
    emit!(PoolChangeExecuted {
        proposal: address,
        number: proposal.number,
        change: proposal.bytes().to_vec(),
    });
    Ok(change)
}

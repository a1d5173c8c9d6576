use {
    crate::{
        error::MarginPoolError,
        instructions::execute_pool_change::due,
        seeds,
        state::{Pool, PoolChange, PoolProposal},
        token,
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{
        CloseAccount, Mint, TokenAccount, TokenInterface, close_account,
    },
    bytemuck::Zeroable,
};

#[derive(Accounts)]
pub struct DelistCollateral<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, close = proposer, has_one = pool, has_one = proposer,
        seeds = [seeds::PROPOSAL, &proposal.load()?.number.to_le_bytes()], bump = proposal.load()?.bump)]
    pub proposal: AccountLoader<'info, PoolProposal>,
    /// CHECK: gets the rent of proposal and vault back; held to the key in the proposal.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
    #[account(mut, mint::token_program = token_program)]
    pub mint: InterfaceAccount<'info, Mint>,
    #[account(mut, seeds = [seeds::VAULT, pool.key().as_ref(), mint.key().as_ref()], bump)]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    /// Gets what was sent to the vault past the pool, and belongs to nobody.
    #[account(mut, token::mint = mint, token::token_program = token_program)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub authority: Signer<'info>,
    pub token_program: Interface<'info, TokenInterface>,
}

/// Frees the slot of a collateral that no account holds: all balances in it are zero, so that another token may have it.
pub(crate) fn handler(ctx: Context<DelistCollateral>) -> Result<()> {
    let accounts = &ctx.accounts;
    let PoolChange::Delist { mint } = due(&accounts.proposal)? else {
        return err!(MarginPoolError::WrongTarget);
    };
    require_keys_eq!(mint, accounts.mint.key(), MarginPoolError::WrongTarget);
    let bump = {
        let mut pool = accounts.pool.load_mut()?;
        let index = pool.collateral_index(&mint)?;
        let slot = pool.collateral_mut(index)?;
        require!(slot.deposited == 0, MarginPoolError::CollateralHeld);
        *slot = Zeroable::zeroed();
        pool.invariant()?;
        [pool.bump]
    };
    let seeds: &[&[&[u8]]] = &[&[seeds::POOL, &bump]];
    let gifts = accounts.vault.amount;
    if gifts > 0 {
        let transfer = token::Transfer {
            program: &accounts.token_program,
            mint: &accounts.mint,
            from: &accounts.vault,
            to: &accounts.destination,
            authority: accounts.pool.to_account_info(),
        };
        transfer.run(gifts, seeds)?;
    }
    let close = CloseAccount {
        account: accounts.vault.to_account_info(),
        destination: accounts.proposer.to_account_info(),
        authority: accounts.pool.to_account_info(),
    };
    close_account(CpiContext::new_with_signer(
        accounts.token_program.key(),
        close,
        seeds,
    ))
}

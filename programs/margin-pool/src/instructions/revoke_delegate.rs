use {
    crate::{
        error::MarginPoolError,
        events::DelegateRevoked,
        state::{Delegate, MarginAccount},
    },
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
};

#[derive(Accounts)]
pub struct RevokeDelegate<'info> {
    #[account(mut, has_one = owner @ MarginPoolError::NotAccountOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub owner: Signer<'info>,
}

/// Never refused to the owner: a key that was no delegate is none afterwards either.
pub(crate) fn handler(ctx: Context<RevokeDelegate>, key: Pubkey) -> Result<()> {
    let mut account = ctx.accounts.margin_account.load_mut()?;
    for delegate in account.delegates.iter_mut().filter(|d| d.key == key) {
        *delegate = Delegate::zeroed();
    }
    emit!(DelegateRevoked {
        margin_account: ctx.accounts.margin_account.key(),
        key,
    });
    Ok(())
}

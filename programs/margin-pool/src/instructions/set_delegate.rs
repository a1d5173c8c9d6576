use {
    crate::{
        error::MarginPoolError,
        events::DelegateSet,
        state::{Delegate, MarginAccount, permission},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct SetDelegate<'info> {
    #[account(mut, has_one = owner @ MarginPoolError::NotAccountOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub owner: Signer<'info>,
}

pub(crate) fn handler(
    ctx: Context<SetDelegate>,
    key: Pubkey,
    permissions: u64,
    expires_at: i64,
) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let sensible = key != Pubkey::default()
        && permissions != 0
        && permissions & !permission::ALL == 0
        && expires_at > now;
    require!(sensible, MarginPoolError::BadDelegate);
    let mut account = ctx.accounts.margin_account.load_mut()?;
    // A new key takes the place of one that may do nothing any more: an empty slot, or one that expired.
    let delegates = &mut account.delegates;
    let slot = delegates
        .iter()
        .position(|d| d.key == key)
        .or_else(|| delegates.iter().position(|d| d.expires_at <= now));
    let place = slot.and_then(|slot| delegates.get_mut(slot));
    *place.ok_or(MarginPoolError::DelegateSlotsFull)? = Delegate {
        key,
        expires_at,
        permissions,
    };
    emit!(DelegateSet {
        margin_account: ctx.accounts.margin_account.key(),
        key,
        permissions,
        expires_at,
    });
    Ok(())
}

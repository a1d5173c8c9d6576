//! Tokens of SPL Token and Token-2022: which mints are taken, and how they move.
//!
//! A mint's extensions say what somebody else may do with tokens that lie in a vault. What could take them, lock them or
//! make them worth something else has to be allowed by the listing, one bit each; some are never allowed.

use {
    crate::error::MarginPoolError,
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{
        Mint, TokenAccount, TokenInterface, TransferChecked,
        spl_token_2022::{
            self,
            extension::{BaseStateWithExtensions, ExtensionType, StateWithExtensions},
        },
        transfer_checked,
    },
};

/// What a listing may allow, as bits of `Collateral::extensions`.
pub mod extension {
    /// Somebody may freeze the vault. No withdrawal then.
    pub const FREEZE_AUTHORITY: u8 = 1;
    /// A transfer may cost a fee. What arrives is credited, what leaves is debited.
    pub const TRANSFER_FEE: u8 = 2;
    /// Somebody may take tokens out of the vault: its holders trust that key with all of it.
    pub const PERMANENT_DELEGATE: u8 = 4;
    /// Somebody may stop every transfer.
    pub const PAUSABLE: u8 = 8;
    /// Somebody may close the mint once there are no tokens; another one may then open at its address. What it allows is
    /// asked again at every deposit.
    pub const CLOSE_AUTHORITY: u8 = 16;
    /// Wallets may hold hidden balances; the vault never does.
    pub const CONFIDENTIAL: u8 = 32;
    /// New token accounts, so also the vault, begin in a state of the issuer's choice.
    pub const DEFAULT_STATE: u8 = 64;
    /// Every bit that has a meaning.
    pub const ALL: u8 = 127;
}

/// What an extension needs of the listing; `None`: it is never taken.
const fn required(of: ExtensionType) -> Option<u8> {
    Some(match of {
        ExtensionType::TransferFeeConfig => extension::TRANSFER_FEE,
        ExtensionType::PermanentDelegate => extension::PERMANENT_DELEGATE,
        ExtensionType::Pausable => extension::PAUSABLE,
        ExtensionType::MintCloseAuthority => extension::CLOSE_AUTHORITY,
        ExtensionType::ConfidentialTransferMint | ExtensionType::ConfidentialTransferFeeConfig => {
            extension::CONFIDENTIAL
        }
        ExtensionType::DefaultAccountState => extension::DEFAULT_STATE,
        // Words and pictures: no power over tokens.
        ExtensionType::MetadataPointer
        | ExtensionType::TokenMetadata
        | ExtensionType::GroupPointer
        | ExtensionType::TokenGroup
        | ExtensionType::GroupMemberPointer
        | ExtensionType::TokenGroupMember => 0,
        // Hooks: a program of the issuer's choice that transfers call, with accounts that only it knows. Non-transferable:
        // cannot be withdrawn. Interest and scaled amounts: a token is not what its price is of. Hidden supply. And whatever
        // else there will be.
        _ => return None,
    })
}

/// Refuses a mint that could do what the listing does not allow. Asked at the listing and at every deposit.
pub fn require_allowed(mint: &InterfaceAccount<Mint>, allowed: u8) -> Result<()> {
    let mut needed = 0;
    if mint.freeze_authority.is_some() {
        needed |= extension::FREEZE_AUTHORITY;
    }
    let info = mint.to_account_info();
    if *info.owner == spl_token_2022::ID {
        let data = info.try_borrow_data()?;
        let state = StateWithExtensions::<spl_token_2022::state::Mint>::unpack(&data)?;
        // Fails on a number that the interface does not know: such a mint is refused too.
        let present = state.get_extension_types();
        for each in present.map_err(|_| MarginPoolError::ExtensionRefused)? {
            needed |= required(each).ok_or(MarginPoolError::ExtensionRefused)?;
        }
    }
    require!(needed & !allowed == 0, MarginPoolError::ExtensionNotAllowed);
    Ok(())
}

/// As [`require_allowed`], of bits that a proposal names: each must have a meaning.
pub fn require_listable(mint: &InterfaceAccount<Mint>, allowed: u8) -> Result<()> {
    require!(
        allowed & !extension::ALL == 0,
        MarginPoolError::ParameterOutOfRange
    );
    require_allowed(mint, allowed)
}

/// One transfer, between accounts that the caller has checked.
pub struct Transfer<'a, 'info> {
    pub program: &'a Interface<'info, TokenInterface>,
    pub mint: &'a InterfaceAccount<'info, Mint>,
    pub from: &'a InterfaceAccount<'info, TokenAccount>,
    pub to: &'a InterfaceAccount<'info, TokenAccount>,
    pub authority: AccountInfo<'info>,
}

impl Transfer<'_, '_> {
    /// `seeds` sign for a derived authority; empty otherwise.
    pub fn run(&self, amount: u64, seeds: &[&[&[u8]]]) -> Result<()> {
        let accounts = TransferChecked {
            from: self.from.to_account_info(),
            mint: self.mint.to_account_info(),
            to: self.to.to_account_info(),
            authority: self.authority.clone(),
        };
        let cpi = CpiContext::new_with_signer(self.program.key(), accounts, seeds);
        transfer_checked(cpi, amount, self.mint.decimals)
    }

    /// Into a vault: returns what arrived, which a fee makes less than `amount`.
    pub fn receive(&self, amount: u64) -> Result<u64> {
        let before = balance(&self.to.to_account_info())?;
        self.run(amount, &[])?;
        let after = balance(&self.to.to_account_info())?;
        let received = after.checked_sub(before).ok_or(MarginPoolError::Overflow)?;
        // A fee can be all of it.
        require!(received > 0, MarginPoolError::AmountZero);
        Ok(received)
    }
}

/// What lies in a token account now, whatever was read of it before.
fn balance(account: &AccountInfo) -> Result<u64> {
    let data = account.try_borrow_data()?;
    let state = StateWithExtensions::<spl_token_2022::state::Account>::unpack(&data)?;
    Ok(state.base.amount)
}

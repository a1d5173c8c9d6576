//! What shares cost and what they pay: plain arithmetic, rounded against whoever deposits or redeems.
//!
//! One measure serves both ways: all staked tokens at their full book price plus everything else that the vault's margin
//! account is worth. The weight at which the pool counts a token as collateral is about margin, not about what the
//! token is worth: a vault that priced deposits by one and redemptions by the other would leave the difference to
//! whoever comes next.
//!
//! [`VIRTUAL_SHARES`] belong to nobody and are counted beside those there are, so that a share's price cannot be driven up
//! by a gift: nearly all of it goes to the virtual shares, and its donor gets none of that back.

use {crate::error::BasisVaultError, anchor_lang::prelude::*};

/// Decimals of the shares: a whole one is a dollar at first.
pub const SHARE_DECIMALS: u8 = 9;
/// Smallest units of shares that nobody holds, and the micro-USD that they count for.
pub const VIRTUAL_SHARES: u64 = 1_000;
pub const VIRTUAL_ASSETS: u64 = 1;

/// What the vault's margin account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Staked tokens, smallest unit.
    pub tokens: u64,
    /// Book price of a whole token, micro-USD.
    pub price: u64,
    /// Smallest units of a whole token; at least 1.
    pub unit: u64,
    /// What all else is worth (cash, interest, profit and funding of the short), micro-USD, at least and at most: the pool
    /// rounds.
    pub rest: Between,
}

/// The bounds of a number that is known to a few units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    pub least: i64,
    pub most: i64,
}

/// What burnt shares pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Smallest unit of the staked token.
    pub tokens: u64,
    /// Micro-USD of the quote currency.
    pub cash: u64,
}

impl Holdings {
    /// Value of so many of the staked tokens, micro-USD, rounded down.
    fn of_tokens(&self, tokens: u64) -> u128 {
        u128::from(tokens) * u128::from(self.price) / u128::from(self.unit.max(1))
    }

    /// Value of the vault, micro-USD, at least: as its shares are priced for who leaves.
    #[must_use]
    pub fn at_least(&self) -> i128 {
        // Below 2¹²⁷: two numbers below 2⁶⁴ multiplied, less what the division takes.
        i128::try_from(self.of_tokens(self.tokens))
            .unwrap_or(i128::MAX)
            .saturating_add(i128::from(self.rest.least))
    }

    /// Value of the vault, micro-USD, at most: as its shares are priced for who comes.
    #[must_use]
    pub fn at_most(&self) -> i128 {
        let exact = u128::from(self.tokens) * u128::from(self.price);
        i128::try_from(exact.div_ceil(u128::from(self.unit.max(1))))
            .unwrap_or(i128::MAX)
            .saturating_add(i128::from(self.rest.most))
    }

    /// Shares for `amount` tokens put into a vault that holds this and has `supply` shares, rounded down. Refuses a vault
    /// whose shares are worth nothing: the newcomer would pay its debts or take all that its holders may yet get.
    pub fn shares_for(&self, amount: u64, supply: u64) -> Result<u64> {
        let before = self.at_most();
        let worthless = before < 0 || (before == 0 && supply > 0);
        require!(!worthless, BasisVaultError::Worthless);
        let assets = before.unsigned_abs() + u128::from(VIRTUAL_ASSETS);
        let shares = u128::from(supply) + u128::from(VIRTUAL_SHARES);
        let product = self.of_tokens(amount).checked_mul(shares);
        let minted = product.ok_or(BasisVaultError::Overflow)? / assets;
        u64::try_from(minted).map_err(|_| BasisVaultError::Overflow.into())
    }

    /// What `shares` of `supply` pay: their part of the tokens and their part of all else, each rounded down. What is worth less
    /// than nothing is taken out of the tokens.
    pub fn payment(&self, shares: u64, supply: u64) -> Result<Payment> {
        require!(shares <= supply, BasisVaultError::TooManyShares);
        let all = u128::from(supply) + u128::from(VIRTUAL_SHARES);
        let part = |of: u64| u128::from(of) * u128::from(shares);
        let tokens = part(self.tokens) / all;
        let rest = part(self.rest.least.unsigned_abs());
        let (tokens, cash) = if self.rest.least >= 0 {
            (tokens, rest / all)
        } else {
            let owed = rest.div_ceil(all) * u128::from(self.unit);
            require!(self.price > 0, BasisVaultError::Worthless);
            (
                tokens.saturating_sub(owed.div_ceil(u128::from(self.price))),
                0,
            )
        };
        // No more than what they are parts of.
        let narrow = |n| u64::try_from(n).map_err(|_| error!(BasisVaultError::Overflow));
        Ok(Payment {
            tokens: narrow(tokens)?,
            cash: narrow(cash)?,
        })
    }

    /// What a whole share is worth, micro-USD, rounded down; none below zero.
    pub fn share_price(&self, supply: u64) -> Result<u64> {
        let assets = u128::try_from(self.at_least()).unwrap_or(0) + u128::from(VIRTUAL_ASSETS);
        let one = 10u128.pow(u32::from(SHARE_DECIMALS));
        let product = assets.checked_mul(one).ok_or(BasisVaultError::Overflow)?;
        let price = product / (u128::from(supply) + u128::from(VIRTUAL_SHARES));
        u64::try_from(price).map_err(|_| BasisVaultError::Overflow.into())
    }
}

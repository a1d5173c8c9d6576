//! The chain's own margin check on decoded accounts: what it would decide about them right now.

use {
    crate::error::SdkError,
    anchor_lang::AnchorDeserialize,
    cep_risk::{Breakdown, Kind, Scratch},
    margin_pool::{
        MarginReport,
        margin::{BookParts, Books, Snapshot},
        state::{MarginAccount, Pool, standing},
    },
    std::collections::BTreeSet,
};

/// Both requirements of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    pub initial: Breakdown,
    pub maintenance: Breakdown,
    /// What `margin_pool::check_margin` returns, to the unit.
    pub report: MarginReport,
    /// Sum of the initial requirements of the same holdings one by one.
    pub isolated_initial: i64,
}

impl Health {
    /// `books` by the pool's underlying index, and judged at its `now`; one for each underlying the account is
    /// exposed to, of which others are left out.
    ///
    /// # Errors
    /// [`SdkError::Margin`] when a book is missing or not ready, as the chain would refuse.
    pub fn of<B: BookParts>(
        pool: &Pool,
        account: &MarginAccount,
        books: &Books<B>,
    ) -> Result<Self, SdkError> {
        let needed = exposed_underlyings(pool, account);
        let books = books.only(|index| needed.contains(&index));
        let mut scratch = Scratch::new();
        let report = MarginReport::of(pool, account, &books, &mut scratch)?;
        let snapshot = Snapshot::of(pool, account, &books)?;
        Ok(Self {
            initial: report.initial.into(),
            maintenance: report.maintenance.into(),
            report,
            isolated_initial: snapshot.isolated(pool, &books, Kind::Initial, &mut scratch)?,
        })
    }

    /// Equity over maintenance margin; `None` when nothing is required. For display.
    #[must_use]
    pub fn factor(&self) -> Option<f64> {
        self.maintenance
            .health_factor_ppm()
            .map(|ppm| ppm as f64 / 1e6)
    }
}

/// The pool's underlyings that an account is exposed to, and in auction those it settled losses in, in order: whose pairs its
/// instructions need.
#[must_use]
pub fn exposed_underlyings(pool: &Pool, account: &MarginAccount) -> BTreeSet<u8> {
    let positions = account
        .positions
        .iter()
        .filter(|p| !p.is_free())
        .map(|p| p.underlying);
    let collaterals = account
        .collaterals
        .iter()
        .zip(&pool.collaterals)
        .filter(|(amount, _)| **amount > 0)
        .flat_map(|(_, listed)| [listed.underlying, listed.base]);
    // Who pays for it while it is in auction needs to know what it lost in.
    let lost = match account.in_liquidation {
        standing::IN_AUCTION => account.lost_in(),
        _ => 0,
    };
    let lost = (0..8).filter(|index| lost & 1u8.wrapping_shl(u32::from(*index)) != 0);
    positions.chain(collaterals).chain(lost).collect()
}

/// What [`crate::instruction::pool::check_margin`] returned, from a transaction or its simulation; `None` for other
/// data.
#[must_use]
pub fn report_from_return_data(data: &[u8]) -> Option<MarginReport> {
    MarginReport::try_from_slice(data).ok()
}

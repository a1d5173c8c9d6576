//! The chain's own margin check on decoded accounts: what it would decide about them right now.

use {
    crate::error::SdkError,
    cep_risk::{Breakdown, Kind, Scratch},
    margin_pool::{
        margin::{Books, Snapshot},
        state::{MarginAccount, Pool},
    },
    risk_engine::state::RiskBook,
    std::collections::BTreeSet,
};

/// Both requirements of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    pub initial: Breakdown,
    pub maintenance: Breakdown,
    /// Sum of the initial requirements of the same holdings one by one.
    pub isolated_initial: i64,
}

impl Health {
    /// `books` by the pool's underlying index; one for each underlying the account is exposed to. `now` is the
    /// cluster's time, Unix seconds: prices are judged by their age.
    ///
    /// # Errors
    /// [`SdkError::Margin`] when a book is missing or not ready, as the chain would refuse.
    pub fn of(
        pool: &Pool,
        account: &MarginAccount,
        books: &[(u8, &RiskBook)],
        now: i64,
    ) -> Result<Self, SdkError> {
        let books = Books {
            list: books.to_vec(),
            now,
        };
        let snapshot = Snapshot::of(pool, account, &books)?;
        let mut scratch = Scratch::new();
        Ok(Self {
            initial: snapshot.evaluate(pool, &books, Kind::Initial, &mut scratch)?,
            maintenance: snapshot.evaluate(pool, &books, Kind::Maintenance, &mut scratch)?,
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

/// The pool's underlyings that an account is exposed to, in order: whose pairs its instructions need.
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
        .map(|(_, listed)| listed.underlying);
    positions.chain(collaterals).collect()
}

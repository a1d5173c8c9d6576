use {
    super::{BookParts, Books, RiskAccounts, Snapshot, Underlyings},
    crate::state::{MarginAccount, Pool},
    anchor_lang::prelude::*,
    cep_risk::{Breakdown, Kind, Scratch},
};

/// All that a margin check finds out. Returned by `check_margin`. Money is micro-USD; underlyings are bits by
/// their index in the pool, and only those that move the account count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct MarginReport {
    pub initial: Requirement,
    pub maintenance: Requirement,
    /// Equity less maintenance requirement; negative means that the account can be liquidated.
    pub health: i64,
    /// Equity over maintenance requirement, ppm; `None` when nothing is required.
    pub health_factor: Option<i64>,
    /// In doubt by their oracles: see `risk_engine::state::degraded`.
    pub degraded: Underlyings,
    /// Whose price is too old to act on.
    pub stale_prices: Underlyings,
    /// Whose options' curves are stale, or read at a price in doubt.
    pub stale_curves: Underlyings,
    /// Whose scenarios stand for too low a volatility.
    pub lagging_scenarios: Underlyings,
    pub in_liquidation: bool,
}

/// See `cep_risk::Breakdown` and `cep_risk::Addons`, whose fields these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct Requirement {
    pub equity: i64,
    pub requirement: i64,
    pub expected_shortfall: i64,
    pub stress: i64,
    pub worst_stress_row: u8,
    pub retained: i64,
    pub concentration: i64,
    pub oracle: i64,
    pub basis: i64,
    pub short_option: i64,
    pub doubt: i64,
}

impl MarginReport {
    /// Refuses as [`Snapshot::of`] and [`Snapshot::evaluate`] do.
    pub fn of<B: BookParts>(
        pool: &Pool,
        account: &MarginAccount,
        books: &Books<B>,
        scratch: &mut Scratch,
    ) -> Result<Self> {
        let snapshot = Snapshot::of(pool, account, books)?;
        let initial = snapshot.evaluate(pool, books, Kind::Initial, scratch)?;
        let maintenance = snapshot.evaluate(pool, books, Kind::Maintenance, scratch)?;
        Ok(Self {
            initial: Requirement::from(&initial),
            maintenance: Requirement::from(&maintenance),
            health: maintenance.health(),
            health_factor: maintenance.health_factor_ppm(),
            degraded: snapshot.exposed & books.which(|book| book.degraded != 0),
            stale_prices: snapshot.exposed & books.which(|book| !book.price_is_fresh(books.now)),
            stale_curves: snapshot.stale_curves,
            lagging_scenarios: snapshot.lagging(books),
            in_liquidation: account.in_liquidation != 0,
        })
    }
}

/// Equity less initial margin of an account that took over a part of another, on prices that liquidation may use. `remaining`:
/// the pairs of all it is exposed to.
pub fn health_after_bid<'info>(
    pool: &Pool,
    account: &MarginAccount,
    remaining: &'info [AccountInfo<'info>],
) -> Result<i64> {
    let risk = RiskAccounts::load(pool, remaining)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    books.require_usable_in_liquidation()?;
    let snapshot = Snapshot::in_liquidation(pool, account, &books)?;
    let after = snapshot.evaluate(pool, &books, Kind::Initial, &mut Scratch::new())?;
    Ok(after.health())
}

impl From<&Breakdown> for Requirement {
    fn from(b: &Breakdown) -> Self {
        Self {
            equity: b.equity,
            requirement: b.requirement,
            expected_shortfall: b.expected_shortfall,
            stress: b.stress,
            // One of sixteen rows.
            worst_stress_row: u8::try_from(b.worst_stress_row).unwrap_or(u8::MAX),
            retained: b.retained,
            concentration: b.addons.concentration,
            oracle: b.addons.oracle,
            basis: b.addons.basis,
            short_option: b.addons.short_option,
            doubt: b.addons.doubt,
        }
    }
}

impl From<Requirement> for Breakdown {
    fn from(r: Requirement) -> Self {
        Self {
            equity: r.equity,
            requirement: r.requirement,
            expected_shortfall: r.expected_shortfall,
            stress: r.stress,
            worst_stress_row: usize::from(r.worst_stress_row),
            retained: r.retained,
            addons: cep_risk::Addons {
                concentration: r.concentration,
                oracle: r.oracle,
                basis: r.basis,
                short_option: r.short_option,
                doubt: r.doubt,
            },
        }
    }
}

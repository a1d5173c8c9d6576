//! The requirement of a portfolio: Expected Shortfall of the whole, floored by stress rows and by a
//! limit on how far underlyings may offset each other, plus add-ons.
//!
//! `core = max(ES, stress weight x worst stress row, retained x sum of own worst rows)`
//! `requirement = factor x core + oracle add-on`, with factor 1 for initial margin.

use {
    crate::{
        MAX_UNDERLYINGS, PPM, ROWS, STRESS_ROWS,
        error::RiskError,
        rows::{self, Column, one_loss, to_micro_usd},
        tail::{TAIL_99, TAIL_975, Undecided, expected_shortfall_of_linear},
        units::{Notional, Price, Quantity, mul_ppm_ceil},
    },
    alloc::{boxed::Box, vec, vec::Vec},
    core::cmp::max,
};

/// Which requirement is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Needed after adding risk or withdrawing: ES at 99 %.
    Initial,
    /// Below it an account may be liquidated: ES at 97.5 % times the maintenance factor. Never above
    /// the initial requirement, since the tail is wider and the factor is at most one.
    Maintenance,
}

/// Parameters of the requirement, in parts per million. Ranges are checked by [`MarginParams::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginParams {
    /// Weight of the worst mandated stress row; 0 ..= 1,000,000.
    pub stress_weight: u64,
    /// Part of the sum of each underlying's own worst row that no offset can remove
    /// (1 - maximum credit); 0 ..= 1,000,000.
    pub retained: u64,
    /// Maintenance requirement over ES at 97.5 %; 300,000 ..= 1,000,000.
    pub maintenance_factor: u64,
    /// Oracle confidence intervals added per unit of net exposure; 0 ..= 10,000,000 (ten intervals).
    pub confidence_multiple: u64,
}

impl MarginParams {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        if self.stress_weight > PPM
            || self.retained > PPM
            || self.maintenance_factor < 300_000
            || self.maintenance_factor > PPM
            || self.confidence_multiple > 10 * PPM
        {
            return Err(RiskError::BadParameter);
        }
        Ok(())
    }
}

/// What a margin check needs to know of one underlying.
#[derive(Clone, Copy)]
pub struct Book<'a> {
    pub price: Price,
    /// Oracle confidence interval, micro-USD per contract.
    pub confidence: u64,
    /// Simple returns over the joint draws (Q24), scaled to this underlying's volatility.
    pub returns: &'a Column,
    /// Smallest and largest entry of `returns`.
    pub extremes: (i32, i32),
    /// Weights of the joint draws; the same in every book of one scenario set.
    pub weights: &'a [u32; ROWS],
    /// Simple returns of the mandated stress rows (Q24), as they are.
    pub stress: &'a [i32; STRESS_ROWS],
    /// Which scenario set the columns were scaled from; books of one portfolio must agree.
    pub scenario_set: u64,
}

/// One position or collateral balance.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// Index of its underlying in the portfolio's books.
    pub book: usize,
    pub quantity: Quantity,
    /// Micro-USD already exchanged for it: negative what a long paid. Zero for collateral.
    pub quote: i64,
}

/// An account as the risk engine sees it. All its positions are linear in this release.
#[derive(Clone, Copy)]
pub struct Portfolio<'a> {
    /// Settled micro-USD; negative is borrowed.
    pub cash: i64,
    pub holdings: &'a [Holding],
    pub books: &'a [Book<'a>],
}

/// The answer, with what explains it. Micro-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// Cash, collateral at the index price and unrealised profit, rounded down.
    pub equity: i64,
    /// What equity must at least be, rounded up.
    pub requirement: i64,
    pub expected_shortfall: i64,
    /// Weighted worst mandated row, and its position in the set.
    pub stress: i64,
    pub worst_stress_row: usize,
    /// The floor from the cross-underlying credit limit.
    pub retained: i64,
    pub oracle_addon: i64,
}

impl Breakdown {
    /// Equity less requirement; negative means short of it. Saturates.
    #[must_use]
    pub const fn health(&self) -> i64 {
        self.equity.saturating_sub(self.requirement)
    }

    /// Equity over requirement in parts per million; `None` when nothing is required.
    #[must_use]
    pub fn health_factor_ppm(&self) -> Option<i64> {
        if self.requirement <= 0 {
            return None;
        }
        let ppm = i128::from(self.equity) * i128::from(PPM) / i128::from(self.requirement);
        Some(i64::try_from(ppm).unwrap_or(i64::MAX))
    }
}

/// Working memory of a margin check: one per transaction on chain, where the heap never frees. Made of
/// zeroed boxes, since 5 KB would not fit the 4 KiB frame that a value passes through.
pub struct Scratch {
    losses: Box<[i64; ROWS]>,
    undecided: Box<Undecided>,
}

impl Scratch {
    #[must_use]
    pub fn new() -> Self {
        Self {
            losses: zeroed(),
            undecided: zeroed(),
        }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

fn zeroed<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    // `vec!` asks the allocator for zeroed memory. Its length is N, so the conversion cannot fail.
    match vec![T::default(); N].into_boxed_slice().try_into() {
        Ok(boxed) => boxed,
        Err(_) => unreachable!(),
    }
}

impl Portfolio<'_> {
    /// Equity and requirement.
    ///
    /// # Errors
    /// See [`RiskError`]; none is reachable within the margin pool's admission limits.
    pub fn evaluate(
        &self,
        params: &MarginParams,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<Breakdown, RiskError> {
        let net = Net::of(self)?;
        let mut out = Breakdown {
            equity: net.equity,
            ..Breakdown::default()
        };
        let (exposures, used) = net.exposed(self.books);
        let Some(first) = used.first() else {
            return Ok(out);
        };
        if used
            .iter()
            .any(|book| book.scenario_set != first.scenario_set)
        {
            return Err(RiskError::MixedScenarioSets);
        }
        let columns: Vec<&Column> = used.iter().map(|book| book.returns).collect();
        let (tail, factor) = match kind {
            Kind::Initial => (TAIL_99, PPM),
            Kind::Maintenance => (TAIL_975, params.maintenance_factor),
        };
        let es = expected_shortfall_of_linear(
            &exposures,
            &columns,
            first.weights,
            tail,
            &mut scratch.losses,
            &mut scratch.undecided,
        )?;
        out.expected_shortfall = max(to_micro_usd(es)?, 0);
        (out.stress, out.worst_stress_row) = worst_stress(&exposures, &used, params)?;
        out.retained = mul_ppm_ceil(own_worst(&exposures, &used)?, params.retained)?;
        out.oracle_addon =
            mul_ppm_ceil(net.confidence.ceil_micro_usd()?, params.confidence_multiple)?;
        let core = max(out.expected_shortfall, max(out.stress, out.retained));
        out.requirement = mul_ppm_ceil(core, factor)?
            .checked_add(out.oracle_addon)
            .ok_or(RiskError::Overflow)?;
        Ok(out)
    }

    /// What the same holdings would need one by one, with no offset between them: the sum of their
    /// own requirements under the same scenarios.
    ///
    /// # Errors
    /// As [`Portfolio::evaluate`].
    pub fn isolated(
        &self,
        params: &MarginParams,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<i64, RiskError> {
        let mut total = 0i64;
        for holding in self.holdings {
            let alone = Portfolio {
                cash: 0,
                holdings: core::slice::from_ref(holding),
                ..*self
            };
            let requirement = alone.evaluate(params, kind, scratch)?.requirement;
            total = total.checked_add(requirement).ok_or(RiskError::Overflow)?;
        }
        Ok(total)
    }
}

/// Holdings netted by underlying.
struct Net {
    quantity: [i128; MAX_UNDERLYINGS],
    exposure: [Notional; MAX_UNDERLYINGS],
    /// Net quantity x confidence, over all underlyings.
    confidence: Notional,
    equity: i64,
}

impl Net {
    fn of(portfolio: &Portfolio<'_>) -> Result<Self, RiskError> {
        if portfolio.books.len() > MAX_UNDERLYINGS {
            return Err(RiskError::TooManyUnderlyings);
        }
        let mut quantity = [0i128; MAX_UNDERLYINGS];
        let mut money = i128::from(portfolio.cash);
        for holding in portfolio.holdings {
            if holding.book >= portfolio.books.len() {
                return Err(RiskError::MissingBook);
            }
            let slot = quantity
                .get_mut(holding.book)
                .ok_or(RiskError::MissingBook)?;
            // At most 2⁸ holdings of less than 2⁶³ each.
            *slot += i128::from(holding.quantity.0);
            money += i128::from(holding.quote);
        }
        let mut exposure = [Notional(0); MAX_UNDERLYINGS];
        let (mut value, mut confidence) = (Notional(0), Notional(0));
        for ((slot, q), book) in exposure.iter_mut().zip(&quantity).zip(portfolio.books) {
            let q = Quantity(i64::try_from(*q).map_err(|_| RiskError::ExposureTooLarge)?);
            *slot = q.at(book.price);
            value += *slot;
            confidence += q.times_micro(book.confidence).abs();
        }
        // One rounding for the whole account, down.
        let equity = i128::from(value.floor_micro_usd()?) + money;
        let equity = i64::try_from(equity).map_err(|_| RiskError::Overflow)?;
        Ok(Self {
            quantity,
            exposure,
            confidence,
            equity,
        })
    }

    /// The underlyings with a net exposure: a hedged one costs nothing to check.
    fn exposed<'b, 'a>(&self, books: &'b [Book<'a>]) -> (Vec<Notional>, Vec<&'b Book<'a>>) {
        self.exposure
            .iter()
            .zip(&self.quantity)
            .zip(books)
            .filter(|((_, quantity), _)| **quantity != 0)
            .map(|((exposure, _), book)| (*exposure, book))
            .unzip()
    }
}

fn worst_stress(
    exposures: &[Notional],
    books: &[&Book<'_>],
    params: &MarginParams,
) -> Result<(i64, usize), RiskError> {
    let columns: Vec<&[i32; STRESS_ROWS]> = books.iter().map(|book| book.stress).collect();
    let mut losses = [0; STRESS_ROWS];
    rows::stress_losses(exposures, &columns, &mut losses)?;
    let mut worst = (0i64, 0usize);
    for (row, loss) in losses.into_iter().enumerate() {
        if loss > worst.0 {
            worst = (loss, row);
        }
    }
    Ok((
        mul_ppm_ceil(to_micro_usd(worst.0)?, params.stress_weight)?,
        worst.1,
    ))
}

/// Sum over underlyings of each one's own worst joint row, micro-USD.
fn own_worst(exposures: &[Notional], books: &[&Book<'_>]) -> Result<i64, RiskError> {
    let mut total = 0i64;
    for (exposure, book) in exposures.iter().zip(books) {
        let worst_return = if exposure.0 > 0 {
            book.extremes.0
        } else {
            book.extremes.1
        };
        let loss = max(one_loss(core::iter::once((*exposure, worst_return)))?, 0);
        total = total.checked_add(loss).ok_or(RiskError::Overflow)?;
    }
    to_micro_usd(total)
}

//! What is added to the scenarios' requirement: the price of getting out, doubt about the price, and basis.

use {
    super::{
        AddonParams, Book, Kind, MarginParams,
        net::{Net, contracts, delta_times},
    },
    crate::{
        PPM,
        error::RiskError,
        units::{Notional, Quantity, mul_ppm_ceil},
    },
};

/// Add-ons in micro-USD, each rounded up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addons {
    /// Market impact of closing the net deltas.
    pub concentration: i64,
    /// Oracle confidence, and for initial margin the age of the price.
    pub oracle: i64,
    /// Dated instruments against the index.
    pub basis: i64,
    /// What the minimum on short options adds to the scenarios' requirement.
    pub short_option: i64,
    /// For initial margin, net deltas at an index price in doubt: see [`Book::doubt`].
    pub doubt: i64,
}

impl Addons {
    /// All but `short_option`, which depends on the requirement itself.
    pub(super) fn of(
        net: &Net<'_>,
        books: &[Book<'_>],
        params: &MarginParams,
        kind: Kind,
    ) -> Result<Self, RiskError> {
        let mut confidence = Notional(0);
        let (mut concentration, mut age, mut doubt) = (0i64, 0i64, 0i64);
        for (book, delta) in books.iter().zip(net.delta).filter(|(_, delta)| *delta != 0) {
            confidence += delta_times(delta, book.confidence)?;
            let aging = kind == Kind::Initial && book.age != 0 && params.addons.age_multiple != 0;
            let doubted = kind == Kind::Initial && book.doubt != 0;
            let impacting = book.daily_volume != 0 && params.addons.impact != 0;
            if !aging && !impacting && !doubted {
                continue;
            }
            let exposure = delta_times(delta, book.price.micro_usd())?.ceil_micro_usd()?;
            if impacting {
                let size = contracts(delta)?;
                concentration = add(concentration, impact(exposure, size, book, &params.addons)?)?;
            }
            if aging {
                age = add(age, aged(exposure, book, &params.addons)?)?;
            }
            // At 1,000,000 the whole exposure: a long counts for nothing, a short is held at its value again.
            // Never in maintenance: a bad feed liquidates nobody.
            if doubted {
                doubt = add(doubt, part(exposure, u128::from(book.doubt))?)?;
            }
        }
        let confidence = mul_ppm_ceil(confidence.ceil_micro_usd()?, params.confidence_multiple)?;
        let million = i128::from(PPM);
        // Parts per million of 10⁻¹² USD, rounded up to them and then to micro-USD.
        let basis = Notional((net.basis + million - 1) / million).ceil_micro_usd()?;
        // Below the initial one as all of maintenance margin is: a basis that moves must not open an auction at once.
        let basis = match kind {
            Kind::Initial => basis,
            Kind::Maintenance => mul_ppm_ceil(basis, params.maintenance_factor)?,
        };
        Ok(Self {
            concentration,
            oracle: add(confidence, age)?,
            basis,
            short_option: 0,
            doubt,
        })
    }

    /// Sum of all five.
    pub(super) fn total(&self) -> Result<i64, RiskError> {
        let price = add(self.oracle, self.doubt)?;
        add(
            add(self.concentration, price)?,
            add(self.basis, self.short_option)?,
        )
    }
}

/// `exposure x impact x sigma x root(size / daily volume)`, times `share / allowed share` of open
/// interest where that exceeds one; at most the whole exposure. The square-root law of market impact (Almgren and
/// others 2005, "Direct estimation of equity market impact"; Tóth and others 2011).
///
/// Continuous in the size to the micro-USD: a rate in whole parts per million would move the charge on a large position by
/// more than the contracts that moved it are worth. Rounded up at each step.
fn impact(
    exposure: i64,
    size: Quantity,
    book: &Book<'_>,
    params: &AddonParams,
) -> Result<i64, RiskError> {
    let size = u128::from(size.0.unsigned_abs());
    if size == 0 {
        return Ok(0);
    }
    // Volatility and volume of the same time, the horizon.
    let volume = u128::from(book.daily_volume) * u128::from(book.horizon)
        / u128::from(crate::SECONDS_PER_DAY);
    // As many bits under the root as there are, an even number of them: at least 64, since a size has no more than 64.
    let bits = size.leading_zeros() & !1;
    // Below 2⁶⁴, one unit up; the volatility is below 2³⁸ in Q32.
    let root = ((size << bits) / volume.max(1)).isqrt() + 1;
    let moved = ((root * u128::from(book.sigma)) >> (bits / 2 + 32 - RATE_BITS)) + 1;
    // Past 2³⁴ the least impact of a millionth makes it the whole exposure anyway. Impact is 10 at most, below 2³⁶ in Q32.
    let impact = (u128::from(params.impact) << 32) / u128::from(PPM) + 1;
    let mut rate = ((moved.min(1 << (34 + RATE_BITS)) * impact) >> 32).min(WHOLE);
    let (share, allowed) = (
        size * u128::from(PPM),
        u128::from(book.open_interest) * u128::from(params.open_interest_share),
    );
    if book.open_interest != 0 && share > allowed {
        // Q40: the share is below 2⁸⁴. A factor of 2³¹ is more than any share makes.
        let factor = ((share << 40) / allowed.max(1)).min(1 << 71);
        rate = ((rate * factor) >> 40) + 1;
    }
    let rate = rate.saturating_add(1).min(WHOLE);
    // Below 2⁶³ x 2⁵⁶.
    let charge = (u128::from(exposure.unsigned_abs()) * rate + (WHOLE - 1)) >> RATE_BITS;
    i64::try_from(charge).map_err(|_| RiskError::Overflow)
}

/// Bits of a rate of impact below one, and one.
const RATE_BITS: u32 = 56;
const WHOLE: u128 = 1 << RATE_BITS;

/// `exposure x multiple x sigma x root(age / horizon)`, at most the whole exposure.
fn aged(exposure: i64, book: &Book<'_>, params: &AddonParams) -> Result<i64, RiskError> {
    let root = ((u128::from(book.age) << 32) / u128::from(book.horizon.max(1))).isqrt() + 1;
    let moved = (root * u128::from(book.sigma)) >> 16;
    part(
        exposure,
        ((moved * u128::from(params.age_multiple)) >> 32) + 1,
    )
}

fn part(exposure: i64, ppm: u128) -> Result<i64, RiskError> {
    mul_ppm_ceil(exposure, u64::try_from(ppm).unwrap_or(PPM).min(PPM))
}

fn add(a: i64, b: i64) -> Result<i64, RiskError> {
    a.checked_add(b).ok_or(RiskError::Overflow)
}

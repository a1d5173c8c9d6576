use {
    crate::{error::MarginPoolError, state::add},
    anchor_lang::prelude::*,
    cep_risk::{
        Price,
        fixed::div_wide,
        funding::{AVERAGE_BITS, FundingParams},
    },
    risk_engine::state::RiskBook,
};

/// Funding of a market's perpetual; see [`cep_risk::funding`].
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Funding {
    /// What a long of one contract has paid since the beginning, micro-USD, 2⁻²⁰.
    pub index: i64,
    /// The average premium, parts per billion of the index price, 2⁻³²; positive: longs pay.
    pub average: i64,
    /// When the index was last brought up to date, Unix seconds; zero before the first time.
    pub updated_at: i64,
    /// Traded since the window of `updated_at` began, whole USD, and the sum of that times premium.
    pub volume: i64,
    pub weighted: i64,
    /// What the book's counters read then: see [`RiskBook::usable_seconds_at`] and [`RiskBook::price_integral_at`].
    pub usable_seconds: u64,
    pub price_integral: [u64; 2],
}

/// What a book knows of its price up to a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceHistory {
    /// In force.
    pub price: Price,
    /// Seconds in which there was a price to use, and its integral over them, micro-USD x seconds.
    pub usable_seconds: u64,
    pub integral: u128,
}

impl PriceHistory {
    /// [`MarginPoolError::BookNotReady`] before the book's first price.
    pub fn of(book: &RiskBook, now: i64) -> Result<Self> {
        Ok(Self {
            price: Price::new(book.price).map_err(|_| MarginPoolError::BookNotReady)?,
            usable_seconds: book.usable_seconds_at(now),
            integral: book.price_integral_at(now),
        })
    }

    /// The average price since an earlier reading, rounded down; the price in force if there was none in between.
    fn average_since(&self, usable_seconds: u64, integral: u128) -> Price {
        let seconds = self.usable_seconds.saturating_sub(usable_seconds);
        let area = self.integral.saturating_sub(integral);
        // Prices are below 2⁴⁵, so is their average.
        let (high, low) = words(area);
        match seconds {
            0 => self.price,
            _ => Price::new(div_wide(high, low, seconds)).unwrap_or(self.price),
        }
    }
}

/// High and low word.
fn words(wide: u128) -> (u64, u64) {
    let low = u64::try_from(wide & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    (u64::try_from(wide >> 64).unwrap_or(u64::MAX), low)
}

impl Funding {
    /// The average premium, parts per billion of the index price, rounded toward negative infinity.
    #[must_use]
    pub const fn premium(&self) -> i64 {
        self.average >> AVERAGE_BITS
    }

    /// The index as it is at `now`, for a reader. The same whoever brought it up to date in between and when, to the rounding
    /// of [`FundingParams::over`], while the price stands; while it moves, each gap counts at its average price.
    pub fn at(&self, params: &FundingParams, prices: &PriceHistory, now: i64) -> Result<i64> {
        Ok(self.after(params, prices, now)?.index)
    }

    /// Brings index and average to `now`.
    pub fn accrue(
        &mut self,
        params: &FundingParams,
        prices: &PriceHistory,
        now: i64,
    ) -> Result<()> {
        *self = self.after(params, prices, now)?;
        Ok(())
    }

    fn after(&self, params: &FundingParams, prices: &PriceHistory, now: i64) -> Result<Self> {
        let mut after = *self;
        let (high, low) = words(prices.integral);
        if self.updated_at == 0 {
            after.updated_at = now;
            (after.usable_seconds, after.price_integral) = (prices.usable_seconds, [low, high]);
            return Ok(after);
        }
        if now <= self.updated_at {
            return Ok(after);
        }
        let unix = |time| u64::try_from(time).unwrap_or(0);
        let traded = (self.weighted, self.volume.unsigned_abs());
        let span = params.over(self.average, traded, unix(self.updated_at), unix(now));
        if span.area != 0 {
            let [low, high] = self.price_integral.map(u128::from);
            let price = prices.average_since(self.usable_seconds, (high << 64) | low);
            let growth = params.growth(price, span.area);
            after.index = add(self.index, growth.map_err(MarginPoolError::from)?)?;
        }
        after.average = span.average;
        if span.window_ended {
            (after.volume, after.weighted) = (0, 0);
        }
        after.updated_at = now;
        (after.usable_seconds, after.price_integral) = (prices.usable_seconds, [low, high]);
        Ok(after)
    }

    /// Counts a trade worth `worth` (micro-USD, without sign). The funding was brought up to date before.
    pub fn observe(&mut self, params: &FundingParams, price: Price, index: Price, worth: u64) {
        let usd = i64::try_from(worth / 1_000_000).unwrap_or(i64::MAX);
        let weighted = usd.saturating_mul(params.premium(price, index));
        self.volume = self.volume.saturating_add(usd);
        self.weighted = self.weighted.saturating_add(weighted);
    }
}

const _: () = assert!(size_of::<Funding>() == 64);

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    const PARAMS: FundingParams = FundingParams {
        period: 28_800,
        time_constant: 3_600,
        clip: 5_000,
        depth: 100_000,
    };

    fn history(price: u64, usable_seconds: u64, integral: u128) -> PriceHistory {
        PriceHistory {
            price: Price::new(price).unwrap(),
            usable_seconds,
            integral,
        }
    }

    #[test]
    fn a_gap_counts_at_its_average_price_and_without_one_at_the_price_in_force() {
        // SETUP: 120 s after the first reading the average premium is 0.1 %; half the time at 100 USD, half at 300.
        let mut funding = Funding::zeroed();
        funding.accrue(&PARAMS, &history(7, 10, 70), 6_000).unwrap();
        funding.average = 1_000_000 << AVERAGE_BITS;
        let end = history(300_000_000, 70, 70 + 12_000_000_000);
        let index = funding.at(&PARAMS, &end, 6_060).unwrap();
        let at =
            |price| PARAMS.growth(Price::new(price).unwrap(), i128::from(funding.average) * 60);
        assert_eq!(index, at(200_000_000).unwrap());
        // CHECK: no usable second in between.
        let index = funding.at(&PARAMS, &history(300_000_000, 10, 70), 6_060);
        assert_eq!(index.unwrap(), at(300_000_000).unwrap());
        // A clock that stands or runs backwards changes nothing.
        assert_eq!(funding.after(&PARAMS, &end, 6_000).unwrap(), funding);
        assert_eq!(funding.after(&PARAMS, &end, 5_000).unwrap(), funding);
    }
}

use {
    crate::error::RiskEngineError,
    anchor_lang::prelude::*,
    cep_risk::{
        Book, Price, ROWS, SECONDS_PER_DAY, STRESS_ROWS,
        margin::{FLAT_LEVELS, FLAT_STRESS_LEVELS},
    },
};

/// Everything a margin check needs of one underlying. PDA `[seeds::BOOK, symbol]`.
///
/// `refresh` writes price and volatility, `refresh_scenarios` the columns; anyone may call either.
#[account(zero_copy)]
#[repr(C)]
pub struct RiskBook {
    pub config: Pubkey,
    pub symbol: [u8; 8],
    /// Pyth feed this book follows.
    pub feed_id: [u8; 32],
    /// Index price, micro-USD per whole contract; zero before the first refresh.
    pub price: u64,
    /// Oracle confidence interval, micro-USD per whole contract, rounded up.
    pub confidence: u64,
    /// When the oracle published the price, Unix seconds.
    pub publish_time: i64,
    /// Slot of the last refresh.
    pub refreshed_slot: u64,
    /// Copy of the config's bound, so that a margin check needs no config account. Seconds.
    pub max_price_age: u64,
    /// Realised variance per day, Q48: an average over irregular samples.
    pub variance: u64,
    /// Variance never counts as less than this, Q48.
    pub variance_floor: u64,
    /// Price and time of the last volatility sample.
    pub sample_price: u64,
    pub sample_time: i64,
    /// Variance that `returns` stand for, Q48; zero before the first scaling.
    pub scaled_variance: u64,
    /// Generation of the scenario set that the columns were scaled from.
    pub scenario_generation: u64,
    /// Smallest and largest of `returns`.
    pub lowest_return: i32,
    pub highest_return: i32,
    pub bump: u8,
    pub version: u8,
    pub padding: [u8; 6],
    /// Simple returns of the joint draws over the horizon, Q24.
    pub returns: [i32; ROWS],
    /// Weights of the joint draws; the same in all books of a generation.
    pub weights: [u32; ROWS],
    /// Simple returns of the mandated stress rows, Q24.
    pub stress: [i32; STRESS_ROWS],
    pub reserved: [u8; 512],
}

impl RiskBook {
    pub const VERSION: u8 = 1;
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// Variance that scenarios are to stand for: realised, but never below the floor.
    #[must_use]
    pub fn effective_variance(&self) -> u64 {
        self.variance.max(self.variance_floor)
    }

    /// Whether the oracle's price is recent enough to act on.
    #[must_use]
    pub fn price_is_fresh(&self, now: i64) -> bool {
        self.age(now) <= self.max_price_age
    }

    /// Seconds since the oracle published; zero for a price dated slightly ahead.
    #[must_use]
    pub fn age(&self, now: i64) -> u64 {
        u64::try_from(now.saturating_sub(self.publish_time)).unwrap_or(0)
    }

    /// Whether the columns still stand for the current volatility: not more than 10 % too low
    /// (21 % in variance). Columns that are too high only ask for more.
    #[must_use]
    pub fn scenarios_cover_volatility(&self) -> bool {
        let scaled = u128::from(self.scaled_variance) * 121 / 100;
        u128::from(self.effective_variance()) <= scaled
    }

    /// The book as `cep-risk` reads it.
    pub fn as_book(&self) -> Result<Book<'_>> {
        require!(
            self.scenario_generation != 0,
            RiskEngineError::ScenarioSetNotActive
        );
        Ok(Book {
            price: self.index_price()?,
            confidence: self.confidence,
            // No add-on for age or impact is charged yet, so what they need is left unknown.
            age: 0,
            sigma: 0,
            horizon: SECONDS_PER_DAY,
            daily_volume: 0,
            open_interest: 0,
            doubt: 0,
            returns: &self.returns,
            extremes: (self.lowest_return, self.highest_return),
            weights: &self.weights,
            levels: &FLAT_LEVELS,
            stress: &self.stress,
            stress_levels: &FLAT_STRESS_LEVELS,
            scenario_set: self.scenario_generation,
        })
    }

    pub fn index_price(&self) -> Result<Price> {
        require!(self.price != 0, RiskEngineError::BookNotPriced);
        Price::new(self.price).map_err(|e| RiskEngineError::from(e).into())
    }

    /// Holds at the end of every instruction that changes a book.
    pub fn invariant(&self) -> Result<()> {
        require!(
            self.price <= cep_risk::units::MAX_PRICE,
            RiskEngineError::PriceOutOfRange
        );
        require!(
            self.variance <= cep_risk::ewma::VARIANCE_MAX
                && self.variance_floor <= cep_risk::ewma::VARIANCE_MAX,
            RiskEngineError::ParameterOutOfRange
        );
        require!(
            self.lowest_return <= self.highest_return,
            RiskEngineError::ScenarioOutOfBounds
        );
        Ok(())
    }
}

const _: () = assert!(size_of::<RiskBook>() == 32 + 8 + 32 + 11 * 8 + 8 + 8 + 512 * 8 + 64 + 512);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_cover_volatility_up_to_ten_percent_above_them() {
        let mut book: RiskBook = bytemuck::Zeroable::zeroed();
        book.scaled_variance = 10_000;
        book.variance = 12_100;
        assert!(book.scenarios_cover_volatility());
        book.variance = 12_101;
        assert!(!book.scenarios_cover_volatility());
        book.variance = 0;
        book.variance_floor = 12_101;
        assert!(!book.scenarios_cover_volatility());
    }

    #[test]
    fn age_counts_from_publication_and_never_underflows() {
        let mut book: RiskBook = bytemuck::Zeroable::zeroed();
        book.publish_time = 1_000;
        book.max_price_age = 60;
        assert!(
            book.price_is_fresh(990) && book.price_is_fresh(1_060) && !book.price_is_fresh(1_061)
        );
    }
}

//! What a deployment is set up with.

use {
    cep_risk::{MarginParams, PPM, scenario::TO_EXTREMES},
    cep_sdk::{
        Pubkey, address,
        programs::{
            liquidation::state::AuctionParams,
            margin_pool::state::{PoolChange, PoolParams},
            risk_engine::state::{
                AtmFeedArgs, MAX_PUBLISHERS, RiskParams, SourceArgs, SourceKind, StakedArgs,
            },
        },
        units::{quantity, symbol, variance_q48},
    },
    solana_sdk::pubkey,
};

/// Pyth feed ids, the same on every cluster.
pub mod feeds {
    /// BTC/USD.
    pub const BTC: [u8; 32] =
        hex(b"e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43");
    /// ETH/USD.
    pub const ETH: [u8; 32] =
        hex(b"ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace");
    /// SOL/USD.
    pub const SOL: [u8; 32] =
        hex(b"ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d");

    const fn hex(digits: &[u8; 64]) -> [u8; 32] {
        let mut bytes = [0; 32];
        let mut i = 0;
        while i < 32 {
            bytes[i] = nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]);
            i += 1;
        }
        bytes
    }

    const fn nibble(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit - b'a' + 10,
        }
    }
}

/// Contracts a day that a liquidator can count on, for the charge on size. Orders of magnitude from public knowledge, not
/// measured here: aggregators of spot volume showed in 2025 some 40, 25 and 5 thousand million USD on an ordinary day for
/// BTC, ETH and SOL. A quarter of that is taken: reported volume is partly wash trading, weekends halve it, and in a crash
/// a large part of the makers is away. Derivatives are left out, since their makers are the same. A deployment measures
/// its own and proposes `Change::Underlying`: the charge goes with the root, so that twice the volume is a charge less by 30 %.
pub mod daily_volume {
    /// 10 thousand million USD at 120,000.
    pub const BTC: f64 = 80_000.0;
    /// 6 thousand million USD at 4,300.
    pub const ETH: f64 = 1_400_000.0;
    /// 1.2 thousand million USD at 220.
    pub const SOL: f64 = 5_500_000.0;
}

/// One account may hold this part of what a market or a token's cap lets in: at least ten accounts make up a full market, so that
/// the largest default there is can be taken over by the others within the limits.
const SHARE_OF_ONE: i64 = 10;

/// Everything that initialisation needs to know.
#[derive(Clone, Debug)]
pub struct Parameters {
    pub quote_mint: Pubkey,
    /// May stop and tighten the risk engine and the pool at once; the default key: none.
    pub guardian: Pubkey,
    /// The committee that posts surfaces; default keys are empty seats.
    pub publishers: [Pubkey; MAX_PUBLISHERS],
    /// As everything is set up with, so with a timelock of zero.
    pub risk: RiskParams,
    /// What both timelocks are raised to as the last steps, seconds; at most 2,592,000.
    pub timelock: u64,
    pub pool: PoolParams,
    /// Of the quote currency, what leaves at once and again in every window, micro-USD.
    pub quote_outflow: u64,
    pub auction: AuctionParams,
    /// Seconds that a stake in the insurance fund waits to leave, and in which it must then be taken out.
    pub unstake_cooldown: u64,
    pub unstake_window: u64,
    /// Listed in this order, which is their index in the pool.
    pub underlyings: Vec<UnderlyingParameters>,
    pub collaterals: Vec<CollateralParameters>,
}

#[derive(Clone, Debug)]
pub struct UnderlyingParameters {
    pub symbol: [u8; 8],
    /// Column of the scenario set: the symbol, but for staked tokens.
    pub column: [u8; 8],
    pub sources: Vec<SourceArgs>,
    /// Fresh, agreeing sources it takes.
    pub min_sources: u8,
    pub implied: Vec<AtmFeedArgs>,
    /// For a staked token: the symbol of what it redeems for, listed before it, and how its rate is known.
    pub staked: Option<([u8; 8], StakedArgs)>,
    /// Daily volatility the average starts from and the one scenarios never go below, Q48 variance.
    pub initial_variance: u64,
    pub variance_floor: u64,
    /// Contracts a day on all venues, millionths; zero for unknown, which charges nothing for size.
    pub daily_volume: u64,
    /// Oldest price that new risk is taken at, seconds; 2 ..= 30, and not below what the sources deliver.
    pub new_risk_age: u64,
    /// Of the market, and of one account in each of its instruments. Millionths of a contract.
    pub open_interest_limit: i64,
    pub account_limit: i64,
}

#[derive(Clone, Debug)]
pub struct CollateralParameters {
    pub mint: Pubkey,
    /// Index of the underlying that values it.
    pub underlying: u8,
    /// Of all accounts, smallest unit of the token; one account may hold a tenth of it.
    pub cap: u64,
    /// What counts as nothing, smallest unit of the token.
    pub dust: u64,
}

/// Mainnet USDC.
pub const USDC: Pubkey = pubkey!("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
/// Wrapped SOL, the same on every cluster.
pub const WRAPPED_SOL: Pubkey = pubkey!("So11111111111111111111111111111111111111112");

impl Parameters {
    /// BTC, ETH and SOL with SOL as collateral. The reasons behind the risk figures stand in
    /// ARCHITECTURE.md, "Parameters".
    #[must_use]
    pub fn standard(quote_mint: Pubkey, sol_mint: Pubkey) -> Self {
        Self {
            quote_mint,
            guardian: Pubkey::default(),
            publishers: [Pubkey::default(); MAX_PUBLISHERS],
            // Two days: long enough to see a change and to leave.
            timelock: 172_800,
            risk: RiskParams {
                max_price_age: 60,
                dead_price_age: 300,
                // Two minutes in which anyone may refresh what was announced to be silent.
                silence_delay: 120,
                // The cluster's clock has been minutes late; a live oracle must not be dead then.
                max_clock_skew: 120,
                max_deviation: 10_000,
                // Twice what Pyth says of these markets on an ordinary day.
                maintenance_interval: 500,
                // 5 % at once and 12 % a minute: the fastest minute on record (10 October 2025) passes, a wrong
                // zero too many takes minutes.
                step_burst: 50_000,
                step_rate: 2_000,
                doubt: 1_000_000,
                // A decay of 0.97 per day, as RiskMetrics uses for longer horizons.
                volatility_tau: 2_836_000,
                volatility_interval: 300,
                horizon_hours: 24,
                volatility_scale: TO_EXTREMES,
                implied_weight: TO_EXTREMES,
                rise_per_hour: 20_000,
                implied_max_age: 86_400,
                curve_max_age: 3_600,
                curve_centre_band: 50_000,
                curve_volatility_band: 100_000,
                curve_grace: 60,
                curve_timeout: 300,
                level_response: 1_000_000,
                surface_max_age: 86_400,
                surface_quorum: 2,
                // 6 % a year an hour: Deribit's bases moved by less than 10 % a year in the 24 hours to 5 February 2026.
                surface_max_step: 1_000,
                scenario_max_change: 250_000,
                // Raised once everything is set up.
                timelock: 0,
            },
            pool: PoolParams {
                stress_weight: MarginParams::STANDARD.stress_weight,
                retained: MarginParams::STANDARD.retained,
                maintenance_factor: MarginParams::STANDARD.maintenance_factor,
                confidence_multiple: MarginParams::STANDARD.confidence_multiple,
                short_option: MarginParams::STANDARD.addons.short_option,
                basis_rate: MarginParams::STANDARD.addons.basis_rate,
                basis_floor: MarginParams::STANDARD.addons.basis_floor,
                impact: MarginParams::STANDARD.addons.impact,
                open_interest_share: MarginParams::STANDARD.addons.open_interest_share,
                // A price is acted on for a minute, in which this would come to a fortieth of a day's volatility; beyond
                // it the whole price counts as in doubt. What an account needs would differ from second to second.
                age_multiple: 0,
                price_band: 50_000,
                option_band: 10_000,
                reduce_band: 1_000,
                least_gift: 1_000_000,
                block_fee: 200,
                maker_fee: 100,
                taker_fee: 300,
                option_fee_cap: 125_000,
                insurance_share: 200_000,
                rate_zero: 0,
                rate_optimal: 80_000,
                rate_full: 1_000_000,
                optimal_utilisation: 800_000,
                interest_fee: 100_000,
                funding_period: 28_800,
                funding_time_constant: 3_600,
                funding_clip: 5_000,
                funding_depth: 100_000,
                outflow_window: 86_400,
                // One and a half tokens' limits together.
                outflow_breaker: 1_500_000,
                halt_seconds: 86_400,
                timelock: 0,
            },
            // Five million USD a day.
            quote_outflow: 5_000_000_000_000,
            auction: AuctionParams {
                start: 950_000_000,
                cut: 700_000_000,
                fast_seconds: 900,
                slow_seconds: 43_200,
                insolvent_seconds: 3_600,
                buffer: 150_000,
                opening_reward: 1_000_000,
                // Twice the floor of its volatility is a market's ordinary day.
                calm: 2_000_000,
                stress: 2_000_000,
                pace_limit: 8_000_000,
                tranche: 500_000,
                leg_discount: 20_000,
                // Three tenths of maintenance margin: see docs/liquidation.md.
                incentive: 300_000,
            },
            // A week, as long as a halt lasts at most, and two days to come back in.
            unstake_cooldown: 604_800,
            unstake_window: 172_800,
            underlyings: vec![
                UnderlyingParameters::new(
                    "BTC",
                    feeds::BTC,
                    (0.020, 0.010),
                    daily_volume::BTC,
                    10_000.0,
                ),
                UnderlyingParameters::new(
                    "ETH",
                    feeds::ETH,
                    (0.028, 0.014),
                    daily_volume::ETH,
                    200_000.0,
                ),
                UnderlyingParameters::new(
                    "SOL",
                    feeds::SOL,
                    (0.035, 0.018),
                    daily_volume::SOL,
                    5_000_000.0,
                ),
            ],
            collaterals: vec![CollateralParameters {
                mint: sol_mint,
                underlying: 2,
                cap: 10_000_000_000_000_000,
                // A hundredth of a SOL.
                dust: 10_000_000,
            }],
        }
    }
}

/// A Pyth feed as the standard deployment reads it: at most a minute old, sure at up to 2 %. One feed is one source, through
/// whichever of Pyth's two receivers and push-feed addresses its prints arrive: they carry the same signatures, and a second one
/// would be no second opinion. The independent second and third are a deployment's own Switchboard feeds, whose addresses
/// only it knows: [`switchboard`].
#[must_use]
pub const fn pyth(feed: [u8; 32]) -> SourceArgs {
    SourceArgs {
        kind: SourceKind::Pyth,
        feed,
        max_age: 60,
        max_slots: 0,
        max_confidence: 20_000,
        min_samples: 0,
    }
}

/// A Switchboard feed account as a second source: at most a minute and 150 slots old, three samples, at most 2 % wide.
#[must_use]
pub fn switchboard(feed: &Pubkey) -> SourceArgs {
    SourceArgs {
        kind: SourceKind::Switchboard,
        feed: feed.to_bytes(),
        max_slots: 150,
        min_samples: 3,
        ..pyth([0; 32])
    }
}

impl CollateralParameters {
    /// Its listing in the pool: at its full value from the first day, one account a tenth of the cap, a hundredth of the cap a day.
    #[must_use]
    pub const fn listing(&self) -> PoolChange {
        PoolChange::Collateral {
            mint: self.mint,
            underlying: self.underlying,
            cap: self.cap,
            account_cap: self.cap / SHARE_OF_ONE.unsigned_abs(),
            weight: PPM,
            ramp_seconds: 0,
            extensions: 0,
            outflow_limit: self.cap / 100,
            dust: self.dust,
        }
    }
}

impl UnderlyingParameters {
    /// Its listing in the pool: one limit for the perpetual and each dated instrument, one for each account.
    #[must_use]
    pub fn listing(&self) -> PoolChange {
        PoolChange::Underlying {
            book: address::risk_book(&self.symbol),
            open_interest_limit: self.open_interest_limit,
            series_limit: self.open_interest_limit,
            account_limit: self.account_limit,
        }
    }

    /// Followed by one Pyth feed. Volatilities per day as fractions, volume and open interest in contracts.
    #[must_use]
    pub fn new(
        name: &str,
        feed_id: [u8; 32],
        (initial_volatility, volatility_floor): (f64, f64),
        daily_volume: f64,
        open_interest_limit: f64,
    ) -> Self {
        Self {
            symbol: symbol(name),
            column: symbol(name),
            sources: vec![pyth(feed_id)],
            min_sources: 1,
            implied: Vec::new(),
            staked: None,
            initial_variance: variance_q48(initial_volatility),
            variance_floor: variance_q48(volatility_floor),
            daily_volume: quantity(daily_volume).unsigned_abs(),
            // A print that was signed, posted and used within one transaction is one to three seconds old; this leaves room for a
            // retry.
            new_risk_age: 10,
            open_interest_limit: quantity(open_interest_limit),
            account_limit: quantity(open_interest_limit) / SHARE_OF_ONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The backtest would otherwise speak of another protocol than the one deployed.
    #[test]
    fn the_backtest_walks_with_the_deployed_figures() {
        let walked = cep_backtest::Config::default();
        let deployed = Parameters::standard(USDC, WRAPPED_SOL);
        assert_eq!(walked.tau, deployed.risk.volatility_tau);
        assert_eq!(walked.volatility_scale, deployed.risk.volatility_scale);
        assert_eq!(u64::from(walked.horizon_hours), deployed.risk.horizon_hours);
        assert_eq!(walked.floors.len(), deployed.underlyings.len());
        for (name, floor) in walked.floors {
            let mut listed = deployed.underlyings.iter();
            let listed = listed.find(|u| u.symbol == *name.as_bytes()).unwrap();
            assert_eq!(listed.variance_floor, variance_q48(floor));
        }
    }

    #[test]
    fn feed_ids_are_read_from_their_hexadecimal_form() {
        assert_eq!(feeds::SOL[..4], [0xef, 0x0d, 0x8b, 0x6f]);
        assert_eq!(feeds::BTC[31], 0x43);
    }
}

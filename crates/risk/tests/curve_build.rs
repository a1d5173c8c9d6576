//! Curves against their definition, node by node and with nothing shared between nodes, levels or kinds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use {
    cep_risk::{
        PPM, Price, RiskError, SECONDS_PER_DAY,
        black76::{
            MAX_VOLATILITY, MIN_VOLATILITY, OptionKind, Premium, Terms, discounted, log_moneyness,
            time_value, total_volatility,
        },
        curve::{
            CurveBuilder, CurveTerms, LEVEL_GRID, LEVEL_NODES, NODES, PARTS, SPOT_GRID, SPOT_NODES,
            level_of_step, unit_exponent, volatility_at_level,
        },
        fixed::{MAX_SECONDS, discount_factor, exp, ln_ratio, root_years},
    },
    proptest::prelude::*,
};

type Row = [u32; SPOT_NODES];

/// Volatility at a level in 128-bit integers.
fn stressed(volatility: u64, level: i32, seconds: u64, response: u64) -> u64 {
    let reference = 30 * SECONDS_PER_DAY;
    let tenor = seconds.clamp(SECONDS_PER_DAY, MAX_SECONDS);
    let exponent = if tenor < reference { 300_000 } else { 130_000 };
    let ln = ln_ratio(tenor, reference) >> 16;
    let power = (((ln * exponent).unsigned_abs() / PPM) >> 8) as i64;
    let tenor = exp(power * ln.signum()).of(1 << 32).unwrap();
    let moved = u128::from(level.unsigned_abs()) * u128::from(response) * u128::from(tenor)
        / (u128::from(PPM) << 16);
    let moved = i64::try_from(moved).unwrap_or(i64::MAX);
    let factor = exp(if level < 0 { -moved } else { moved });
    factor
        .of(volatility)
        .unwrap_or(MAX_VOLATILITY)
        .clamp(MIN_VOLATILITY, MAX_VOLATILITY)
}

/// The value at one spot node, in micro-USD x 2⁻¹⁶.
fn value(t: &CurveTerms, centre: Price, part: u16, volatility: u64) -> Result<i64, RiskError> {
    let discount = discount_factor(t.rate, t.seconds);
    let strike = t.terms.strike;
    if part == 0 {
        return match t.terms.kind {
            OptionKind::Call => Ok(0),
            OptionKind::Put => discount
                .of(strike.micro_usd() << Premium::BITS)
                .and_then(|value| i64::try_from(value).ok())
                .ok_or(RiskError::PriceOutOfRange),
        };
    }
    let forward = u128::from(centre.micro_usd()) * u128::from(part) * u128::from(t.forward_ratio)
        / (u128::from(PARTS) << 32);
    let forward = Price::new((forward as u64).max(1))?;
    let log = log_moneyness(forward, strike);
    let total = total_volatility(volatility, root_years(t.seconds));
    let value = time_value(forward, strike, log, total);
    discounted(&t.terms, forward, value, discount).map(|premium| premium.0)
}

fn plain(t: &CurveTerms, centre: Price, level: usize) -> Result<Row, RiskError> {
    // A forward that does not fit is refused before any value is.
    let last = (u128::from(centre.micro_usd()) * 5 * u128::from(t.forward_ratio)) >> 32;
    Price::new(last.max(1) as u64)?;
    let volatility = stressed(
        t.volatility,
        level_of_step(LEVEL_GRID[level]),
        t.seconds,
        t.response,
    );
    let mut row = [0; SPOT_NODES];
    for (slot, part) in row.iter_mut().zip(SPOT_GRID) {
        let value = i128::from(value(t, centre, part, volatility)?);
        let shift = unit_exponent(centre) + 16;
        let units = if shift >= 0 {
            (value + (1 << shift) - 1) >> shift
        } else {
            value << -shift
        };
        *slot = u32::try_from(units).map_err(|_| RiskError::PriceOutOfRange)?;
    }
    Ok(row)
}

fn built(t: &CurveTerms, centre: Price, level: usize) -> Result<Row, RiskError> {
    let mut row = [0; SPOT_NODES];
    CurveBuilder::new(*t, centre)?.level(level, &mut row)?;
    Ok(row)
}

prop_compose! {
    /// Prices of 1 to 44 bits; times and volatilities of every magnitude; strikes near the centre, and anywhere.
    fn terms()(
        bits in 0u32..=44, mantissa in 0u64..1 << 44,
        (near, any) in (90u64..=1_100, 0u32..=44), anywhere in prop::bool::weighted(0.15),
        (time, short) in (0..=MAX_SECONDS, 0u32..=28),
        volatility in prop_oneof![MIN_VOLATILITY..=1 << 31, MIN_VOLATILITY..=MAX_VOLATILITY],
        rate in prop_oneof![Just(0), -(1i64 << 32)..=1 << 32],
        forward_ratio in 1u64 << 31..=1 << 33, response in 0..=3 * PPM, call: bool,
    ) -> (CurveTerms, Price) {
        let centre = ((1 << bits) | (mantissa & ((1 << bits) - 1))).min(1 << 44);
        let strike = if anywhere { 1 << any } else { (centre * near / 300).clamp(1, 1 << 44) };
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        let terms = CurveTerms {
            terms: Terms { kind, strike: Price::new(strike).unwrap() },
            seconds: time >> short,
            volatility, rate, forward_ratio, response,
        };
        (terms, Price::new(centre).unwrap())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_level_is_its_definition_bit_for_bit((t, centre) in terms(), level in 0..LEVEL_NODES) {
        prop_assert_eq!(built(&t, centre, level), plain(&t, centre, level));
    }

    #[test]
    fn a_pair_is_the_call_and_the_put_bit_for_bit((t, centre) in terms(), level in 0..LEVEL_NODES) {
        let of = |kind| CurveTerms { terms: Terms { kind, ..t.terms }, ..t };
        let singles = [OptionKind::Call, OptionKind::Put].map(|kind| built(&of(kind), centre, level));
        let (mut calls, mut puts) = ([0; SPOT_NODES], [0; SPOT_NODES]);
        let pair = CurveBuilder::new(t, centre)
            .and_then(|builder| builder.level_pair(level, &mut calls, &mut puts));
        match singles {
            [Ok(call), Ok(put)] => {
                prop_assert_eq!(pair, Ok(()));
                prop_assert_eq!((calls, puts), (call, put));
            }
            [Err(refused), _] | [_, Err(refused)] => prop_assert_eq!(pair, Err(refused)),
        }
    }

    #[test]
    fn a_volatility_at_any_level_is_that_of_128_bit_integers(
        volatility in MIN_VOLATILITY..=MAX_VOLATILITY, level: i32, small in -65_536i32..=65_536,
        seconds in 0..=MAX_SECONDS, response in 0..=3 * PPM,
    ) {
        for level in [level, small] {
            prop_assert_eq!(
                volatility_at_level(volatility, level, seconds, response),
                Ok(stressed(volatility, level, seconds, response))
            );
        }
    }
}

#[test]
fn whole_curves_are_their_levels() {
    let t = CurveTerms {
        terms: Terms {
            kind: OptionKind::Put,
            strike: Price::new(70_000_000_000).unwrap(),
        },
        seconds: 7 * SECONDS_PER_DAY,
        volatility: 1 << 31,
        rate: 1 << 27,
        forward_ratio: 1 << 32,
        response: PPM,
    };
    let builder = CurveBuilder::new(t, Price::new(73_067_620_000).unwrap()).unwrap();
    let (mut calls, mut puts, mut single) = ([0; NODES], [0; NODES], [0; NODES]);
    builder.fill_pair(&mut calls, &mut puts).unwrap();
    builder.fill(&mut single).unwrap();
    assert_eq!(puts, single);
    for level in 0..LEVEL_NODES {
        let (mut call, mut put) = ([0; SPOT_NODES], [0; SPOT_NODES]);
        builder.level_pair(level, &mut call, &mut put).unwrap();
        assert_eq!(calls[level * SPOT_NODES..][..SPOT_NODES], call);
        assert_eq!(puts[level * SPOT_NODES..][..SPOT_NODES], put);
    }
    let (mut call, mut put) = ([0; SPOT_NODES], [0; SPOT_NODES]);
    assert_eq!(
        builder.level_pair(LEVEL_NODES, &mut call, &mut put),
        Err(RiskError::BadParameter)
    );
}

#[test]
fn a_strike_beyond_the_unit_of_a_tiny_centre_is_refused_not_wrapped() {
    // In units of 2⁻²⁵ micro-USD a strike of 2⁴¹ leaves 64 bits.
    let t = CurveTerms {
        terms: Terms {
            kind: OptionKind::Put,
            strike: Price::new(1 << 41).unwrap(),
        },
        seconds: SECONDS_PER_DAY,
        volatility: 1 << 32,
        rate: 0,
        forward_ratio: 1 << 31,
        response: PPM,
    };
    let centre = Price::new(6).unwrap();
    let refused = Err(RiskError::PriceOutOfRange);
    assert_eq!(built(&t, centre, 1), refused);
    assert_eq!(plain(&t, centre, 1), refused);
}

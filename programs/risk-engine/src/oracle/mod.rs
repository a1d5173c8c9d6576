//! Accounts of other programs that this one believes: oracle feeds behind one [`read`], and stake pools.
//!
//! They are read in place at named offsets: an oracle's own type would cost a copy of up to 3 KB per
//! refresh. Tests hold every offset to the type in the oracle's SDK; docs/oracles.md lists the bytes. No
//! bytes make a reader panic, and a bad account is a [`Fault`] of that account, never an error of the
//! instruction.

pub mod decimal;
mod fault;
pub mod pyth;
pub mod stake_pool;
pub mod switchboard;
#[cfg(test)]
mod tests;

pub use {
    fault::Fault,
    stake_pool::{StakePoolReading, read_stake_pool},
};

use {
    crate::state::{RiskParams, Source, SourceKind},
    anchor_lang::prelude::{Clock, Pubkey},
    cep_risk::PPM,
    decimal::{Round, to_units},
    std::ops::RangeInclusive,
};

/// What a reader needs of the cluster's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockView {
    /// Unix seconds.
    pub unix: i64,
    pub slot: u64,
    /// How far a value may be dated ahead of `unix`, seconds: the cluster's clock is estimated, and runs late by minutes at times.
    pub max_skew: u64,
}

impl ClockView {
    #[must_use]
    pub const fn of(clock: &Clock, params: &RiskParams) -> Self {
        Self {
            unix: clock.unix_timestamp,
            slot: clock.slot,
            max_skew: params.max_clock_skew,
        }
    }
}

/// A value that passed every check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// In the decimals asked for, rounded down.
    pub value: u64,
    /// Half width of its interval, same decimals, rounded up.
    pub confidence: u64,
    /// Unix seconds.
    pub publish_time: i64,
    /// As [`Source::slot`].
    pub slot: u64,
    /// The interval is wider than the source's `max_confidence`: the value counts as uncertain.
    pub is_wide: bool,
}

impl Reading {
    /// For what has no use for an uncertain value: [`Fault::TooUncertain`] for one that is wide.
    pub const fn sure(self) -> core::result::Result<Self, Fault> {
        if self.is_wide {
            return Err(Fault::TooUncertain);
        }
        Ok(self)
    }
}

/// A number of an oracle before it is judged: value and confidence are mantissas of `10^exponent`.
struct Raw {
    /// Of either sign; only a positive value passes.
    value: i128,
    confidence: u128,
    exponent: i32,
    publish_time: i64,
    slot: u64,
}

/// Reads the account `key` as `source` says. The value must lie in `range`, both in units of
/// `10^-decimals`.
///
/// [`Fault::NotThisSource`] when the account is for another feed: try the next source. Every other fault
/// is about this source.
pub fn read(
    source: &Source,
    key: &Pubkey,
    owner: &Pubkey,
    data: &[u8],
    clock: &ClockView,
    decimals: u32,
    range: RangeInclusive<u64>,
) -> core::result::Result<Reading, Fault> {
    let raw = match SourceKind::from_code(source.kind) {
        Some(SourceKind::Pyth) => pyth::parse(source, owner, data)?,
        Some(SourceKind::Switchboard) => switchboard::parse(source, key, owner, data)?,
        Some(SourceKind::None) | None => return Err(Fault::NotThisSource),
    };
    judge_time(source, &raw, clock)?;
    judge_value(source, &raw, decimals, &range)
}

fn judge_time(source: &Source, raw: &Raw, clock: &ClockView) -> core::result::Result<(), Fault> {
    let time = raw.publish_time;
    if time.saturating_add(i64::from(source.max_age)) < clock.unix {
        return Err(Fault::TooOld);
    }
    if time > clock.unix.saturating_add_unsigned(clock.max_skew) {
        return Err(Fault::FromFuture);
    }
    if source.max_slots != 0 {
        if raw.slot > clock.slot {
            return Err(Fault::FromFuture);
        }
        // The first check makes the difference exact.
        if clock.slot.saturating_sub(raw.slot) > u64::from(source.max_slots) {
            return Err(Fault::TooManySlots);
        }
    }
    if time <= source.publish_time {
        return Err(Fault::NotNewer);
    }
    Ok(())
}

fn judge_value(
    source: &Source,
    raw: &Raw,
    decimals: u32,
    range: &RangeInclusive<u64>,
) -> core::result::Result<Reading, Fault> {
    let mantissa = u128::try_from(raw.value).map_err(|_| Fault::OutOfRange)?;
    let value = to_units(mantissa, raw.exponent, decimals, Round::Down)
        .filter(|value| *value > 0 && range.contains(value))
        .ok_or(Fault::OutOfRange)?;
    // The exponent is in order, or the value would not be: only the interval itself can be too wide, and one wider than
    // the value says no more than that the value may be anything.
    let confidence = to_units(raw.confidence, raw.exponent, decimals, Round::Up)
        .unwrap_or(value)
        .min(value);
    // Products of 64-bit factors fit 128 bits. `max_confidence` is below a million: what was cut to the value is wide.
    let is_wide = u128::from(confidence) * u128::from(PPM)
        > u128::from(value) * u128::from(source.max_confidence);
    Ok(Reading {
        value,
        confidence,
        publish_time: raw.publish_time,
        slot: raw.slot,
        is_wide,
    })
}

/// `N` bytes from `at`; [`Fault::Truncated`] past the end. Account data has no alignment to rely on.
fn bytes<const N: usize>(data: &[u8], at: usize) -> core::result::Result<[u8; N], Fault> {
    data.get(at..)
        .and_then(|tail| tail.first_chunk())
        .copied()
        .ok_or(Fault::Truncated)
}

fn le_u64(data: &[u8], at: usize) -> core::result::Result<u64, Fault> {
    bytes(data, at).map(u64::from_le_bytes)
}

fn le_i64(data: &[u8], at: usize) -> core::result::Result<i64, Fault> {
    bytes(data, at).map(i64::from_le_bytes)
}

fn le_i128(data: &[u8], at: usize) -> core::result::Result<i128, Fault> {
    bytes(data, at).map(i128::from_le_bytes)
}

//! How a change is made, and which may be made at once.

use {
    super::{Collateral, MarginAccount, Market, Pool, PoolChange, PoolParams, Venue},
    crate::error::MarginPoolError,
    anchor_lang::prelude::*,
    risk_engine::state::{Line, Stricter},
};

impl Pool {
    /// Whether `key` may stop, tighten and cancel: the guardian or the authority.
    #[must_use]
    pub fn is_guarded_by(&self, key: &Pubkey) -> bool {
        *key != Pubkey::default() && (*key == self.guardian || *key == self.authority)
    }

    /// Makes a checked change that needs no account but the pool. [`MarginPoolError::WrongTarget`] for those that do.
    pub(crate) fn apply(&mut self, change: &PoolChange, now: i64) -> Result<()> {
        match *change {
            PoolChange::Params(params) => {
                self.accrue(now)?;
                self.params = params;
            }
            PoolChange::CollateralTerms {
                mint,
                cap,
                account_cap,
                weight,
                ramp_seconds,
                outflow_limit,
                dust,
            } => {
                let window = self.params.outflow_window;
                let listed = self.collateral_mut(self.collateral_index(&mint)?)?;
                (listed.cap, listed.account_cap, listed.dust) = (cap, account_cap, dust);
                listed.outflow.relimit(outflow_limit, window, now);
                listed.reweigh(weight, ramp_seconds, now)?;
            }
            PoolChange::QuoteOutflow { limit } => {
                let window = self.params.outflow_window;
                self.outflow.relimit(limit, window, now);
            }
            PoolChange::Venue {
                slot,
                authority,
                fee_account,
                fee_share,
            } => self.seat(
                slot,
                Venue {
                    authority,
                    fee_account,
                    fee_share,
                },
            )?,
            PoolChange::Guardian(key) => self.guardian = key,
            PoolChange::Authority(key) => self.pending_authority = key,
            PoolChange::LiquidationAuthority(key) => self.liquidation_authority = key,
            PoolChange::Underlying { .. }
            | PoolChange::Collateral { .. }
            | PoolChange::Delist { .. }
            | PoolChange::MarketLimits { .. } => return err!(MarginPoolError::WrongTarget),
        }
        Ok(())
    }

    /// An authority has one slot, or its share would be anybody's guess.
    fn seat(&mut self, slot: u8, venue: Venue) -> Result<()> {
        let index = usize::from(slot);
        let elsewhere = self.venues.iter().enumerate().any(|(at, v)| {
            at != index && v.authority == venue.authority && v.authority != Pubkey::default()
        });
        require!(!elsewhere, MarginPoolError::ParameterOutOfRange);
        let seat = self.venues.get_mut(index);
        *seat.ok_or(MarginPoolError::ParameterOutOfRange)? = venue;
        Ok(())
    }

    /// [`MarginPoolError::NotTighter`] unless the change lets no more in or out than now; it names the field. Stricter
    /// is what lets less new risk in and less value out.
    pub fn check_tighter(&self, change: &PoolChange, market: Option<&Market>) -> Result<()> {
        match (change, market) {
            (
                PoolChange::MarketLimits {
                    open_interest_limit,
                    series_limit,
                    account_limit,
                    ..
                },
                Some(market),
            ) => {
                // Checked to lie in 0 ..= MAX_QUANTITY, as they did when they were stored.
                let lower = |name, now: i64, next: i64| {
                    lower(name, now.unsigned_abs(), next.unsigned_abs())
                };
                lower(
                    "open_interest_limit",
                    market.open_interest_limit,
                    *open_interest_limit,
                )?;
                lower("series_limit", market.series_limit, *series_limit)?;
                lower("account_limit", market.account_limit, *account_limit)
            }
            (
                PoolChange::CollateralTerms {
                    mint,
                    cap,
                    account_cap,
                    weight,
                    ramp_seconds,
                    outflow_limit,
                    dust,
                },
                None,
            ) => {
                let listed = self.collateral(self.collateral_index(mint)?)?;
                lower("cap", listed.cap, *cap)?;
                lower("account_cap", listed.account_cap, *account_cap)?;
                lower("weight", listed.weight, *weight)?;
                // Less stays in an account whose debt others pay.
                lower("dust", listed.dust, *dust)?;
                keep(Line {
                    name: "ramp_seconds",
                    now: listed.ramp_seconds,
                    next: *ramp_seconds,
                    stricter: Stricter::Higher,
                })?;
                lower_outflow(listed.outflow.limit, *outflow_limit)
            }
            (PoolChange::QuoteOutflow { limit }, None) => lower_outflow(self.outflow.limit, *limit),
            (
                PoolChange::Venue {
                    slot,
                    authority,
                    fee_account,
                    fee_share,
                },
                None,
            ) => {
                // Empties the slot.
                if *authority == Pubkey::default() {
                    return Ok(());
                }
                let venue = self.venues.get(usize::from(*slot));
                let venue = venue.ok_or(MarginPoolError::ParameterOutOfRange)?;
                if (venue.authority, venue.fee_account) != (*authority, *fee_account) {
                    msg!("venue: another authority or fee account");
                    return err!(MarginPoolError::NotTighter);
                }
                lower("fee_share", venue.fee_share, *fee_share)
            }
            (PoolChange::Params(next), None) => self.params.check_tighter(next),
            (PoolChange::MarketLimits { .. }, None) | (_, Some(_)) => {
                err!(MarginPoolError::WrongTarget)
            }
            _ => {
                msg!("no change of this kind is made at once");
                err!(MarginPoolError::NotTighter)
            }
        }
    }
}

impl PoolParams {
    /// Of the parameters one has a strict side for everybody, and it alone may change at once: what
    /// a trade below initial margin may cost.
    fn check_tighter(&self, next: &Self) -> Result<()> {
        let others = Self {
            reduce_band: next.reduce_band,
            ..*self
        };
        if others != *next || *next == *self {
            msg!("params: only a lower reduce_band is set at once");
            return err!(MarginPoolError::NotTighter);
        }
        lower("reduce_band", self.reduce_band, next.reduce_band)
    }
}

impl Market {
    /// Sets checked limits; positions beyond them stay and are only reduced.
    pub(crate) fn limit(&mut self, change: &PoolChange) -> Result<()> {
        let PoolChange::MarketLimits {
            open_interest_limit,
            series_limit,
            account_limit,
            ..
        } = *change
        else {
            return err!(MarginPoolError::WrongTarget);
        };
        self.open_interest_limit = open_interest_limit;
        self.series_limit = series_limit;
        self.account_limit = account_limit;
        Ok(())
    }
}

impl Collateral {
    /// A weight no higher than what counts now counts at once. A higher one goes on from there: its line from zero
    /// is taken to have begun so long ago that it passes what counts now, rounded down.
    fn reweigh(&mut self, weight: u64, ramp_seconds: u64, now: i64) -> Result<()> {
        let present = self.weight_at(now);
        // Weights are at most 10⁶, ramps at most a year: the product stays below 2⁴⁵. A weight of zero is no higher.
        let done = (ramp_seconds * present.min(weight))
            .checked_div(weight)
            .unwrap_or(ramp_seconds);
        let done = i64::try_from(done).map_err(|_| MarginPoolError::Overflow)?;
        self.ramp_start = now.checked_sub(done).ok_or(MarginPoolError::Overflow)?;
        (self.weight, self.ramp_seconds) = (weight, ramp_seconds);
        Ok(())
    }
}

/// The account that a venue's fees are to go to is the one given, and of this pool.
pub(crate) fn check_fee_account(
    change: &PoolChange,
    given: Option<&AccountLoader<MarginAccount>>,
) -> Result<()> {
    let given = given.map(|account| account.key());
    require!(given == change.fee_account(), MarginPoolError::WrongTarget);
    Ok(())
}

fn lower(name: &'static str, now: u64, next: u64) -> Result<()> {
    keep(Line {
        name,
        now,
        next,
        stricter: Stricter::Lower(0),
    })
}

/// Zero is no limit at all.
fn lower_outflow(now: u64, next: u64) -> Result<()> {
    let size = |limit| if limit == 0 { u64::MAX } else { limit };
    lower("outflow_limit", size(now), size(next))
}

fn keep(line: Line) -> Result<()> {
    if !line.is_kept() {
        msg!("{}: {} to {}", line.name, line.now, line.next);
        return err!(MarginPoolError::NotTighter);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable, cep_risk::PPM};

    const NOW: i64 = 1_000_000;

    fn collateral(weight: u64, ramp_start: i64, ramp_seconds: u64) -> Collateral {
        Collateral {
            weight,
            ramp_start,
            ramp_seconds,
            ..Collateral::zeroed()
        }
    }

    fn weight(c: &Collateral, now: i64) -> u64 {
        c.weight_at(now)
    }

    #[test]
    fn a_raised_weight_goes_on_from_what_counts_and_a_lower_one_counts_at_once() {
        let mut c = collateral(PPM / 2, NOW - 50, 100);
        assert_eq!(weight(&c, NOW), PPM / 4);
        c.reweigh(PPM, 1_000, NOW).unwrap();
        assert_eq!(weight(&c, NOW), PPM / 4, "nothing is gained at once");
        assert_eq!(weight(&c, NOW + 375), PPM * 5 / 8);
        assert_eq!(weight(&c, NOW + 750), PPM);
        c.reweigh(PPM / 10, 1_000, NOW + 10).unwrap();
        assert_eq!(weight(&c, NOW + 10), PPM / 10);
        c.reweigh(0, 1_000, NOW + 20).unwrap();
        assert_eq!(weight(&c, NOW + 20), 0);
        c.reweigh(PPM, 1_000, NOW + 30).unwrap();
        assert_eq!((weight(&c, NOW + 30), weight(&c, NOW + 1_030)), (0, PPM));
    }

    #[test]
    fn what_counts_never_rises_in_the_second_of_a_change() {
        for old in [1, 3, 333_333, PPM] {
            for elapsed in [0, 1, 7, 99] {
                for new in [old, old + 1, PPM] {
                    let mut c = collateral(old, NOW - elapsed, 100);
                    let before = weight(&c, NOW);
                    c.reweigh(new, 7, NOW).unwrap();
                    assert!(weight(&c, NOW) <= before, "{old} {elapsed} {new}");
                }
            }
        }
    }
}

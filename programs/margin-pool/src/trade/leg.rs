use {
    crate::{
        clearing::{self, Asset},
        error::MarginPoolError,
        margin::{BookParts, Books, valuation},
        state::{MarginAccount, Market, Pool, PoolParams, Position, PositionKind, PriceHistory},
    },
    anchor_lang::prelude::*,
    cep_risk::{PPM, Price, Quantity, units::mul_ppm_ceil},
};

/// One leg of a trade.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Index of the underlying in the pool.
    pub underlying: u8,
    /// Where the instrument is in the book, and its id; both zero for the perpetual. The id decides.
    pub slot: u16,
    pub instrument: u64,
    /// Millionths of a contract; positive: A buys from B.
    pub quantity: i64,
    /// Micro-USD per contract.
    pub price: u64,
}

impl Leg {
    #[must_use]
    pub const fn perpetual(underlying: u8, quantity: i64, price: u64) -> Self {
        Self {
            underlying,
            slot: 0,
            instrument: 0,
            quantity,
            price,
        }
    }
}

/// By which rules a trade is cleared.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Fees of A and of B on notional, ppm.
    pub fees: [u64; 2],
    /// Whether its prices enter the funding premium: those of registered venues do. What two parties agree on between
    /// themselves says nothing about the market, and they may be one.
    pub discovers_price: bool,
}

/// What a leg did to each side.
pub(super) struct Cleared {
    /// Micro-USD.
    pub(super) fees: [i64; 2],
    /// Whether its position in the leg's instrument is smaller, and not turned round.
    pub(super) shrank: [bool; 2],
}

/// Clears one leg between two accounts.
pub(super) fn clear<B: BookParts>(
    pool: &mut Pool,
    market: &mut Market,
    sides: &mut [&mut MarginAccount; 2],
    books: &Books<B>,
    (leg, asset): (&Leg, &Asset),
    terms: &Terms,
) -> Result<Cleared> {
    let book = &books.listed(leg.underlying)?.book;
    // Its scenarios are those of its gap alone.
    require!(
        book.header().is_staked == 0,
        MarginPoolError::StakedUnderlying
    );
    let index = Price::new(book.header().price).map_err(|_| MarginPoolError::BookNotReady)?;
    let price = Price::new(leg.price).map_err(|_| MarginPoolError::PriceOutsideBand)?;
    let mark = valuation::mark(book, asset, false, books.now)?;
    require!(
        inside_band(price, mark, index, asset, &pool.params),
        MarginPoolError::PriceOutsideBand
    );

    // One rounding for both sides, so that what one pays is what the other receives.
    let quote = (-Quantity(leg.quantity).at(price))
        .floor_micro_usd()
        .map_err(MarginPoolError::from)?;
    let funding = pool.params.funding();
    let prices = PriceHistory::of(book.header(), books.now)?;
    market.funding.accrue(&funding, &prices, books.now)?;
    let before = State::of(market, asset, sides)?;
    let [a, b] = sides;
    clearing::exchange(pool, market, (a, b), asset, (leg.quantity, quote))?;
    let after = State::of(market, asset, sides)?;
    after.check_limits(&before, market, asset)?;
    let shrank = after.shrank(&before);
    if shrank != [true; 2] {
        // What an average will be is all but known before its end.
        require!(
            !asset.is_settling(books.now),
            MarginPoolError::ExpirySettling
        );
        books.require_trusted(leg.underlying)?;
    }
    if terms.discovers_price && asset.kind == PositionKind::Perpetual {
        let worth = quote.unsigned_abs();
        market.funding.observe(&funding, price, index, worth);
    }

    let mut fees = [0; 2];
    for ((account, rate), fee) in sides.iter_mut().zip(terms.fees).zip(&mut fees) {
        *fee = fee_of(asset, leg.quantity, quote, index, (rate, &pool.params))?;
        clearing::charge(pool, account, *fee)?;
    }
    settle_closed(pool, market, sides, (asset, mark))?;
    Ok(Cleared { fees, shrank })
}

/// A closed position settles at once: a loss pays in, a profit draws what is there. The loser first,
/// so that the winner of the same leg draws what he paid in.
fn settle_closed(
    pool: &mut Pool,
    market: &mut Market,
    sides: &mut [&mut MarginAccount; 2],
    (asset, mark): (&Asset, u64),
) -> Result<()> {
    for losers in [true, false] {
        for account in sides.iter_mut() {
            let due = |p: &Position| asset.is_of(p) && p.base == 0 && (p.quote < 0) == losers;
            if let Some(slot) = account.positions.iter().position(due) {
                clearing::settle(pool, market, account, slot, mark)?;
            }
        }
    }
    Ok(())
}

/// Rounded up. On an option by the contracts' index value, but no more than a part of the premium.
fn fee_of(
    asset: &Asset,
    quantity: i64,
    quote: i64,
    index: Price,
    (rate, params): (u64, &PoolParams),
) -> Result<i64> {
    let quote = quote.saturating_abs();
    if !asset.is_option() {
        return Ok(mul_ppm_ceil(quote, rate).map_err(MarginPoolError::from)?);
    }
    let notional = Quantity(quantity).at(index).abs();
    let notional = notional.ceil_micro_usd().map_err(MarginPoolError::from)?;
    let fee = mul_ppm_ceil(notional, rate).map_err(MarginPoolError::from)?;
    let cap = mul_ppm_ceil(quote, params.option_fee_cap).map_err(MarginPoolError::from)?;
    Ok(fee.min(cap))
}

/// A band around the mark, and around an option's a part of the index more: near worthless options move by multiples.
fn inside_band(price: Price, mark: u64, index: Price, asset: &Asset, params: &PoolParams) -> bool {
    let distance = u128::from(price.micro_usd().abs_diff(mark));
    let mut band = u128::from(mark) * u128::from(params.price_band);
    if asset.is_option() {
        band += u128::from(index.micro_usd()) * u128::from(params.option_band);
    }
    // Prices below 2⁴⁹ and bands below 2²¹.
    distance * u128::from(PPM) <= band
}

/// What limits look at.
struct State {
    bases: [i64; 2],
    open: i64,
}

impl State {
    fn of(market: &Market, asset: &Asset, sides: &[&mut MarginAccount; 2]) -> Result<Self> {
        let [a, b] = sides;
        let open = match asset.kind {
            PositionKind::Perpetual => market.open_long,
            _ => market.series_open(asset.slot, asset.instrument),
        };
        Ok(Self {
            bases: [asset.base(a), asset.base(b)],
            open,
        })
    }

    /// Whether each position shrank and did not turn around.
    fn shrank(&self, before: &Self) -> [bool; 2] {
        let shrank = |before: i64, after: i64| {
            after.unsigned_abs() < before.unsigned_abs()
                && (after == 0 || (after > 0) == (before > 0))
        };
        let ([a, b], [was_a, was_b]) = (self.bases, before.bases);
        [shrank(was_a, a), shrank(was_b, b)]
    }

    fn check_limits(&self, before: &Self, market: &Market, asset: &Asset) -> Result<()> {
        let limit = match asset.kind {
            PositionKind::Perpetual => market.open_interest_limit,
            _ => market.series_limit,
        };
        require!(
            self.open <= limit || self.open <= before.open,
            MarginPoolError::OpenInterestLimit
        );
        let within = |(before, after): (i64, i64)| {
            let size = after.unsigned_abs();
            size <= market.account_limit.unsigned_abs() || size <= before.unsigned_abs()
        };
        require!(
            before.bases.into_iter().zip(self.bases).all(within),
            MarginPoolError::AccountLimit
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    const CALL: Asset = Asset {
        kind: PositionKind::Call,
        ..Asset::perpetual(0)
    };

    #[test]
    fn a_position_that_turns_around_is_not_reduced() {
        let state = |base| State {
            bases: [base, -base],
            open: 0,
        };
        for (before, after, less) in [
            (5, 4, true),
            (-5, 0, true),
            (-5, -4, true),
            (5, 5, false),
            (5, -4, false),
            (-5, 4, false),
            (0, 1, false),
            (0, 0, false),
        ] {
            let got = state(after).shrank(&state(before));
            assert_eq!(got, [less; 2], "{before} {after}");
        }
    }

    #[test]
    fn the_band_is_symmetric_and_inclusive() {
        let p = |x| Price::new(x).unwrap();
        let params = PoolParams {
            price_band: 50_000,
            option_band: 10_000,
            ..PoolParams::zeroed()
        };
        let inside = |at, asset| inside_band(p(at), 100, p(1_000), asset, &params);
        let perpetual = Asset::perpetual(0);
        assert!(inside(105, &perpetual) && inside(95, &perpetual));
        assert!(!inside(106, &perpetual) && !inside(94, &perpetual));
        assert!(inside(115, &CALL) && inside(85, &CALL));
        assert!(!inside(116, &CALL) && !inside(84, &CALL));
    }

    #[test]
    fn an_options_fee_is_on_the_index_and_at_most_a_part_of_the_premium() {
        let params = PoolParams {
            option_fee_cap: 125_000,
            ..PoolParams::zeroed()
        };
        let index = Price::new(100_000_000_000).unwrap();
        let fee = |asset, premium| fee_of(asset, -2_000_000, premium, index, (300, &params));
        assert_eq!(fee(&CALL, 8_000_000_000).unwrap(), 60_000_000);
        assert_eq!(fee(&CALL, -80_000_000).unwrap(), 10_000_000);
        assert_eq!(fee(&CALL, 0).unwrap(), 0);
        assert_eq!(
            fee(&Asset::perpetual(0), -200_000_000_001).unwrap(),
            60_000_001
        );
    }
}

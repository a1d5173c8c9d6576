//! Holdings netted by underlying, and their equity.

use {
    super::{Book, Holding, Instrument, Portfolio},
    crate::{
        MAX_HOLDINGS, MAX_UNDERLYINGS, PPM, SECONDS_PER_YEAR,
        curve::{Curve, Slope},
        error::RiskError,
        units::{MAX_QUANTITY, Notional, Price, Quantity},
    },
    alloc::vec::Vec,
};

/// Options on one underlying whose curves share a centre: they add up node by node.
pub(super) struct Group<'a> {
    pub book: usize,
    pub centre: Price,
    pub slope: Slope,
    pub options: Vec<(i64, Curve<'a>)>,
}

/// Bits of a delta below one millionth of a contract.
const DELTA_BITS: u32 = 24;

pub(super) struct Net<'a> {
    /// Exposure of everything linear, by book.
    pub linear: [Notional; MAX_UNDERLYINGS],
    /// Net delta by book in millionths of contracts, Q24 and exact: linear quantities, and options by the slope of
    /// their curves.
    pub delta: [i128; MAX_UNDERLYINGS],
    pub groups: Vec<Group<'a>>,
    /// Short option contracts at the index price.
    pub short_options: Notional,
    /// Delta of each expiry at the index price, without its sign, times the basis shock in parts per million.
    pub basis: i128,
    pub equity: i64,
}

impl<'a> Net<'a> {
    pub fn of(portfolio: &Portfolio<'a>, params: &super::AddonParams) -> Result<Self, RiskError> {
        if portfolio.books.len() > MAX_UNDERLYINGS {
            return Err(RiskError::TooManyUnderlyings);
        }
        if portfolio.holdings.len() > MAX_HOLDINGS {
            return Err(RiskError::TooManyHoldings);
        }
        let mut net = Net {
            linear: [Notional(0); MAX_UNDERLYINGS],
            delta: [0; MAX_UNDERLYINGS],
            groups: Vec::new(),
            short_options: Notional(0),
            basis: 0,
            equity: 0,
        };
        net.make_groups(portfolio)?;
        let mut at_index = [0i128; MAX_UNDERLYINGS];
        let holdings = portfolio.holdings.iter();
        let expiries = holdings.filter(|h| h.instrument.is_dated()).count();
        let mut dated: Vec<(usize, u64, i128)> = Vec::with_capacity(expiries);
        let (mut value, mut money) = (Notional(0), i128::from(portfolio.cash));
        for holding in portfolio.holdings {
            let at = holding.book;
            let book = portfolio.books.get(at).ok_or(RiskError::MissingBook)?;
            let q = holding.quantity;
            money += i128::from(holding.quote);
            let delta = match holding.instrument {
                Instrument::Index => {
                    at_index[at] += i128::from(q.0);
                    linear_delta(q)
                }
                Instrument::Perpetual { mark } => {
                    net.linear[at] += q.at(mark);
                    value += q.at(mark);
                    linear_delta(q)
                }
                Instrument::Future { forward, seconds } => {
                    net.linear[at] += q.at(forward);
                    value += q.at(forward);
                    add_dated(&mut dated, at, seconds, linear_delta(q));
                    linear_delta(q)
                }
                Instrument::Option {
                    mark,
                    seconds,
                    curve,
                } => {
                    if q.0.unsigned_abs() > MAX_QUANTITY.unsigned_abs() {
                        return Err(RiskError::ExposureTooLarge);
                    }
                    value += q.times_micro(mark);
                    if q.0 < 0 {
                        net.short_options += q.at(book.price).abs();
                    }
                    let group = net.group(at, curve.centre);
                    let group = group.ok_or(RiskError::MissingBook)?;
                    group.options.push((q.0, curve));
                    let delta = i128::from(q.0) * i128::from(curve.delta_q24(&group.slope));
                    add_dated(&mut dated, at, seconds, delta);
                    delta
                }
            };
            // At most 96 holdings of less than 2⁶³ x 2³² each.
            net.delta[at] += delta;
        }
        for ((slot, q), book) in net.linear.iter_mut().zip(&at_index).zip(portfolio.books) {
            let q = Quantity(i64::try_from(*q).map_err(|_| RiskError::ExposureTooLarge)?);
            *slot += q.at(book.price);
            value += q.at(book.price);
        }
        for (at, seconds, delta) in dated {
            let price = portfolio.books[at].price;
            // Beyond a hundred years nothing changes: 2²⁰ x 2³² at most.
            let seconds = seconds.min(100 * SECONDS_PER_YEAR);
            let shock = params.basis_rate * seconds / SECONDS_PER_YEAR + params.basis_floor;
            let shock = shock.min(PPM);
            let exposure = delta_times(delta, price.micro_usd())?;
            if exposure.0 > crate::rows::MAX_EXPOSURE {
                return Err(RiskError::ExposureTooLarge);
            }
            // Below 2⁷⁷ x 2²⁰, at most 96 times.
            net.basis += exposure.0 * i128::from(shock);
        }
        // One rounding for the whole account, down.
        let equity = i128::from(value.floor_micro_usd()?) + money;
        net.equity = i64::try_from(equity).map_err(|_| RiskError::Overflow)?;
        Ok(net)
    }

    /// Empty groups with room for their options: on chain little is left beside what a growing list would leave behind.
    fn make_groups(&mut self, portfolio: &Portfolio<'a>) -> Result<(), RiskError> {
        let centre_of = |holding: &Holding<'a>| match holding.instrument {
            Instrument::Option { curve, .. } => Some((holding.book, curve.centre)),
            _ => None,
        };
        for (at, centre) in portfolio.holdings.iter().filter_map(centre_of) {
            let spot = portfolio.books.get(at).ok_or(RiskError::MissingBook)?.price;
            if self.group(at, centre).is_none() {
                if self.groups.capacity() == 0 {
                    // Books keep the curves of two centres at most.
                    self.groups.reserve_exact(2 * portfolio.books.len());
                }
                self.groups.push(Group {
                    book: at,
                    centre,
                    slope: Slope::at(spot, centre),
                    options: Vec::new(),
                });
            }
        }
        for group in &mut self.groups {
            let of_group = |key: &(usize, Price)| *key == (group.book, group.centre);
            let keys = portfolio.holdings.iter().filter_map(centre_of);
            group.options.reserve_exact(keys.filter(of_group).count());
        }
        Ok(())
    }

    /// The options on a book with this centre.
    fn group(&mut self, book: usize, centre: Price) -> Option<&mut Group<'a>> {
        self.groups
            .iter_mut()
            .find(|group| group.book == book && group.centre == centre)
    }

    /// The underlyings with a net linear exposure: a hedged one costs nothing to check.
    pub fn exposed<'b>(&self, books: &'b [Book<'a>]) -> (Vec<Notional>, Vec<&'b Book<'a>>) {
        let mut exposures = Vec::with_capacity(books.len());
        let mut used = Vec::with_capacity(books.len());
        let linear = self.linear.iter().zip(books);
        for (exposure, book) in linear.filter(|(exposure, _)| exposure.0 != 0) {
            exposures.push(*exposure);
            used.push(book);
        }
        (exposures, used)
    }

    /// One book of each that the scenarios must move.
    pub fn used<'b>(&self, books: &'b [Book<'a>]) -> impl Iterator<Item = &'b Book<'a>> {
        let linear = books
            .iter()
            .zip(self.linear)
            .filter(|(_, exposure)| exposure.0 != 0);
        let curved = self.groups.iter().filter_map(|group| books.get(group.book));
        linear
            .map(|(book, _)| book)
            .chain(curved.collect::<Vec<_>>())
    }
}

fn linear_delta(quantity: Quantity) -> i128 {
    i128::from(quantity.0) << DELTA_BITS
}

/// Contracts of a delta without its sign, rounded up.
pub(super) fn contracts(delta: i128) -> Result<Quantity, RiskError> {
    let up = (1 << DELTA_BITS) - 1;
    let contracts = (delta.unsigned_abs() + up) >> DELTA_BITS;
    i64::try_from(contracts)
        .map(Quantity)
        .map_err(|_| RiskError::ExposureTooLarge)
}

/// A delta without its sign times micro-USD per contract, rounded up.
pub(super) fn delta_times(delta: i128, micro_usd: u64) -> Result<Notional, RiskError> {
    let delta = delta.unsigned_abs();
    // The product fits when the bits of both do; 96 deltas of 2⁴⁷ x 2²⁵ and a price of 2⁴⁴ have 124.
    if delta.leading_zeros() + micro_usd.leading_zeros() < 66 {
        return Err(RiskError::ExposureTooLarge);
    }
    let up = (1 << DELTA_BITS) - 1;
    let exact = delta.wrapping_mul(u128::from(micro_usd)).wrapping_add(up) >> DELTA_BITS;
    i128::try_from(exact)
        .map(Notional)
        .map_err(|_| RiskError::ExposureTooLarge)
}

fn add_dated(dated: &mut Vec<(usize, u64, i128)>, book: usize, seconds: u64, delta: i128) {
    match dated
        .iter_mut()
        .find(|(at, expiry, _)| *at == book && *expiry == seconds)
    {
        Some((_, _, sum)) => *sum += delta,
        None => dated.push((book, seconds, delta)),
    }
}

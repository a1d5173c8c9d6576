//! Holdings netted by underlying, and their equity.

use {
    super::{Book, Holding, Instrument},
    crate::{
        MAX_HOLDINGS, MAX_UNDERLYINGS, PPM, SECONDS_PER_YEAR,
        curve::{Averaging, Curve, Reading, Slope},
        error::RiskError,
        settling::{Dated, Struck},
        units::{MAX_QUANTITY, Notional, Price, Quantity},
    },
    alloc::{boxed::Box, vec::Vec},
};

/// Options on one underlying whose curves share a centre: they add up node by node. Those whose settlement price is being
/// averaged make a group by expiry.
pub(super) struct Group<'a> {
    pub book: usize,
    pub centre: Price,
    pub slope: Slope,
    pub options: Vec<(i64, Curve<'a>)>,
    /// Apart, since there is seldom one and the heap is small on chain.
    averaging: Option<Box<Averaged>>,
}

/// An expiry that is being averaged: which one, how its options are read, and what each of them pays.
struct Averaged {
    expiry: i64,
    reading: Reading,
    struck: Vec<Struck>,
}

/// What tells groups apart: book, centre, and the expiry that is being averaged.
type Key = (usize, Price, Option<i64>);

impl<'a> Group<'a> {
    fn key(&self) -> Key {
        let averaging = self.averaging.as_ref().map(|averaged| averaged.expiry);
        (self.book, self.centre, averaging)
    }

    /// The options whose curves are read as they are; none of an expiry that is being averaged.
    pub fn plain(&self) -> &[(i64, Curve<'a>)] {
        match self.averaging {
            None => &self.options,
            Some(_) => &[],
        }
    }

    /// The options of an expiry that is being averaged.
    pub fn averaging(&self) -> Option<Averaging<'_, 'a>> {
        self.averaging.as_ref().map(|averaged| Averaging {
            reading: &averaged.reading,
            options: &self.options,
            struck: &averaged.struck,
        })
    }
}

fn key_of(book: usize, curve: &Curve<'_>, dated: &Dated) -> Key {
    (
        book,
        curve.centre,
        dated.is_averaging().then_some(dated.expiry),
    )
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
    /// Reads the books only here: what it keeps lives as long as the holdings' curves.
    pub fn of(
        (cash, holdings): (i64, &[Holding<'a>]),
        books: &[Book<'_>],
        params: &super::AddonParams,
    ) -> Result<Self, RiskError> {
        if books.len() > MAX_UNDERLYINGS {
            return Err(RiskError::TooManyUnderlyings);
        }
        if holdings.len() > MAX_HOLDINGS {
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
        net.make_groups(holdings, books)?;
        let mut at_index = [0i128; MAX_UNDERLYINGS];
        // Few, and the last block of the heap: on chain it grows where it lies.
        let mut by_expiry: Vec<Due> = Vec::new();
        let (mut value, mut money) = (Notional(0), i128::from(cash));
        for holding in holdings {
            let at = holding.book;
            let book = books.get(at).ok_or(RiskError::MissingBook)?;
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
                Instrument::Future { forward, dated } => {
                    net.linear[at] += q.times_micro(dated.moving(forward.micro_usd()));
                    value += q.times_micro(dated.future(forward, q.0 < 0));
                    let delta = i128::from(q.0) * i128::from(dated.delta_q24());
                    add_dated(&mut by_expiry, at, &dated, delta);
                    delta
                }
                Instrument::Option {
                    mark,
                    curve,
                    struck,
                    dated,
                } => {
                    if q.0.unsigned_abs() > MAX_QUANTITY.unsigned_abs() {
                        return Err(RiskError::ExposureTooLarge);
                    }
                    value += q.times_micro(mark);
                    if q.0 < 0 {
                        // Rounded up where only a part of the average is to come.
                        let up = u64::from(dated.is_averaging());
                        let moving = dated.moving(book.price.micro_usd()) + up;
                        net.short_options += q.times_micro(moving).abs();
                    }
                    let group = net.group(key_of(at, &curve, &dated));
                    let group = group.ok_or(RiskError::MissingBook)?;
                    group.options.push((q.0, curve));
                    if let Some(averaged) = &mut group.averaging {
                        averaged.struck.push(struck);
                    }
                    let delta = curve.settling_delta_q24(&group.slope, &dated, &struck);
                    let delta = i128::from(q.0) * i128::from(delta);
                    add_dated(&mut by_expiry, at, &dated, delta);
                    delta
                }
            };
            // At most 96 holdings of less than 2⁶³ x 2³² each.
            net.delta[at] += delta;
        }
        for ((slot, q), book) in net.linear.iter_mut().zip(&at_index).zip(books) {
            let q = Quantity(i64::try_from(*q).map_err(|_| RiskError::ExposureTooLarge)?);
            *slot += q.at(book.price);
            value += q.at(book.price);
        }
        for due in by_expiry {
            let (book, delta) = (&books[due.book], due.delta);
            // Beyond a hundred years nothing changes: 2²⁰ x 2³² at most.
            let seconds = due.seconds.min(100 * SECONDS_PER_YEAR);
            let shock = params.basis_rate * seconds / SECONDS_PER_YEAR + params.basis_floor;
            // Rounded up; a step is at most all of it.
            let step = (book.basis_step.min(PPM) * seconds).div_ceil(SECONDS_PER_YEAR);
            let shock = shock.max(step).min(PPM);
            let exposure = delta_times(delta, book.price.micro_usd())?;
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
    fn make_groups(
        &mut self,
        holdings: &[Holding<'a>],
        books: &[Book<'_>],
    ) -> Result<(), RiskError> {
        let key_of = |holding: &Holding<'a>| match holding.instrument {
            Instrument::Option { curve, dated, .. } => {
                Some((key_of(holding.book, &curve, &dated), dated))
            }
            _ => None,
        };
        // Most books have the curves of one centre. The list is the last block of the heap while it is made,
        // so that more of them grow it where it lies.
        let with_options = holdings.iter().filter_map(key_of);
        let optioned = with_options.fold(0u8, |found, ((at, ..), _)| {
            found | 1u8.wrapping_shl(u32::try_from(at).unwrap_or(u32::MAX))
        });
        let optioned = usize::try_from(optioned.count_ones()).unwrap_or(MAX_UNDERLYINGS);
        self.groups.reserve_exact(optioned);
        for (key, dated) in holdings.iter().filter_map(key_of) {
            let (at, centre, averaging) = key;
            let spot = books.get(at).ok_or(RiskError::MissingBook)?.price;
            if self.group(key).is_none() {
                self.groups.push(Group {
                    book: at,
                    centre,
                    slope: Slope::at(spot, centre),
                    options: Vec::new(),
                    averaging: averaging.map(|expiry| {
                        Box::new(Averaged {
                            expiry,
                            reading: Reading::new(&dated, centre),
                            struck: Vec::new(),
                        })
                    }),
                });
            }
        }
        for group in &mut self.groups {
            let keys = holdings.iter().filter_map(key_of);
            let own = group.key();
            let count = keys.filter(|(key, _)| *key == own).count();
            group.options.reserve_exact(count);
            if let Some(averaged) = &mut group.averaging {
                averaged.struck.reserve_exact(count);
            }
        }
        Ok(())
    }

    fn group(&mut self, key: Key) -> Option<&mut Group<'a>> {
        self.groups.iter_mut().find(|group| group.key() == key)
    }

    /// The underlyings with a net linear exposure: a hedged one costs nothing to check.
    pub fn exposed<'b, 'c>(&self, books: &'b [Book<'c>]) -> (Vec<Notional>, Vec<&'b Book<'c>>) {
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
    pub fn used<'b, 'c>(&self, books: &'b [Book<'c>]) -> impl Iterator<Item = &'b Book<'c>> {
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

/// The net delta of one expiry of a book, see [`Net::delta`].
struct Due {
    book: usize,
    expiry: i64,
    seconds: u64,
    delta: i128,
}

fn add_dated(by_expiry: &mut Vec<Due>, book: usize, dated: &Dated, delta: i128) {
    let own = |due: &&mut Due| due.book == book && due.expiry == dated.expiry;
    match by_expiry.iter_mut().find(own) {
        Some(due) => due.delta += delta,
        None => by_expiry.push(Due {
            book,
            expiry: dated.expiry,
            seconds: dated.seconds(),
            delta,
        }),
    }
}

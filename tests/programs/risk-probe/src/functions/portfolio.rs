//! Whole margin checks of linear portfolios.

use {
    crate::{Answer, Request, Tables},
    cep_risk::{
        AddonParams, Addons, Book, Breakdown, Holding, Instrument, Kind, MAX_UNDERLYINGS,
        MarginParams, PPM, Portfolio, Price, Quantity, SECONDS_PER_DAY, Scratch,
    },
};

/// Most holdings of a portfolio that is evaluated as a whole, and of one whose holdings are each
/// evaluated alone.
const MOST_HOLDINGS: u64 = 64;
const MOST_ALONE: u64 = 8;
pub(super) const KINDS: [Kind; 2] = [Kind::Initial, Kind::Maintenance];

/// A portfolio and the parameters that it is checked under.
struct Account<'a> {
    params: MarginParams,
    cash: i64,
    books: Vec<Book<'a>>,
    holdings: Vec<Holding<'a>>,
}

impl<'a> Account<'a> {
    /// Prices from a thousandth of a dollar to a million, holdings from dust to billions of dollars. One
    /// word for each choice, in the order written here.
    fn draw(request: &mut Request, tables: &'a Tables, most: u64) -> Self {
        let params = MarginParams {
            stress_weight: request.within(0, PPM),
            retained: request.within(0, PPM),
            maintenance_factor: request.within(300_000, PPM),
            confidence_multiple: request.within(0, 10 * PPM),
            addons: AddonParams::NONE,
        };
        let cash = request.signed() >> 8;
        let count = request.within(1, MAX_UNDERLYINGS as u64);
        let first = request.within(0, MAX_UNDERLYINGS as u64 - 1);
        let mut books = Vec::with_capacity(MAX_UNDERLYINGS);
        for i in 0..count {
            let at = ((first + i) % MAX_UNDERLYINGS as u64) as usize;
            let digits = request.within(10, 40);
            let price = request.within(1 << (digits - 1), 1 << digits);
            let (Ok(price), Some(table)) = (Price::new(price), tables.underlyings.get(at)) else {
                continue;
            };
            books.push(Book {
                price,
                confidence: request.within(0, price.micro_usd() / 64),
                returns: &table.returns,
                extremes: (table.lowest, table.highest),
                weights: &tables.weights,
                stress: &table.stress,
                scenario_set: 1,
                age: 0,
                sigma: 0,
                horizon: SECONDS_PER_DAY,
                daily_volume: 0,
                open_interest: 0,
                doubt: 0,
                basis_step: 0,
                levels: &tables.levels,
                stress_levels: &tables.stress_levels,
            });
        }
        let holdings = request.within(0, most);
        let holdings = (0..holdings).map(|_| {
            let book = request.within(0, count - 1) as usize;
            // Up to about ten billion dollars in one holding.
            let price = books
                .get(book)
                .map_or(1, |book: &Book<'_>| book.price.micro_usd());
            let most = ((1u64 << 53) / price) << 7;
            let size = request.within(0, most) >> request.within(0, 30);
            let short = request.within(0, 1) == 1;
            let quantity = i64::try_from(size).unwrap_or(i64::MAX);
            Holding {
                book,
                quantity: Quantity(if short { -quantity } else { quantity }),
                quote: request.signed() >> 8,
                instrument: Instrument::Index,
            }
        });
        Self {
            params,
            cash,
            holdings: holdings.collect(),
            books,
        }
    }

    fn portfolio(&self) -> Portfolio<'_> {
        Portfolio {
            cash: self.cash,
            holdings: &self.holdings,
            books: &self.books,
        }
    }
}

pub fn evaluate(request: &mut Request, tables: &Tables, answer: &mut Answer) {
    let mut scratch = Scratch::new();
    for _ in 0..request.calls {
        let account = Account::draw(request, tables, MOST_HOLDINGS);
        for kind in KINDS {
            let result = answer.metered(|| {
                account
                    .portfolio()
                    .evaluate(&account.params, kind, &mut scratch)
            });
            answer.put_result(result, put_breakdown);
        }
    }
}

pub(super) fn put_breakdown(answer: &mut Answer, it: Breakdown) {
    // Named one by one: a field that is added must be compared too.
    let Breakdown {
        equity,
        requirement,
        expected_shortfall,
        stress,
        worst_stress_row,
        retained,
        addons,
    } = it;
    let Addons {
        concentration,
        oracle,
        basis,
        short_option,
        doubt,
    } = addons;
    for value in [
        equity,
        requirement,
        expected_shortfall,
        stress,
        retained,
        concentration,
        oracle,
        basis,
        short_option,
        doubt,
    ] {
        answer.put(value);
    }
    answer.put_unsigned(worst_stress_row as u64);
}

pub fn isolated(request: &mut Request, tables: &Tables, answer: &mut Answer) {
    let mut scratch = Scratch::new();
    for _ in 0..request.calls {
        let account = Account::draw(request, tables, MOST_ALONE);
        for kind in KINDS {
            let result = answer.metered(|| {
                account
                    .portfolio()
                    .isolated(&account.params, kind, &mut scratch)
            });
            answer.put_result(result, Answer::put);
        }
    }
}

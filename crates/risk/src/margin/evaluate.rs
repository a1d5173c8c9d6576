//! From a portfolio to its requirement.

use {
    super::{
        Addons, Book, Breakdown, Holding, Kind, MarginParams, Portfolio,
        net::{Group, Net},
    },
    crate::{
        PPM, ROWS, STRESS_ROWS,
        curve::CurveScratch,
        error::RiskError,
        rows::{self, Column, Excess, Line, one_loss, to_micro_usd},
        tail::{
            TAIL_99, TAIL_975, Undecided, expected_shortfall_less, expected_shortfall_of_linear,
        },
        units::{Notional, mul_ppm_ceil},
    },
    alloc::{boxed::Box, vec, vec::Vec},
    core::cmp::max,
};

/// Working memory of a margin check: one per transaction on chain, where the heap is small. Made of
/// zeroed boxes, since 5 KB would not fit the 4 KiB frame that a value passes through.
pub struct Scratch {
    pub(super) losses: Box<[i64; ROWS]>,
    undecided: Box<Undecided>,
    /// Made when the first option is met.
    pub(super) curves: Option<CurveScratch>,
}

impl Scratch {
    #[must_use]
    pub fn new() -> Self {
        Self {
            losses: zeroed(),
            undecided: zeroed(),
            curves: None,
        }
    }

    /// Makes what a portfolio with options needs. To be called before anything that lives shorter is
    /// made: on chain memory is taken back last in first out, and what would lie in front of it would
    /// be missing in every later margin check of the transaction.
    pub fn make_room_for_options(&mut self) {
        self.curves.get_or_insert_default();
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

fn zeroed<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    // `vec!` asks the allocator for zeroed memory. Its length is N, so the conversion cannot fail.
    match vec![T::default(); N].into_boxed_slice().try_into() {
        Ok(boxed) => boxed,
        Err(_) => unreachable!(),
    }
}

/// Both requirements of `cash` and `holdings`, which are netted once: for initial margin on `books` and, where `asked` says
/// so of it, for maintenance on what `maintenance` makes of them, the same books in the same order as that margin reads
/// them. On chain there is no room for both lists at a time.
///
/// # Errors
/// As [`Portfolio::evaluate`].
pub fn evaluate_both<'b>(
    (cash, holdings): (i64, &[Holding<'_>]),
    books: &mut Vec<Book<'b>>,
    params: &MarginParams,
    scratch: &mut Scratch,
    asked: impl FnOnce(&Breakdown) -> bool,
    maintenance: impl FnOnce(&mut Vec<Book<'b>>) -> Result<(), RiskError>,
) -> Result<(Breakdown, Option<Breakdown>), RiskError> {
    if holdings.iter().any(|h| h.instrument.is_option()) {
        scratch.make_room_for_options();
    }
    let net = Net::of((cash, holdings), books, &params.addons)?;
    let initial = on(cash, books).evaluate_netted(&net, params, Kind::Initial, scratch)?;
    if !asked(&initial) {
        return Ok((initial, None));
    }
    maintenance(books)?;
    let maintenance = on(cash, books);
    let maintenance = maintenance.evaluate_netted(&net, params, Kind::Maintenance, scratch)?;
    Ok((initial, Some(maintenance)))
}

/// Holdings that were netted, on these books.
const fn on<'a>(cash: i64, books: &'a [Book<'a>]) -> Portfolio<'a> {
    Portfolio {
        cash,
        holdings: &[],
        books,
    }
}

impl<'a> Portfolio<'a> {
    /// Equity and requirement.
    ///
    /// # Errors
    /// See [`RiskError`]; none is reachable within the margin pool's admission limits.
    pub fn evaluate(
        &self,
        params: &MarginParams,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<Breakdown, RiskError> {
        if self.holdings.iter().any(|h| h.instrument.is_option()) {
            scratch.make_room_for_options();
        }
        let net = Net::of((self.cash, self.holdings), self.books, &params.addons)?;
        self.evaluate_netted(&net, params, kind, scratch)
    }

    fn evaluate_netted(
        &self,
        net: &Net<'_>,
        params: &MarginParams,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<Breakdown, RiskError> {
        let mut out = Breakdown {
            equity: net.equity,
            ..Breakdown::default()
        };
        let factor = match kind {
            Kind::Initial => PPM,
            Kind::Maintenance => params.maintenance_factor,
        };
        // Where nothing is exposed the scenarios ask for nothing. The add-ons do: holdings that offset each other exactly
        // still have a basis, and what they need must not jump when a millionth of a contract is added.
        let core = match self.weights(net)? {
            Some(weights) => self.core((net, weights), (params, kind), scratch, &mut out)?,
            None => 0,
        };
        let core = mul_ppm_ceil(core, factor)?;
        out.addons = Addons::of(net, self.books, params, kind)?;
        let least = mul_ppm_ceil(
            net.short_options.ceil_micro_usd()?,
            params.addons.short_option,
        )?;
        out.addons.short_option = max(mul_ppm_ceil(least, factor)? - core, 0);
        out.requirement = core
            .checked_add(out.addons.total()?)
            .ok_or(RiskError::Overflow)?;
        Ok(out)
    }

    /// What the scenarios ask for before the factor of the kind; micro-USD, rounded up. Writes its parts into `out`.
    fn core(
        &self,
        (net, weights): (&Net<'_>, &[u32; ROWS]),
        (params, kind): (&MarginParams, Kind),
        scratch: &mut Scratch,
        out: &mut Breakdown,
    ) -> Result<i64, RiskError> {
        let tail = match kind {
            Kind::Initial => TAIL_99,
            Kind::Maintenance => TAIL_975,
        };
        let (exposures, used) = net.exposed(self.books);
        let columns: Vec<&Column> = used.iter().map(|book| book.returns).collect();
        let (losses, undecided) = (&mut scratch.losses, &mut scratch.undecided);
        let (es, stress) = if net.groups.is_empty() {
            let linear = expected_shortfall_of_linear;
            let es = linear(&exposures, &columns, weights, tail, losses, undecided)?;
            (es, self.stress(net, &exposures, &used, scratch)?)
        } else {
            // The stress rows come with the options' losses, which the shortfall waits for.
            let stress = self.stress(net, &exposures, &used, scratch)?;
            let excess = Excess::new(&exposures, &columns)?;
            let (losses, undecided) = (&mut scratch.losses, &mut scratch.undecided);
            (
                expected_shortfall_less(&excess, losses, weights, tail, undecided)?,
                stress,
            )
        };
        out.expected_shortfall = max(to_micro_usd(es)?, 0);
        out.worst_stress_row = stress.worst_row;
        out.stress = mul_ppm_ceil(to_micro_usd(stress.worst)?, params.stress_weight)?;
        let core = max(out.expected_shortfall, out.stress);
        let floor = mul_ppm_ceil(to_micro_usd(stress.own_worst)?, params.retained)?;
        out.retained = if floor > core { floor } else { 0 };
        Ok(max(core, out.retained))
    }

    /// What the same holdings would need one by one, with no offset between them: the sum of their
    /// own requirements under the same scenarios.
    ///
    /// # Errors
    /// As [`Portfolio::evaluate`].
    pub fn isolated(
        &self,
        params: &MarginParams,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<i64, RiskError> {
        let mut total = 0i64;
        for holding in self.holdings {
            let alone = Portfolio {
                cash: 0,
                holdings: core::slice::from_ref(holding),
                ..*self
            };
            let requirement = alone.evaluate(params, kind, scratch)?.requirement;
            total = total.checked_add(requirement).ok_or(RiskError::Overflow)?;
        }
        Ok(total)
    }

    /// The weights of the scenario set that all exposed books share; `None` when nothing is exposed.
    pub(super) fn weights(&self, net: &Net<'_>) -> Result<Option<&'a [u32; ROWS]>, RiskError> {
        let mut used = net.used(self.books);
        let Some(first) = used.next() else {
            return Ok(None);
        };
        if used.any(|book| book.scenario_set != first.scenario_set) {
            return Err(RiskError::MixedScenarioSets);
        }
        Ok(Some(first.weights))
    }

    /// The loss of every joint row, and what the stress rows come to.
    pub(super) fn scenario_losses(
        &self,
        net: &Net<'_>,
        scratch: &mut Scratch,
    ) -> Result<Stress, RiskError> {
        let (exposures, used) = net.exposed(self.books);
        let columns: Vec<&Column> = used.iter().map(|book| book.returns).collect();
        if net.groups.is_empty() {
            rows::losses(&exposures, &columns, &mut scratch.losses)?;
            return self.stress(net, &exposures, &used, scratch);
        }
        let stress = self.stress(net, &exposures, &used, scratch)?;
        let excess = Excess::new(&exposures, &columns)?;
        for (row, loss) in scratch.losses.iter_mut().enumerate() {
            *loss -= excess.of(row);
        }
        Ok(stress)
    }

    /// Sums up the stress rows and each underlying's own worst joint row. Where there are options, makes the joint rows as
    /// well: their linear losses are rounded up underlying by underlying, see [`Excess`].
    fn stress(
        &self,
        net: &Net<'_>,
        exposures: &[Notional],
        used: &[&Book<'a>],
        scratch: &mut Scratch,
    ) -> Result<Stress, RiskError> {
        let columns: Vec<&[i32; STRESS_ROWS]> = used.iter().map(|book| book.stress).collect();
        let mut stress = [0; STRESS_ROWS];
        rows::stress_losses(exposures, &columns, &mut stress)?;
        let mut own_worst = 0i64;
        if !net.groups.is_empty() {
            scratch.losses.fill(0);
        }
        for ((at, book), exposure) in self.books.iter().enumerate().zip(net.linear) {
            let own = if net.groups.iter().any(|group| group.book == at) {
                self.add_options(net, at, scratch, &mut stress)?
            } else {
                if !net.groups.is_empty() && exposure.0 != 0 {
                    Line::new(exposure)?.add_losses(book.returns, &mut scratch.losses);
                }
                linear_worst(exposure, book)?
            };
            // At most 8 sums of terms below 2⁵⁹.
            own_worst = own_worst.checked_add(own).ok_or(RiskError::Overflow)?;
        }
        let mut worst = (0i64, 0usize);
        for (row, loss) in stress.into_iter().enumerate() {
            if loss > worst.0 {
                worst = (loss, row);
            }
        }
        Ok(Stress {
            worst: worst.0,
            worst_row: worst.1,
            own_worst,
        })
    }

    /// Adds what one underlying with options loses to the joint rows, and what the options lose to the stress rows. Returns
    /// the largest own loss, zero at least.
    fn add_options(
        &self,
        net: &Net<'_>,
        at: usize,
        scratch: &mut Scratch,
        stress: &mut [i64; STRESS_ROWS],
    ) -> Result<i64, RiskError> {
        let book = self.books.get(at).ok_or(RiskError::MissingBook)?;
        let exposure = net.linear.get(at).copied().ok_or(RiskError::MissingBook)?;
        let of_book = |group: &&Group<'_>| group.book == at;
        let groups = || net.groups.iter().filter(of_book);
        // A group of an expiry that is being averaged goes into the table of its centre.
        let first_of_centre = |(i, group): &(usize, &Group<'_>)| {
            !groups()
                .take(*i)
                .any(|before| before.centre == group.centre)
        };
        let centres = || {
            let firsts = groups().enumerate().filter(first_of_centre);
            firsts.map(|(_, group)| group.centre)
        };
        let curves = scratch.curves.get_or_insert_default();
        // Books keep the curves of two centres at most; of more, each pair takes a loop, and the sum has rows of its own.
        let mut apart = (centres().count() > 2).then(zeroed::<i64, ROWS>);
        let losses = apart.as_deref_mut().unwrap_or(&mut scratch.losses);
        let mut line = Line::new(exposure)?;
        let mut worst;
        let mut rest = centres().peekable();
        loop {
            let mut tables = 0;
            while tables < 2
                && let Some(centre) = rest.next()
            {
                let own = || groups().filter(|group| group.centre == centre);
                let plain = own().map(Group::plain).find(|options| !options.is_empty());
                let averaging = own().filter_map(Group::averaging);
                let prices = (book.price, centre);
                let some = curves.sum(tables, prices, plain.unwrap_or_default(), averaging)?;
                tables += usize::from(some);
            }
            worst = curves.add_losses(tables, &line, (book.returns, book.levels), losses)?;
            let rows = (book.stress, book.stress_levels);
            curves.add_losses(tables, &Line::ZERO, rows, stress)?;
            line = Line::ZERO;
            if rest.peek().is_none() {
                break;
            }
        }
        if let Some(own) = apart {
            worst = own.iter().copied().max().unwrap_or(0);
            for (loss, own) in scratch.losses.iter_mut().zip(own.iter()) {
                *loss += own;
            }
        }
        Ok(max(worst, 0))
    }
}

/// What the stress rows and each underlying's own rows come to, in row units.
pub(super) struct Stress {
    pub worst: i64,
    pub worst_row: usize,
    /// Sum over underlyings of each one's worst joint row.
    pub own_worst: i64,
}

fn linear_worst(exposure: Notional, book: &Book<'_>) -> Result<i64, RiskError> {
    let worst_return = if exposure.0 > 0 {
        book.extremes.0
    } else {
        book.extremes.1
    };
    Ok(max(
        one_loss(core::iter::once((exposure, worst_return)))?,
        0,
    ))
}

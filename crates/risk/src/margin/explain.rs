//! Why a requirement is what it is: the worst scenario, the tail, and each holding's part in it. For people;
//! nothing on chain calls it.

use {
    super::{Holding, Instrument, Kind, MarginParams, Portfolio, Scratch, net::Net},
    crate::{
        ROWS,
        curve::{Averaging, CurveScratch, Reading},
        error::RiskError,
        rows::{one_loss, to_micro_usd},
        tail::{TAIL_99, TAIL_975},
    },
    alloc::{vec, vec::Vec},
};

/// What stands behind an Expected Shortfall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The joint row with the largest loss, and that loss in micro-USD, rounded up.
    pub worst_row: usize,
    pub worst_loss: i64,
    /// The mandated row with the largest loss, and that loss unweighted.
    pub worst_stress_row: usize,
    pub worst_stress_loss: i64,
    /// Rows of the tail from the worst on, with the part of their weight that lies in it. The parts sum to
    /// the tail's weight.
    pub tail: Vec<(usize, u32)>,
    /// By holding, in micro-USD: its mean loss over the tail (Euler allocation; Tasche 1999), rounded up.
    /// Negative for a hedge. They sum to the Expected Shortfall, and at most three micro-USD per holding more.
    pub contributions: Vec<i64>,
}

impl<'a> Portfolio<'a> {
    /// Explains the Expected Shortfall of `kind`; `None` when no scenario moves the portfolio.
    ///
    /// # Errors
    /// As [`Portfolio::evaluate`].
    pub fn explain(
        &self,
        params: &MarginParams,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<Option<Explanation>, RiskError> {
        let net = Net::of((self.cash, self.holdings), self.books, &params.addons)?;
        let Some(weights) = self.weights(&net)? else {
            return Ok(None);
        };
        let stress = self.scenario_losses(&net, scratch)?;
        let mut order: Vec<usize> = (0..ROWS).collect();
        order.sort_by_key(|row| core::cmp::Reverse(scratch.losses[*row]));
        let (Some(worst_row), mut left) = (
            order.first().copied(),
            match kind {
                Kind::Initial => TAIL_99,
                Kind::Maintenance => TAIL_975,
            },
        ) else {
            return Ok(None);
        };
        let whole = left;
        let mut tail = Vec::new();
        for row in order {
            let part = left.min(weights[row]);
            if part == 0 {
                break;
            }
            tail.push((row, part));
            left -= part;
        }
        let mut contributions = vec![];
        for holding in self.holdings {
            let mut sum = 0i128;
            for (row, part) in &tail {
                sum += i128::from(self.loss_of(holding, *row)?) * i128::from(*part);
            }
            let mean = sum.div_euclid(i128::from(whole))
                + i128::from(sum.rem_euclid(i128::from(whole)) != 0);
            contributions.push(to_micro_usd(
                i64::try_from(mean).map_err(|_| RiskError::Overflow)?,
            )?);
        }
        Ok(Some(Explanation {
            worst_row,
            worst_loss: to_micro_usd(scratch.losses[worst_row])?,
            worst_stress_row: stress.worst_row,
            worst_stress_loss: to_micro_usd(stress.worst)?,
            tail,
            contributions,
        }))
    }

    /// What one holding alone loses in one joint row, in row units.
    fn loss_of(&self, holding: &Holding<'a>, row: usize) -> Result<i64, RiskError> {
        let book = self.books.get(holding.book).ok_or(RiskError::MissingBook)?;
        let price = match holding.instrument {
            Instrument::Index => book.price.micro_usd(),
            Instrument::Perpetual { mark } => mark.micro_usd(),
            Instrument::Future { forward, dated } => dated.moving(forward.micro_usd()),
            Instrument::Option {
                curve,
                struck,
                dated,
                ..
            } => {
                let mut alone = CurveScratch::new();
                let prices = (book.price, curve.centre);
                let options = [(holding.quantity.0, curve)];
                let reading = Reading::new(&dated, curve.centre);
                let averaging = dated.is_averaging().then_some(Averaging {
                    reading: &reading,
                    options: &options,
                    struck: core::slice::from_ref(&struck),
                });
                let plain = if averaging.is_some() { 0 } else { 1 };
                if !alone.sum(0, prices, &options[..plain], averaging.into_iter())? {
                    return Ok(0);
                }
                let (r, level) = (book.returns[row], book.levels[row]);
                return alone.loss_of(r, level);
            }
        };
        one_loss(core::iter::once((
            holding.quantity.times_micro(price),
            book.returns[row],
        )))
    }
}

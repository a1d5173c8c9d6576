//! From Black-76 to a curve.

use {
    super::{
        grid::{
            LEVEL_GRID, LEVEL_NODES, NODES, PARTS, SPOT_GRID, SPOT_NODES, level_of_step,
            unit_exponent,
        },
        response::Response,
    },
    crate::{
        black76::{
            MAX_RATE, MAX_VOLATILITY, MIN_VOLATILITY, OptionKind, Position, Premium, Terms, Width,
            log_moneyness, total_volatility,
        },
        error::RiskError,
        fixed::{MAX_SECONDS, ONE_Q32, Scaled, discount_factor, mul_high_floor, root_years},
        units::Price,
    },
};

/// What an option's curve is made of.
#[derive(Clone, Copy, Debug)]
pub struct CurveTerms {
    pub terms: Terms,
    /// Seconds to expiry.
    pub seconds: u64,
    /// Implied volatility, Q32 per root year.
    pub volatility: u64,
    /// Discount rate, Q32 per year.
    pub rate: i64,
    /// Forward over spot, Q32; half to twice.
    pub forward_ratio: u64,
    /// See [`volatility_at_level`].
    pub response: u64,
}

/// Computes a curve level by level, so that a crank can stop between levels. The call and the put of one strike and expiry
/// share all but their last step: `level_pair` and `fill_pair` build both for little more than one.
///
/// On chain (sBPF v3, a rate of zero) setting up takes 13,000 compute units, then a level takes 23,000 and a pair of
/// levels 25,000; a pair of whole curves 164,000 in all.
pub struct CurveBuilder {
    terms: CurveTerms,
    unit: Unit,
    discount: Scaled,
    root: u64,
    response: Response,
    /// Per spot node but the first, where spot is zero; by rising forward.
    nodes: [Node; SPOT_NODES],
    /// The first node whose forward is above the strike.
    above: usize,
}

/// What the values at one spot node have in common.
#[derive(Clone, Copy, Default)]
struct Node {
    /// The lower of forward and strike, micro-USD.
    lower: u64,
    /// |ln(forward / strike)|, Q56.
    distance: u64,
    /// Discounted |forward - strike| in premium units; one beyond `i64` is refused where it counts.
    intrinsic: u64,
}

impl CurveBuilder {
    /// # Errors
    /// [`RiskError::BadParameter`] when a term is out of range, [`RiskError::PriceOutOfRange`] when the last node's
    /// forward or the strike does not fit (16 times the centre).
    pub fn new(terms: CurveTerms, centre: Price) -> Result<Self, RiskError> {
        let one = ONE_Q32.unsigned_abs();
        if terms.seconds > MAX_SECONDS
            || !(MIN_VOLATILITY..=MAX_VOLATILITY).contains(&terms.volatility)
            || terms.rate.unsigned_abs() > MAX_RATE
            || !(one / 2..=2 * one).contains(&terms.forward_ratio)
        {
            return Err(RiskError::BadParameter);
        }
        let response = Response::new(terms.seconds, terms.response)?;
        let discount = discount_factor(terms.rate, terms.seconds);
        let strike = terms.terms.strike;
        let mut nodes = [Node::default(); SPOT_NODES];
        let mut above = SPOT_NODES;
        for (i, (node, part)) in nodes.iter_mut().zip(SPOT_GRID).enumerate().skip(1) {
            // centre x part x ratio / 2³⁸, rounded down. The factors are at most 2⁴⁴ x 320 x 2¹¹ < 2⁶⁴ and 2³³ x 2¹⁵.
            const { assert!(PARTS << 32 == 1 << 38) };
            let forward = mul_high_floor(
                (centre.micro_usd() * u64::from(part)) << 11,
                terms.forward_ratio << 15,
            );
            // A forward below one micro-USD counts as one.
            let forward = Price::new(forward.max(1))?;
            let (f, k) = (forward.micro_usd(), strike.micro_usd());
            if f > k {
                above = above.min(i);
            }
            *node = Node {
                lower: f.min(k),
                distance: log_moneyness(forward, strike).unsigned_abs(),
                // At most 2⁶⁰.
                intrinsic: discounted(discount, f.abs_diff(k) << Premium::BITS),
            };
        }
        Ok(Self {
            terms,
            unit: Unit::new(centre),
            discount,
            root: root_years(terms.seconds),
            response,
            nodes,
            above,
        })
    }

    /// Values at one level node, each rounded up.
    ///
    /// # Errors
    /// [`RiskError::PriceOutOfRange`] or [`RiskError::Overflow`] when a value does not fit, [`RiskError::BadParameter`] for
    /// a level beyond the grid.
    pub fn level(&self, level: usize, out: &mut [u32; SPOT_NODES]) -> Result<(), RiskError> {
        let mut time_values = [0; SPOT_NODES];
        self.time_values(level, &mut time_values)?;
        self.values(self.terms.terms.kind, &time_values, out)
    }

    /// Values of the call and of the put at one level node: what [`CurveBuilder::level`] gives for either, whatever the kind
    /// in the terms.
    ///
    /// # Errors
    /// Where either would be refused, as [`CurveBuilder::level`].
    pub fn level_pair(
        &self,
        level: usize,
        calls: &mut [u32; SPOT_NODES],
        puts: &mut [u32; SPOT_NODES],
    ) -> Result<(), RiskError> {
        let mut time_values = [0; SPOT_NODES];
        self.time_values(level, &mut time_values)?;
        self.values(OptionKind::Call, &time_values, calls)?;
        self.values(OptionKind::Put, &time_values, puts)
    }

    /// The whole curve.
    ///
    /// # Errors
    /// As [`CurveBuilder::level`].
    pub fn fill(&self, out: &mut [u32; NODES]) -> Result<(), RiskError> {
        for level in 0..LEVEL_NODES {
            self.level(level, row(level, out)?)?;
        }
        Ok(())
    }

    /// The whole curves of the call and of the put.
    ///
    /// # Errors
    /// As [`CurveBuilder::level_pair`].
    pub fn fill_pair(
        &self,
        calls: &mut [u32; NODES],
        puts: &mut [u32; NODES],
    ) -> Result<(), RiskError> {
        for level in 0..LEVEL_NODES {
            self.level_pair(level, row(level, calls)?, row(level, puts)?)?;
        }
        Ok(())
    }

    /// Discounted time values of the nodes in premium units, the same for both kinds. `values` holds zeros before; one
    /// beyond `i64` is refused by [`CurveBuilder::values`].
    fn time_values(&self, level: usize, values: &mut [u64; SPOT_NODES]) -> Result<(), RiskError> {
        let step = *LEVEL_GRID.get(level).ok_or(RiskError::BadParameter)?;
        let volatility = self
            .response
            .volatility(self.terms.volatility, level_of_step(step));
        let width = Width::new(total_volatility(volatility, self.root));
        // From the strike outward: where one node is worthless all beyond it are, and stay zero.
        for i in (1..self.above).rev() {
            if !self.time_value(i, &width, values) {
                break;
            }
        }
        for i in self.above..SPOT_NODES {
            if !self.time_value(i, &width, values) {
                break;
            }
        }
        Ok(())
    }

    /// Whether node `i` has a time value; if so, it is put in its place.
    fn time_value(&self, i: usize, width: &Width, values: &mut [u64; SPOT_NODES]) -> bool {
        let (Some(node), Some(value)) = (self.nodes.get(i), values.get_mut(i)) else {
            return false;
        };
        let position = Position::at(node.distance, width);
        if matches!(position, Position::Worthless) {
            return false;
        }
        *value = discounted(self.discount, position.value(node.lower));
        true
    }

    fn values(
        &self,
        kind: OptionKind,
        time_values: &[u64; SPOT_NODES],
        out: &mut [u32; SPOT_NODES],
    ) -> Result<(), RiskError> {
        let nodes = time_values.iter().zip(&self.nodes);
        for (i, (slot, (time_value, node))) in out.iter_mut().zip(nodes).enumerate() {
            let in_the_money = match kind {
                OptionKind::Call => i >= self.above,
                OptionKind::Put => i < self.above,
            };
            let value = if i == 0 {
                self.at_zero(kind)?
            } else {
                let intrinsic = if in_the_money { node.intrinsic } else { 0 };
                intrinsic
                    .checked_add(*time_value)
                    .filter(|sum| sum >> 63 == 0)
                    .ok_or(RiskError::Overflow)?
            };
            *slot = self.unit.of(value)?;
        }
        Ok(())
    }

    /// At a spot of zero a call is worth nothing and a put its discounted strike; premium units.
    fn at_zero(&self, kind: OptionKind) -> Result<u64, RiskError> {
        match kind {
            OptionKind::Call => Ok(0),
            OptionKind::Put => self
                .discount
                .of(self.terms.terms.strike.micro_usd() << Premium::BITS)
                .filter(|value| value >> 63 == 0)
                .ok_or(RiskError::PriceOutOfRange),
        }
    }
}

/// The unit of a curve's values, ready for many of them: `2^down` premium units, or one in `2^up` parts.
#[derive(Clone, Copy)]
struct Unit {
    down: u32,
    up: u32,
    /// `2^down - 1`.
    rest: u64,
}

impl Unit {
    fn new(centre: Price) -> Self {
        // 2⁻¹⁶ micro-USD to 2^exponent: -11 ..= 33.
        let shift = unit_exponent(centre) + Premium::BITS.cast_signed();
        let down = shift.max(0).unsigned_abs();
        Self {
            down,
            up: (-shift).max(0).unsigned_abs(),
            rest: (1 << down) - 1,
        }
    }

    /// Premium units (below 2⁶³), rounded up. `rest` is below 2³³.
    fn of(self, value: u64) -> Result<u32, RiskError> {
        u32::try_from((value + self.rest) >> self.down)
            .ok()
            .filter(|units| *units <= u32::MAX >> self.up)
            .map(|units| units << self.up)
            .ok_or(RiskError::PriceOutOfRange)
    }
}

/// Discounted premium units; `u64::MAX` when they do not fit. Most markets have a rate of zero.
fn discounted(discount: Scaled, value: u64) -> u64 {
    if discount == Scaled::ONE {
        return value;
    }
    discount.of(value).unwrap_or(u64::MAX)
}

fn row(level: usize, curve: &mut [u32; NODES]) -> Result<&mut [u32; SPOT_NODES], RiskError> {
    curve
        .get_mut(level * SPOT_NODES..)
        .and_then(|rest| rest.first_chunk_mut())
        .ok_or(RiskError::BadParameter)
}

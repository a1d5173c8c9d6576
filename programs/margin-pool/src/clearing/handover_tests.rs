use {
    super::*,
    crate::state::PositionKind,
    bytemuck::Zeroable,
    cep_risk::{
        Price,
        auction::{slice_of, slice_of_balance, slice_of_position},
    },
    proptest::prelude::*,
};

const MARK: u64 = 100_000_000;
const RESERVED: i64 = 100;

fn position(kind: PositionKind, instrument: u64, base: i64, quote: i64) -> Position {
    Position {
        kind: kind as u8,
        instrument,
        base,
        quote,
        ..Position::zeroed()
    }
}

fn account(cash: i64, positions: &[Position]) -> Box<MarginAccount> {
    let mut account = Box::new(MarginAccount::zeroed());
    account.cash = cash;
    // A slot is left free in front.
    for (slot, position) in account.positions.iter_mut().skip(1).zip(positions) {
        *slot = *position;
    }
    account.open_positions = u8::try_from(positions.len()).unwrap();
    account.collaterals[0] = 1_000_001;
    account
}

/// A long perpetual in profit, a short call at a loss, a claim; and who has some of the perpetual already.
fn sides() -> (Box<MarginAccount>, Box<MarginAccount>) {
    let from = [
        position(PositionKind::Perpetual, 0, 5_000_003, -400_000_000),
        position(PositionKind::Call, 7, -3_000_001, 100_000_000),
        position(PositionKind::Future, 8, 0, 777),
    ];
    let to = [position(PositionKind::Perpetual, 0, -40, 9)];
    (account(-5_000_000, &from), account(50_000_000, &to))
}

struct Case {
    before: Handover,
    from: Box<MarginAccount>,
    to: Box<MarginAccount>,
    rule: Rule,
}

impl Case {
    fn new((from, to): (Box<MarginAccount>, Box<MarginAccount>), rule: Rule) -> Self {
        let mut before = Handover::of(&from);
        let slots = SlotMap::of(&to);
        let held = from.positions.iter().enumerate();
        for (slot, position) in held.filter(|(_, p)| !p.is_free()) {
            let mark = if position.base == 0 { 0 } else { MARK };
            let asset = Asset::held(position).unwrap();
            let own = slots.find(&asset, &to).map(|at| to.positions[at]);
            let own = own.map_or((0, 0), |p| (p.base, p.quote));
            before.hold(slot, position, mark, own).unwrap();
        }
        before.balances(&from, Some(&to));
        Self {
            before,
            from,
            to,
            rule,
        }
    }

    fn slice(fraction: u64, payment: i64) -> Self {
        Self::slice_between(sides(), fraction, payment)
    }

    /// A slice that was moved by the rule.
    fn slice_between(
        sides: (Box<MarginAccount>, Box<MarginAccount>),
        fraction: u64,
        payment: i64,
    ) -> Self {
        let rule = Rule::Slice {
            fraction,
            reserved: RESERVED,
            payment,
        };
        let mut case = Self::new(sides, rule);
        for slot in 0..case.from.positions.len() {
            case.take_part(slot, fraction);
        }
        for slot in 0..MAX_COLLATERALS {
            case.take_collateral(
                slot,
                slice_of_balance(case.from.collaterals[slot], fraction),
            );
        }
        let part = slice_of(case.from.cash - RESERVED, fraction);
        case.pay(part - payment);
        case
    }

    fn take_part(&mut self, slot: usize, fraction: u64) {
        let p = self.from.positions[slot];
        if !p.is_free() {
            let mark = Price::new(MARK).unwrap();
            let (base, quote) = slice_of_position(p.base, p.quote, mark, fraction).unwrap();
            self.take(slot, base, quote);
        }
    }

    fn take(&mut self, slot: usize, base: i64, quote: i64) {
        let asset = Asset::held(&self.from.positions[slot]).unwrap();
        let at = asset.find_or_open(&mut self.to).unwrap();
        self.to.positions[at].add(base, quote).unwrap();
        self.to.free_if_empty(at);
        self.from.positions[slot].add(-base, -quote).unwrap();
        self.from.free_if_empty(slot);
    }

    fn take_collateral(&mut self, slot: usize, amount: u64) {
        self.from.collaterals[slot] -= amount;
        self.to.collaterals[slot] += amount;
    }

    fn pay(&mut self, amount: i64) {
        self.from.cash -= amount;
        self.to.cash += amount;
    }

    fn passes(&self) -> bool {
        let slots = SlotMap::of(&self.to);
        let to = match self.rule {
            Rule::Slice { .. } | Rule::Leg { .. } => Some((&*self.to, &slots)),
            Rule::Closed { .. } | Rule::WrittenOff { .. } => None,
        };
        self.before.check(&self.from, to, &self.rule).is_ok()
    }
}

/// What goes wrong, and how.
type Fault = (&'static str, fn(&mut Case));

fn refuse_each(sound: impl Fn() -> Case, faults: &[Fault]) {
    assert!(sound().passes());
    for (what, fault) in faults {
        let mut case = sound();
        fault(&mut case);
        assert!(!case.passes(), "{what} was let through");
    }
}

const FIFTH: u64 = PPB / 5;

#[test]
fn a_slice_that_took_more_or_less_than_its_part_is_refused() {
    let faults: &[Fault] = &[
        // The audit's first finding: a market listed twice.
        ("a position taken twice", |c| c.take_part(1, FIFTH)),
        ("a short taken twice", |c| c.take_part(2, FIFTH)),
        ("a claim taken twice", |c| c.take_part(3, FIFTH)),
        ("a unit of base too many", |c| c.take(1, 1, 0)),
        ("a unit of a loss too few", |c| c.take(2, 1, 0)),
        ("a unit of quote too many", |c| c.take(1, 0, 1)),
        ("a unit of quote too few", |c| c.take(2, 0, -1)),
        ("a unit of a claim too many", |c| c.take(3, 0, 1)),
        ("a position that goes to nobody", |c| {
            c.from.positions[1].base -= 1
        }),
        ("a quote that goes to nobody", |c| {
            c.from.positions[2].quote -= 1
        }),
        ("a position out of nothing", |c| c.to.positions[1].base += 1),
        ("a quote out of nothing", |c| c.to.positions[1].quote += 1),
        ("another instrument in the slot", |c| {
            c.from.positions[2].instrument = 70
        }),
        ("a slot that was free", |c| c.from.positions[0].kind = 1),
        ("collateral taken twice", |c| c.take_collateral(0, 200_000)),
        ("collateral that goes to nobody", |c| {
            c.from.collaterals[0] -= 1
        }),
        ("collateral out of nothing", |c| c.to.collaterals[3] += 1),
        ("cash taken twice", |c| c.pay(-1_000_020)),
        ("a unit of cash too many", |c| c.pay(1)),
        ("a unit of debt too few", |c| c.pay(-1)),
        ("cash that goes to nobody", |c| c.from.cash -= 1),
        ("cash out of nothing", |c| c.to.cash += 1),
        ("the payment kept back", |c| c.pay(12_345)),
    ];
    refuse_each(|| Case::slice(FIFTH, 12_345), faults);
    refuse_each(|| Case::slice(PPB, 0), &faults[3..11]);
}

#[test]
fn a_slice_of_another_size_is_refused() {
    for fraction in [1, FIFTH - 1_000, FIFTH + 1_000, PPB] {
        let mut case = Case::slice(fraction, 0);
        assert!(case.passes());
        let Rule::Slice { fraction, .. } = &mut case.rule else {
            unreachable!()
        };
        *fraction = FIFTH;
        assert!(!case.passes());
    }
}

proptest! {
    /// The published rounding, whatever the account holds: what the moves compute is what the check accepts.
    #[test]
    fn every_slice_by_the_rule_passes(
        held in prop::collection::vec((-1i64 << 46..1 << 46, -1i64 << 50..1 << 50), 1..6),
        cash in -1i64 << 50..1 << 50, fraction in 1u64..=PPB, small in any::<bool>(), payment in 0i64..1 << 50,
    ) {
        let fraction = if small { fraction % 1_000 + 1 } else { fraction };
        let positions: Vec<_> = (1..).zip(held).map(|(instrument, (base, quote))| {
            let base = if base % 7 == 0 { 0 } else { base };
            let quote = if (base, quote) == (0, 0) { 1 } else { quote };
            position(PositionKind::Future, instrument, base, quote)
        }).collect();
        let sides = (account(cash, &positions), account(1 << 40, &[]));
        prop_assert!(Case::slice_between(sides, fraction, payment).passes());
    }
}

fn leg(payment: i64, take: fn(&mut Case)) -> Case {
    let mut case = Case::new(sides(), Rule::Leg { payment });
    take(&mut case);
    case
}

#[test]
fn a_leg_that_moved_anything_else_is_refused() {
    let linear = || leg(50, |c| c.take(1, 2_000_000, -50));
    let faults: &[Fault] = &[
        ("a second position", |c| c.take(3, 0, 1)),
        ("collateral beside it", |c| c.take_collateral(0, 1)),
        ("cash beside it", |c| c.pay(1)),
        ("another price", |c| c.take(1, 0, -1)),
        ("more than there is", |c| c.take(1, 4_000_000, 0)),
        ("the other way round", |c| c.take(1, -3_000_000, 0)),
        ("nothing", |c| c.take(1, -2_000_000, 50)),
        ("a position out of nothing", |c| c.to.positions[1].base += 1),
        ("a quote that goes to nobody", |c| {
            c.from.positions[1].quote -= 1
        }),
    ];
    refuse_each(linear, faults);
    // An option's price is cash, and a loss is taken for being paid.
    let option = || {
        leg(-70, |c| {
            c.take(2, -1_000_000, 0);
            c.pay(70);
        })
    };
    let faults: &[Fault] = &[
        ("another price", |c| c.pay(1)),
        ("quote as well", |c| c.take(2, 0, 5)),
        ("another position", |c| c.take(1, 1, 0)),
    ];
    refuse_each(option, faults);
    let collateral = || {
        leg(30, |c| {
            c.take_collateral(0, 500_000);
            c.pay(-30);
        })
    };
    let faults: &[Fault] = &[
        ("another price", |c| c.pay(-1)),
        ("a second collateral", |c| {
            c.from.collaterals[1] = 5;
        }),
        ("collateral that goes to nobody", |c| {
            c.from.collaterals[0] -= 1
        }),
        ("a position beside it", |c| c.take(1, 1, 0)),
    ];
    refuse_each(collateral, faults);
}

/// Closed at the mark and so much more.
fn closed(shortfall: i64, extras: [i64; 2]) -> Case {
    let mut case = Case::new(sides(), Rule::Closed { shortfall });
    for (slot, extra) in [1, 2].into_iter().zip(extras) {
        let p = &mut case.from.positions[slot];
        let worth = worth(p.base, MARK).unwrap();
        (p.base, p.quote) = (0, p.quote + worth + extra);
    }
    case
}

#[test]
fn positions_are_closed_for_no_more_and_no_less_than_the_shortfall() {
    let faults: &[Fault] = &[
        ("a unit too many", |c| c.from.positions[1].quote += 1),
        ("a unit too few", |c| c.from.positions[2].quote -= 1),
        ("cash out of nothing", |c| c.from.cash += 1),
        ("a claim lost", |c| c.from.positions[3].quote = 0),
        ("collateral lost", |c| c.from.collaterals[0] -= 1),
        ("a position half closed", |c| c.from.positions[1].base = 1),
        ("a position that was not there", |c| {
            c.from.positions[9].kind = 1
        }),
    ];
    refuse_each(|| closed(100, [60, 40]), faults);
    // What could not be closed is as it was, and its part of the shortfall is not had.
    let stays = || {
        let mut case = closed(100, [60, 40]);
        case.from.positions[2] = sides().0.positions[2];
        case
    };
    let faults: &[Fault] = &[
        ("changed all the same", |c| c.from.positions[2].quote += 1),
        ("more than the shortfall", |c| {
            c.from.positions[1].quote += 41
        }),
        ("less than it was worth", |c| {
            c.from.positions[1].quote -= 61
        }),
    ];
    refuse_each(stays, faults);
    // What it drew into cash counts.
    let mut case = closed(100, [60, 40]);
    case.from.cash += case.from.positions[1].quote;
    case.from.positions[1] = Position::zeroed();
    assert!(case.passes());
}

#[test]
fn a_debt_shrinks_by_what_is_paid_and_never_turns_into_a_gift() {
    let owing = || {
        let claims = [position(PositionKind::Future, 8, 0, 300)];
        let sides = (account(-1_000, &claims), account(0, &[]));
        let mut case = Case::new(sides, Rule::WrittenOff { paid: 700 });
        case.from.cash += 1_000;
        case.from.positions[1] = Position::zeroed();
        case
    };
    let faults: &[Fault] = &[
        ("more than was paid", |c| c.from.cash += 1),
        ("less than was paid", |c| c.from.cash -= 1),
        ("a gift", |c| {
            c.rule = Rule::WrittenOff { paid: 701 };
            c.from.cash += 1;
        }),
        ("a claim on the pool", |c| {
            c.rule = Rule::WrittenOff { paid: -1 }
        }),
        ("collateral lost", |c| c.from.collaterals[0] -= 1),
        ("a position out of nothing", |c| {
            c.from.positions[2].kind = 1
        }),
    ];
    refuse_each(owing, faults);
}

//! B8: the arithmetic of the example vault's shares, under random sequences of deposits, redemptions, gifts and profits.

use {
    anchor_lang::err,
    basis_vault::{
        error::BasisVaultError,
        value::{Between, Holdings, VIRTUAL_SHARES},
    },
    proptest::prelude::*,
};

const UNIT: u64 = 1_000_000_000;
/// How well the vault knows what its short is worth, micro-USD either way.
const SLACK: i64 = 120;

/// A vault on paper: three people hold shares of it, the first of whom also makes gifts.
#[derive(Clone, Debug)]
struct Paper {
    tokens: u64,
    price: u64,
    /// Exact, micro-USD.
    rest: i64,
    shares: [u64; 3],
    /// What each put in and took out, 10⁻⁹ micro-USD.
    put_in: [i128; 3],
    taken: [i128; 3],
    /// What rounding may have cost the one who acted, so far: others may have it.
    rounding: [i128; 3],
}

impl Paper {
    fn at(price: u64) -> Self {
        Self {
            tokens: 0,
            price,
            rest: 0,
            shares: [0; 3],
            put_in: [0; 3],
            taken: [0; 3],
            rounding: [0; 3],
        }
    }

    fn holdings(&self) -> Holdings {
        Holdings {
            tokens: self.tokens,
            price: self.price,
            unit: UNIT,
            rest: Between {
                least: self.rest - SLACK,
                most: self.rest + SLACK,
            },
        }
    }

    fn supply(&self) -> u64 {
        self.shares.iter().sum()
    }

    fn exact(&self, tokens: u64, cash: i64) -> i128 {
        i128::from(tokens) * i128::from(self.price) + i128::from(cash) * i128::from(UNIT)
    }

    /// Value behind all shares, and their number, the virtual ones included.
    fn per_share(&self) -> (i128, i128) {
        let value = self.exact(self.tokens, self.rest);
        (
            value + i128::from(UNIT),
            i128::from(self.supply() + VIRTUAL_SHARES),
        )
    }

    fn deposit(&mut self, who: usize, amount: u64) {
        let Ok(minted) = self.holdings().shares_for(amount, self.supply()) else {
            return;
        };
        if minted == 0 {
            return;
        }
        self.round(who);
        self.put_in[who] += self.exact(amount, 0);
        self.tokens += amount;
        self.shares[who] += minted;
    }

    fn redeem(&mut self, who: usize, ppm: u64) {
        let shares = u64::try_from(u128::from(self.shares[who]) * u128::from(ppm) / 1_000_000);
        let shares = shares.unwrap();
        self.round(who);
        let paid = self.holdings().payment(shares, self.supply()).unwrap();
        let cash = i64::try_from(paid.cash).unwrap();
        assert!(paid.tokens <= self.tokens && cash <= self.rest.max(0));
        self.taken[who] += self.exact(paid.tokens, cash);
        self.tokens -= paid.tokens;
        self.rest -= cash;
        self.shares[who] -= shares;
    }

    /// A unit of shares, what is not known of the short, a unit of each coin.
    fn round(&mut self, who: usize) {
        let (value, shares) = self.per_share();
        let slack = i128::from(2 * SLACK + 2) * i128::from(UNIT);
        self.rounding[who] += (value.max(0) + slack) / shares + 1 + slack + i128::from(self.price);
    }

    /// What the others' rounding may have left to one.
    fn left_to(&self, who: usize) -> i128 {
        self.rounding.iter().sum::<i128>() - self.rounding[who]
    }

    fn give(&mut self, tokens: u64, cash: i64) {
        self.put_in[0] += self.exact(tokens, cash);
        self.tokens += tokens;
        self.rest += cash;
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Deposit(usize, u64),
    Redeem(usize, u64),
    Gift(u64, i64),
    Pnl(i64),
}

fn dealings(people: usize) -> impl Strategy<Value = Act> {
    // From a hundred-millionth of a token to a million of them.
    let amount = (0u32..15, 1u64..10).prop_map(|(power, digit)| digit * 10u64.pow(power));
    prop_oneof![
        (0..people, amount).prop_map(|(who, amount)| Act::Deposit(who, amount)),
        (0..people, prop_oneof![Just(1_000_000), 1u64..1_000_000])
            .prop_map(|(who, ppm)| Act::Redeem(who, ppm)),
    ]
}

fn gifts() -> impl Strategy<Value = Act> {
    (0u32..15, 0u32..13).prop_map(|(tokens, cash)| Act::Gift(10u64.pow(tokens), 10i64.pow(cash)))
}

fn run(paper: &mut Paper, acts: &[Act]) {
    for act in acts {
        match *act {
            Act::Deposit(who, amount) => paper.deposit(who, amount),
            Act::Redeem(who, ppm) => paper.redeem(who, ppm),
            Act::Gift(tokens, cash) => paper.give(tokens, cash),
            Act::Pnl(change) => paper.rest += change,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Without a move of the market, whoever comes after a holder takes out no more than was put in, over all accounts together and by
    /// any sequence, gifts included.
    #[test]
    fn no_sequence_of_deposits_and_redemptions_gains(
        price in 1_000_000u64..10_000_000_000, held in 0u64..1_000_000_000_000,
        acts in prop::collection::vec(prop_oneof![4 => dealings(2), 1 => gifts()], 1..40),
    ) {
        let mut paper = Paper::at(price);
        paper.deposit(2, held);
        run(&mut paper, &acts);
        paper.redeem(0, 1_000_000);
        paper.redeem(1, 1_000_000);
        let (taken, put_in) = (paper.taken[0] + paper.taken[1], paper.put_in[0] + paper.put_in[1]);
        prop_assert!(taken <= put_in, "{taken} {put_in} {paper:?}");
        // And the holder is none the poorer.
        paper.redeem(2, 1_000_000);
        prop_assert!(
            paper.put_in[2] - paper.taken[2] <= paper.rounding[2],
            "{paper:?}"
        );
    }

    /// Among others who act as well, nobody has more than what their rounding left.
    #[test]
    fn among_others_only_their_rounding_is_gained(
        price in 1_000_000u64..10_000_000_000, acts in prop::collection::vec(dealings(3), 1..40),
    ) {
        let mut paper = Paper::at(price);
        run(&mut paper, &acts);
        for who in 0..3 {
            paper.redeem(who, 1_000_000);
            let gain = paper.taken[who] - paper.put_in[who];
            prop_assert!(gain <= paper.left_to(who), "{who}: {paper:?}");
        }
    }

    /// Whatever the others do before and after: a gift is never worth its while.
    #[test]
    fn a_donor_never_takes_more_than_deposits_and_gifts(
        price in 1_000_000u64..10_000_000_000,
        acts in prop::collection::vec(prop_oneof![dealings(3), gifts()], 1..40),
    ) {
        let mut paper = Paper::at(price);
        run(&mut paper, &acts);
        paper.redeem(0, 1_000_000);
        let gain = paper.taken[0] - paper.put_in[0];
        prop_assert!(gain <= paper.left_to(0), "{paper:?}");
    }

    /// Profits and losses come in between: no deposit and no redemption lowers what the shares of the others are worth.
    #[test]
    fn a_share_of_the_others_never_falls(
        price in 1_000_000u64..10_000_000_000,
        acts in prop::collection::vec(
            prop_oneof![4 => dealings(3), 1 => gifts(), 1 => (-1_000_000_000i64..1_000_000_000).prop_map(Act::Pnl)],
            1..40,
        ),
    ) {
        let mut paper = Paper::at(price);
        for act in acts {
            let (value, shares) = paper.per_share();
            run(&mut paper, &[act]);
            let (value_after, shares_after) = paper.per_share();
            if !matches!(act, Act::Pnl(_)) && value > 0 {
                // Cross-multiplied in floats' stead: at most 2⁹⁰ times 2⁴⁵ would not fit, so divided first.
                let (before, after) = (value / shares, value_after / shares_after);
                prop_assert!(after >= before - 1, "{act:?}: {before} {after} {paper:?}");
            }
        }
    }

    /// Who puts in and takes out at once loses rounding only: a share's price, what is not known of the short, and a
    /// unit of each coin; whatever somebody gave before.
    #[test]
    fn a_round_trip_costs_rounding_only(
        price in 1_000_000u64..10_000_000_000, amount in 1_000_000u64..1_000_000_000_000_000,
        acts in prop::collection::vec(prop_oneof![dealings(3), gifts()], 0..20),
    ) {
        let mut paper = Paper::at(price);
        run(&mut paper, &acts);
        let before = (paper.put_in[1], paper.taken[1]);
        let others = paper.shares[1];
        let (value, shares) = paper.per_share();
        paper.deposit(1, amount);
        let minted = paper.shares[1] - others;
        prop_assume!(minted > 0);
        let paid = paper.holdings().payment(minted, paper.supply()).unwrap();
        let got = paper.exact(paid.tokens, i64::try_from(paid.cash).unwrap());
        let share = (value + i128::from(2 * SLACK) * i128::from(UNIT)) / shares + 1;
        let allowed = 2 * share + i128::from(4 * SLACK + 4) * i128::from(UNIT) + 2 * i128::from(price);
        let spent = paper.put_in[1] - before.0;
        prop_assert!(spent - got <= allowed, "{spent} {got} {allowed} {paper:?}");
    }
}

#[test]
fn the_first_depositors_gift_goes_to_nobody() {
    // 0.000001 tokens, all but a unit redeemed, 100 tokens given, 199.9 of a second depositor.
    let mut paper = Paper::at(240_000_000);
    paper.deposit(0, 1_000);
    paper.redeem(0, 999_000);
    paper.give(100 * UNIT, 0);
    paper.deposit(1, 1_999 * UNIT / 10);
    paper.redeem(0, 1_000_000);
    paper.redeem(1, 1_000_000);
    let lost = |who: usize| (paper.put_in[who] - paper.taken[who]) / 240_000_000;
    assert!(lost(0) > 90 * i128::from(UNIT), "{}", lost(0));
    // A share's price: a thousandth of the gift.
    assert!(lost(1) < i128::from(UNIT) / 5, "{}", lost(1));
}

#[test]
fn debts_come_out_of_the_tokens_and_a_worthless_vault_takes_no_deposit() {
    let of = |rest: i64| Holdings {
        tokens: 10 * UNIT,
        price: 100_000_000,
        unit: UNIT,
        rest: Between {
            least: rest,
            most: rest,
        },
    };
    // Half of 1,000 USD of tokens less half of 100.
    let supply = 1_000 * UNIT;
    let half = of(-100_000_000).payment(supply / 2, supply).unwrap();
    assert_eq!(half.cash, 0);
    assert!(
        (4_499_999_990..=4_500_000_000).contains(&half.tokens),
        "{half:?}"
    );
    assert_eq!(
        of(-2_000_000_000)
            .payment(supply / 2, supply)
            .unwrap()
            .tokens,
        0
    );
    for rest in [-1_000_000_000, -1_000_000_001] {
        let refused = of(rest).shares_for(UNIT, supply);
        assert_eq!(refused, err!(BasisVaultError::Worthless));
    }
    assert_eq!(
        of(0).payment(supply + 1, supply),
        err!(BasisVaultError::TooManyShares)
    );
}

//! Random sequences around the insurance fund. [`World::send`] checks its books after each accepted act; here the chain is held to
//! the arithmetic it claims to follow, and stakers to what is theirs. `PROPTEST_CASES` asks for more than the default.

use {
    super::sequences::cases,
    cep_risk::fund::{MIN_PROTOCOL_SHARES, Shares, assets_for},
    cep_sdk::{
        address,
        programs::liquidation::{
            events::{InsuranceStaked, InsuranceUnstaked},
            state::InsuranceFund,
        },
    },
    cep_tests::{BTC, Outcome, Trader, World},
    proptest::prelude::*,
};

#[derive(Clone, Copy, Debug)]
enum Act {
    Stake {
        who: usize,
        micro: u64,
    },
    /// Ppm of the shares that are not leaving.
    Ask {
        who: usize,
        part: u64,
    },
    Stay {
        who: usize,
    },
    /// Once the cooldown is over.
    Leave {
        who: usize,
    },
    Give {
        micro: u64,
    },
    /// Fees of a trade, contracts.
    Earn {
        contracts: f64,
    },
    /// Ppm of the assets.
    Lose {
        part: u64,
    },
    /// Ppm of the assets that auctions may draw from now on.
    Claim {
        part: u64,
    },
    Wait {
        hours: i64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let who = || 0..2usize;
    let micro = || prop_oneof![0..1_000u64, 0..1_000_000_000_000u64];
    let part = || prop_oneof![0..=1_000_000u64, Just(1_000_000u64), Just(0)];
    prop_oneof![
        6 => (who(), micro()).prop_map(|(who, micro)| Act::Stake { who, micro }),
        3 => (who(), part()).prop_map(|(who, part)| Act::Ask { who, part }),
        1 => who().prop_map(|who| Act::Stay { who }),
        5 => who().prop_map(|who| Act::Leave { who }),
        3 => micro().prop_map(|micro| Act::Give { micro }),
        1 => (0.001..20.0).prop_map(|contracts| Act::Earn { contracts }),
        1 => part().prop_map(|part| Act::Lose { part: part / 2 }),
        1 => (999_990..=1_000_000u64).prop_map(|part| Act::Lose { part }),
        1 => part().prop_map(|part| Act::Claim { part: part / 2 }),
        1 => Just(Act::Claim { part: 0 }),
        1 => (1..60i64).prop_map(|hours| Act::Wait { hours }),
    ]
}

fn ppm(amount: u64, part: u64) -> u64 {
    u64::try_from(u128::from(amount) * u128::from(part) / 1_000_000).unwrap()
}

struct Stage {
    world: World,
    stakers: [Trader; 2],
    sides: [Trader; 2],
    /// What they staked and what they were paid, micro-USD.
    staked: u64,
    paid: u64,
    /// What gifts were more than the shares for them, micro-USD.
    dust: u64,
}

impl Stage {
    fn new() -> Self {
        let mut world = World::new();
        let stakers = ["alice", "bob"].map(|name| world.trader(name, 0.0));
        let sides = ["buyer", "seller"].map(|name| world.trader(name, 50_000_000.0));
        world.insure(&stakers[0], 1.0).accepted();
        for who in &stakers {
            world.open_stake(who).accepted();
        }
        let (staked, paid, dust) = (0, 0, 0);
        Self {
            world,
            stakers,
            sides,
            staked,
            paid,
            dust,
        }
    }

    fn assets(&self) -> u64 {
        self.world.pool().ledger.insurance.try_into().unwrap()
    }

    /// The shares as the next act finds them, and whether stakes are worth anything.
    fn observed(&self) -> (Shares, bool) {
        let fund = self.world.fund();
        let mut shares = Shares {
            total: fund.shares,
            protocol: fund.protocol_shares,
        };
        let wiped_out = shares.observe(self.assets());
        (shares, wiped_out)
    }

    fn stored(&self) -> Shares {
        let fund = self.world.fund();
        Shares {
            total: fund.shares,
            protocol: fund.protocol_shares,
        }
    }

    fn act(&mut self, act: Act) {
        let (assets, (mut expected, wiped_out)) = (self.assets(), self.observed());
        match act {
            Act::Stake { who, micro } => {
                let seeded = expected.protocol >= MIN_PROTOCOL_SHARES;
                let minted = expected.stake(micro, assets);
                let sent = self.world.stake_micro(&self.stakers[who], micro, 0);
                let Some(minted) = minted.ok().filter(|m| *m > 0 && seeded) else {
                    assert!(sent.is_err());
                    return;
                };
                assert_eq!(sent.accepted().event::<InsuranceStaked>().shares, minted);
                self.staked += micro;
                assert_eq!(self.stored(), expected);
            }
            Act::Ask { who, part } => {
                let stake = self.world.stake_of(&self.stakers[who]);
                let shares = ppm(stake.shares - stake.leaving, part);
                let _ = self.world.request_unstake(&self.stakers[who], shares);
            }
            Act::Stay { who } => {
                let _ = self.world.cancel_unstake(&self.stakers[who]);
            }
            Act::Leave { who } => {
                let stake = self.world.stake_of(&self.stakers[who]);
                let (leaving, wait) = (stake.leaving, stake.unlock_at - self.world.now());
                self.world.advance(wait.max(0));
                let claims = self.world.fund().open_claims;
                let Ok(receipt) = self.world.unstake(&self.stakers[who], 0) else {
                    return;
                };
                let amount = expected.unstake(leaving, assets, claims).unwrap();
                assert!(!wiped_out);
                assert_eq!(receipt.event::<InsuranceUnstaked>().amount, amount);
                self.paid += amount;
                assert_eq!((self.stored(), self.assets()), (expected, assets - amount));
            }
            Act::Give { micro } => {
                let usd = micro as f64 / 1e6;
                if self.world.insure(&self.stakers[0], usd).is_ok() {
                    let (given, total) = (self.assets() - assets, expected.total);
                    let minted = expected.donate(given, assets);
                    assert_eq!(self.stored(), expected);
                    let counted = assets_for(minted, assets, total).unwrap();
                    self.dust += if total == 0 { 0 } else { given - counted };
                }
            }
            Act::Earn { contracts } => {
                let [a, b] = &self.sides;
                self.world.republish();
                let _ = self.world.trade_at_mark(a, b, BTC, contracts);
            }
            Act::Lose { part } => self.world.forge_fund_loss(ppm(assets, part)),
            Act::Claim { part } => {
                let claims = ppm(assets, part);
                let fund = address::insurance_fund();
                self.world.forged_claims = claims;
                self.world
                    .forge::<InsuranceFund>(&fund, |f| f.open_claims = claims);
            }
            Act::Wait { hours } => self.world.advance(hours * 3_600),
        }
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn shares_follow_the_arithmetic_and_stakers_take_out_no_more_than_they_and_the_fees_put_in(
        acts in prop::collection::vec(act(), 1..60)
    ) {
        let mut stage = Stage::new();
        for act in acts {
            stage.act(act);
            let income = u64::try_from(stage.world.pool().insurance_income).unwrap();
            prop_assert!(stage.paid <= stage.staked + income + stage.dust, "after {act:?}");
        }
    }
}

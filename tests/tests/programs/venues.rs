//! Fills of registered venues: only between accounts that delegated to them, with their share of the fees.

use {
    cep_sdk::{
        address, instruction,
        programs::margin_pool::{
            Leg,
            error::MarginPoolError,
            events::VenueFilled,
            state::{MarginAccount, Pool, permission},
        },
    },
    cep_tests::{BTC, Outcome, Receipt, Refusal, Trader, World, keypair},
    solana_sdk::signature::{Keypair, Signer},
};

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) taker: Trader,
    pub(crate) maker: Trader,
    venue: Keypair,
    fees: Trader,
}

/// A venue with half of the pool's fees, two accounts that delegated to it for a day.
pub(crate) fn stage() -> Stage {
    let mut world = World::new();
    let taker = world.trader("taker", 500_000.0);
    let maker = world.trader("maker", 500_000.0);
    let fees = world.trader("venue owner", 0.0);
    let venue = keypair("venue");
    world.open_venue(&venue, fees.account, &[&taker, &maker]);
    Stage {
        world,
        taker,
        maker,
        venue,
        fees,
    }
}

impl Stage {
    pub(crate) fn fill(&mut self, leg: Leg) -> Result<Receipt, Refusal> {
        let books = self
            .world
            .books_of(&[self.taker.account, self.maker.account], &[leg.underlying]);
        let ix = instruction::pool::trade_venue(
            self.venue.pubkey(),
            self.fees.account,
            self.taker.account,
            self.maker.account,
            vec![leg],
            &books,
        );
        let payer = cep_tests::world::admin();
        self.world.send(&[ix], &[&payer, &self.venue])
    }

    fn buy(&mut self) -> Result<Receipt, Refusal> {
        let price = self.world.book(BTC).price;
        self.fill(Leg::perpetual(BTC, 1_000_000, price))
    }
}

#[test]
fn fees_are_divided_between_pool_venue_and_fund() {
    let mut s = stage();
    let event = s.buy().accepted().event::<VenueFilled>();
    // 3 bp of the taker and 1 bp of the maker on 120,000 USD; a fifth for the fund, half of the rest for the venue.
    assert_eq!(s.world.cash(&s.taker), 500_000_000_000 - 36_000_000);
    assert_eq!(s.world.cash(&s.maker), 500_000_000_000 - 12_000_000);
    let ledger = s.world.pool().ledger;
    assert_eq!((ledger.insurance, ledger.fees), (9_600_000, 19_200_000));
    assert_eq!(
        (s.world.cash(&s.fees), event.fee_share),
        (19_200_000, 19_200_000)
    );
}

#[test]
fn a_venue_clears_only_for_accounts_that_delegated_to_it_and_until_then() {
    let mut s = stage();
    let maker = s.maker.account;
    let mut without = s.world.clone();
    without.forge::<MarginAccount>(&maker, |a| a.delegates[0].permissions = permission::TRADE);
    std::mem::swap(&mut s.world, &mut without);
    s.buy().refused(MarginPoolError::NotAccountOwner);
    s.world = without;
    s.buy().accepted();
    s.world.advance(86_400);
    s.world.republish();
    s.buy().refused(MarginPoolError::NotAccountOwner);
}

#[test]
fn a_venue_that_is_not_registered_clears_nothing() {
    let mut s = stage();
    s.world
        .forge::<Pool>(&address::pool(), |p| p.venues[3].authority = maker_key());
    s.buy().refused(MarginPoolError::UnknownVenue);
}

fn maker_key() -> cep_sdk::Pubkey {
    keypair("another venue").pubkey()
}

#[test]
fn fees_go_to_the_account_named_at_the_registration() {
    let mut s = stage();
    s.fees = s.world.trader("mallory", 0.0);
    s.buy().refused(MarginPoolError::WrongFeeAccount);
    s.fees = Trader::named("taker", 0);
    s.buy().refused(MarginPoolError::SameAccount);
}

#[test]
fn a_fill_must_leave_both_sides_their_margin() {
    let mut s = stage();
    let price = s.world.book(BTC).price;
    s.fill(Leg::perpetual(BTC, 100_000_000, price))
        .refused(MarginPoolError::BelowInitialMargin);
}

//! The planner's decisions on a small made-up cluster: one underlying, SOL, whose 512 scenarios run
//! evenly from -10 % to +10 %; one trader; the keeper.

mod auctions;
mod cranks;
mod settlement;
mod slices;

use {
    super::{Policy, plan},
    crate::{
        action::{Action, Kind, Memory, Task, Terms},
        view::View,
    },
    anchor_lang::AccountSerialize,
    bytemuck::Zeroable,
    cep_risk::{PPM, ROWS, WEIGHT_ONE, auction::PPB},
    cep_sdk::{
        Book, Pubkey, address,
        clock::ChainTime,
        programs::{
            liquidation::state::{Auction, AuctionParams, LiquidationConfig},
            margin_pool::{
                clearing::Asset,
                state::{MarginAccount, Market, Pool, PoolParams, Underlying},
            },
            risk_engine::state::{
                RiskBook, RiskConfig, RiskParams, Source, SourceArgs, SourceKind,
            },
        },
        units::{micro_usd, quantity, symbol},
    },
    pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel},
    solana_sdk::account::Account,
    std::collections::BTreeMap,
};

const NOW: i64 = 1_760_000_000;
const OWN: Pubkey = Pubkey::new_from_array([1; 32]);
const TRADER: Pubkey = Pubkey::new_from_array([2; 32]);
const OTHER: Pubkey = Pubkey::new_from_array([3; 32]);
const PRICE: Pubkey = Pubkey::new_from_array([4; 32]);
const FEED: [u8; 32] = [7; 32];
const SET: Pubkey = Pubkey::new_from_array([5; 32]);

fn book_at() -> Pubkey {
    address::risk_book(&symbol("SOL"))
}

fn market_at() -> Pubkey {
    address::market(&book_at())
}

fn policy() -> Policy {
    Policy {
        own: OWN,
        prices: BTreeMap::from([(symbol("SOL"), vec![PRICE])]),
        min_profit_bps: 10,
        min_profit: micro_usd(0.1),
        hedge_cost_bps: 10,
        max_notional: i64::MAX,
        settle_above: micro_usd(100_000.0),
        settle_limit: 8,
    }
}

fn account(cash: f64, contracts: f64, entry: f64) -> Box<MarginAccount> {
    let mut account = Box::new(MarginAccount::zeroed());
    account.cash = micro_usd(cash);
    if contracts != 0.0 {
        let slot = Asset::perpetual(0).find_or_open(&mut account).unwrap();
        account.positions[slot]
            .add(quantity(contracts), micro_usd(-contracts * entry))
            .unwrap();
    }
    account
}

/// The trader is long 500 SOL from 200 USD on 10,000 USD of cash: at 200 USD its maintenance margin is
/// about 7,800 USD, and it falls below it between 196 and 195 USD.
fn at_price(price: f64) -> View {
    let mut pool = Box::new(Pool::zeroed());
    pool.params = PoolParams {
        stress_weight: 250_000,
        retained: 100_000,
        maintenance_factor: 800_000,
        confidence_multiple: 1_000_000,
        open_interest_share: 1_000_000,
        price_band: 50_000,
        block_fee: 200,
        ..PoolParams::zeroed()
    };
    pool.underlying_count = 1;
    pool.underlyings[0] = Underlying {
        book: book_at(),
        market: market_at(),
    };
    let mut risk = Box::new(RiskConfig::zeroed());
    risk.scenario_generation = 1;
    risk.scenario_set = SET;
    risk.params = RiskParams {
        max_price_age: 60,
        max_clock_skew: 120,
        ..RiskParams::zeroed()
    };
    let mut liquidation = Box::new(LiquidationConfig::zeroed());
    liquidation.params = AuctionParams {
        start: 950_000_000,
        cut: 700_000_000,
        fast_seconds: 900,
        slow_seconds: 43_200,
        insolvent_seconds: 3_600,
        buffer: 150_000,
        opening_reward: 1_000_000,
        calm: PPM,
        stress: 0,
        pace_limit: PPM,
        tranche: PPM,
        leg_discount: 20_000,
        incentive: PPM,
    };
    let mut market = Box::new(Market::zeroed());
    market.book = book_at();
    View {
        time: ChainTime {
            slot: 9,
            unix_timestamp: NOW,
        },
        pool,
        risk,
        liquidation,
        books: BTreeMap::from([(book_at(), book(price))]),
        markets: BTreeMap::from([(market_at(), market)]),
        accounts: BTreeMap::from([
            (OWN, account(100_000.0, 0.0, 0.0)),
            (TRADER, account(10_000.0, 500.0, 200.0)),
        ]),
        auctions: BTreeMap::new(),
        oracles: BTreeMap::new(),
    }
}

fn book(price: f64) -> Book {
    let mut book = Book::from(RiskBook::zeroed());
    book.symbol = symbol("SOL");
    book.price = micro_usd(price).unsigned_abs();
    book.publish_time = NOW;
    book.max_price_age = 60;
    book.dead_price_age = 300;
    (book.variance, book.target_variance, book.scaled_variance) = (100, 100, 100);
    book.scenario_generation = 1;
    let tenth = (1 << 24) / 10;
    for (k, r) in (0..).zip(book.returns.iter_mut()) {
        *r = -tenth + 2 * tenth * k / (ROWS as i32 - 1);
    }
    (book.lowest_return, book.highest_return) = (-tenth, tenth);
    book.maintenance_returns = book.returns;
    (book.maintenance_lowest, book.maintenance_highest) = (-tenth, tenth);
    book.sources[0] = Source::configure(SourceArgs {
        kind: SourceKind::Pyth,
        feed: FEED,
        max_age: 60,
        max_confidence: 20_000,
        ..SourceArgs::NONE
    })
    .unwrap();
    book.weights = [WEIGHT_ONE / ROWS as u32; ROWS];
    book
}

fn in_auction(price: f64, opened_ago: i64) -> View {
    let mut view = at_price(price);
    let mut auction = Box::new(Auction::zeroed());
    // Its clock ran all the while, and somebody looked just now.
    (auction.opened_at, auction.updated_at) = (NOW - opened_ago, NOW);
    auction.clock = opened_ago.unsigned_abs() * PPM;
    auction.pace = PPM;
    auction.opened_by = OTHER;
    view.auctions.insert(address::auction(&TRADER), auction);
    view.accounts.get_mut(&TRADER).unwrap().in_liquidation = 1;
    view
}

fn post_price(view: &mut View, publish_time: i64) {
    let update = PriceUpdateV2 {
        write_authority: OTHER,
        verification_level: VerificationLevel::Full,
        price_message: PriceFeedMessage {
            feed_id: FEED,
            price: 20_000_000_000,
            conf: 1,
            exponent: -8,
            publish_time,
            prev_publish_time: 0,
            ema_price: 1,
            ema_conf: 1,
        },
        posted_slot: 1,
    };
    let mut data = Vec::new();
    update.try_serialize(&mut data).unwrap();
    data.resize(PriceUpdateV2::LEN, 0);
    let account = Account {
        lamports: 1,
        data,
        owner: pyth_solana_receiver_sdk::ID,
        ..Account::default()
    };
    view.oracles.insert(PRICE, Some(account));
}

fn planned(view: &View) -> Vec<Action> {
    plan(view, &policy(), &Memory::default())
}

fn kinds(actions: &[Action]) -> Vec<Kind> {
    actions.iter().map(Action::kind).collect()
}

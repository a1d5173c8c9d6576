//! A deployment in LiteSVM: set up by the project's own migrations, moved by signed transactions,
//! checked after each.

use {
    crate::{
        bare::{chain, endow, keypair},
        invariants,
        oracle::Update,
        outcome::{Outcome, Receipt, Refusal},
        token,
    },
    anchor_lang::{Discriminator, Owner, prelude::Pubkey},
    bytemuck::Pod,
    cep_migrations::{Parameters, Step, plan::scenario_steps, steps},
    cep_scenarios::ScenarioSet,
    cep_sdk::{
        Book,
        account::decode,
        address, instruction,
        programs::{
            margin_pool::{
                self,
                state::{MarginAccount, Market, Pool},
            },
            risk_engine::state::{
                PriceState, RiskBook, RiskConfig, ScenarioSet as OnChainSet, SourceKind,
            },
        },
    },
    litesvm::LiteSVM,
    solana_compute_budget_interface::ComputeBudgetInstruction,
    solana_sdk::{
        clock::Clock,
        instruction::Instruction,
        message::Message,
        signature::{Keypair, Signer},
        transaction::Transaction,
    },
    std::{collections::BTreeMap, sync::OnceLock},
};

/// Indices of the standard underlyings in the pool.
pub const BTC: u8 = 0;
pub const ETH: u8 = 1;
pub const SOL: u8 = 2;

/// Bytes that a transaction may have on the wire.
const PACKET: usize = 1_232;
/// Oracle confidence that [`World::set_price`] posts, over the price.
pub(crate) const CONFIDENCE: f64 = 0.0005;

/// What a deployment starts from.
#[derive(Clone)]
pub struct Setup {
    pub parameters: Parameters,
    pub set: ScenarioSet,
    /// USD, by index of the underlying.
    pub prices: Vec<f64>,
    /// Collateral mints with their decimals.
    pub mints: Vec<(Pubkey, u8)>,
}

impl Setup {
    /// BTC, ETH and SOL, SOL as collateral: what the project ships.
    #[must_use]
    pub fn standard() -> Self {
        let sol = cep_migrations::parameters::WRAPPED_SOL;
        let mut parameters = Parameters::standard(quote_mint(), sol);
        // Prices of tests jump from one second to the next; the circuit breaker has tests of its own.
        parameters.risk.step_burst = 1_000_000;
        parameters.risk.step_rate = 1_000_000;
        // Tests change what they like at once; the timelock has tests of its own.
        parameters.timelock = 0;
        parameters.guardian = guardian().pubkey();
        for underlying in &mut parameters.underlyings {
            // Two accounts make up most markets here, so that each has half of the open interest: the charge on size would be in
            // every figure. It has tests of its own.
            underlying.daily_volume = 0;
            underlying.account_limit = underlying.open_interest_limit;
        }
        Self {
            parameters,
            set: ScenarioSet::shipped().unwrap(),
            prices: vec![120_000.0, 4_300.0, 220.0],
            mints: vec![(sol, 9)],
        }
    }
}

/// The pool's quote currency in every world.
#[must_use]
pub fn quote_mint() -> Pubkey {
    keypair("usdc mint").pubkey()
}

#[derive(Clone)]
pub struct World {
    pub svm: LiteSVM,
    pub parameters: Parameters,
    pub scenario_set: Pubkey,
    /// Last price set of each underlying, USD.
    pub prices: Vec<f64>,
    /// What was sent to a vault past the programs, by vault.
    pub gifts: BTreeMap<Pubkey, u64>,
    /// What the insurance fund was made to believe that auctions may draw, beyond those there are.
    pub forged_claims: u64,
    /// Checks every book after each accepted transaction. Where there are hundreds of accounts a replay asks for that
    /// itself, once in a while.
    pub thorough: bool,
    /// Puts a refresh in front of every trade, as clients do, so that new risk finds a price of the last seconds: see
    /// [`World::freshen`].
    pub refreshes_in_front: bool,
    /// Whether a transaction may run out of compute units and count as refused. Otherwise that fails the test, as a panic
    /// always does.
    pub may_exhaust: bool,
}

impl World {
    /// The standard deployment, priced and ready to trade. Set up once per process, then copied.
    #[must_use]
    pub fn new() -> Self {
        static READY: OnceLock<World> = OnceLock::new();
        READY
            .get_or_init(|| Self::ready(&Setup::standard()))
            .clone()
    }

    /// Programs, mints and a rich admin; nothing initialised.
    #[must_use]
    pub fn bare(setup: &Setup) -> Self {
        let mut svm = chain();
        endow(&mut svm, admin().pubkey());
        token::write_mint(&mut svm, quote_mint(), 6);
        for (mint, decimals) in &setup.mints {
            token::write_mint(&mut svm, *mint, *decimals);
        }
        Self {
            svm,
            parameters: setup.parameters.clone(),
            scenario_set: Pubkey::default(),
            prices: setup.prices.clone(),
            gifts: BTreeMap::new(),
            forged_claims: 0,
            thorough: true,
            refreshes_in_front: true,
            may_exhaust: false,
        }
    }

    /// All the way: initialised, scenarios in force, every book priced and scaled.
    #[must_use]
    pub fn ready(setup: &Setup) -> Self {
        let mut world = Self::bare(setup);
        world.initialise();
        world.install_scenarios(&setup.set, "scenario set");
        for underlying in world.underlyings() {
            world.set_price(underlying, setup.prices[usize::from(underlying)]);
            world.refresh_scenarios(underlying).accepted();
        }
        world
    }

    /// Runs the migrations' steps up to, not including, the scenarios. Collateral is listed with a price lent to its book: the
    /// tests' own prices come later.
    pub fn initialise(&mut self) {
        for step in steps(&self.parameters, admin().pubkey()) {
            self.set_up(&step);
        }
    }

    /// One of the migrations' steps; a book that it needs a price of is lent one meanwhile.
    pub fn set_up(&mut self, step: &Step) -> Receipt {
        let unpriced = step
            .needs_price
            .filter(|book| self.lend_price(book, 1_000_000));
        let receipt = self.run(step, &[&admin()]).accepted();
        if let Some(book) = unpriced {
            self.lend_price(&book, 0);
        }
        receipt
    }

    /// Puts a price into a book without any oracle; whether there was none.
    fn lend_price(&mut self, book: &Pubkey, price: u64) -> bool {
        let mut account = self.svm.get_account(book).unwrap();
        let at = 8 + std::mem::offset_of!(RiskBook, price);
        let before = account.data[at..at + 8].iter().all(|byte| *byte == 0);
        if before || price == 0 {
            account.data[at..at + 8].copy_from_slice(&price.to_le_bytes());
            self.svm.set_account(*book, account).unwrap();
        }
        before
    }

    /// Uploads a scenario set to a fresh account, verifies it and puts it in force.
    pub fn install_scenarios(&mut self, set: &ScenarioSet, account: &str) {
        let key = keypair(account);
        for (i, step) in self.scenario_steps(set, &key).iter().enumerate() {
            let signers = [&admin(), &key];
            let signers = if i == 0 { &signers[..] } else { &signers[..1] };
            self.run(step, signers).accepted();
        }
        self.scenario_set = key.pubkey();
    }

    #[must_use]
    pub fn scenario_steps(&self, set: &ScenarioSet, key: &Keypair) -> Vec<Step> {
        let rent = self
            .svm
            .minimum_balance_for_rent_exemption(OnChainSet::SPACE);
        let number = self.config().proposals;
        let in_force = self.set_in_force();
        scenario_steps(set, key.pubkey(), in_force, rent, admin().pubkey(), number)
    }

    /// `None` before the first activation.
    #[must_use]
    pub fn set_in_force(&self) -> Option<Pubkey> {
        (self.scenario_set != Pubkey::default()).then_some(self.scenario_set)
    }

    pub fn run(&mut self, step: &Step, signers: &[&Keypair]) -> Result<Receipt, Refusal> {
        self.send(&step.instructions, signers)
    }

    /// Signs and sends one transaction, the first signer paying. An accepted one is followed by a check
    /// of every book in the deployment. A panic of a program fails the test: see [`Refusal::new`].
    #[track_caller]
    pub fn send(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, Refusal> {
        if self.refreshes_in_front && instructions.iter().any(is_trade) {
            self.freshen(instructions);
        }
        let budget = ComputeBudgetInstruction::set_compute_unit_limit(1_400_000);
        let all: Vec<Instruction> = std::iter::once(budget)
            .chain(instructions.iter().cloned())
            .collect();
        // The same transaction may come twice.
        self.svm.expire_blockhash();
        let message = Message::new(&all, Some(&signers[0].pubkey()));
        let transaction = Transaction::new(signers, message, self.svm.latest_blockhash());
        let size = 1 + 64 * transaction.signatures.len() + transaction.message_data().len();
        assert!(
            size <= PACKET,
            "a transaction of {size} bytes fits no packet"
        );
        let before = invariants::traders(self, instructions);
        match self.svm.send_transaction(transaction) {
            Ok(meta) => {
                if self.thorough {
                    invariants::check(self);
                }
                invariants::check_trades(self, &before);
                Ok(Receipt::new(meta.logs))
            }
            Err(failed) => Err(Refusal::new(failed, self.may_exhaust)),
        }
    }

    /// Posts the last print of each book that these instructions read again, dated now, and refreshes it. A price that a test
    /// has let grow old or brought in doubt stays as it is.
    fn freshen(&mut self, instructions: &[Instruction]) {
        let clock = self.svm.get_sysvar::<Clock>();
        for underlying in self.underlyings() {
            let at = self.book_address(underlying);
            let read = |ix: &Instruction| ix.accounts.iter().any(|meta| meta.pubkey == at);
            if !instructions.iter().any(read) || self.svm.get_account(&at).is_none() {
                continue;
            }
            let (book, now) = (self.book(underlying), clock.unix_timestamp);
            let source = &book.sources[0];
            if book.price_state(now) != PriceState::Fresh
                || book.price_bears_new_risk(now, clock.slot)
                || source.kind != SourceKind::Pyth.code()
            {
                continue;
            }
            let usd = |micro: u64| micro as f64 / 1e6;
            let update = self.update(underlying, usd(source.price), usd(source.confidence));
            let print = self.post(underlying, &update);
            self.refresh(underlying, print).accepted();
        }
    }

    // Time and prices.

    #[must_use]
    pub fn now(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    /// Time passes, slots with it. Prices grow old.
    pub fn advance(&mut self, seconds: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.unix_timestamp += seconds;
        clock.slot += u64::try_from(seconds).unwrap() * 5 / 2;
        self.svm.set_sysvar(&clock);
    }

    /// A sound update of the underlying's feed, dated now.
    #[must_use]
    pub fn update(&self, underlying: u8, price_usd: f64, confidence_usd: f64) -> Update {
        let feed = self.parameters.underlyings[usize::from(underlying)].sources[0].feed;
        Update::new(feed, price_usd, confidence_usd, self.now())
    }

    /// Posts an update at the account where this underlying's prices arrive, and returns it.
    pub fn post(&mut self, underlying: u8, update: &Update) -> Pubkey {
        let address = keypair(&format!("price {underlying}")).pubkey();
        update.write(&mut self.svm, address);
        address
    }

    pub fn post_price(&mut self, underlying: u8, price_usd: f64, confidence_usd: f64) -> Pubkey {
        let update = self.update(underlying, price_usd, confidence_usd);
        self.post(underlying, &update)
    }

    /// Folds the update at `price_account` into the underlying's book.
    pub fn refresh(&mut self, underlying: u8, price_account: Pubkey) -> Result<Receipt, Refusal> {
        self.refresh_from(underlying, &[price_account])
    }

    /// Folds what several oracle accounts say into the underlying's book.
    pub fn refresh_from(&mut self, underlying: u8, oracles: &[Pubkey]) -> Result<Receipt, Refusal> {
        let ix = instruction::risk::refresh(self.book_address(underlying), oracles);
        self.send(&[ix], &[&admin()])
    }

    /// The price moves, one second later.
    pub fn set_price(&mut self, underlying: u8, price_usd: f64) {
        self.advance(1);
        self.prices[usize::from(underlying)] = price_usd;
        let account = self.post_price(underlying, price_usd, price_usd * CONFIDENCE);
        self.refresh(underlying, account).accepted();
    }

    /// Every price is published again, unchanged.
    pub fn republish(&mut self) {
        for underlying in self.underlyings() {
            self.set_price(underlying, self.prices[usize::from(underlying)]);
        }
    }

    /// Time passes while every price is published again often enough to serve throughout: auctions' clocks run.
    pub fn wait(&mut self, seconds: i64) {
        let end = self.now() + seconds;
        while self.now() < end {
            self.advance((end - self.now()).min(50));
            for underlying in self.underlyings() {
                let price = self.prices[usize::from(underlying)];
                let account = self.post_price(underlying, price, price * CONFIDENCE);
                self.refresh(underlying, account).accepted();
            }
        }
    }

    pub fn refresh_scenarios(&mut self, underlying: u8) -> Result<Receipt, Refusal> {
        let ix =
            instruction::risk::refresh_scenarios(self.book_address(underlying), self.scenario_set);
        self.send(&[ix], &[&admin()])
    }

    // Reading.

    pub fn underlyings(&self) -> std::ops::Range<u8> {
        0..u8::try_from(self.parameters.underlyings.len()).unwrap()
    }

    #[must_use]
    pub fn book_address(&self, underlying: u8) -> Pubkey {
        address::risk_book(&self.parameters.underlyings[usize::from(underlying)].symbol)
    }

    #[must_use]
    pub fn market_address(&self, underlying: u8) -> Pubkey {
        address::market(&self.book_address(underlying))
    }

    #[must_use]
    pub fn read<T: Pod + Discriminator + Owner>(&self, address: &Pubkey) -> Box<T> {
        let account = self.svm.get_account(address).expect("no such account");
        decode(address, &account).unwrap()
    }

    #[must_use]
    pub fn config(&self) -> Box<RiskConfig> {
        self.read(&address::risk_config())
    }

    #[must_use]
    pub fn pool(&self) -> Box<Pool> {
        self.read(&address::pool())
    }

    #[must_use]
    pub fn book(&self, underlying: u8) -> Book {
        let address = self.book_address(underlying);
        let account = self.svm.get_account(&address).expect("no such account");
        Book::decode(&address, &account).unwrap()
    }

    #[must_use]
    pub fn market(&self, underlying: u8) -> Box<Market> {
        self.read(&self.market_address(underlying))
    }

    #[must_use]
    pub fn account(&self, address: &Pubkey) -> Box<MarginAccount> {
        self.read(address)
    }

    /// Changes an account behind the programs' backs, for states that no instruction produces.
    pub fn forge<T: Pod + Discriminator + Owner>(
        &mut self,
        address: &Pubkey,
        change: impl FnOnce(&mut T),
    ) {
        let mut value = self.read::<T>(address);
        change(&mut value);
        let mut account = self.svm.get_account(address).unwrap();
        account.data[8..8 + size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&*value));
        self.svm.set_account(*address, account).unwrap();
    }
}

/// Whether an instruction may add risk, by trading or by having a program trade.
fn is_trade(ix: &Instruction) -> bool {
    use margin_pool::instruction::{TradeBlock, TradeRfq, TradeVenue};
    let pools = [
        TradeBlock::DISCRIMINATOR,
        TradeRfq::DISCRIMINATOR,
        TradeVenue::DISCRIMINATOR,
    ];
    let of = |names: &[&[u8]]| names.iter().any(|name| ix.data.starts_with(name));
    (ix.program_id == margin_pool::ID && of(&pools))
        || (ix.program_id == basis_vault::ID
            && of(&[basis_vault::instruction::Hedge::DISCRIMINATOR]))
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Pauses and tightens in every world.
#[must_use]
pub fn guardian() -> Keypair {
    keypair("guardian")
}

/// The authority of every world.
#[must_use]
pub fn admin() -> Keypair {
    keypair("admin")
}

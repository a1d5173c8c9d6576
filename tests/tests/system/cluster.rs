//! A local cluster with a deployment on it, prices to move and traders to move them against.

use {
    anchor_lang::solana_program::program_pack::Pack,
    anchor_spl::token::spl_token::{
        self,
        state::{Account as Wallet, Mint},
    },
    cep_migrations::{Parameters, ProgramFiles, apply, deploy, parameters::feeds},
    cep_scenarios::ScenarioSet,
    cep_sdk::{
        Client, Pubkey, address, instruction,
        programs::margin_pool::{
            Leg,
            state::{MarginAccount, Pool},
        },
        units::{micro_usd, quantity, symbol},
    },
    cep_tests::{Update, keypair},
    solana_sdk::{signature::Keypair, signer::Signer},
    std::path::Path,
    surfpool_sdk::Surfnet,
};

/// Index of SOL in the pool.
const SOL: u8 = 2;
pub const START_PRICES: [(&str, [u8; 32], f64); 3] = [
    ("BTC", feeds::BTC, 120_000.0),
    ("ETH", feeds::ETH, 4_300.0),
    ("SOL", feeds::SOL, 220.0),
];
/// More than any account here needs to be exempt from rent.
const RENT: u64 = 10_000_000;

/// A cluster with a deployment on it.
pub struct Cluster {
    pub surfnet: Surfnet,
    pub client: Client,
    authority: Keypair,
    quote_mint: Pubkey,
    sol_mint: Pubkey,
}

/// An owner and the margin account.
pub struct Trader {
    pub key: Keypair,
    pub account: Pubkey,
}

impl Cluster {
    pub async fn start() -> Self {
        let authority = keypair("authority");
        let surfnet = Surfnet::builder()
            .offline(true)
            .payer(authority.insecure_clone())
            .airdrop_sol(1_000_000_000_000)
            .start()
            .await
            .unwrap();
        let cluster = Self {
            client: Client::new(surfnet.rpc_url().to_owned()),
            surfnet,
            authority,
            quote_mint: keypair("usdc").pubkey(),
            sol_mint: keypair("sol").pubkey(),
        };
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/deploy");
        for program in ProgramFiles::all(&directory).unwrap() {
            deploy(&cluster.client, &cluster.authority, &program, &|_| {})
                .await
                .unwrap();
        }
        cluster.put_mint(cluster.quote_mint, 6);
        cluster.put_mint(cluster.sol_mint, 9);
        let mut parameters = Parameters::standard(cluster.quote_mint, cluster.sol_mint);
        // Prices here jump within seconds; the circuit breaker has tests of its own.
        parameters.risk.step_burst = 1_000_000;
        let scenarios = ScenarioSet::shipped().unwrap();
        let set_up = async |prices: &[_]| {
            let (client, authority) = (&cluster.client, &cluster.authority);
            apply(client, authority, &parameters, &scenarios, prices, &|_| {})
                .await
                .unwrap()
        };
        // Collateral is listed once its book has a price, and a price does not keep: it comes when all else is done.
        assert_eq!(set_up(&[]).await.waiting, 1);
        let mut books = Vec::new();
        for (name, feed, price) in START_PRICES {
            cluster.post(name, feed, price).await;
            books.push((address::risk_book(&symbol(name)), vec![price_account(name)]));
        }
        assert_eq!(set_up(&books).await.waiting, 0);
        cluster
    }

    fn put(&self, address: Pubkey, data: &[u8], owner: &Pubkey) {
        let cheats = self.surfnet.cheatcodes();
        cheats.set_account(&address, RENT, data, owner).unwrap();
    }

    fn put_mint(&self, address: Pubkey, decimals: u8) {
        let mint = Mint {
            decimals,
            is_initialized: true,
            ..Mint::default()
        };
        let mut data = vec![0; Mint::LEN];
        mint.pack_into_slice(&mut data);
        self.put(address, &data, &spl_token::ID);
    }

    /// Lets a second pass on the cluster's clock and publishes a price then.
    pub async fn post(&self, name: &str, feed: [u8; 32], price: f64) {
        let now = self.client.clock().await.unwrap().unix_timestamp + 1;
        let cheats = self.surfnet.cheatcodes();
        cheats
            .time_travel_to_timestamp(now.unsigned_abs() * 1_000)
            .unwrap();
        let update = Update::new(feed, price, price * 0.000_5, now);
        self.put(price_account(name), &update.bytes(), &update.owner);
    }

    /// A margin account with USD and SOL in it.
    pub async fn trader(&self, name: &str, usd: f64, sol: f64) -> Trader {
        let key = keypair(name);
        let owner = key.pubkey();
        let cheats = self.surfnet.cheatcodes();
        cheats.fund_sol(&owner, 10_000_000_000).unwrap();
        let account = address::margin_account(&owner, 0);
        let mut setup = vec![instruction::pool::create_account(owner, owner, 0)];
        for (mint, amount) in [(self.quote_mint, usd * 1e6), (self.sol_mint, sol * 1e9)] {
            if amount > 0.0 {
                cheats
                    .fund_token(&owner, &mint, amount as u64, None)
                    .unwrap();
                let wallet = cheats.get_ata(&owner, &mint, None);
                setup.push(instruction::pool::deposit(
                    account,
                    mint,
                    wallet,
                    owner,
                    amount as u64,
                ));
            }
        }
        self.client.send(&setup, &[&key]).await.unwrap();
        Trader { key, account }
    }

    pub async fn trade(&self, a: &Trader, b: &Trader, contracts: f64, price: f64) {
        let leg = Leg::perpetual(SOL, quantity(contracts), micro_usd(price).unsigned_abs());
        let trade = instruction::pool::trade_block(
            (a.account, a.key.pubkey()),
            (b.account, b.key.pubkey()),
            vec![leg],
            &[address::risk_book(&symbol("SOL"))],
        );
        // New risk wants a price of the last seconds.
        let (name, feed, _) = START_PRICES[usize::from(SOL)];
        self.post(name, feed, price).await;
        let refresh =
            instruction::risk::refresh(address::risk_book(&symbol(name)), &[price_account(name)]);
        self.client
            .send(&[refresh, trade], &[&a.key, &b.key])
            .await
            .unwrap();
    }

    pub async fn account(&self, trader: &Trader) -> Box<MarginAccount> {
        self.client.account(&trader.account).await.unwrap()
    }

    /// Vault, ledger and accounts agree to the unit.
    pub async fn assert_books_balance(&self) {
        let pool: Box<Pool> = self.client.pool().await.unwrap();
        pool.invariant().unwrap();
        let vault = self
            .client
            .rpc
            .get_account(&pool.quote_vault)
            .await
            .unwrap();
        assert_eq!(
            i64::try_from(Wallet::unpack(&vault.data).unwrap().amount).unwrap(),
            pool.ledger.vault
        );
        let accounts = self.client.margin_accounts().await.unwrap();
        let cash: i64 = accounts.iter().map(|(_, account)| account.cash).sum();
        assert_eq!(cash, pool.ledger.cash);
        let open: i64 = accounts.iter().map(|(_, account)| base(account)).sum();
        assert_eq!(open, 0, "positions sum to zero");
    }
}

/// Millionths of SOL, long or short.
pub fn base(account: &MarginAccount) -> i64 {
    account.perpetual(SOL).map_or(0, |position| position.base)
}

/// Where the price of an underlying is posted.
pub fn price_account(name: &str) -> Pubkey {
    keypair(&format!("price {name}")).pubkey()
}

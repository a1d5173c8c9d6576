//! Deployment and initialisation against a real JSON-RPC endpoint: everything may be run twice, and what was cut
//! off is continued. Needs the programs in target/deploy, which `cargo xtask test` builds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use {
    cep_migrations::{
        Deployed, MigrationError, ProgramFiles, Progress, deploy, deploy::buffer_of,
        files::PROGRAMS, hand_over, parameters::feeds, progress::silent,
    },
    cep_sdk::{Client, Pubkey},
    solana_client::{
        client_error::{ClientError, ClientErrorKind},
        nonblocking::rpc_client::RpcClient,
        rpc_client::RpcClientConfig,
        rpc_request::RpcRequest,
        rpc_sender::{RpcSender, RpcTransportStats},
    },
    solana_commitment_config::CommitmentConfig,
    solana_sdk::signature::{Keypair, Signer},
    std::{
        path::{Path, PathBuf},
        process::Command,
        sync::atomic::{AtomicUsize, Ordering},
    },
    surfpool_sdk::{BlockProductionMode, SimnetCommand, Surfnet},
};

const LAMPORTS: u64 = 1_000_000_000_000;

struct World {
    surfnet: Surfnet,
    client: Client,
    payer: Keypair,
}

async fn world() -> World {
    let payer = Keypair::new();
    let surfnet = Surfnet::builder()
        .payer(payer.insecure_clone())
        .slot_time_ms(400)
        .airdrop_sol(LAMPORTS)
        .start()
        .await
        .unwrap();
    // Stops Surfpool from profiling every instruction on a copy of the chain.
    let quick = SimnetCommand::StartRunbookExecution("migrations".into());
    surfnet.send_command(quick).unwrap();
    let client = Client::new(surfnet.rpc_url().to_owned());
    World {
        surfnet,
        client,
        payer,
    }
}

fn deploy_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/deploy")
}

/// The bytes of a program under a key of its own: the loader does not care.
fn files(name: &str, key: &Keypair) -> ProgramFiles {
    let path = deploy_dir().join(format!("{name}.so"));
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|e| panic!("{} ({e}): run `cargo xtask build`", path.display()));
    ProgramFiles {
        name: name.to_owned(),
        bytes,
        keypair: key.insecure_clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_deployed_once_upgraded_when_it_changes_and_only_by_its_authority() {
    let World {
        client,
        payer,
        surfnet,
    } = world().await;
    let key = Keypair::new();
    let (small, large) = (files("risk_engine", &key), files("margin_pool", &key));
    assert!(
        small.bytes.len() + 10_240 < large.bytes.len(),
        "the upgrade must need more room"
    );

    let run = async |program| deploy(&client, &payer, program, &silent).await.unwrap();
    assert_eq!(run(&small).await, Deployed::New);
    assert_eq!(run(&small).await, Deployed::Unchanged);
    assert_eq!(run(&large).await, Deployed::Upgraded);
    assert_eq!(run(&large).await, Deployed::Unchanged);
    assert_eq!(run(&small).await, Deployed::Upgraded);

    let stranger = Keypair::new();
    surfnet
        .cheatcodes()
        .fund_sol(&stranger.pubkey(), LAMPORTS)
        .unwrap();
    let refused = deploy(&client, &stranger, &large, &silent).await;
    assert!(
        matches!(refused, Err(MigrationError::NotUpgradeAuthority { .. })),
        "{refused:?}"
    );
}

/// A connection that lets so many parts of an upload through, and then nothing at all.
struct Cut {
    inner: Client,
    left: AtomicUsize,
}

#[async_trait::async_trait]
impl RpcSender for Cut {
    async fn send(
        &self,
        request: RpcRequest,
        params: serde_json::Value,
    ) -> Result<serde_json::Value, ClientError> {
        // Parts are sent without a simulation before; what creates the buffer is not counted, however often it is sent.
        let is_part = params.pointer("/1/skipPreflight") == Some(&serde_json::Value::Bool(true));
        let take = usize::from(matches!(request, RpcRequest::SendTransaction) && is_part);
        let less = |left: usize| left.checked_sub(take).filter(|_| left > 0);
        let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
        if self.left.fetch_update(set, fetch, less).is_err() {
            return Err(ClientErrorKind::Custom("the connection is cut".into()).into());
        }
        self.inner.rpc.send(request, params).await
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        self.inner.rpc.get_transport_stats()
    }

    fn url(&self) -> String {
        self.inner.rpc.url()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_cut_off_continues_where_it_stopped() {
    let World {
        client,
        payer,
        surfnet,
    } = world().await;
    let program = files("risk_engine", &Keypair::new());
    // A few of hundreds of parts; nothing goes by how long anything takes.
    const LET_THROUGH: usize = 8;
    let cut = Cut {
        inner: Client::new(surfnet.rpc_url().to_owned()),
        left: AtomicUsize::new(LET_THROUGH),
    };
    let config = RpcClientConfig::with_commitment(CommitmentConfig::confirmed());
    let poor = Client {
        rpc: RpcClient::new_sender(cut, config),
    };
    let refused = deploy(&poor, &payer, &program, &silent).await;
    assert!(refused.is_err(), "not cut off: {refused:?}");
    // What was sent arrives in its own time.
    let buffer = buffer_of(&payer.pubkey(), &program).unwrap();
    while !holds_a_part(&client, &buffer, &program).await {}

    let first = AtomicUsize::new(usize::MAX);
    let report = |progress: &Progress| {
        if let Progress::Uploaded { parts, .. } = progress {
            first.fetch_min(*parts, Ordering::Relaxed);
        }
    };
    let done = deploy(&client, &payer, &program, &report).await.unwrap();
    assert_eq!(done, Deployed::New);
    let first = first.into_inner();
    assert!(
        (1..=LET_THROUGH).contains(&first),
        "{first} parts of the first attempt were used"
    );
}

/// Whether any byte of the program is in the buffer.
async fn holds_a_part(client: &Client, buffer: &Pubkey, program: &ProgramFiles) -> bool {
    let account = client
        .rpc
        .get_account_with_commitment(buffer, CommitmentConfig::confirmed())
        .await
        .unwrap();
    account.value.is_some_and(|a| {
        let head = a.data.len() - program.bytes.len();
        a.data[head..].iter().any(|byte| *byte != 0)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upgrade_authority_is_handed_over_once_to_an_address_that_exists() {
    let World {
        client,
        payer,
        surfnet,
    } = world().await;
    let key = Keypair::new();
    let (program, other) = (files("risk_engine", &key), files("liquidation", &key));
    deploy(&client, &payer, &program, &silent).await.unwrap();
    let (id, multisig) = (key.pubkey(), Keypair::new().pubkey());
    let give = async |to| hand_over(&client, &payer, ("program", id), to, &silent).await;

    let refused = give(multisig).await;
    assert!(
        matches!(refused, Err(MigrationError::UnknownAuthority { .. })),
        "{refused:?}"
    );
    surfnet.cheatcodes().fund_sol(&multisig, LAMPORTS).unwrap();
    assert!(give(multisig).await.unwrap());
    assert!(!give(multisig).await.unwrap(), "done already");
    let refused = give(payer.pubkey()).await;
    assert!(
        matches!(refused, Err(MigrationError::NotUpgradeAuthority { .. })),
        "{refused:?}"
    );
    // What is there already needs no authority; other code does.
    let same = deploy(&client, &payer, &program, &silent).await.unwrap();
    assert_eq!(same, Deployed::Unchanged);
    let refused = deploy(&client, &payer, &other, &silent).await;
    assert!(
        matches!(refused, Err(MigrationError::NotUpgradeAuthority { .. })),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_money_the_deployment_says_how_much_is_missing() {
    let World {
        client,
        surfnet: _chain,
        ..
    } = world().await;
    let (poor, program) = (Keypair::new(), files("risk_engine", &Keypair::new()));
    let refused = deploy(&client, &poor, &program, &silent).await;
    assert!(
        matches!(
            refused,
            Err(MigrationError::NotEnoughSol { balance: 0, .. })
        ),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_sets_up_a_cluster_lists_what_is_priced_and_a_last_run_finds_it_done() {
    let World {
        payer,
        surfnet,
        client,
    } = world().await;
    let mint = async |decimals| {
        let mint = Keypair::new();
        let rent = client
            .rpc
            .get_minimum_balance_for_rent_exemption(82)
            .await
            .unwrap();
        let token = anchor_spl::token::spl_token::ID;
        let create = solana_system_interface::instruction::create_account(
            &payer.pubkey(),
            &mint.pubkey(),
            rent,
            82,
            &token,
        );
        let init = anchor_spl::token::spl_token::instruction::initialize_mint2(
            &token,
            &mint.pubkey(),
            &payer.pubkey(),
            None,
            decimals,
        )
        .unwrap();
        client
            .send(&[create, init], &[&payer, &mint])
            .await
            .unwrap();
        mint.pubkey().to_string()
    };
    let (quote, sol) = (mint(6).await, mint(9).await);
    let directory = std::env::temp_dir().join(format!("cep-migrate-{}", payer.pubkey()));
    std::fs::create_dir_all(&directory).unwrap();
    let key = directory.join("payer.json");
    std::fs::write(&key, format!("{:?}", payer.to_bytes())).unwrap();
    let multisig = Keypair::new().pubkey();
    surfnet.cheatcodes().fund_sol(&multisig, LAMPORTS).unwrap();
    let run = |more: &[String]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cep-migrate"))
            .args([
                "--url",
                surfnet.rpc_url(),
                "--quote-mint",
                &quote,
                "--sol-mint",
                &sol,
                "--upgrade-authority",
                &multisig.to_string(),
            ])
            .arg("--keypair")
            .arg(&key)
            .arg("--program-dir")
            .arg(deploy_dir())
            .args(more)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    };
    let first = run(&[]);
    // From here on time passes by transactions alone, so that a price is as fresh on a slow machine as on a fast one.
    let by_transactions =
        SimnetCommand::UpdateBlockProductionMode(BlockProductionMode::Transaction);
    surfnet.send_command(by_transactions).unwrap();
    let now = client.clock().await.unwrap().unix_timestamp;
    let mut priced = vec!["--skip-deploy".to_owned()];
    for (symbol, feed, price) in [
        ("BTC", feeds::BTC, 120_000),
        ("ETH", feeds::ETH, 4_300),
        ("SOL", feeds::SOL, 220),
    ] {
        let at = Keypair::new().pubkey();
        let data = price_update(feed, price, now);
        let cheats = surfnet.cheatcodes();
        cheats.set_account(&at, LAMPORTS, &data, &RECEIVER).unwrap();
        priced.extend(["--price-account".to_owned(), format!("{symbol}={at}")]);
    }
    let (second, third) = (run(&priced), run(&[]));
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(
        first.contains("9 steps done, 0 were done already, 1 waits for a price"),
        "{first}"
    );
    assert!(
        second.contains("3 steps done, 9 were done already, 0 wait"),
        "{second}"
    );
    assert!(
        third.contains("0 steps done, 12 were done already, 0 wait"),
        "{third}"
    );
    assert!(third.contains("skipped  risk_engine"), "{third}");
    // The upgrade authority goes last, after it was said, and once.
    assert!(!first.contains("next     "), "{first}");
    for (name, id) in PROGRAMS {
        let owner = format!("upgrade authority of {name}");
        assert!(second.contains(&format!("next     {owner}")), "{second}");
        assert!(second.contains(&format!("done     {owner}")), "{second}");
        assert!(third.contains(&format!("skipped  {owner}")), "{third}");
        let authority = client.upgrade_authority(&id).await.unwrap();
        assert_eq!(authority, Some(multisig));
    }
}

/// Pyth's receiver.
const RECEIVER: Pubkey = solana_sdk::pubkey!("rec5EKMGg6MxZYaMdyBfgwp4d5rB9T1VQH5pJv5LtFJ");

/// A fully verified `PriceUpdateV2`, in USD, as the receiver lays it out.
fn price_update(feed: [u8; 32], usd: i64, now: i64) -> Vec<u8> {
    let (price, exponent) = (usd * 100_000_000, -8i32);
    let confidence = price / 2_000;
    let mut data = solana_sdk::hash::hash(b"account:PriceUpdateV2").to_bytes()[..8].to_vec();
    // Who may write it, and that all guardians signed.
    data.extend([0; 32]);
    data.push(1);
    data.extend(feed);
    data.extend(price.to_le_bytes());
    data.extend(confidence.to_le_bytes());
    data.extend(exponent.to_le_bytes());
    for number in [now, now - 1, price, confidence, 0] {
        data.extend(number.to_le_bytes());
    }
    data
}

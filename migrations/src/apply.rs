//! Initialisation, run over RPC: what is there already is left alone.

use {
    crate::{
        Parameters, Step,
        error::MigrationError,
        plan,
        progress::{Progress, Report},
        upload::Upload,
    },
    cep_scenarios::ScenarioSet,
    cep_sdk::{
        Client, Pubkey, SdkError, address,
        instruction::risk,
        programs::{
            margin_pool::state::Pool,
            risk_engine::{
                self,
                state::{RiskBook, RiskConfig, ScenarioSet as OnChainSet},
            },
        },
    },
    solana_commitment_config::CommitmentConfig,
    solana_sdk::{
        hash::hashv,
        signature::{Keypair, Signer},
    },
    solana_system_interface::instruction::create_account_with_seed,
};

/// What [`apply`] found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    pub done: usize,
    pub skipped: usize,
    /// Listings that wait for the first price of their book. While there are any, the timelocks stay as they are.
    pub waiting: usize,
    /// The scenario set in force.
    pub scenario_set: Pubkey,
}

/// Brings the protocol's accounts to `parameters`, puts `scenarios` in force, scales every book by them, folds `prices` into
/// the books (pairs of a book and its oracle accounts), lists collateral, and raises the timelocks. After that another
/// scenario set waits a timelock out, so that it is refused here: propose it instead. `authority` signs and pays for all
/// of it, and holds the upgrade authority of the programs.
///
/// # Errors
/// [`MigrationError`], naming the step. Running it again continues.
pub async fn apply(
    client: &Client,
    authority: &Keypair,
    parameters: &Parameters,
    scenarios: &ScenarioSet,
    prices: &[(Pubkey, Vec<Pubkey>)],
    report: Report<'_>,
) -> Result<Applied, MigrationError> {
    let mut applied = Applied::default();
    let first = first_listing(client, parameters).await?;
    let steps = plan::steps_from(parameters, authority.pubkey(), first);
    let (priced, plain): (Vec<_>, Vec<_>) =
        steps.into_iter().partition(|s| s.needs_price.is_some());
    for step in plain {
        applied.count(run_step(client, authority, &step, report).await?);
    }
    applied.scenario_set = put_in_force(client, authority, scenarios, report).await?;
    scale(client, authority, parameters, report).await?;
    refresh(client, authority, prices).await?;
    for step in priced {
        if is_unpriced(client, &step).await? {
            report(&Progress::Waiting {
                what: step.name,
                until: "its risk book has a price: name the oracle accounts, and run again".into(),
            });
            applied.waiting += 1;
            // Listings are numbered: a later one cannot come before this one.
            break;
        }
        applied.count(run_step(client, authority, &step, report).await?);
    }
    if applied.waiting > 0 {
        return Ok(applied);
    }
    for done in close_setup(client, authority, parameters, report).await? {
        applied.count(done);
    }
    Ok(applied)
}

impl Applied {
    const fn count(&mut self, done: bool) {
        if done {
            self.done += 1;
        } else {
            self.skipped += 1;
        }
    }
}

/// Whether a step is still to be done and waits for the first price of a book.
async fn is_unpriced(client: &Client, step: &Step) -> Result<bool, MigrationError> {
    let Some(book) = step.needs_price else {
        return Ok(false);
    };
    if let Some(account) = step.done_when
        && exists(client, &account).await?
    {
        return Ok(false);
    }
    Ok(client.account::<RiskBook>(&book).await?.price == 0)
}

/// The proposal that the pool's first listing was or will be, such that the next one to be made has the next number.
async fn first_listing(client: &Client, parameters: &Parameters) -> Result<u64, MigrationError> {
    if !exists(client, &address::pool()).await? {
        return Ok(0);
    }
    let mut next = client.account::<Pool>(&address::pool()).await?.proposals;
    let books = parameters.underlyings.iter().map(|u| &u.symbol);
    let markets = books.map(|symbol| address::market(&address::risk_book(symbol)));
    let vaults = parameters
        .collaterals
        .iter()
        .map(|c| address::vault(&c.mint));
    for listed in markets.chain(vaults) {
        // Every listing took a proposal.
        if exists(client, &listed).await? {
            next = next.saturating_sub(1);
        }
    }
    Ok(next)
}

/// Whether it had to be run.
async fn run_step(
    client: &Client,
    authority: &Keypair,
    step: &Step,
    report: Report<'_>,
) -> Result<bool, MigrationError> {
    let what = step.name.clone();
    if let Some(account) = step.done_when
        && exists(client, &account).await?
    {
        report(&Progress::Skipped { what });
        return Ok(false);
    }
    client
        .send(&step.instructions, &[authority])
        .await
        .map_err(MigrationError::during(&what))?;
    report(&Progress::Done { what });
    Ok(true)
}

async fn exists(client: &Client, address: &Pubkey) -> Result<bool, MigrationError> {
    let response = client
        .rpc
        .get_account_with_commitment(address, CommitmentConfig::confirmed())
        .await?;
    Ok(response.value.is_some())
}

/// Uploads, verifies and activates a set, unless the one in force has the same hash.
async fn put_in_force(
    client: &Client,
    authority: &Keypair,
    set: &ScenarioSet,
    report: Report<'_>,
) -> Result<Pubkey, MigrationError> {
    let config = client
        .account::<RiskConfig>(&address::risk_config())
        .await?;
    let in_force = (config.scenario_generation > 0).then_some(config.scenario_set);
    if in_force.is_some() {
        let active = client.account::<OnChainSet>(&config.scenario_set).await?;
        if active.hash == set.hash() {
            report(&Progress::Skipped {
                what: "scenario set".into(),
            });
            return Ok(config.scenario_set);
        }
    }
    // An address of its own for each activation: the set in force cannot be activated again.
    let generation = config.scenario_generation.to_le_bytes();
    let seed: String = hashv(&[&set.hash(), &generation])
        .to_string()
        .chars()
        .take(32)
        .collect();
    let payer = authority.pubkey();
    let account = Pubkey::create_with_seed(&payer, &seed, &risk_engine::ID)
        .map_err(|error| MigrationError::Scenarios(error.to_string()))?;
    let rent = client
        .rpc
        .get_minimum_balance_for_rent_exemption(OnChainSet::SPACE)
        .await?;
    let mut create = plan::create_scenarios(set, account, rent, payer);
    // The same account, but at an address that needs no key of its own, so that a second run finds it.
    if let Some(first) = create.instructions.first_mut() {
        let space = u64::try_from(OnChainSet::SPACE).unwrap_or(u64::MAX);
        *first = create_account_with_seed(
            &payer,
            &account,
            &payer,
            &seed,
            rent,
            space,
            &risk_engine::ID,
        );
    }
    run_step(client, authority, &create, report).await?;
    let body = plan::body_of(set);
    Upload {
        what: "scenarios",
        account,
        start: 8 + std::mem::offset_of!(OnChainSet, body),
        bytes: bytemuck::bytes_of(&*body),
        write: |offset, bytes| risk::write_scenario_set(payer, account, offset, bytes),
    }
    .run(client, authority, report)
    .await?;
    for step in plan::verify_scenarios(set, account, in_force) {
        run_step(client, authority, &step, report).await?;
    }
    run_step(
        client,
        authority,
        &plan::activate_scenarios(set, account, payer, config.proposals),
        report,
    )
    .await?;
    Ok(account)
}

/// Raises the timelocks of the risk engine and of the pool; whether each had to be.
async fn close_setup(
    client: &Client,
    authority: &Keypair,
    parameters: &Parameters,
    report: Report<'_>,
) -> Result<[bool; 2], MigrationError> {
    let (me, timelock) = (authority.pubkey(), parameters.timelock);
    let config = client
        .account::<RiskConfig>(&address::risk_config())
        .await?;
    let pool = client.account::<Pool>(&address::pool()).await?;
    let steps = [
        (
            plan::TIMELOCK,
            plan::raise_timelock(config.params, timelock, me),
        ),
        (
            plan::POOL_TIMELOCK,
            plan::raise_pool_timelock(pool.params, timelock, me, pool.proposals),
        ),
    ];
    let mut raised = [false; 2];
    for (done, (name, step)) in raised.iter_mut().zip(steps) {
        if let Some(step) = step {
            *done = run_step(client, authority, &step, report).await?;
        } else {
            let what = name.into();
            report(&Progress::Skipped { what });
        }
    }
    Ok(raised)
}

/// Scales the books that do not stand on the set in force.
async fn scale(
    client: &Client,
    authority: &Keypair,
    parameters: &Parameters,
    report: Report<'_>,
) -> Result<(), MigrationError> {
    let config = client
        .account::<RiskConfig>(&address::risk_config())
        .await?;
    for underlying in &parameters.underlyings {
        let book = address::risk_book(&underlying.symbol);
        let state = client.account::<RiskBook>(&book).await?;
        if state.scenario_generation == config.scenario_generation {
            continue;
        }
        let step = Step {
            name: format!("scenarios of {}", plan::name_of(&underlying.symbol)),
            instructions: vec![risk::refresh_scenarios(book, config.scenario_set)],
            done_when: None,
            needs_price: None,
        };
        run_step(client, authority, &step, report).await?;
    }
    Ok(())
}

/// Folds prices into books: pairs of a book and its oracle accounts. Columns that no longer cover
/// a book's volatility are scaled again.
///
/// # Errors
/// [`MigrationError::Step`] with the refusal. An oracle account that cannot be used is passed over, so a look at the
/// book tells whether it has its price.
pub async fn refresh(
    client: &Client,
    payer: &Keypair,
    prices: &[(Pubkey, Vec<Pubkey>)],
) -> Result<(), MigrationError> {
    let config = client
        .account::<RiskConfig>(&address::risk_config())
        .await?;
    for (book, oracles) in prices {
        let send = async |instruction| -> Result<(), SdkError> {
            client.send(&[instruction], &[payer]).await.map(|_| ())
        };
        send(risk::refresh(*book, oracles))
            .await
            .map_err(MigrationError::during(format!("price of book {book}")))?;
        let state = client.account::<RiskBook>(book).await?;
        if !state.scenarios_cover_volatility() {
            send(risk::refresh_scenarios(*book, config.scenario_set))
                .await
                .map_err(MigrationError::during(format!("scenarios of book {book}")))?;
        }
    }
    Ok(())
}

//! Initialisation as a list of steps. A step whose `done_when` account exists (or, for the scenario
//! upload, whose check holds) is skipped.

use {
    crate::Parameters,
    cep_scenarios::ScenarioSet,
    cep_sdk::{
        Pubkey, address, instruction,
        programs::{
            liquidation::LiquidationArgs,
            margin_pool::{
                PoolArgs,
                state::{PoolChange, PoolParams},
            },
            risk_engine::{
                AddUnderlyingArgs, RiskConfigArgs, ScenarioSetArgs,
                state::{Change, RiskParams, SCENARIO_BODY_LEN, ScenarioBody},
            },
        },
    },
    solana_sdk::instruction::Instruction,
};

/// One transaction's worth of set-up.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does, for a progress line.
    pub name: String,
    pub instructions: Vec<Instruction>,
    /// The account whose existence means that this step has been done.
    pub done_when: Option<Pubkey>,
    /// The book that must have a price before this step can be run.
    pub needs_price: Option<Pubkey>,
}

/// The book of an underlying by its index; for an index that is not there, an address without an account.
fn book_of(parameters: &Parameters, index: u8) -> Pubkey {
    let underlying = parameters.underlyings.get(usize::from(index));
    underlying.map_or_else(Pubkey::default, |u| address::risk_book(&u.symbol))
}

/// Programs' accounts, before any scenario set. `authority` signs and pays for all of it. What is listed in the pool is
/// proposed and executed in one transaction, so the timelock must be zero.
#[must_use]
pub fn steps(parameters: &Parameters, authority: Pubkey) -> Vec<Step> {
    steps_from(parameters, authority, 0)
}

/// [`steps`], where the pool's first listing is proposal `first`.
#[must_use]
pub fn steps_from(parameters: &Parameters, authority: Pubkey, first: u64) -> Vec<Step> {
    let mut numbers = first..;
    let mut proposed = |change: PoolChange| {
        let number = numbers.next().unwrap_or(u64::MAX);
        let propose = instruction::pool_governance::propose_pool_change(authority, number, change);
        (number, propose)
    };
    let p = parameters;
    let mut steps = vec![Step {
        name: "risk configuration".into(),
        instructions: vec![instruction::risk::initialize_config(
            authority,
            RiskConfigArgs {
                authority,
                guardian: p.guardian,
                publishers: p.publishers,
                params: p.risk,
            },
        )],
        done_when: Some(address::risk_config()),
        needs_price: None,
    }];
    steps.extend(p.underlyings.iter().map(|u| Step {
        name: format!("risk book {}", name_of(&u.symbol)),
        instructions: vec![instruction::risk::add_underlying(
            authority,
            authority,
            u.staked.map(|(base, _)| address::risk_book(&base)),
            AddUnderlyingArgs {
                symbol: u.symbol,
                column: u.column,
                sources: u.sources.clone(),
                min_sources: u.min_sources,
                implied: u.implied.clone(),
                staked: u.staked.map(|(_, args)| args),
                initial_variance: u.initial_variance,
                variance_floor: u.variance_floor,
                daily_volume: u.daily_volume,
                new_risk_age: u.new_risk_age,
            },
        )],
        done_when: Some(address::risk_book(&u.symbol)),
        needs_price: None,
    }));
    steps.push(Step {
        name: "pool".into(),
        instructions: vec![instruction::pool::initialize_pool(
            authority,
            p.quote_mint,
            PoolArgs {
                authority,
                guardian: p.guardian,
                liquidation_authority: address::liquidation_authority(),
                quote_outflow: p.quote_outflow,
                params: p.pool,
            },
        )],
        done_when: Some(address::pool()),
        needs_price: None,
    });
    steps.extend(p.underlyings.iter().map(|u| {
        let book = address::risk_book(&u.symbol);
        let (number, propose) = proposed(u.listing());
        Step {
            name: format!("market {}", name_of(&u.symbol)),
            instructions: vec![
                propose,
                instruction::pool_governance::list_underlying(authority, number, authority, book),
            ],
            done_when: Some(address::market(&book)),
            needs_price: None,
        }
    }));
    steps.extend(p.collaterals.iter().map(|c| {
        let (number, propose) = proposed(c.listing());
        Step {
            name: format!("collateral {}", c.mint),
            instructions: vec![
                propose,
                instruction::pool_governance::list_collateral(
                    authority,
                    number,
                    authority,
                    c.mint,
                    book_of(p, c.underlying),
                ),
            ],
            done_when: Some(address::vault(&c.mint)),
            needs_price: Some(book_of(p, c.underlying)),
        }
    }));
    steps.push(Step {
        name: "liquidation".into(),
        instructions: vec![instruction::liquidation::initialize(
            authority,
            LiquidationArgs {
                authority,
                params: p.auction,
                unstake_cooldown: p.unstake_cooldown,
                unstake_window: p.unstake_window,
            },
        )],
        done_when: Some(address::liquidation_config()),
        needs_price: None,
    });
    steps
}

/// Bytes of a scenario upload that fit one transaction beside its other parts.
const CHUNK: usize = 800;

/// Uploads a scenario set to the account at `scenario_set` (whose key signs the first step, with `rent`
/// lamports), verifies it against the set `in_force` (`None` while there is none) and puts it in force by proposal
/// `number`, the next one (`RiskConfig.proposals`). That is one transaction, so the timelock must be zero. The books need
/// `refresh_scenarios` afterwards.
#[must_use]
pub fn scenario_steps(
    set: &ScenarioSet,
    scenario_set: Pubkey,
    in_force: Option<Pubkey>,
    rent: u64,
    authority: Pubkey,
    number: u64,
) -> Vec<Step> {
    let body = body_of(set);
    let mut steps = vec![create_scenarios(set, scenario_set, rent, authority)];
    let bytes = bytemuck::bytes_of(&*body);
    for (i, chunk) in bytes.chunks(CHUNK).enumerate() {
        // A fresh account is zero already.
        if chunk.iter().all(|b| *b == 0) {
            continue;
        }
        let offset = u32::try_from(i * CHUNK).unwrap_or(u32::MAX);
        steps.push(Step {
            name: format!("scenarios {}/{}", i + 1, SCENARIO_BODY_LEN.div_ceil(CHUNK)),
            instructions: vec![instruction::risk::write_scenario_set(
                authority,
                scenario_set,
                offset,
                chunk.to_vec(),
            )],
            done_when: None,
            needs_price: None,
        });
    }
    steps.extend(verify_scenarios(set, scenario_set, in_force));
    steps.push(activate_scenarios(set, scenario_set, authority, number));
    steps
}

/// What is announced of a set. One with other than 512 draws has no moments to post, and the chain refuses it.
#[must_use]
pub fn announcement(set: &ScenarioSet) -> ScenarioSetArgs {
    let moments = set.posted_moments();
    ScenarioSetArgs {
        symbols: set.symbols().iter().map(|s| *s.as_bytes()).collect(),
        stress_count: u8::try_from(set.stress().len()).unwrap_or(u8::MAX),
        hash: set.hash(),
        correlations: moments.map(|m| m.correlations).unwrap_or_default(),
    }
}

/// Creates the account at `scenario_set`, whose key signs, announces the set and opens it for writing.
pub(crate) fn create_scenarios(
    set: &ScenarioSet,
    scenario_set: Pubkey,
    rent: u64,
    authority: Pubkey,
) -> Step {
    Step {
        name: "scenario set account".into(),
        instructions: instruction::risk::create_scenario_set(
            authority,
            authority,
            scenario_set,
            rent,
            announcement(set),
        )
        .to_vec(),
        done_when: Some(scenario_set),
        needs_price: None,
    }
}

/// Verifies a written set, in calls of bounded work; going on after some of them does no harm.
pub(crate) fn verify_scenarios(
    set: &ScenarioSet,
    scenario_set: Pubkey,
    in_force: Option<Pubkey>,
) -> Vec<Step> {
    let columns = u8::try_from(set.symbols().len()).unwrap_or(u8::MAX);
    let calls = instruction::risk::verify_whole_scenario_set(scenario_set, in_force, columns);
    let of = calls.len();
    let steps = calls.into_iter().enumerate().map(|(i, call)| Step {
        name: format!("scenario verification {}/{of}", i + 1),
        instructions: vec![call],
        done_when: None,
        needs_price: None,
    });
    steps.collect()
}

/// Puts a verified set in force: proposal `number`, proposed and executed at once.
pub(crate) fn activate_scenarios(
    set: &ScenarioSet,
    scenario_set: Pubkey,
    authority: Pubkey,
    number: u64,
) -> Step {
    let change = Change::ScenarioSet {
        set: scenario_set,
        hash: set.hash(),
    };
    let execute = instruction::governance::execute_proposal(authority, number, authority, &change);
    Step {
        name: "activate scenarios".into(),
        instructions: vec![
            instruction::governance::propose(authority, number, change),
            execute,
        ],
        done_when: None,
        needs_price: None,
    }
}

/// Ends the set-up: from here on changes wait `timelock` seconds. `None` when those of `in_force` wait as long already.
#[must_use]
pub fn raise_timelock(in_force: RiskParams, timelock: u64, authority: Pubkey) -> Option<Step> {
    let params = RiskParams {
        timelock,
        ..in_force
    };
    (in_force.timelock < timelock).then(|| Step {
        name: TIMELOCK.into(),
        instructions: vec![instruction::governance::tighten_params(authority, params)],
        done_when: None,
        needs_price: None,
    })
}

/// The same for the pool, whose next proposal is `number`.
#[must_use]
pub fn raise_pool_timelock(
    in_force: PoolParams,
    timelock: u64,
    authority: Pubkey,
    number: u64,
) -> Option<Step> {
    let change = PoolChange::Params(PoolParams {
        timelock,
        ..in_force
    });
    let execute =
        instruction::pool_governance::execute_pool_change(authority, number, authority, &change);
    (in_force.timelock < timelock).then(|| Step {
        name: POOL_TIMELOCK.into(),
        instructions: vec![
            instruction::pool_governance::propose_pool_change(authority, number, change),
            execute,
        ],
        done_when: None,
        needs_price: None,
    })
}

/// Names of the last steps.
pub(crate) const TIMELOCK: &str = "timelock";
pub(crate) const POOL_TIMELOCK: &str = "timelock of the pool";

/// A symbol without its padding.
pub(crate) fn name_of(symbol: &[u8; 8]) -> String {
    String::from_utf8_lossy(symbol)
        .trim_end_matches('\0')
        .to_owned()
}

/// The account's body of a set.
#[must_use]
pub fn body_of(set: &ScenarioSet) -> Box<ScenarioBody> {
    let mut body = bytemuck::allocation::zeroed_box::<ScenarioBody>();
    for (k, draw) in set.draws().iter().enumerate().take(body.weights.len()) {
        body.weights[k] = draw.weight;
        body.levels[k] = draw.level;
        for (column, z) in body.z.iter_mut().zip(&draw.z) {
            column[k] = *z;
        }
    }
    for (k, row) in set.stress().iter().enumerate().take(body.stress_ids.len()) {
        body.stress_ids[k] = row.kind.id();
        body.stress_levels[k] = row.level;
        for (column, r) in body.stress.iter_mut().zip(&row.returns) {
            column[k] = *r;
        }
    }
    body
}

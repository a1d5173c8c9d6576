use {
    super::{
        activate_scenario_set::activate,
        add_underlying::{feeds_of, sources_of},
    },
    crate::{
        error::RiskEngineError,
        events::ChangeExecuted,
        price, seeds,
        state::{
            AtmFeed, AtmFeedArgs, Change, MAX_TENORS, Proposal, RiskBook, RiskConfig, ScenarioSet,
            Staked, StakedArgs, degraded,
        },
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct ExecuteProposal<'info> {
    #[account(mut, seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, close = proposer, has_one = config, has_one = proposer,
        seeds = [seeds::PROPOSAL, &proposal.load()?.number.to_le_bytes()], bump = proposal.load()?.bump)]
    pub proposal: AccountLoader<'info, Proposal>,
    /// CHECK: gets the rent back; held to the key in the proposal.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
    /// The book that the change names, where it names one.
    #[account(mut, has_one = config)]
    pub book: Option<AccountLoader<'info, RiskBook>>,
    /// The scenario set that the change names, where it names one.
    #[account(has_one = config)]
    pub scenario_set: Option<AccountLoader<'info, ScenarioSet>>,
    pub authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<ExecuteProposal>) -> Result<()> {
    let accounts = &ctx.accounts;
    let (change, executed) = {
        let proposal = accounts.proposal.load()?;
        proposal.check_time(Clock::get()?.unix_timestamp)?;
        let executed = ChangeExecuted {
            proposal: accounts.proposal.key(),
            number: proposal.number,
            change: proposal.bytes().to_vec(),
        };
        (proposal.decode()?, executed)
    };
    change.check()?;
    let book = accounts.book.as_ref().map(Key::key);
    let set = accounts.scenario_set.as_ref().map(Key::key);
    require!(
        book == change.book() && set == change.scenario_set(),
        RiskEngineError::WrongTarget
    );
    let mut config = accounts.config.load_mut()?;
    if let Some(book) = &accounts.book {
        let mut book = book.load_mut()?;
        change_book(&mut book, change, &config)?;
        book.invariant()?;
    } else if let (Change::ScenarioSet { set: address, hash }, Some(set)) =
        (&change, &accounts.scenario_set)
    {
        activate(&mut config, *address, &*set.load()?, *hash)?;
    } else {
        change_config(&mut config, change);
    }
    emit!(executed);
    config.invariant()
}

fn change_config(config: &mut RiskConfig, change: Change) {
    match change {
        Change::Params(params) => config.params = params,
        Change::Publishers(publishers) => config.publishers = publishers,
        Change::Guardian(guardian) => config.guardian = guardian,
        Change::Authority(authority) => config.pending_authority = authority,
        // Of books and sets: the caller has them.
        Change::Sources { .. }
        | Change::ImpliedFeeds { .. }
        | Change::Underlying { .. }
        | Change::Staked { .. }
        | Change::Unpause { .. }
        | Change::ScenarioSet { .. } => {}
    }
}

fn change_book(book: &mut RiskBook, change: Change, config: &RiskConfig) -> Result<()> {
    match change {
        Change::Sources {
            sources,
            min_sources,
            ..
        } => {
            book.sources = sources_of(&sources, min_sources)?;
            book.min_sources = min_sources;
        }
        Change::ImpliedFeeds { feeds, .. } => {
            book.implied = replaced(&book.implied, &feeds)?;
            if feeds.is_empty() {
                book.implied_variance = 0;
            }
        }
        Change::Underlying {
            variance_floor,
            daily_volume,
            new_risk_age,
            ..
        } => {
            book.variance_floor = variance_floor;
            book.governed_floor = variance_floor;
            book.daily_volume = daily_volume;
            book.new_risk_age = new_risk_age;
        }
        Change::Staked { args, .. } => {
            require!(book.is_staked == 1, RiskEngineError::NotStakedBook);
            book.staked = restaked(&book.staked, &args)?;
        }
        Change::Unpause { .. } => book.degraded &= !degraded::PAUSED,
        // Of the config or a set: they name no book.
        Change::Params(_)
        | Change::Publishers(_)
        | Change::Guardian(_)
        | Change::Authority(_)
        | Change::ScenarioSet { .. } => {}
    }
    price::retarget(book, &config.params);
    Ok(())
}

/// New feeds; where a tenor stays, its volatility in force goes on from where it is, step by step.
fn replaced(old: &[AtmFeed; MAX_TENORS], args: &[AtmFeedArgs]) -> Result<[AtmFeed; MAX_TENORS]> {
    let mut feeds = feeds_of(args)?;
    for feed in feeds.iter_mut().filter(|f| f.tenor != 0) {
        if let Some(before) = old.iter().find(|f| f.tenor == feed.tenor) {
            *feed = AtmFeed {
                source: feed.source,
                ..*before
            };
        }
    }
    Ok(feeds)
}

/// A new way to know the rate; the rate in force goes on from where it is.
fn restaked(old: &Staked, args: &StakedArgs) -> Result<Staked> {
    let new = args.build(old.base_book)?;
    Ok(Staked {
        rate: old.rate,
        rate_epoch: old.rate_epoch,
        redemption: old.redemption,
        gap: old.gap,
        rate_limited: old.rate_limited,
        ..new
    })
}

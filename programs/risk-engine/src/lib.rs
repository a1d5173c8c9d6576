//! Oracles, volatility and scenarios. One [`RiskBook`](state::RiskBook) per underlying holds everything
//! a margin check needs to know of it, so that a check touches no oracle account.
//!
//! Anyone may refresh; the rest belongs to the authority, whose changes wait out a timelock, and to the guardian,
//! who may only pause and tighten (docs/governance.md).
// Anchor's macros expand to cfg values and result types that these two lints do not know.
#![allow(unexpected_cfgs, clippy::result_large_err)]

use anchor_lang::prelude::*;
#[cfg(target_arch = "bpf")]
use cep_sbf_abi as _;

pub mod curves;
pub mod deployer;
pub mod error;
pub mod events;
pub mod instructions;
pub mod oracle;
pub mod price;
pub mod seeds;
pub mod state;
pub mod verification;

pub use instructions::*;
use state::{Change, RiskParams};

declare_id!("BBAWpcQcRTGVA6YGZdQ63SdAp1RnUUiRJEocuEuawToQ");

#[cfg(all(
    target_os = "solana",
    feature = "custom-heap",
    not(feature = "no-entrypoint")
))]
#[global_allocator]
static HEAP: cep_sbf_abi::Heap = cep_sbf_abi::Heap::of_program();

#[program]
pub mod risk_engine {
    use super::*;

    /// Creates the one configuration of this deployment and names its authority. The program's upgrade authority only.
    pub fn initialize_config(ctx: Context<InitializeConfig>, args: RiskConfigArgs) -> Result<()> {
        instructions::initialize_config::handler(ctx, args)
    }

    /// Creates the book of an underlying. Authority only.
    pub fn add_underlying(ctx: Context<AddUnderlying>, args: AddUnderlyingArgs) -> Result<()> {
        instructions::add_underlying::handler(ctx, args)
    }

    /// Announces a scenario set by its hash and moments and opens its account for writing. Authority only.
    pub fn create_scenario_set(
        ctx: Context<CreateScenarioSet>,
        args: ScenarioSetArgs,
    ) -> Result<()> {
        instructions::create_scenario_set::handler(ctx, args)
    }

    /// Writes part of the body of a set whose verification has not begun. Authority only.
    pub fn write_scenario_set(
        ctx: Context<WriteScenarioSet>,
        offset: u32,
        bytes: Vec<u8>,
    ) -> Result<()> {
        instructions::write_scenario_set::handler(ctx, offset, bytes)
    }

    /// Checks a written set: hash, bounds and stress rows first, then up to `columns` columns more, at last the
    /// change against the set in force. Anyone.
    pub fn verify_scenario_set(ctx: Context<VerifyScenarioSet>, columns: u8) -> Result<()> {
        instructions::verify_scenario_set::handler(ctx, columns)
    }

    /// Returns the rent of a set that is not in force to the authority. Authority only.
    pub fn close_scenario_set(ctx: Context<CloseScenarioSet>) -> Result<()> {
        instructions::close_scenario_set::handler(ctx)
    }

    /// Adds free instrument slots to a book. Authority only.
    pub fn extend_book(ctx: Context<ExtendBook>, slots: u8) -> Result<()> {
        instructions::extend_book::handler(ctx, slots)
    }

    /// Folds oracle prices into a book: price, confidence and realised volatility. Anyone.
    pub fn refresh<'info>(ctx: Context<'info, Refresh<'info>>) -> Result<()> {
        instructions::refresh::handler(ctx)
    }

    /// The same for a staked token: redemption rate and market price. Anyone.
    pub fn refresh_staked<'info>(ctx: Context<'info, RefreshStaked<'info>>) -> Result<()> {
        instructions::refresh_staked::handler(ctx)
    }

    /// Announces that a book's oracles are silent: after a delay liquidation goes on at the last price, unless somebody
    /// refreshes it before. Anyone.
    pub fn announce_silence(ctx: Context<AnnounceSilence>) -> Result<()> {
        instructions::announce_silence::handler(ctx)
    }

    /// Folds implied volatility feeds into a book. Anyone.
    pub fn refresh_volatility<'info>(ctx: Context<'info, RefreshVolatility<'info>>) -> Result<()> {
        instructions::refresh_volatility::handler(ctx)
    }

    /// Lists an instrument in a free slot of a book. Authority only.
    pub fn list_instrument(
        ctx: Context<ListInstrument>,
        kind: state::InstrumentKind,
        expiry: i64,
        strike: u64,
    ) -> Result<()> {
        instructions::list_instrument::handler(ctx, kind, expiry, strike)
    }

    /// Lets a listed instrument be traded. Authority only.
    pub fn open_instrument(ctx: Context<OpenInstrument>, slot: u16, id: u64) -> Result<()> {
        instructions::open_instrument::handler(ctx, slot, id)
    }

    /// Takes a publisher's skew, curvature and basis of one expiry. Publishers only.
    pub fn post_surface(ctx: Context<PostSurface>, args: SurfaceArgs) -> Result<()> {
        instructions::post_surface::handler(ctx, args)
    }

    /// Rebuilds the value curves that are due among a book's options, from a slot on. Anyone.
    pub fn refresh_curves(ctx: Context<RefreshCurves>, from: u16, limit: u8) -> Result<()> {
        instructions::refresh_curves::handler(ctx, from, limit)
    }

    /// Fixes the settlement price of an expiry, for good. Anyone.
    pub fn settle_expiry(ctx: Context<SettleExpiry>, expiry: i64) -> Result<()> {
        instructions::settle_expiry::handler(ctx, expiry)
    }

    /// Frees the slot of a settled instrument a week after its expiry. Anyone.
    pub fn close_instrument(ctx: Context<CloseInstrument>, slot: u16, id: u64) -> Result<()> {
        instructions::close_instrument::handler(ctx, slot, id)
    }

    /// Scales a book's column of the active scenario set to its current volatility. Anyone.
    pub fn refresh_scenarios(ctx: Context<RefreshScenarios>) -> Result<()> {
        instructions::refresh_scenarios::handler(ctx)
    }

    /// Announces a change, which waits out the timelock in force. Authority only.
    pub fn propose(ctx: Context<Propose>, change: Change) -> Result<()> {
        instructions::propose::handler(ctx, change)
    }

    /// Makes a change whose time has come. Authority only.
    pub fn execute_proposal(ctx: Context<ExecuteProposal>) -> Result<()> {
        instructions::execute_proposal::handler(ctx)
    }

    /// Drops a proposed change. Authority or guardian.
    pub fn cancel_proposal(ctx: Context<CancelProposal>) -> Result<()> {
        instructions::cancel_proposal::handler(ctx)
    }

    /// Takes over as authority. The one that an executed change nominated.
    pub fn accept_authority(ctx: Context<AcceptAuthority>) -> Result<()> {
        instructions::accept_authority::handler(ctx)
    }

    /// Sets parameters that are all at least as strict as now, at once. Authority or guardian.
    pub fn tighten_params(ctx: Context<TightenParams>, params: RiskParams) -> Result<()> {
        instructions::tighten_params::handler(ctx, params)
    }

    /// Puts an underlying in doubt, at once, until a proposal ends it. Authority or guardian.
    pub fn pause_book(ctx: Context<PauseBook>) -> Result<()> {
        instructions::pause_book::handler(ctx)
    }

    /// Raises a book's volatility floor, at once. Authority or guardian.
    pub fn raise_floor(ctx: Context<RaiseFloor>, variance_floor: u64) -> Result<()> {
        instructions::raise_floor::handler(ctx, variance_floor)
    }
}

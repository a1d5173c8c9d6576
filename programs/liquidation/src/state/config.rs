use {
    crate::error::LiquidationError,
    anchor_lang::prelude::*,
    bytemuck::{Pod, Zeroable},
    cep_risk::{
        PPM,
        auction::{AuctionParams as RiskAuctionParams, PaceParams},
    },
};

/// Rules of liquidation. PDA `[seeds::CONFIG]`. Written once, at initialisation.
#[account(zero_copy, discriminator = LiquidationConfig::TAG)]
#[repr(C)]
pub struct LiquidationConfig {
    pub authority: Pubkey,
    pub pool: Pubkey,
    pub params: AuctionParams,
    pub bump: u8,
    /// Bump of the signing address.
    pub authority_bump: u8,
    pub padding: [u8; 6],
    /// Seconds between the request to unstake and the payout; 86,400 ..= 2,592,000.
    pub unstake_cooldown: u64,
    /// Seconds after the cooldown in which the payout must be taken; 3,600 ..= 1,209,600.
    pub unstake_window: u64,
    pub reserved: [u8; 232],
}

/// Stored form of `cep_risk::auction::AuctionParams`, where each field's range stands, plus the reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable, AnchorSerialize, AnchorDeserialize)]
#[repr(C)]
pub struct AuctionParams {
    pub start: u64,
    pub cut: u64,
    pub fast_seconds: u64,
    pub slow_seconds: u64,
    pub insolvent_seconds: u64,
    pub buffer: u64,
    /// Micro-USD that the account pays whoever opens its auction; 0 ..= 100,000,000.
    pub opening_reward: u64,
    /// See `cep_risk::auction::PaceParams` for these three and their ranges.
    pub calm: u64,
    pub stress: u64,
    pub pace_limit: u64,
    /// Most of the insurance fund that the losses of one market may use, ppm; at most 1,000,000.
    pub tranche: u64,
    /// How far from its mark a single leg may be taken, ppm of its value; at most 100,000.
    pub leg_discount: u64,
    /// Most of an insolvent account's maintenance margin that the fund pays a bidder beyond what it lacks, ppm; at most
    /// 1,000,000.
    pub incentive: u64,
}

impl AuctionParams {
    /// As the shared arithmetic takes it.
    #[must_use]
    pub const fn arithmetic(&self) -> RiskAuctionParams {
        RiskAuctionParams {
            start: self.start,
            cut: self.cut,
            fast_seconds: self.fast_seconds,
            slow_seconds: self.slow_seconds,
            insolvent_seconds: self.insolvent_seconds,
            incentive: self.incentive,
            buffer: self.buffer,
        }
    }

    #[must_use]
    pub const fn pace(&self) -> PaceParams {
        PaceParams {
            calm: self.calm,
            stress: self.stress,
            limit: self.pace_limit,
        }
    }
}

impl LiquidationConfig {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"LiqConf", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    pub fn invariant(&self) -> Result<()> {
        self.params
            .arithmetic()
            .check()
            .map_err(LiquidationError::from)?;
        self.params.pace().check().map_err(LiquidationError::from)?;
        require!(
            self.params.opening_reward <= 100_000_000
                && self.params.tranche <= PPM
                && self.params.leg_discount <= 100_000,
            LiquidationError::ParameterOutOfRange
        );
        require!(
            (86_400..=2_592_000).contains(&self.unstake_cooldown)
                && (3_600..=1_209_600).contains(&self.unstake_window),
            LiquidationError::ParameterOutOfRange
        );
        Ok(())
    }
}

const _: () = assert!(size_of::<LiquidationConfig>() == 64 + 104 + 8 + 16 + 232);

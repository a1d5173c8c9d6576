use {
    super::{Source, SourceArgs},
    crate::error::RiskEngineError,
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
};

/// How a staked token's redemption rate is known. All zero for other underlyings.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Staked {
    /// The book of what it redeems for.
    pub base_book: Pubkey,
    /// The token that the book stands for.
    pub mint: Pubkey,
    /// The SPL stake pool whose account says the rate, and whose token `mint` must be; the default key where `rate_source` says it instead.
    pub stake_pool: Pubkey,
    /// An oracle feed of the rate (base tokens per staked token), for tokens without an SPL stake pool.
    pub rate_source: Source,
    /// Redemption rate in force: base tokens per staked token, 10⁻⁹. Zero before the first refresh.
    pub rate: u64,
    /// Epoch in which the rate last changed.
    pub rate_epoch: u64,
    /// Redemption value, micro-USD per token, rounded down, as of the last refresh.
    pub redemption: u64,
    /// How far the market stands below it, ppm, rounded up.
    pub gap: u64,
    /// Fastest growth of the rate, ppm per epoch; 1 ..= 100,000.
    pub max_growth: u32,
    /// A gap wider than this stops new deposits, ppm; 1,000 ..= 500,000.
    pub gap_band: u32,
    /// 1 while the rate is held back by `max_growth`.
    pub rate_limited: u8,
    pub padding: [u8; 7],
}

/// What is configured of [`Staked`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct StakedArgs {
    /// The token itself: what a stake pool must issue.
    pub mint: Pubkey,
    /// The default key where `rate_source` says the rate.
    pub stake_pool: Pubkey,
    pub rate_source: Option<SourceArgs>,
    pub max_growth: u32,
    pub gap_band: u32,
}

impl StakedArgs {
    /// Refuses unless exactly one of stake pool and feed says the rate, and the ranges beside the fields of
    /// [`Staked`] are kept.
    pub fn build(&self, base_book: Pubkey) -> Result<Staked> {
        let one = (self.stake_pool == Pubkey::default()) == self.rate_source.is_some();
        require!(
            one && self.mint != Pubkey::default()
                && (1..=100_000).contains(&self.max_growth)
                && (1_000..=500_000).contains(&self.gap_band),
            RiskEngineError::ParameterOutOfRange
        );
        let rate_source = match self.rate_source {
            Some(args) => Source::configure(args)?,
            None => Source::zeroed(),
        };
        Ok(Staked {
            base_book,
            mint: self.mint,
            stake_pool: self.stake_pool,
            rate_source,
            max_growth: self.max_growth,
            gap_band: self.gap_band,
            ..Staked::zeroed()
        })
    }
}

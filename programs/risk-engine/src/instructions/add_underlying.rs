use {
    crate::{
        error::RiskEngineError,
        events::UnderlyingAdded,
        price, seeds,
        state::{
            AtmFeed, AtmFeedArgs, MAX_SOURCES, MAX_TENORS, NEW_RISK_AGE, RiskBook, RiskConfig,
            Source, SourceArgs, StakedArgs, Surface,
        },
    },
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
    cep_risk::{ewma::VARIANCE_MAX, volatility::VARIANCE_MIN},
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct AddUnderlyingArgs {
    /// A-Z and 0-9, padded with zeros.
    pub symbol: [u8; 8],
    /// Column of the scenario set; the symbol again, but for staked tokens.
    pub column: [u8; 8],
    /// 1 to 4; empty places at the end.
    pub sources: Vec<SourceArgs>,
    /// Fresh, agreeing sources it takes; 1 to the number of sources.
    pub min_sources: u8,
    /// Implied volatility feeds; up to 4.
    pub implied: Vec<AtmFeedArgs>,
    pub staked: Option<StakedArgs>,
    /// Realised variance per day to start from, Q48; at most 4 x 2⁴⁸.
    pub initial_variance: u64,
    /// Variance per day that scenarios never go below, Q48; 2⁴⁸ / 10⁶ ..= 4 x 2⁴⁸.
    pub variance_floor: u64,
    /// Contracts traded a day, millionths; zero for unknown.
    pub daily_volume: u64,
    /// Oldest price that new risk is taken at, seconds; 2 ..= 30, and not below what the sources deliver.
    pub new_risk_age: u64,
}

#[derive(Accounts)]
#[instruction(args: AddUnderlyingArgs)]
pub struct AddUnderlying<'info> {
    #[account(mut, seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(init, payer = payer, space = RiskBook::SPACE, seeds = [seeds::BOOK, &args.symbol], bump)]
    pub book: AccountLoader<'info, RiskBook>,
    #[account(init, payer = payer, space = Surface::SPACE, seeds = [seeds::SURFACE, book.key().as_ref()], bump)]
    pub surface: AccountLoader<'info, Surface>,
    /// For a staked token: the book of what it redeems for.
    #[account(has_one = config)]
    pub base_book: Option<AccountLoader<'info, RiskBook>>,
    pub authority: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

/// A book says nothing about money until a pool lists it, which is the pool's decision: no timelock here.
pub(crate) fn handler(ctx: Context<AddUnderlying>, args: AddUnderlyingArgs) -> Result<()> {
    require!(
        is_symbol(&args.symbol) && is_symbol(&args.column),
        RiskEngineError::BadSymbol
    );
    require!(
        (VARIANCE_MIN..=VARIANCE_MAX).contains(&args.variance_floor)
            && args.initial_variance <= VARIANCE_MAX
            && NEW_RISK_AGE.contains(&args.new_risk_age),
        RiskEngineError::ParameterOutOfRange
    );
    let mut config = ctx.accounts.config.load_mut()?;
    config.underlying_count = config
        .underlying_count
        .checked_add(1)
        .ok_or(RiskEngineError::TooManyUnderlyings)?;
    config.invariant()?;

    let mut book = ctx.accounts.book.load_init()?;
    book.config = ctx.accounts.config.key();
    book.symbol = args.symbol;
    book.column = args.column;
    book.sources = sources_of(&args.sources, args.min_sources)?;
    book.min_sources = args.min_sources;
    book.implied = feeds_of(&args.implied)?;
    if let Some(staked) = &args.staked {
        let base = ctx
            .accounts
            .base_book
            .as_ref()
            .ok_or(RiskEngineError::WrongBaseBook)?;
        require!(base.load()?.is_staked == 0, RiskEngineError::WrongBaseBook);
        book.staked = staked.build(base.key())?;
        book.is_staked = 1;
    }
    book.variance = args.initial_variance;
    book.variance_floor = args.variance_floor;
    book.governed_floor = args.variance_floor;
    book.daily_volume = args.daily_volume;
    book.new_risk_age = args.new_risk_age;
    book.next_instrument = 1;
    book.bump = ctx.bumps.book;
    price::retarget(&mut book, &config.params);

    let mut surface = ctx.accounts.surface.load_init()?;
    surface.book = ctx.accounts.book.key();
    surface.bump = ctx.bumps.surface;
    emit!(UnderlyingAdded {
        book: ctx.accounts.book.key(),
        symbol: args.symbol,
        column: args.column,
        sources: u8::try_from(args.sources.len()).unwrap_or(u8::MAX),
        min_sources: args.min_sources,
    });
    book.invariant()
}

/// Sources as a book stores them; nothing has been read from them yet. Refuses the same feed twice: it would count
/// as two opinions.
pub(crate) fn sources_of(args: &[SourceArgs], min: u8) -> Result<[Source; MAX_SOURCES]> {
    let twice = args.iter().enumerate().any(|(at, a)| {
        let mut later = args.iter().skip(at).skip(1);
        later.any(|b| a.kind == b.kind && a.feed == b.feed)
    });
    require!(
        (1..=MAX_SOURCES).contains(&args.len())
            && (1..=args.len()).contains(&usize::from(min))
            && !twice,
        RiskEngineError::ParameterOutOfRange
    );
    let mut sources = [Source::zeroed(); MAX_SOURCES];
    for (slot, args) in sources.iter_mut().zip(args) {
        *slot = Source::configure(*args)?;
        require!(slot.kind != 0, RiskEngineError::ParameterOutOfRange);
    }
    Ok(sources)
}

/// Implied volatility feeds as a book stores them; tenors of a day to two years, each once.
pub(crate) fn feeds_of(args: &[AtmFeedArgs]) -> Result<[AtmFeed; MAX_TENORS]> {
    require!(
        args.len() <= MAX_TENORS,
        RiskEngineError::ParameterOutOfRange
    );
    let mut feeds = [AtmFeed::zeroed(); MAX_TENORS];
    for (at, arg) in args.iter().enumerate() {
        let again = args.iter().take(at).any(|other| other.tenor == arg.tenor);
        require!(
            (86_400..=63_072_000).contains(&arg.tenor) && !again,
            RiskEngineError::ParameterOutOfRange
        );
        let source = Source::configure(arg.source)?;
        require!(source.kind != 0, RiskEngineError::ParameterOutOfRange);
        if let Some(feed) = feeds.get_mut(at) {
            (feed.tenor, feed.source) = (arg.tenor, source);
        }
    }
    Ok(feeds)
}

pub(crate) fn is_symbol(symbol: &[u8; 8]) -> bool {
    let length = symbol.iter().position(|b| *b == 0).unwrap_or(symbol.len());
    let (name, rest) = symbol.split_at(length);
    !name.is_empty()
        && name
            .iter()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && rest.iter().all(|b| *b == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_upper_case_and_padded_at_the_end_only() {
        assert!(is_symbol(b"BTC\0\0\0\0\0") && is_symbol(b"ABCDEFG8"));
        for bad in [
            b"\0\0\0\0\0\0\0\0",
            b"btc\0\0\0\0\0",
            b"BT\0C\0\0\0\0",
            b"B C\0\0\0\0\0",
        ] {
            assert!(!is_symbol(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_feed_counts_once_and_no_more_sources_are_wanted_than_there_are() {
        let pyth = |n| SourceArgs {
            kind: crate::state::SourceKind::Pyth,
            feed: [n; 32],
            max_age: 60,
            max_slots: 0,
            max_confidence: 20_000,
            min_samples: 0,
        };
        assert!(sources_of(&[pyth(1), pyth(2)], 2).is_ok());
        assert!(sources_of(&[pyth(1), pyth(2)], 3).is_err());
        assert!(sources_of(&[pyth(1), pyth(2), pyth(1)], 1).is_err());
        assert!(sources_of(&[pyth(1)], 0).is_err());
        assert!(sources_of(&[], 0).is_err());
        assert!(sources_of(&[SourceArgs::NONE], 1).is_err());
        let atm = |tenor, n| AtmFeedArgs {
            tenor,
            source: pyth(n),
        };
        assert!(feeds_of(&[atm(86_400, 1), atm(604_800, 2)]).is_ok());
        assert!(feeds_of(&[atm(86_400, 1), atm(86_400, 2)]).is_err());
        assert!(feeds_of(&[atm(86_399, 1)]).is_err());
    }
}

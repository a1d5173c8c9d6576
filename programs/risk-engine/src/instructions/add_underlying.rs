use {
    crate::{
        error::RiskEngineError,
        events::UnderlyingAdded,
        seeds,
        state::{RiskBook, RiskConfig},
    },
    anchor_lang::prelude::*,
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct AddUnderlyingArgs {
    /// A-Z and 0-9, padded with zeros.
    pub symbol: [u8; 8],
    pub feed_id: [u8; 32],
    /// Realised variance per day to start from, Q48.
    pub initial_variance: u64,
    /// Variance per day that scenarios never go below, Q48; above zero.
    pub variance_floor: u64,
}

#[derive(Accounts)]
#[instruction(args: AddUnderlyingArgs)]
pub struct AddUnderlying<'info> {
    #[account(mut, seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(init, payer = payer, space = RiskBook::SPACE, seeds = [seeds::BOOK, &args.symbol], bump)]
    pub book: AccountLoader<'info, RiskBook>,
    pub authority: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<AddUnderlying>, args: AddUnderlyingArgs) -> Result<()> {
    require!(is_symbol(&args.symbol), RiskEngineError::BadSymbol);
    require!(
        args.variance_floor > 0,
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
    book.feed_id = args.feed_id;
    book.variance = args.initial_variance;
    book.variance_floor = args.variance_floor;
    book.max_price_age = config.params.max_price_age;
    book.bump = ctx.bumps.book;
    book.version = RiskBook::VERSION;
    emit!(UnderlyingAdded {
        book: ctx.accounts.book.key(),
        symbol: args.symbol,
        feed_id: args.feed_id,
    });
    book.invariant()
}

fn is_symbol(symbol: &[u8; 8]) -> bool {
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
}

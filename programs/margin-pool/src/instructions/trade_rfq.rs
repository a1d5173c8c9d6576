use {
    crate::{
        error::MarginPoolError,
        events::QuoteFilled,
        margin::RiskAccounts,
        quote::{Sides, SignedQuote},
        seeds,
        state::{FillAccounts, MarginAccount, Pool, open_fill, permission},
        trade::{self, Terms},
    },
    anchor_lang::prelude::*,
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RfqArgs {
    /// Where in the transaction the instruction is that verifies the maker's signature.
    pub ed25519_index: u8,
    /// How many lots of the quote are taken.
    pub lots: u32,
}

/// Remaining accounts as those of `trade_block`, of the maker's and the taker's accounts. May be called by a program: the
/// sysvar says what the transaction itself calls, so the signature is verified all the same.
#[derive(Accounts)]
pub struct TradeRfq<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub maker_account: AccountLoader<'info, MarginAccount>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        constraint = taker_account.key() != maker_account.key() @ MarginPoolError::SameAccount)]
    pub taker_account: AccountLoader<'info, MarginAccount>,
    /// Owner of the taker's account, or a delegate that may trade for it.
    pub taker: Signer<'info>,
    /// CHECK: its address is derived from the quote in the handler.
    #[account(mut)]
    pub fill: UncheckedAccount<'info>,
    /// Pays for the fill when there is none yet.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// CHECK: the instructions of this transaction, by their fixed address.
    #[account(address = solana_instructions_sysvar::ID)]
    pub instructions: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, TradeRfq<'info>>, args: RfqArgs) -> Result<()> {
    let accounts = &ctx.accounts;
    let signed = SignedQuote::read(&accounts.instructions, args.ed25519_index)?;
    let mut pool = accounts.pool.load_mut()?;
    let mut maker = accounts.maker_account.load_mut()?;
    let mut taker = accounts.taker_account.load_mut()?;
    let now = Clock::get()?.unix_timestamp;
    taker.require_permission(accounts.taker.key, permission::TRADE, now)?;
    let (maker_key, taker_key) = (accounts.maker_account.key(), accounts.taker_account.key());
    let sides = Sides {
        pool: (accounts.pool.key(), &pool),
        maker: (maker_key, &maker),
        taker: taker_key,
    };
    signed.check(&sides, now)?;
    let filled = {
        let parts = FillAccounts {
            fill: &accounts.fill,
            payer: &accounts.payer,
            system_program: accounts.system_program.key(),
        };
        let mut fill = open_fill(&parts, &maker_key, maker.serial, signed.quote.nonce)?;
        fill.take(&signed, args.lots)?;
        fill.filled
    };

    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(now)?;
    let legs = signed.quote.scaled(args.lots)?;
    // The taker is A: a positive quantity means that it buys.
    let terms = Terms {
        fees: [pool.params.taker_fee, pool.params.maker_fee],
        discovers_price: false,
    };
    let sides = [(taker_key, &mut *taker), (maker_key, &mut *maker)];
    trade::clear(&mut pool, sides, &risk, &books, &legs, terms)?;
    emit!(QuoteFilled {
        maker: maker_key,
        taker: taker_key,
        nonce: signed.quote.nonce,
        digest: signed.digest,
        lots: args.lots,
        filled,
    });
    pool.invariant()
}

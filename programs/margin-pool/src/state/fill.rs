use {
    crate::{error::MarginPoolError, quote::SignedQuote, seeds},
    anchor_lang::{
        prelude::*,
        system_program::{Allocate, Assign, Transfer, allocate, assign, transfer},
    },
    std::cell::RefMut,
};

/// What became of the quotes of one maker under one nonce. PDA `[seeds::FILL, margin account, serial, nonce]`, created by
/// the first fill or by `cancel_quote`, closed by anyone after it is of no use.
#[account(zero_copy, discriminator = Fill::TAG)]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Fill {
    /// Margin account of the maker, and its `serial`.
    pub maker: Pubkey,
    pub serial: u64,
    pub nonce: u64,
    /// SHA-256 of the quote that is being filled: no other one is. Zero when none was before it was cancelled.
    pub digest: [u8; 32],
    /// Paid the rent and gets it back.
    pub payer: Pubkey,
    /// Of the quote, or the later one that its maker gave when cancelling. Unix seconds.
    pub expires_at: i64,
    /// Lots filled so far.
    pub filled: u32,
    /// 1: no more lots are filled.
    pub cancelled: u8,
    pub bump: u8,
    pub padding: [u8; 2],
    pub reserved: [u8; 32],
}

impl Fill {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"MarFill", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();
    /// Seconds that it is kept after the quote has expired, so that another quote under its nonce that expires within
    /// them is refused too.
    pub const KEPT: i64 = 86_400;

    /// Counts `lots` of `signed` as filled. Refuses more than are left, another quote under the same nonce, and fewer
    /// than the quote's least unless they are all that is left.
    pub fn take(&mut self, signed: &SignedQuote, lots: u32) -> Result<()> {
        require!(self.cancelled == 0, MarginPoolError::QuoteCancelled);
        if self.filled == 0 {
            self.digest = signed.digest;
            self.expires_at = signed.quote.expires_at;
        }
        require!(
            self.digest == signed.digest,
            MarginPoolError::QuoteNonceTaken
        );
        let left = signed.quote.lots.saturating_sub(self.filled);
        require!(lots <= left, MarginPoolError::QuoteLotsExceeded);
        require!(
            lots > 0 && (lots >= signed.quote.min_lots || lots == left),
            MarginPoolError::QuoteLotsTooFew
        );
        // At most the quote's lots.
        self.filled = self
            .filled
            .checked_add(lots)
            .ok_or(MarginPoolError::Overflow)?;
        Ok(())
    }

    /// No quote under this nonce that expires at `expires_at` or earlier is filled any more.
    pub fn cancel(&mut self, expires_at: i64) {
        self.cancelled = 1;
        self.expires_at = self.expires_at.max(expires_at);
    }

    /// Whether no quote can need it at `now`.
    #[must_use]
    pub const fn is_over(&self, now: i64) -> bool {
        now > self.expires_at.saturating_add(Self::KEPT)
    }
}

/// The accounts that [`open_fill`] needs.
pub struct FillAccounts<'a, 'info> {
    pub fill: &'a AccountInfo<'info>,
    /// Pays the rent when the fill does not exist yet.
    pub payer: &'a AccountInfo<'info>,
    pub system_program: Pubkey,
}

/// The fill of a maker's nonce, created when there is none yet. One that exists is never written anew.
pub fn open_fill<'a>(
    accounts: &FillAccounts<'a, '_>,
    maker: &Pubkey,
    serial: u64,
    nonce: u64,
) -> Result<RefMut<'a, Fill>> {
    let (serial_bytes, nonce_bytes) = (serial.to_le_bytes(), nonce.to_le_bytes());
    let seeds: [&[u8]; 4] = [seeds::FILL, maker.as_ref(), &serial_bytes, &nonce_bytes];
    let (address, bump) = Pubkey::find_program_address(&seeds, &crate::ID);
    let fill = accounts.fill;
    require_keys_eq!(*fill.key, address, ErrorCode::ConstraintSeeds);
    let is_new = *fill.owner != crate::ID;
    if is_new {
        let [kind, maker, serial, nonce] = seeds;
        create(accounts, &[kind, maker, serial, nonce, &[bump]])?;
    }
    let data = fill.try_borrow_mut_data()?;
    let mut data = RefMut::map(data, |data| &mut **data);
    let (tag, _) = data
        .split_at_mut_checked(Fill::DISCRIMINATOR.len())
        .ok_or(ErrorCode::AccountDiscriminatorNotFound)?;
    if is_new {
        tag.copy_from_slice(Fill::DISCRIMINATOR);
    }
    require!(
        tag == Fill::DISCRIMINATOR,
        ErrorCode::AccountDiscriminatorMismatch
    );
    let body = RefMut::filter_map(data, |data| {
        bytemuck::try_from_bytes_mut::<Fill>(data.get_mut(8..Fill::SPACE)?).ok()
    });
    let mut body = body.map_err(|_| ErrorCode::AccountDidNotDeserialize)?;
    if is_new {
        body.maker = *maker;
        body.serial = serial;
        body.nonce = nonce;
        body.payer = *accounts.payer.key;
        body.bump = bump;
    }
    Ok(body)
}

/// Rent, space and owner, one by one: lamports that somebody sent there first do not stop it.
fn create(accounts: &FillAccounts, seeds: &[&[u8]]) -> Result<()> {
    let (program, signer) = (accounts.system_program, &[seeds][..]);
    let fill = || accounts.fill.clone();
    let missing = Rent::get()?
        .minimum_balance(Fill::SPACE)
        .saturating_sub(fill().lamports());
    if missing > 0 {
        let pay = Transfer {
            from: accounts.payer.clone(),
            to: fill(),
        };
        transfer(CpiContext::new(program, pay), missing)?;
    }
    let space = u64::try_from(Fill::SPACE).map_err(|_| MarginPoolError::Overflow)?;
    let to = Allocate {
        account_to_allocate: fill(),
    };
    allocate(CpiContext::new_with_signer(program, to, signer), space)?;
    let to = Assign {
        account_to_assign: fill(),
    };
    assign(CpiContext::new_with_signer(program, to, signer), &crate::ID)
}

const _: () = assert!(size_of::<Fill>() == 32 + 16 + 32 + 32 + 8 + 8 + 32);

#[cfg(test)]
mod tests {
    use {super::*, crate::quote::Quote, bytemuck::Zeroable};

    fn signed(digest: u8, lots: u32, min_lots: u32) -> SignedQuote {
        SignedQuote {
            quote: Quote {
                tag: Quote::TAG,
                pool: Pubkey::default(),
                pool_slot: 0,
                pool_time: 0,
                maker: Pubkey::default(),
                serial: 0,
                nonce: 0,
                taker: Pubkey::default(),
                expires_at: 100,
                lots,
                min_lots,
                legs: Vec::new(),
            },
            signer: Pubkey::default(),
            digest: [digest; 32],
        }
    }

    #[test]
    fn lots_filled_never_exceed_the_quote_and_the_rest_may_be_small() {
        let (mut fill, quote) = (Fill::zeroed(), signed(1, 10, 4));
        for (lots, taken) in [
            (11, false),
            (3, false),
            (0, false),
            (4, true),
            (7, false),
            (4, true),
            (1, false),
            (2, true),
            (1, false),
            (0, false),
            (u32::MAX, false),
        ] {
            let before = fill;
            let mut after = fill;
            assert_eq!(after.take(&quote, lots).is_ok(), taken, "{lots}");
            fill = if taken { after } else { before };
        }
        assert_eq!((fill.filled, fill.expires_at), (10, 100));
    }

    #[test]
    fn one_nonce_fills_one_quote_and_none_once_cancelled() {
        let mut fill = Fill::zeroed();
        assert!(fill.take(&signed(1, 10, 0), 1).is_ok());
        assert!(fill.take(&signed(2, 10, 0), 1).is_err());
        fill.cancel(50);
        assert!(fill.take(&signed(1, 10, 0), 1).is_err());
        assert_eq!(fill.expires_at, 100);
        fill.cancel(101);
        assert_eq!(fill.expires_at, 101);
        assert!(!fill.is_over(101 + Fill::KEPT) && fill.is_over(102 + Fill::KEPT));
    }
}

use {
    crate::{
        curves::{are_counterparts, build, is_due, recentre},
        error::RiskEngineError,
        events::CurvesRefreshed,
        seeds,
        state::{BookMut, Instrument, RiskBook, RiskConfig},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct RefreshCurves<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
}

/// Rebuilds what is due among slots `from ..` until `limit` curves are built or the slots end. About 82,000 compute units a curve for a call
/// and a put side by side, 151,000 alone; slots that need nothing cost about 100.
pub(crate) fn handler(ctx: Context<RefreshCurves>, from: u16, limit: u8) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let response = ctx.accounts.config.load()?.params.level_response;
    let info = ctx.accounts.book.to_account_info();
    let mut account = BookMut::load(&info)?;
    let (book, instruments) = account.parts()?;
    // A curve stands until the next one: it must not rest on a price that is about to change. Other doubts do not stop the
    // crank: options must be valued through an outage of a source or a pause, or nobody could be liquidated fairly. New
    // risk waits for the end of the doubt anyway.
    require!(
        book.curves_can_be_rebuilt(now),
        RiskEngineError::PriceInDoubt
    );
    recentre(book, instruments, now);

    let (mut at, mut built, mut skipped) = (usize::from(from), 0u16, 0u16);
    while let Some((first, rest)) = rest_from(instruments, at) {
        if built >= u16::from(limit) {
            break;
        }
        let second = rest.first_mut();
        let second = second.filter(|it| are_counterparts(first, it, book.centre));
        let (width, due) = match &second {
            Some(it) => (2, is_due(book, first, now) || is_due(book, it, now)),
            None => (1, first.live_option().is_some() && is_due(book, first, now)),
        };
        at = at.saturating_add(usize::from(width));
        if !due {
            continue;
        }
        match build(book, first, second, response, now) {
            Ok(()) => {
                built = built.saturating_add(width);
                let slot = usize::from(first.expiry_slot);
                if let Some(expiry) = book.expiries.get_mut(slot) {
                    expiry.curve_built(now);
                }
            }
            // One odd strike must not stop the others.
            Err(_) => skipped = skipped.saturating_add(width),
        }
    }
    emit!(CurvesRefreshed {
        book: info.key(),
        next: u16::try_from(at).unwrap_or(u16::MAX),
        built,
        skipped,
        centre: book.centre,
    });
    book.invariant()
}

fn rest_from(
    instruments: &mut [Instrument],
    at: usize,
) -> Option<(&mut Instrument, &mut [Instrument])> {
    instruments.get_mut(at..)?.split_first_mut()
}

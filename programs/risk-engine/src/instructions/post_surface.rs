use {
    crate::{
        error::RiskEngineError,
        events::SurfacePosted,
        seeds,
        state::{Expiry, MAX_PUBLISHERS, Posting, RiskBook, RiskConfig, RiskParams, Surface},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        feed::{limited, median_i32},
        smile::{MAX_BASIS, MAX_CURVATURE, MAX_SKEW},
    },
};

/// A surface moves once in so many seconds at most: its step limit cannot be walked within one.
const MOVE_INTERVAL: i64 = 60;

#[derive(Accounts)]
pub struct PostSurface<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    #[account(mut, has_one = book)]
    pub surface: AccountLoader<'info, Surface>,
    pub publisher: Signer<'info>,
}

/// What a publisher says of one expiry; see `cep_risk::smile`. Parts per million, basis per year.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug)]
pub struct SurfaceArgs {
    /// Unix seconds.
    pub expiry: i64,
    pub skew: i32,
    pub curvature: i32,
    pub basis: i32,
}

pub(crate) fn handler(ctx: Context<PostSurface>, args: SurfaceArgs) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let config = ctx.accounts.config.load()?;
    let publisher = ctx.accounts.publisher.key();
    let seat = config
        .seat_of(&publisher)
        .ok_or(RiskEngineError::NotPublisher)?;
    let in_range = (-MAX_SKEW..=MAX_SKEW).contains(&args.skew)
        && (0..=MAX_CURVATURE).contains(&args.curvature)
        && (-MAX_BASIS..=MAX_BASIS).contains(&args.basis);
    require!(in_range, RiskEngineError::SurfaceOutOfRange);

    let mut book = ctx.accounts.book.load_mut()?;
    let mut surface = ctx.accounts.surface.load_mut()?;
    let slot = book.expiry_slot(args.expiry)?;
    let postings = surface
        .postings
        .get_mut(slot)
        .ok_or(RiskEngineError::UnknownExpiry)?;
    if let Some(posting) = postings.get_mut(seat) {
        *posting = Posting {
            time: now,
            expiry: args.expiry,
            skew: args.skew,
            curvature: args.curvature,
            basis: args.basis,
            padding: [0; 4],
            publisher: tag(&publisher),
        };
    }
    let entry = book
        .expiries
        .get_mut(slot)
        .ok_or(RiskEngineError::UnknownExpiry)?;
    let moved = follow(entry, postings, &config, now);
    emit!(SurfacePosted {
        book: ctx.accounts.book.key(),
        publisher,
        expiry: args.expiry,
        moved,
        skew: entry.skew,
        curvature: entry.curvature,
        basis: entry.basis,
    });
    book.invariant()
}

/// Which publisher a posting is of.
fn tag(publisher: &Pubkey) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = publisher.to_bytes();
    [a, b, c, d, e, f, g, h]
}

/// Moves the surface in force toward the medians of the fresh postings, if there are enough; whether it did. By a step at most
/// and once a minute from the time at which one of the expiry's instruments was opened; before, nothing can depend on it.
fn follow(
    entry: &mut Expiry,
    postings: &[Posting; MAX_PUBLISHERS],
    config: &RiskConfig,
    now: i64,
) -> bool {
    let RiskParams {
        surface_max_age,
        surface_quorum,
        surface_max_step,
        ..
    } = config.params;
    let free = entry.opened == 0;
    if !free && now < entry.surface_time.saturating_add(MOVE_INTERVAL) {
        return false;
    }
    let (mut skew, mut curvature, mut basis) = (
        [0; MAX_PUBLISHERS],
        [0; MAX_PUBLISHERS],
        [0; MAX_PUBLISHERS],
    );
    let mut count = 0;
    for (posting, publisher) in postings.iter().zip(&config.publishers) {
        let age = u64::try_from(now.saturating_sub(posting.time)).unwrap_or(0);
        let counts = posting.time != 0
            && posting.expiry == entry.expiry
            && age <= surface_max_age
            && *publisher != Pubkey::default()
            && posting.publisher == tag(publisher);
        if !counts {
            continue;
        }
        for (list, value) in [
            (&mut skew, posting.skew),
            (&mut curvature, posting.curvature),
            (&mut basis, posting.basis),
        ] {
            if let Some(place) = list.get_mut(count) {
                *place = value;
            }
        }
        count += 1;
    }
    if u64::try_from(count).unwrap_or(0) < surface_quorum {
        return false;
    }
    // Bounded by RiskParams::check.
    let step = u32::try_from(surface_max_step).unwrap_or(0);
    for (list, value) in [
        (&mut skew, &mut entry.skew),
        (&mut curvature, &mut entry.curvature),
        (&mut basis, &mut entry.basis),
    ] {
        let fresh = list.get_mut(..count);
        if let Some(median) = fresh.and_then(|list| median_i32(list, *value)) {
            *value = if free {
                median
            } else {
                limited(*value, median, step)
            };
        }
    }
    entry.surface_time = now;
    true
}

//! jitoSOL: a staked token, its stake pool and its market.

use {
    crate::{Outcome, Receipt, SOL, Setup, World, keypair, oracle::StakePool, world::admin},
    anchor_lang::prelude::Pubkey,
    cep_migrations::{
        CollateralParameters, UnderlyingParameters,
        parameters::{feeds, switchboard},
    },
    cep_sdk::{instruction, programs::risk_engine::state::StakedArgs, units::symbol},
    solana_sdk::{clock::Clock, signature::Signer},
};

/// jitoSOL on top of the standard deployment: rate from its stake pool, market from one feed.
#[must_use]
pub fn staked_world() -> (World, u8) {
    let mut setup = Setup::standard();
    let mut staked = UnderlyingParameters::new("JITOSOL", feeds::SOL, (0.0097, 0.0097), 0.0, 1e6);
    staked.column = symbol("SOLGAP");
    staked.sources = vec![switchboard(&World::feed_at("jitosol"))];
    staked.staked = Some((
        symbol("SOL"),
        StakedArgs {
            mint: keypair("jitosol mint").pubkey(),
            stake_pool: keypair("stake pool").pubkey(),
            rate_source: None,
            max_growth: 1_000,
            gap_band: 30_000,
        },
    ));
    setup.parameters.underlyings.push(staked);
    setup.prices.push(250.0);
    let mint = keypair("jitosol mint").pubkey();
    setup.mints.push((mint, 9));
    setup.parameters.collaterals.push(CollateralParameters {
        mint,
        underlying: 3,
        cap: u64::MAX,
        dust: 0,
    });
    let mut world = World::bare(&setup);
    world.initialise();
    world.install_scenarios(&setup.set, "set");
    world.advance(1_000);
    (world, 3)
}

fn stake_pool(world: &mut World, rate: f64) -> Pubkey {
    let epoch = world.svm.get_sysvar::<Clock>().epoch;
    let address = keypair("stake pool").pubkey();
    let supply = 1_000_000_000_000;
    let lamports = (supply as f64 * rate).round() as u64;
    StakePool::new(keypair("jitosol mint").pubkey(), lamports, supply, epoch)
        .write(&mut world.svm, address);
    address
}

/// SOL and jitoSOL are priced a second later.
pub fn refresh_staked(world: &mut World, sol: f64, market: f64, rate: f64) -> Receipt {
    world.advance(1);
    let price = world.post_price(SOL, sol, 0.1);
    world.refresh(SOL, price).accepted();
    let accounts = [world.post_feed("jitosol", market), stake_pool(world, rate)];
    let (book, base) = (world.book_address(3), world.book_address(SOL));
    let ix = instruction::risk::refresh_staked(book, base, &accounts);
    world.send(&[ix], &[&admin()]).accepted()
}

//! The program's own accounts, through Anchor's loader and then through what their readers call.

use {
    crate::{Header, Outcome, Refusal},
    anchor_lang::{
        Discriminator, Owner, ZeroCopy,
        prelude::{AccountInfo, AccountLoader},
    },
    cep_risk::{Kind, MAX_UNDERLYINGS, WEIGHT_ONE, units::MAX_PRICE},
    risk_engine::{
        state::{BookRef, Instrument, InstrumentKind, RiskBook, RiskConfig, ScenarioSet, Surface},
        verification::{Scratch, seal, verify_columns},
    },
};

pub(crate) fn run(input: &[u8]) -> Outcome {
    let (header, data) = Header::split(input).ok_or(Refusal::Input)?;
    match header.decimals % 4 {
        0 => load_book(&header, data),
        1 => load(&header, data, read_config),
        2 => load(&header, data, read_set),
        _ => load(&header, data, |surface: &Surface| {
            let _ = surface.book;
        }),
    }
}

/// Loads a book with its instruments, whatever their number; accepted exactly when the header is whole and the account
/// this program's own.
fn load_book(header: &Header, data: &[u8]) -> Outcome {
    let (key, owner) = (header.key(), header.owner());
    let mut words = aligned(data);
    let data = &mut bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..data.len()];
    let whole = owner == risk_engine::ID
        && data.starts_with(RiskBook::DISCRIMINATOR)
        && data.len() >= RiskBook::SPACE;
    let slots = data.len().saturating_sub(RiskBook::SPACE) / Instrument::SPACE;
    let mut lamports = 1;
    let info = AccountInfo::new(&key, false, false, &mut lamports, data, &owner, false);
    let loaded = BookRef::load(&info).map_err(|e| Refusal::Loader(Box::new(e)));
    assert_eq!(loaded.is_ok(), whole, "owned by {owner}");
    let book = loaded?;
    assert_eq!(book.instruments.len(), slots);
    read_book(&book.header, header.unix);
    for instrument in book.instruments.iter() {
        read_instrument(instrument, header.unix);
    }
    Ok(())
}

/// The runtime aligns account data to eight bytes, and so do words.
fn aligned(data: &[u8]) -> Vec<u64> {
    let mut words = vec![0u64; data.len().div_ceil(8)];
    bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..data.len()].copy_from_slice(data);
    words
}

/// Loads an account as an instruction does; accepted exactly when it is whole and this program's own.
fn load<T: ZeroCopy + Owner>(header: &Header, data: &[u8], read: impl FnOnce(&T)) -> Outcome {
    let (key, owner) = (header.key(), header.owner());
    let mut words = aligned(data);
    let bytes = &mut bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..data.len()];
    let mut lamports = 1;
    let info = AccountInfo::new(&key, false, false, &mut lamports, bytes, &owner, false);
    let whole = owner == risk_engine::ID
        && data.starts_with(T::DISCRIMINATOR)
        && data.len() >= T::DISCRIMINATOR.len() + size_of::<T>();
    let refusal = |error| Refusal::Loader(Box::new(error));
    let outcome = AccountLoader::<T>::try_from(&info)
        .map_err(refusal)
        .and_then(|loader| {
            let account = loader.load().map_err(refusal)?;
            read(&account);
            Ok(())
        });
    assert_eq!(outcome.is_ok(), whole, "owned by {owner}");
    outcome
}

fn read_book(book: &RiskBook, now: i64) {
    let sound = book.invariant().is_ok();
    let in_range = (1..=MAX_PRICE).contains(&book.price);
    assert!(!sound || book.price == 0 || in_range);
    assert_eq!(book.index_price().is_ok(), in_range);
    for kind in [Kind::Initial, Kind::Maintenance] {
        assert_eq!(
            book.as_book(kind, now, 0).is_ok(),
            in_range && book.scenario_generation != 0
        );
    }
    let fresh = book.price != 0 && book.age(now) <= book.max_price_age;
    assert_eq!(book.price_is_fresh(now), fresh);
    assert!(fresh || book.is_degraded(now));
    let _ = (
        book.scenarios_cover_volatility(),
        book.usable_seconds_at(now),
        book.price_integral_at(now),
        book.price_bears_new_risk(now, book.refreshed_slot),
        book.has_gap(),
    );
    for source in &book.sources {
        let _ = source.is_fresh(now, book.refreshed_slot);
    }
}

fn read_instrument(instrument: &Instrument, now: i64) {
    assert!(!(instrument.is_trading(now) && instrument.is_settling(now)));
    let left = instrument.expiry.saturating_sub(now).max(0);
    assert_eq!(instrument.seconds(now), left.unsigned_abs());
    let _ = InstrumentKind::from_code(instrument.kind);
}

fn read_config(config: &RiskConfig) {
    if config.invariant().is_ok() {
        assert!(config.params.check().is_ok());
        assert!(usize::from(config.underlying_count) <= MAX_UNDERLYINGS);
    }
}

fn read_set(set: &ScenarioSet) {
    for symbol in set.symbols.iter().chain([&[0xff; 8]]) {
        if let Some(column) = set.column_of(symbol) {
            assert_eq!(set.symbols.get(column), Some(symbol));
            assert!(column < usize::from(set.columns));
        }
    }
    let (mut copy, mut scratch) = (Box::new(*set), Scratch::new());
    if seal(&mut copy, &mut scratch).is_ok() {
        let sum: u128 = set.body.weights.iter().map(|w| u128::from(*w)).sum();
        assert_eq!(sum, u128::from(WEIGHT_ONE));
        assert_eq!(set.canonical_hash(), set.hash);
        let _ = verify_columns(&mut copy, u8::MAX, &mut scratch);
    }
    let _ = set.canonical_hash();
}

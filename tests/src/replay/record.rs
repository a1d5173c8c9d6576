//! What became of whom, from the programs' own events. Money in micro-USD.

use {
    crate::outcome::Receipt,
    anchor_lang::{Event, prelude::Pubkey},
    base64::{Engine, prelude::BASE64_STANDARD as STANDARD},
    cep_risk::{PPM, auction::PPB},
    cep_sdk::programs::{
        liquidation::events::{AuctionBid, AuctionClosed, AuctionOpened, OppositeReduced},
        margin_pool::{
            Covered,
            events::{DebtWrittenOff, PositionReduced},
        },
    },
    std::collections::BTreeMap,
};

/// One account's losses to liquidation.
#[derive(Clone, Debug, Default)]
pub struct Defaulter {
    /// Seconds that each of its auctions was open; the last may still run since `since`.
    pub open_for: Vec<i64>,
    pub since: Option<i64>,
    pub bids: usize,
    /// What bidders paid less than they got.
    pub discounts: i64,
    /// What it owed beyond what it had, when others took that over.
    pub shortfall: i64,
    pub reduced: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Record {
    pub defaulters: BTreeMap<Pubkey, Defaulter>,
    /// Who paid bidders and debts.
    pub covered: Covered,
    /// Borne by the other side of positions that were closed.
    pub by_reduction: i64,
    /// Value at the mark of what was closed against the other side, by market's address: base and micro-USD.
    pub reduced: BTreeMap<Pubkey, i64>,
    pub bids: usize,
    pub bids_on_insolvent: usize,
    pub written_off: usize,
    /// Refusals by name.
    pub refusals: BTreeMap<String, usize>,
}

impl Record {
    pub fn take(&mut self, receipt: &Receipt, now: i64) {
        for e in events::<AuctionOpened>(receipt) {
            self.defaulters.entry(e.margin_account).or_default().since = Some(now);
        }
        for e in events::<AuctionBid>(receipt) {
            self.bid(&e);
        }
        for e in events::<OppositeReduced>(receipt) {
            let of = self.defaulters.entry(e.margin_account).or_default();
            of.shortfall += e.shortfall;
            of.reduced = true;
            self.by_reduction += e.shortfall;
        }
        for e in events::<PositionReduced>(receipt) {
            *self.reduced.entry(e.market).or_default() += e.base.abs();
        }
        for e in events::<DebtWrittenOff>(receipt) {
            self.written_off += 1;
            self.defaulters
                .entry(e.margin_account)
                .or_default()
                .shortfall += e.debt;
            self.pay(&e.covered);
        }
        for e in events::<AuctionClosed>(receipt) {
            let of = self.defaulters.entry(e.margin_account).or_default();
            of.open_for.extend(of.since.take().map(|since| now - since));
        }
    }

    fn bid(&mut self, e: &AuctionBid) {
        self.bids += 1;
        let of = self.defaulters.entry(e.margin_account).or_default();
        of.bids += 1;
        if e.equity > 0 {
            let lost = i128::from(e.payment) * i128::from(PPB - e.discount)
                / i128::from(e.discount.max(1));
            of.discounts += i64::try_from(lost).unwrap();
        } else {
            self.bids_on_insolvent += 1;
            let part = i128::from(-e.equity) * i128::from(e.fraction) / i128::from(PPB);
            of.shortfall += i64::try_from(part).unwrap();
        }
        self.pay(&e.covered);
    }

    fn pay(&mut self, by: &Covered) {
        self.covered.fund += by.fund;
        self.covered.profits += by.profits;
        self.covered.cash += by.cash;
    }

    #[must_use]
    pub fn shortfalls(&self) -> Vec<i64> {
        self.defaulters.values().map(|d| d.shortfall).collect()
    }

    /// Seconds that auctions were open, sorted.
    #[must_use]
    pub fn open_times(&self) -> Vec<i64> {
        let mut times: Vec<i64> = self
            .defaulters
            .values()
            .flat_map(|d| d.open_for.clone())
            .collect();
        times.sort_unstable();
        times
    }
}

/// So many millionths of the way through a sorted list; zero of an empty one.
#[must_use]
pub fn quantile(sorted: &[i64], ppm: u64) -> i64 {
    let last = sorted.len().saturating_sub(1) as u64;
    let at = usize::try_from(last * ppm / PPM).unwrap();
    sorted.get(at).copied().unwrap_or_default()
}

fn events<E: Event>(receipt: &Receipt) -> Vec<E> {
    let data = receipt
        .logs
        .iter()
        .filter_map(|l| l.strip_prefix("Program data: "));
    let bytes = data.filter_map(|text| STANDARD.decode(text).ok());
    bytes
        .filter_map(|bytes| E::try_from_slice(bytes.strip_prefix(E::DISCRIMINATOR)?).ok())
        .collect()
}

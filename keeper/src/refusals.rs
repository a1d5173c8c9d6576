//! Patience after a refusal: what was refused is tried again later, and later still if refused again.

use {
    crate::action::Key,
    cep_sdk::clock::ChainTime,
    std::{
        collections::{BTreeMap, BTreeSet},
        time::{Duration, Instant},
    },
};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Refused actions and when each may be tried again: after its pause has passed on the host's clock or
/// on the chain's, whichever is first (a chain's clock may stand still, or jump).
#[derive(Default)]
pub struct Refusals(BTreeMap<Key, Refusal>);

struct Refusal {
    pause: Duration,
    since: Instant,
    chain_since: i64,
}

impl Refusals {
    pub fn add(&mut self, key: Key, now: Instant, time: ChainTime) {
        let pause = self
            .0
            .get(&key)
            .map_or(FIRST, |last| (last.pause * 2).min(LONGEST));
        let refusal = Refusal {
            pause,
            since: now,
            chain_since: time.unix_timestamp,
        };
        self.0.insert(key, refusal);
    }

    pub fn clear(&mut self, key: Key) {
        self.0.remove(&key);
    }

    /// What is not due yet. Forgets what has long been due.
    pub fn active(&mut self, now: Instant, time: ChainTime) -> BTreeSet<Key> {
        self.0
            .retain(|_, refusal| now.saturating_duration_since(refusal.since) < 4 * LONGEST);
        let waiting = self.0.iter().filter(|(_, refusal)| {
            let passed = time.unix_timestamp.saturating_sub(refusal.chain_since);
            let chain = Duration::from_secs(u64::try_from(passed).unwrap_or(0));
            now.saturating_duration_since(refusal.since) < refusal.pause && chain < refusal.pause
        });
        waiting.map(|(key, _)| *key).collect()
    }
}

#[cfg(test)]
mod tests {
    use {super::*, crate::action::Kind, cep_sdk::Pubkey};

    const fn at(unix_timestamp: i64) -> ChainTime {
        ChainTime {
            slot: 0,
            unix_timestamp,
        }
    }

    #[test]
    fn pauses_double_and_either_clock_ends_them() {
        let key = (Kind::Bid, Pubkey::new_unique());
        let start = Instant::now();
        let mut refusals = Refusals::default();
        refusals.add(key, start, at(100));
        assert!(refusals.active(start, at(100)).contains(&key));
        assert!(refusals.active(start + FIRST, at(100)).is_empty());
        refusals.add(key, start, at(100));
        assert!(!refusals.active(start + FIRST, at(101)).is_empty());
        assert!(refusals.active(start, at(3_700)).is_empty());
        for _ in 0..10 {
            refusals.add(key, start, at(100));
        }
        assert!(refusals.active(start + LONGEST, at(100)).is_empty());
        refusals.add(key, start, at(100));
        refusals.clear(key);
        assert!(refusals.active(start, at(100)).is_empty());
    }
}

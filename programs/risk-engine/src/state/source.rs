use {
    crate::{error::RiskEngineError, oracle::Reading},
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
};

/// Which oracle program a source reads. Stored as its [`code`](SourceKind::code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub enum SourceKind {
    /// An empty slot.
    None,
    /// Pyth's receiver, `PriceUpdateV2`.
    Pyth,
    /// Switchboard On-Demand, `PullFeedAccountData`.
    Switchboard,
}

impl SourceKind {
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Pyth => 1,
            Self::Switchboard => 2,
        }
    }

    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::None),
            1 => Some(Self::Pyth),
            2 => Some(Self::Switchboard),
            _ => None,
        }
    }
}

/// One oracle feed of an underlying: what is believed of it, set by the authority, and the last value
/// it gave, written by whoever refreshes.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Source {
    /// Pyth: id of the feed. Switchboard: address of the feed account.
    pub feed: [u8; 32],
    /// Last accepted value, in the reader's decimals, rounded down; zero before the first.
    pub price: u64,
    /// Half width of its interval, in the same decimals, rounded up.
    pub confidence: u64,
    /// When the oracle published it, Unix seconds; zero before the first.
    pub publish_time: i64,
    /// Pyth: slot of posting, which says nothing of its age: anyone can post an old signed print. Switchboard: slot of the oldest
    /// sample in the result.
    pub slot: u64,
    /// Oldest value that counts, seconds; 1 ..= 3,600.
    pub max_age: u32,
    /// Oldest `slot` that counts, slots. Switchboard: 1 ..= 9,000. Pyth: 0, seconds alone are judged.
    pub max_slots: u32,
    /// Widest interval of a sure value, parts per million of it; 1 ..= 100,000.
    pub max_confidence: u32,
    /// [`SourceKind::code`].
    pub kind: u8,
    /// Fewest oracle samples in a result. Switchboard: 1 ..= 32. Pyth: 0.
    pub min_samples: u8,
    /// 1 when the interval of the last value was wider than `max_confidence`.
    pub is_wide: u8,
    pub padding: [u8; 1],
}

const _: () = assert!(size_of::<Source>() == 32 + 4 * 8 + 3 * 4 + 4);
const _: () = assert!(align_of::<Source>() == 8);

/// The part of a [`Source`] that is configured; ranges stand beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct SourceArgs {
    pub kind: SourceKind,
    pub feed: [u8; 32],
    pub max_age: u32,
    pub max_slots: u32,
    pub max_confidence: u32,
    pub min_samples: u8,
}

impl SourceArgs {
    /// An empty slot.
    pub const NONE: Self = Self {
        kind: SourceKind::None,
        feed: [0; 32],
        max_age: 0,
        max_slots: 0,
        max_confidence: 0,
        min_samples: 0,
    };

    /// [`RiskEngineError::ParameterOutOfRange`] outside the ranges beside the fields of [`Source`]; an
    /// empty slot must be [`SourceArgs::NONE`].
    pub fn check(&self) -> Result<()> {
        let common = self.feed != [0; 32]
            && (1..=3_600).contains(&self.max_age)
            && self.max_slots <= 9_000
            && (1..=100_000).contains(&self.max_confidence);
        let in_range = match self.kind {
            SourceKind::None => *self == Self::NONE,
            SourceKind::Pyth => common && self.min_samples == 0 && self.max_slots == 0,
            SourceKind::Switchboard => {
                common && self.max_slots > 0 && (1..=32).contains(&self.min_samples)
            }
        };
        require!(in_range, RiskEngineError::ParameterOutOfRange);
        Ok(())
    }
}

impl Source {
    /// A source that has given no value yet. Errors as [`SourceArgs::check`].
    pub fn configure(args: SourceArgs) -> Result<Self> {
        args.check()?;
        Ok(Self {
            feed: args.feed,
            max_age: args.max_age,
            max_slots: args.max_slots,
            max_confidence: args.max_confidence,
            kind: args.kind.code(),
            min_samples: args.min_samples,
            ..Self::zeroed()
        })
    }

    /// Whether the last accepted value still counts, in seconds and, where judged, in slots.
    #[must_use]
    pub fn is_fresh(&self, now: i64, slot: u64) -> bool {
        let age = u64::try_from(now.saturating_sub(self.publish_time)).unwrap_or(0);
        self.publish_time != 0
            && age <= u64::from(self.max_age)
            && (self.max_slots == 0 || slot.saturating_sub(self.slot) <= u64::from(self.max_slots))
    }

    /// Takes a reading that [`crate::oracle::read`] made of this source.
    pub fn accept(&mut self, reading: &Reading) {
        self.price = reading.value;
        self.confidence = reading.confidence;
        self.publish_time = reading.publish_time;
        self.slot = reading.slot;
        self.is_wide = u8::from(reading.is_wide);
    }

    /// When the last value was published as far as the chain can tell: a Switchboard result carries the clock of its landing,
    /// and no sample is younger than its slot shows, at the nominal 400 ms.
    #[must_use]
    pub fn published(&self, now: i64, slot: u64) -> i64 {
        if self.kind != SourceKind::Switchboard.code() {
            return self.publish_time;
        }
        let seconds = slot.saturating_sub(self.slot).saturating_mul(2) / 5;
        self.publish_time.min(now.saturating_sub_unsigned(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTH: SourceArgs = SourceArgs {
        kind: SourceKind::Pyth,
        feed: [7; 32],
        max_age: 60,
        max_slots: 0,
        max_confidence: 20_000,
        min_samples: 0,
    };
    const SWITCHBOARD: SourceArgs = SourceArgs {
        kind: SourceKind::Switchboard,
        max_slots: 150,
        min_samples: 3,
        ..PYTH
    };

    #[test]
    fn every_configured_field_is_held_to_its_range() {
        for args in [SourceArgs::NONE, PYTH, SWITCHBOARD] {
            assert!(args.check().is_ok(), "{args:?}");
        }
        let spoilt: [fn(&mut SourceArgs); 8] = [
            |a| a.feed = [0; 32],
            |a| a.max_age = 0,
            |a| a.max_age = 3_601,
            |a| a.max_slots = 9_001,
            |a| a.max_confidence = 0,
            |a| a.max_confidence = 100_001,
            |a| a.min_samples = 33,
            |a| a.kind = SourceKind::None,
        ];
        for spoil in spoilt {
            for mut args in [PYTH, SWITCHBOARD] {
                spoil(&mut args);
                assert!(args.check().is_err(), "{args:?}");
            }
        }
        let no_slots = SourceArgs {
            max_slots: 0,
            ..SWITCHBOARD
        };
        let no_samples = SourceArgs {
            min_samples: 0,
            ..SWITCHBOARD
        };
        let sampled_pyth = SourceArgs {
            min_samples: 1,
            ..PYTH
        };
        let pyth_by_slots = SourceArgs {
            max_slots: 150,
            ..PYTH
        };
        for args in [no_slots, no_samples, sampled_pyth, pyth_by_slots] {
            assert!(args.check().is_err(), "{args:?}");
        }
    }

    #[test]
    fn a_value_counts_until_its_seconds_or_its_slots_run_out() {
        let mut source = Source::configure(SWITCHBOARD).unwrap();
        assert!(
            !source.is_fresh(0, 0),
            "no value yet, whatever the clock says"
        );
        source.accept(&Reading {
            value: 5,
            confidence: 1,
            publish_time: 1_000,
            slot: 400,
            is_wide: false,
        });
        assert!(source.is_fresh(1_060, 550) && source.is_fresh(990, 390));
        assert!(!source.is_fresh(1_061, 550) && !source.is_fresh(1_060, 551));
        source.max_slots = 0;
        assert!(source.is_fresh(1_060, u64::MAX));
    }

    #[test]
    fn a_switchboard_value_is_as_old_as_its_oldest_sample() {
        let mut source = Source::configure(SWITCHBOARD).unwrap();
        (source.publish_time, source.slot) = (1_000, 400);
        // Landed at 1,000, sampled in slot 400: at slot 500 that is forty seconds ago.
        assert_eq!(source.published(1_000, 500), 960);
        assert_eq!(source.published(1_000, 400), 1_000);
        assert_eq!(
            source.published(2_000, 400),
            1_000,
            "never later than it landed"
        );
        source.kind = SourceKind::Pyth.code();
        assert_eq!(source.published(1_000, 500), 1_000);
    }

    #[test]
    fn a_kind_keeps_its_code() {
        for kind in [SourceKind::None, SourceKind::Pyth, SourceKind::Switchboard] {
            assert_eq!(SourceKind::from_code(kind.code()), Some(kind));
            assert_eq!(
                anchor_lang::prelude::borsh::to_vec(&kind).unwrap(),
                [kind.code()]
            );
        }
        assert_eq!(SourceKind::from_code(3), None);
    }
}

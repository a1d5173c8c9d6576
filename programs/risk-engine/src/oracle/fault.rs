use core::fmt;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal: $sentence:literal,)+) => {
        /// Why an account was not believed. Codes are stable: events and logs carry them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Fault {
            $($(#[$doc])* $name = $code,)+
        }

        impl Fault {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// What to do about it.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)+
                }
            }
        }
    };
}

faults! {
    /// Another feed or another account: try the next source.
    NotThisSource = 1: "The account is for another feed; pass the account of the configured feed",
    WrongOwner = 2: "The account carries the feed but belongs to another program; pass the one its oracle program owns",
    Truncated = 3: "The account is shorter than its type; pass an account the oracle program has initialised",
    Malformed = 4: "The account is of another type or its bytes are out of order; pass an account of the configured type",
    NotVerified = 5: "The value is not vouched for by enough oracles; post it with full verification, or use a feed whose authority may not write its values",
    TooOld = 6: "The value is too old; post or crank a newer one and retry",
    TooManySlots = 7: "The value rests on a sample from too many slots ago; crank the feed and retry",
    FromFuture = 8: "The value is dated in the future; wait or post another",
    NotNewer = 9: "The value is not newer than the one already held; post a newer one",
    OutOfRange = 10: "The value is zero, negative or beyond the supported range; wait for a sane one",
    TooUncertain = 11: "The confidence interval is too wide: a price counts as uncertain, another value is passed over; wait for the market to settle",
    TooFewSamples = 12: "Too few oracles stand behind the value; crank the feed with more responses",
    WrongMint = 13: "The stake pool issues another token; configure the pool of this one",
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl From<Fault> for u8 {
    fn from(fault: Fault) -> Self {
        fault.code()
    }
}

impl TryFrom<u8> for Fault {
    type Error = u8;

    fn try_from(code: u8) -> Result<Self, u8> {
        Self::from_code(code).ok_or(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_run_from_one_without_a_gap_and_map_back() {
        for (at, fault) in (1u8..).zip(Fault::ALL) {
            assert_eq!((fault.code(), Fault::try_from(at)), (at, Ok(*fault)));
        }
        assert_eq!((Fault::from_code(0), Fault::from_code(14)), (None, None));
    }

    #[test]
    fn every_fault_says_what_to_do_in_words_of_its_own() {
        let mut sentences: Vec<_> = Fault::ALL.iter().map(|f| f.sentence()).collect();
        assert!(sentences.iter().all(|s| s.contains(';')));
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), Fault::ALL.len());
    }
}

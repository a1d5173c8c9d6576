use {crate::error::MarginPoolError, anchor_lang::prelude::*};

/// A signed 128-bit sum in an account, as two words: nothing there is aligned above eight bytes.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Wide {
    low: u64,
    high: i64,
}

impl Wide {
    #[must_use]
    pub const fn get(self) -> i128 {
        // Lossless widening of two words into the value they were cut from.
        ((self.high as i128) << 64) | (self.low as i128)
    }

    #[must_use]
    pub const fn new(value: i128) -> Self {
        Self {
            // Both halves on purpose.
            low: value as u64,
            high: (value >> 64) as i64,
        }
    }

    pub fn add(&mut self, amount: i128) -> Result<()> {
        let sum = self.get().checked_add(amount);
        *self = Self::new(sum.ok_or(MarginPoolError::Overflow)?);
        Ok(())
    }
}

const _: () = assert!(size_of::<Wide>() == 16 && align_of::<Wide>() == 8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        for value in [
            0,
            1,
            -1,
            i128::MAX,
            i128::MIN,
            1 << 64,
            -(1 << 64),
            -5 << 70,
        ] {
            assert_eq!(Wide::new(value).get(), value);
        }
    }

    #[test]
    fn sums_are_checked() {
        let mut sum = Wide::new(i128::MAX - 1);
        assert!(sum.add(1).is_ok() && sum.add(1).is_err());
        assert_eq!(sum.get(), i128::MAX);
    }
}

//! Compute units of one call. Native code has none and counts zero.

/// A running measurement.
pub struct Meter {
    start: u64,
    /// What asking costs by itself.
    overhead: u64,
}

impl Meter {
    #[inline(never)]
    pub fn start() -> Self {
        let (first, second) = (remaining(), remaining());
        let overhead = first.wrapping_sub(second);
        Self {
            overhead,
            start: remaining(),
        }
    }

    /// Units since [`Meter::start`].
    #[inline(never)]
    pub fn stop(self) -> u64 {
        self.start
            .wrapping_sub(remaining())
            .saturating_sub(self.overhead)
    }
}

#[cfg(target_os = "solana")]
fn remaining() -> u64 {
    // SAFETY: reads no memory of ours.
    unsafe { solana_define_syscall::definitions::sol_remaining_compute_units() }
}

#[cfg(not(target_os = "solana"))]
const fn remaining() -> u64 {
    0
}

//! The one source of pseudo-randomness: SplitMix64 (Steele, Lea, Flood 2014).
//!
//! Written out here because the hash of every set depends on the exact stream; a crate's may change with its version.

/// A seeded stream; the same seed gives the same numbers on every machine.
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1), 53 bits.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform on the unit sphere of `n` dimensions, by rejection from the cube (no transcendental function).
    pub(crate) fn direction(&mut self, n: usize) -> Vec<f64> {
        loop {
            let point: Vec<f64> = (0..n).map(|_| 2.0 * self.unit() - 1.0).collect();
            let square: f64 = point.iter().map(|x| x * x).sum();
            if square > 1e-6 && square <= 1.0 {
                let norm = square.sqrt();
                return point.into_iter().map(|x| x / norm).collect();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs for seed 1234567, from the reference C implementation (Vigna, prng.di.unimi.it).
        let mut rng = SplitMix64::new(1_234_567);
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn directions_have_unit_length() {
        let mut rng = SplitMix64::new(3);
        for n in 1..=8 {
            let length: f64 = rng.direction(n).iter().map(|x| x * x).sum();
            assert!((length - 1.0).abs() < 1e-12);
        }
    }
}

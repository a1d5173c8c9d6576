//! 64 x 64 -> 128 bits, for [`__multi3`](crate).
#![cfg(any(test, target_arch = "bpf"))]

/// Low and high word of `a * b`, carrying each cross product into the low word in turn.
///
/// The shorter textbook form (sum of cross products, then one shift) is recognised by LLVM 23 as a
/// 128-bit multiply and turned back into a call to `__multi3`: endless recursion. `wrapping` where a
/// half-word product plus a half-word carry always fits, so that no overflow check is compiled in.
pub fn widening_mul(a: u64, b: u64) -> (u64, u64) {
    const LOW: u64 = u32::MAX as u64;
    let mut low = (a & LOW).wrapping_mul(b & LOW);
    let mut carry = low >> 32;
    low &= LOW;
    carry = carry.wrapping_add((a >> 32).wrapping_mul(b & LOW));
    low = low.wrapping_add((carry & LOW) << 32);
    let mut high = carry >> 32;
    carry = low >> 32;
    low &= LOW;
    carry = carry.wrapping_add((b >> 32).wrapping_mul(a & LOW));
    low = low.wrapping_add((carry & LOW) << 32);
    high = high.wrapping_add(carry >> 32);
    (low, high.wrapping_add((a >> 32).wrapping_mul(b >> 32)))
}

#[cfg(test)]
mod tests {
    use super::widening_mul;

    #[test]
    fn agrees_with_the_hosts_128_bit_product() {
        let edges = [
            0,
            1,
            2,
            0x7fff_ffff,
            0xffff_ffff,
            0x1_0000_0000,
            u64::MAX >> 1,
            u64::MAX - 1,
            u64::MAX,
        ];
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let random: Vec<u64> = (0..200).map(|n| next() >> (n % 64)).collect();
        for &a in edges.iter().chain(&random) {
            for &b in edges.iter().chain(&random) {
                let exact = u128::from(a) * u128::from(b);
                assert_eq!(
                    widening_mul(a, b),
                    (exact as u64, (exact >> 64) as u64),
                    "{a} * {b}"
                );
            }
        }
    }
}

//! The five functions that LLVM calls by name.

use crate::widening::widening_mul;
use solana_compiler_builtins as _;
use specialized_div_rem::{i128_div_rem_delegate, u128_div_rem_delegate};

// SAFETY of every `no_mangle` below: the names are LLVM's own, the signatures are what its BPF backend
// calls, and the other definitions of them are weak.

#[unsafe(no_mangle)]
unsafe extern "unadjusted" fn __multi3(a: i128, b: i128) -> i128 {
    let (a_low, b_low) = (a as u64, b as u64);
    let (low, high) = widening_mul(a_low, b_low);
    let high = high
        .wrapping_add(((a >> 64) as u64).wrapping_mul(b_low))
        .wrapping_add(a_low.wrapping_mul((b >> 64) as u64));
    (((high as u128) << 64) | low as u128) as i128
}

#[unsafe(no_mangle)]
unsafe extern "unadjusted" fn __udivti3(n: u128, d: u128) -> u128 {
    u128_div_rem_delegate(n, d).0
}

#[unsafe(no_mangle)]
unsafe extern "unadjusted" fn __umodti3(n: u128, d: u128) -> u128 {
    u128_div_rem_delegate(n, d).1
}

#[unsafe(no_mangle)]
unsafe extern "unadjusted" fn __divti3(n: i128, d: i128) -> i128 {
    i128_div_rem_delegate(n, d).0
}

#[unsafe(no_mangle)]
unsafe extern "unadjusted" fn __modti3(n: i128, d: i128) -> i128 {
    i128_div_rem_delegate(n, d).1
}

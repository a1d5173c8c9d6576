//! Fixed-point elementary functions on 64-bit integers.
//!
//! `Qn` is an integer in units of 2⁻ⁿ. Every function is total: outside its stated domain it clamps.
//! Error bounds are stated per function and proven by its tests, the new ones against
//! arbitrary-precision arithmetic in `tests/fixed.rs`.
//!
//! | function | form | absolute error | monotone |
//! |---|---|---|---|
//! | [`exp_q30`] | Q32 -> Q30 | 2⁻²⁶ e^x, x >= 0; 2⁻²⁸, x < 0 | yes |
//! | [`exp`] | Q32 -> [`Scaled`] | 2⁻⁵⁵ e^x | yes |
//! | [`ln_ratio_q32`] | clamped to ± ln 2, Q32 | 2⁻²⁶ | yes |
//! | [`discount_factor`] | rate in Q32, seconds -> [`Scaled`] | 2⁻⁵⁵ of itself | yes |
//! | [`ln_ratio`] | Q56 | 2⁻⁵³; 2⁻⁵⁵ for ratios 0.01 ..= 100 | yes |
//! | [`root_years`] | seconds -> Q60 | 2⁻⁵⁸ | yes |
//! | [`normal_cdf`] | Q32 -> Q63 | 2⁻⁵¹ | yes |
//! | [`normal_pdf`] | Q32 -> Q63 | 2⁻⁵⁵ | yes, on either side of zero |
//!
//! On chain (sBPF v3) [`exp`] takes 107 compute units, [`ln_ratio`] about 330, [`root_years`] 91, [`normal_cdf`] 300.

mod exp;
mod ln;
mod normal;
mod normal_table;
mod root;
mod wide;

pub use {
    exp::{EXP_MAX_Q32, EXP_MIN_Q32, Scaled, discount_factor, exp, exp_q30},
    ln::{LN_ARGUMENT_MAX, ln_ratio, ln_ratio_q32},
    normal::{ONE_Q63, normal_cdf, normal_pdf},
    root::{MAX_SECONDS, root_years},
    wide::{div_wide, mul_high, mul_high_floor},
};
pub(crate) use {
    normal::{TAIL_END_Q60, bell, density, scaled_tail},
    root::root_q8,
    wide::Divisor,
};

/// 1.0 in Q30.
pub const ONE_Q30: i64 = 1 << 30;
/// 1.0 in Q32.
pub const ONE_Q32: i64 = 1 << 32;
/// 1.0 in Q56, the form of logarithms and total volatilities.
pub const ONE_Q56: i64 = 1 << 56;
/// ln 2 in Q32, rounded to nearest.
pub const LN_2_Q32: i64 = 2_977_044_472;

//! `exp`, `ln`, `pow` and their kin, with the same bits on every platform.
//!
//! The standard library leaves the precision of these unspecified across platforms, and its calls do not vectorise.
//! The `f32` functions here are polynomials of plain multiply and add, branch-free, so that loops over them vectorise;
//! terms are paired (Estrin), so that one call waits for few operations. Coefficients of [`exp`] and [`ln`] are those of
//! Cephes' `expf` and `logf` (S. Moshier), of [`exp2`], [`log2`] and [`decay`] Chebyshev fits. [`wide`] has the same in
//! `f64` over `libm`, for work done once.
//!
//! Errors, measured over their ranges (tests hold them): [`exp`] 2e-7 relative, [`ln`] 2e-7 relative or 1e-7 absolute,
//! [`exp2`] 2e-7 relative, [`log2`] 2e-7 absolute and 1e-7 relative besides, [`decay`] 3e-7 + 7e-7 y + 3e-7 y ln x
//! relative, [`logistic`] 3e-7 relative, [`powf`] (2 + 2 |y| + 3 |y ln x|) 1e-7 relative.
//!
//! One call after another, Zen 4, ns, beside plain Horner: `exp` 15.4 for 19.0, `ln` 14.8 for 22.9, `exp2` 9.8, `log2`
//! 11.4.

use std::f32::consts::{LN_2, LOG2_E};

/// The smallest argument of [`exp`]; below, the result would be subnormal.
const EXP_MIN: f32 = -87.33;
/// The largest argument of [`exp`]; above, the result would be infinite.
const EXP_MAX: f32 = 88.37;
/// Adding and subtracting it rounds a small `f32` to the nearest integer.
const ROUND: f32 = 12_582_912.0;
/// ln 2, high bits (exact in few bits) and the rest.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// e to the `x`; `x` is clamped to [-87.33, 88.37], and NaN gives NaN or a finite number, never a panic.
#[inline]
#[must_use]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(EXP_MIN, EXP_MAX);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let z = r * r;
    let p0 = 1.666_666_5e-1 * r + 0.5;
    let p2 = 8.333_452e-3 * r + 4.166_579_6e-2;
    let p4 = 1.987_569_1e-4 * r + 1.398_2e-3;
    let p = ((p4 * z + p2) * z + p0) * z + r + 1.0;
    p * power_of_two(shifted)
}

/// 2 to the integer that was rounded by adding [`ROUND`]: it sits in the low mantissa bits; 127 is the exponent's bias.
#[inline(always)]
fn power_of_two(shifted: f32) -> f32 {
    f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// The natural logarithm of a positive normal `x`; for 0 and subnormals it is that of the smallest normal number.
#[inline]
#[must_use]
pub fn ln(x: f32) -> f32 {
    let (e, m) = split(x.max(f32::MIN_POSITIVE));
    let z = m * m;
    let p0 = 3.333_333e-1 - 2.499_999_4e-1 * m;
    let p2 = 2.000_071_5e-1 - 1.666_805_8e-1 * m;
    let p4 = 1.424_932_3e-1 - 1.242_014_1e-1 * m;
    let p6 = 1.167_699_84e-1 - 1.151_461e-1 * m;
    let q = z * z;
    let p = (p0 + p2 * z) + q * ((p4 + p6 * z) + q * 7.037_683_6e-2);
    let y = p * (m * z) + (e * LN2_LOW - 0.5 * z);
    m + y + e * LN2_HIGH
}

/// Splits a positive normal number into 2^e (1 + m), with 1 + m in [sqrt(1/2), sqrt 2).
#[inline(always)]
fn split(x: f32) -> (f32, f32) {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let e = (shifted as i32 >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF_BITS)) - 1.0;
    (e, m)
}

/// 2 to the `x`, for `x` in [-126, 127]; outside, and for NaN, the result is of no use, but no call panics.
#[inline]
#[must_use]
pub fn exp2(x: f32) -> f32 {
    let shifted = x + ROUND;
    let r = x - (shifted - ROUND);
    let z = r * r;
    let p2 = 0.240_226_5 + 0.055_503_57 * r;
    let p4 = (0.009_618_083 + 0.001_339_086_3 * r) + 0.000_154_531_63 * z;
    // The 1 is added last, so that one rounding is all that `exp2(x) - 1` loses near 0.
    (((p4 * z + p2) * z + LN_2 * r) + 1.0) * power_of_two(shifted)
}

/// The logarithm to base 2 of a positive normal `x`; of others the result is of no use, but no call panics.
#[inline]
#[must_use]
pub fn log2(x: f32) -> f32 {
    let (e, m) = split(x);
    let z = m * m;
    let p0 = LOG2_E - 0.721_352_93 * m;
    let p2 = 0.480_916_7 - 0.360_225_17 * m;
    let p4 = 0.287_288_87 - 0.249_271_82 * m;
    let p6 = 0.232_652_55 - 0.142_759_74 * m;
    ((p0 + p2 * z) + (z * z) * (p4 + p6 * z)) * m + e
}

/// `x` to the `-y`, for `x` of 1 or more (a smaller one counts as 1, and NaN does) and `y` in [0, .98].
///
/// The power law of forgetting. Exactly 1 at 1. Its polynomials are a term shorter than those of [`powf`], which it can
/// afford, since what the logarithm loses is scaled by `y`.
#[inline]
#[must_use]
pub fn decay(x: f32, y: f32) -> f32 {
    let (e, m) = split(x.max(1.0));
    let z = m * m;
    let p0 = 1.442_696_6 - 0.721_360_2 * m;
    let p2 = 0.480_613_1 - 0.359_524_46 * m;
    let p4 = (0.296_119_57 - 0.267_963_86 * m) + 0.168_186_59 * z;
    let log2 = ((p0 + p2 * z) + (z * z) * p4) * m + e;
    let exponent = -y * log2;
    let shifted = exponent + ROUND;
    let r = exponent - (shifted - ROUND);
    let z = r * r;
    let p0 = 1.0 + LN_2 * r;
    let p2 = 0.240_223_5 + 0.055_503_81 * r;
    let p4 = 0.009_666_368 + 0.001_338_130_2 * r;
    ((p4 * z + p2) * z + p0) * power_of_two(shifted)
}

/// `x` to the `y`, for a positive `x`.
#[inline]
#[must_use]
pub fn powf(x: f32, y: f32) -> f32 {
    exp2((y * log2(x.max(f32::MIN_POSITIVE))).clamp(-126.0, 127.0))
}

/// The logistic function 1 / (1 + e^-x).
#[inline]
#[must_use]
pub fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The log odds of `p`, which is kept within [1e-6, 1 - 1e-6].
#[inline]
#[must_use]
pub fn logit(p: f32) -> f32 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    ln(p / (1.0 - p))
}

/// The same functions in `f64`, over `libm`: exact to a unit or so in the last place, the same everywhere, not vectorised.
pub mod wide {
    /// e to the `x`.
    #[must_use]
    pub fn exp(x: f64) -> f64 {
        libm::exp(x)
    }

    /// The natural logarithm.
    #[must_use]
    pub fn ln(x: f64) -> f64 {
        libm::log(x)
    }

    /// `x` to the `y`.
    #[must_use]
    pub fn powf(x: f64, y: f64) -> f64 {
        libm::pow(x, y)
    }

    /// The square root (exact in IEEE 754, so std's serves).
    #[must_use]
    pub fn sqrt(x: f64) -> f64 {
        x.sqrt()
    }

    /// The logistic function, without overflow for any finite `x`.
    #[must_use]
    pub fn logistic(x: f64) -> f64 {
        if x >= 0.0 {
            1.0 / (1.0 + exp(-x))
        } else {
            let e = exp(x);
            e / (1.0 + e)
        }
    }

    /// The log odds of `p`.
    #[must_use]
    pub fn logit(p: f64) -> f64 {
        ln(p / (1.0 - p))
    }

    /// The standard normal distribution function.
    #[must_use]
    pub fn normal_cdf(x: f64) -> f64 {
        0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
    }
}

#[cfg(test)]
mod tests;

//! `exp`, `ln`, `pow` and their kin, with the same bits on every platform.
//!
//! The standard library leaves the precision of these unspecified across platforms, and its calls do not vectorise.
//! The `f32` functions here are polynomials of plain multiply and add (coefficients of Cephes' `expf` and `logf`, S. Moshier), branch-free, so
//! that loops over them vectorise. [`wide`] has the same in `f64` over `libm`, for work done once.
//!
//! Errors, measured over their ranges (tests hold them): [`exp`] 2e-7 relative, [`ln`] 2e-7 relative or 1e-7 absolute, [`logistic`]
//! 3e-7 relative, [`powf`] (2 + |y| + 3 |y ln x|) 1e-7 relative.

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
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    // The integer sits in the low mantissa bits of `shifted`; 127 is the exponent's bias.
    let scale = shifted.to_bits().wrapping_add(127) << 23;
    p * f32::from_bits(scale)
}

/// The natural logarithm of a positive normal `x`; for 0 and subnormals it is that of the smallest normal number.
#[inline]
#[must_use]
pub fn ln(x: f32) -> f32 {
    let bits = x.max(f32::MIN_POSITIVE).to_bits();
    // Split so that the mantissa lies in [sqrt(1/2), sqrt 2).
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    let shifted = bits.wrapping_sub(SQRT_HALF_BITS);
    let e = (shifted as i32 >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF_BITS)) - 1.0;
    let z = m * m;
    let p = 7.037_683_6e-2;
    let p = p * m - 1.151_461e-1;
    let p = p * m + 1.167_699_84e-1;
    let p = p * m - 1.242_014_1e-1;
    let p = p * m + 1.424_932_3e-1;
    let p = p * m - 1.666_805_8e-1;
    let p = p * m + 2.000_071_5e-1;
    let p = p * m - 2.499_999_4e-1;
    let p = p * m + 3.333_333e-1;
    let y = p * m * z + e * LN2_LOW - 0.5 * z;
    m + y + e * LN2_HIGH
}

/// `x` to the `y`, for a positive `x`.
#[inline]
#[must_use]
pub fn powf(x: f32, y: f32) -> f32 {
    exp(y * ln(x))
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

    /// ln(1 + x), exact for small `x`.
    #[must_use]
    pub fn ln_1p(x: f64) -> f64 {
        libm::log1p(x)
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

//! The few functions of the simulated truth: the same on every platform.
//!
//! What a step needs ([`exp`], [`ln`], [`logistic`]) is the engine's `f32` polynomials, right to 3e-7: with libm they were more than half
//! of a step's time. What is done once a pupil or once a report is libm's.

/// `e^x`.
pub(crate) fn exp(x: f64) -> f64 {
    f64::from(paceline::math::exp(x as f32))
}

/// The natural logarithm of a positive number.
pub(crate) fn ln(x: f64) -> f64 {
    f64::from(paceline::math::ln(x as f32))
}

/// `1 / (1 + e^-x)`.
pub(crate) fn logistic(x: f64) -> f64 {
    f64::from(paceline::math::logistic(x as f32))
}

/// The mean of [`logistic`] over `logits`; 0 over none. In lanes, so that it vectorises; the order of the sum is fixed.
pub(crate) fn mean_logistic(logits: impl ExactSizeIterator<Item = f64>) -> f64 {
    const LANES: usize = 8;
    let n = logits.len();
    let (mut sum, mut lanes, mut taken) = (0.0, [0.0f32; LANES], 0);
    let of = |lanes: &[f32; LANES], taken: usize| {
        let all = lanes.map(paceline::math::logistic);
        all[..taken].iter().map(|&p| f64::from(p)).sum::<f64>()
    };
    for logit in logits {
        lanes[taken] = logit as f32;
        taken += 1;
        if taken == LANES {
            sum += of(&lanes, LANES);
            taken = 0;
        }
    }
    (sum + of(&lanes, taken)) / n.max(1) as f64
}

/// The inverse of [`logistic`], of a probability kept inside (0, 1).
pub(crate) fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    libm::log(p / (1.0 - p))
}

/// The standard normal quantile (Acklam's rational approximation, relative error below 1.2e-9).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
    ];
    const TAIL: f64 = 0.024_25;
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = libm::sqrt(-2.0 * libm::log(p));
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    };
    if p < TAIL {
        tail(p)
    } else if p > 1.0 - TAIL {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    }
}

/// The two-sided 95 % point of Student's t with `df` degrees of freedom (Cornish-Fisher expansion to
/// four terms, Abramowitz & Stegun 26.7.5; exact for 1 and 2; within 0.3 % from 3 on).
pub(crate) fn t_95(df: usize) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    match df {
        0 => f64::INFINITY,
        1 => 12.706_204_736_432_095,
        2 => 4.302_652_729_749_464,
        _ => {
            let n = df as f64;
            let (z3, z5) = (Z * Z * Z, Z * Z * Z * Z * Z);
            let (z7, z9) = (z5 * Z * Z, z5 * Z * Z * Z * Z);
            let g1 = (z3 + Z) / 4.0;
            let g2 = (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / 96.0;
            let g3 = (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / 384.0;
            let g4 = (79.0 * z9 + 776.0 * z7 + 1482.0 * z5 - 1920.0 * z3 - 945.0 * Z) / 92_160.0;
            Z + g1 / n + g2 / (n * n) + g3 / (n * n * n) + g4 / (n * n * n * n)
        }
    }
}

#[cfg(test)]
mod tests;

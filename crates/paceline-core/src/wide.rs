//! Wider vectors where the processor has them, with the same bits everywhere.

/// Calls a function with the widest vectors that this processor has; the default build knows SSE2 only.
///
/// The function is a loop over slices, marked `#[inline(always)]`, and returns nothing. Multiplications and additions are
/// never fused, so all widths give the same bits.
///
/// Measured by `benches/peers` on an AVX-512 EPYC, ns a unit:
///
/// | row | AVX-512 | AVX2 | SSE2 |
/// |---|---|---|---|
/// | `memory/retrievability, batched` | 0.66 | 1.06 | 1.98 |
/// | `memory/replay, many` | 6.0 | | |
#[macro_export]
macro_rules! widest {
    ($body:ident($($arg:ident: $type:ty),* $(,)?)) => {{
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f")]
            fn avx512($($arg: $type),*) {
                $body($($arg),*);
            }
            #[target_feature(enable = "avx2")]
            fn avx2($($arg: $type),*) {
                $body($($arg),*);
            }
            if std::arch::is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor was just asked and has the feature.
                #[expect(unsafe_code, reason = "wider vectors are worth far more than 10 % here")]
                return unsafe { avx512($($arg),*) };
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor was just asked and has the feature.
                #[expect(unsafe_code, reason = "wider vectors are worth far more than 10 % here")]
                return unsafe { avx2($($arg),*) };
            }
        }
        $body($($arg),*);
    }};
}

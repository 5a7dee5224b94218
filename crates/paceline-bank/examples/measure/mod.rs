//! What the examples that measure share.

use std::error::Error;

/// Processor time of this thread, in seconds, as Linux tells it.
pub(crate) fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let ns: f64 = text.split(' ').next().ok_or("no figure")?.parse()?;
    Ok(1e-9 * ns)
}

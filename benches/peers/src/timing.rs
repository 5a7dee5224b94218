//! Measuring two ways of doing one thing in turns, in the processor time of this process.

use rustix::time::{ClockId, clock_gettime};
use std::time::Instant;

/// One line of the table.
#[derive(Clone)]
pub struct Row {
    pub name: String,
    pub peer: &'static str,
    /// Nanoseconds a unit of work.
    pub ours_ns: f64,
    pub peer_ns: f64,
    /// The least that `peer_ns / ours_ns` is to be.
    pub target: f64,
}

impl Row {
    pub fn new(
        name: impl Into<String>,
        peer: &'static str,
        (ours_ns, peer_ns): (f64, f64),
        target: f64,
    ) -> Self {
        Self {
            name: name.into(),
            peer,
            ours_ns,
            peer_ns,
            target,
        }
    }

    pub fn ratio(&self) -> f64 {
        self.peer_ns / self.ours_ns
    }

    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "peer": self.peer,
            "ours_ns": self.ours_ns,
            "peer_ns": self.peer_ns,
            "ratio": self.ratio(),
            "target": self.target,
        })
    }
}

/// Processor time of the whole process so far, all threads, nanoseconds.
fn cpu_ns() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Calls once and gives what it returned and the nanoseconds of processor time it took.
pub fn once<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let start = cpu_ns();
    let out = f();
    (out, cpu_ns() - start)
}

/// Times both in turns and gives the medians of nanoseconds a unit: 31 rounds, down to 3 where they take long.
///
/// `units` is how much work one call does.
pub fn in_turns(units: usize, mut ours: impl FnMut(), mut peer: impl FnMut()) -> (f64, f64) {
    const ROUNDS: usize = 31;
    const SECONDS: f64 = 2.0;
    let calls = |f: &mut dyn FnMut()| (5e6 / once(f).1.max(1.0)).ceil() as usize;
    let (n_ours, n_peer) = (calls(&mut ours), calls(&mut peer));
    let start = Instant::now();
    let mut times = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        times.0.push(mean(n_ours, &mut ours) / units as f64);
        times.1.push(mean(n_peer, &mut peer) / units as f64);
        if round >= 2 && start.elapsed().as_secs_f64() > SECONDS {
            break;
        }
    }
    (median(times.0), median(times.1))
}

fn mean(calls: usize, f: &mut impl FnMut()) -> f64 {
    once(|| (0..calls).for_each(|_| f())).1 / calls as f64
}

/// The median, of the upper two where there is no middle one.
pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

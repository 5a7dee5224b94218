//! Measuring two ways of doing one thing in turns.

use std::time::Instant;

/// One line of the table.
pub struct Row {
    pub name: &'static str,
    pub peer: &'static str,
    /// Nanoseconds a unit of work.
    pub ours_ns: f64,
    pub peer_ns: f64,
    /// The least that `peer_ns / ours_ns` is to be.
    pub target: f64,
}

impl Row {
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

/// Times both in turns, some thirty rounds each, and gives the medians of nanoseconds a unit.
///
/// `units` is how much work one call does.
pub fn in_turns(units: usize, mut ours: impl FnMut(), mut peer: impl FnMut()) -> (f64, f64) {
    const ROUNDS: usize = 31;
    let calls = |f: &mut dyn FnMut()| {
        let start = Instant::now();
        f();
        (5e6 / start.elapsed().as_nanos().max(1) as f64).ceil() as usize
    };
    let (n_ours, n_peer) = (calls(&mut ours), calls(&mut peer));
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        times.0.push(once(n_ours, &mut ours) / units as f64);
        times.1.push(once(n_peer, &mut peer) / units as f64);
    }
    (median(times.0), median(times.1))
}

fn once(calls: usize, f: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        f();
    }
    start.elapsed().as_nanos() as f64 / calls as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

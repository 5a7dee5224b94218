use paceline_core::stream::stream;
use rand::Rng;

use super::*;

#[test]
fn planted_times_are_recovered() {
    let mut random = stream("response time test", 1, b"");
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut normal =
        || sqrt(-2.0 * ln(1.0 - uniform())) * libm::cos(std::f64::consts::TAU * uniform());
    let items: Vec<(f64, f64)> = (0..50)
        .map(|_| (3.5 + 0.6 * normal(), 0.4 * exp(0.25 * normal())))
        .collect();
    let speeds: Vec<f64> = (0..400).map(|_| 0.3 * normal()).collect();
    let mut log = TimeLog::default();
    for (learner, speed) in (0..).zip(&speeds) {
        for k in 0..25 {
            let item = (learner * 7 + k * 2) % 50;
            let (intensity, sd) = items[item as usize];
            let seconds = exp(intensity - speed + sd * normal()) as f32;
            log.push(learner, item, seconds).unwrap();
        }
    }
    let found = calibrate_times(&log);
    assert!(found.converged, "{} cycles", found.cycles);
    assert!((found.speed_sd - 0.3).abs() < 0.03, "{}", found.speed_sd);
    let mut inside = 0;
    for (item, (intensity, sd)) in found.items.iter().zip(&items) {
        assert!(
            (item.intensity - intensity).abs() < 0.15,
            "{item:?} {intensity}"
        );
        assert!((item.sd / sd - 1.0).abs() < 0.25, "{item:?} {sd}");
        inside += i32::from((item.intensity - intensity).abs() < 2.0 * item.se_intensity);
    }
    assert!(inside > 40, "{inside} of 50 within two errors");
    let square = found
        .speeds
        .iter()
        .zip(&speeds)
        .map(|(x, y)| (x - y) * (x - y));
    let rmse = sqrt(square.sum::<f64>() / 400.0);
    assert!(rmse < 0.1, "{rmse}");
}

#[test]
fn times_that_are_none_are_refused() {
    let mut log = TimeLog::default();
    for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(log.push(0, 0, bad).is_err());
    }
    let none = calibrate_times(&log);
    assert!(none.items.is_empty() && none.speeds.is_empty());
    log.push(1, 1, 20.0).unwrap();
    let one = calibrate_times(&log);
    assert!(one.items[0].se_intensity.is_infinite() && one.items[0].n == 0);
    assert!(
        (one.items[1].median_seconds(0.0) - 20.0).abs() < 1.0,
        "{one:?}"
    );
}

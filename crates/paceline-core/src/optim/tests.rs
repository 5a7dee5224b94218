use super::{Ended, Options, minimise};

fn check(name: &str, start: &[f64], wanted: &[f64], f: impl FnMut(&[f64], &mut [f64]) -> f64) {
    let options = Options {
        iterations: 500,
        improvement: 0.0,
        gradient: 1e-8,
        ..Options::default()
    };
    let found = minimise(start.to_vec(), &options, f, |_, _| ());
    for (x, w) in found.x.iter().zip(wanted) {
        assert!((x - w).abs() < 1e-5, "{name}: {found:?}, wanted {wanted:?}");
    }
}

#[test]
fn finds_the_minima_of_standard_functions() {
    check("sphere", &[3.0, -4.0, 5.0], &[0.0; 3], |x, g| {
        g.iter_mut().zip(x).for_each(|(g, x)| *g = 2.0 * x);
        x.iter().map(|x| x * x).sum()
    });
    check("Rosenbrock", &[-1.2, 1.0], &[1.0, 1.0], |x, g| {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        g[0] = -2.0 * a - 400.0 * x[0] * b;
        g[1] = 200.0 * b;
        a * a + 100.0 * b * b
    });
    check("Beale", &[1.0, 1.0], &[3.0, 0.5], |x, g| {
        g.fill(0.0);
        let mut value = 0.0;
        for (power, c) in [(1, 1.5), (2, 2.25), (3, 2.625)] {
            let t = c - x[0] + x[0] * x[1].powi(power);
            value += t * t;
            g[0] += 2.0 * t * (x[1].powi(power) - 1.0);
            g[1] += 2.0 * t * x[0] * f64::from(power) * x[1].powi(power - 1);
        }
        value
    });
    check("Booth", &[0.0, 0.0], &[1.0, 3.0], |x, g| {
        let (a, b) = (x[0] + 2.0 * x[1] - 7.0, 2.0 * x[0] + x[1] - 5.0);
        g[0] = 2.0 * a + 4.0 * b;
        g[1] = 4.0 * a + 2.0 * b;
        a * a + b * b
    });
    let wanted: Vec<f64> = vec![1.0; 40];
    check("extended Rosenbrock", &[-1.0; 40], &wanted, |x, g| {
        let mut value = 0.0;
        for i in (0..40).step_by(2) {
            let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
            g[i] = -2.0 * a - 400.0 * x[i] * b;
            g[i + 1] = 200.0 * b;
            value += a * a + 100.0 * b * b;
        }
        value
    });
    check("ill-conditioned quadratic", &[1.0; 6], &[0.0; 6], |x, g| {
        let mut value = 0.0;
        for (i, x) in x.iter().enumerate() {
            let scale = 10_f64.powi(i as i32);
            value += 0.5 * scale * x * x;
            g[i] = scale * x;
        }
        value
    });
}

#[test]
fn a_start_that_is_not_finite_is_reported() {
    let found = minimise(vec![0.0], &Options::default(), |_, _| f64::NAN, |_, _| ());
    assert_eq!(found.ended, Ended::NotFinite);
}

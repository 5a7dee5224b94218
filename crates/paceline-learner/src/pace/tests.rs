use super::*;
use paceline_core::stream::{self, ChaCha8Rng, stream};
use proptest::prelude::*;
use rand::RngExt;

fn normal(rng: &mut ChaCha8Rng) -> f32 {
    stream::normal(rng) as f32
}

/// A working answer of a learner of this speed on an item of this expected time.
fn work(rng: &mut ChaCha8Rng, speed: f32, expected_seconds: f32, sigma: f32) -> Timed {
    let ln = math::ln(expected_seconds) - 0.5 * sigma * sigma - speed + sigma * normal(rng);
    Timed {
        seconds: math::exp(ln),
        expected_seconds,
        correct: rng.random::<f32>() < 0.8,
        p_correct: 0.8,
        p_guess: 0.25,
    }
}

#[test]
fn speed_is_recovered_from_simulated_times() {
    let mut rng = stream("pace test", 1, b"recovery");
    let (mut inside, mut squares, n) = (0, 0.0, 400);
    for _ in 0..n {
        let speed = Pace::default().speed + SPEED_SD * normal(&mut rng);
        let mut pace = Pace::default();
        for _ in 0..60 {
            let expected = 20.0 + 100.0 * rng.random::<f32>();
            pace = pace.after(&work(&mut rng, speed, expected, SIGMA));
        }
        squares += (pace.speed - speed).powi(2);
        inside += usize::from((pace.speed - speed).abs() < 1.2816 * pace.variance.sqrt());
    }
    let rmse = (squares / n as f32).sqrt();
    assert!(rmse < 0.10, "{rmse}");
    // 80 % intervals; drift is allowed for and absent here, so they are a little wide.
    let share = inside as f32 / n as f32;
    assert!((0.75..0.93).contains(&share), "{share}");
}

#[test]
fn the_factor_of_average_learners_averages_one() {
    assert!((Pace::default().factor() - 1.0).abs() < 1e-6);
    let mut rng = stream("pace test", 1, b"factor");
    let n = 20_000;
    let mean = (0..n)
        .map(|_| math::exp(-(Pace::default().speed + SPEED_SD * normal(&mut rng))))
        .sum::<f32>()
        / n as f32;
    assert!((mean - 1.0).abs() < 0.01, "{mean}");
}

#[test]
fn a_change_of_speed_is_followed() {
    let mut rng = stream("pace test", 1, b"drift");
    let mut pace = Pace::default();
    for _ in 0..500 {
        pace = pace.after(&work(&mut rng, -0.3, 60.0, SIGMA));
    }
    for _ in 0..80 {
        pace = pace.after(&work(&mut rng, 0.4, 60.0, SIGMA));
    }
    assert!((pace.speed - 0.4).abs() < 0.2, "{pace:?}");
}

#[test]
fn absurd_times_hardly_move_speed() {
    let mut rng = stream("pace test", 1, b"absurd");
    let mut pace = Pace::default();
    for i in 0..200 {
        let mut timed = work(&mut rng, 0.2, 60.0, SIGMA);
        if i % 10 == 0 {
            timed.seconds = if i % 20 == 0 { 6.0 * 3600.0 } else { 0.2 };
        }
        pace = pace.after(&timed);
    }
    assert!((pace.speed - 0.2).abs() < 0.2, "{pace:?}");
    for seconds in [0.0, -5.0, f32::NAN, f32::INFINITY] {
        let timed = Timed {
            seconds,
            expected_seconds: 60.0,
            correct: true,
            p_correct: 0.8,
            p_guess: 0.2,
        };
        assert_eq!(pace.after(&timed), pace);
        assert_eq!(pace.p_rapid_guess(&timed), 0.0);
    }
}

#[test]
fn rapid_guesses_are_told_from_quick_work() {
    let mut rng = stream("pace test", 1, b"guess");
    let mut pace = Pace::default();
    let (mut hits, mut false_alarms, mut guesses, mut works) = (0, 0, 0, 0);
    for i in 0..4000 {
        let mut timed = work(&mut rng, 0.3, 60.0, 0.45);
        let guess = i % 8 == 0;
        if guess {
            timed.seconds = 1.5 + 3.0 * rng.random::<f32>();
            timed.correct = rng.random::<f32>() < 0.25;
        }
        let flagged = pace.p_rapid_guess(&timed) > 0.5;
        if guess {
            guesses += 1;
            hits += usize::from(flagged);
        } else {
            works += 1;
            false_alarms += usize::from(flagged);
        }
        pace = pace.after(&timed);
    }
    assert!(hits as f32 / guesses as f32 > 0.9, "{hits} of {guesses}");
    assert!(
        (false_alarms as f32 / works as f32) < 0.005,
        "{false_alarms} of {works}"
    );
    assert!((pace.guess_rate - 0.125).abs() < 0.08, "{pace:?}");
    assert!((pace.speed - 0.3).abs() < 0.15, "{pace:?}");
}

#[test]
fn a_very_quick_learner_who_is_right_is_not_a_guesser() {
    let mut rng = stream("pace test", 1, b"quick");
    let mut pace = Pace::default();
    let mut flagged = 0;
    for _ in 0..300 {
        let mut timed = work(&mut rng, 1.0, 60.0, 0.35);
        timed.correct = rng.random::<f32>() < 0.95;
        timed.p_correct = 0.9;
        flagged += usize::from(pace.p_rapid_guess(&timed) > 0.5);
        pace = pace.after(&timed);
    }
    assert!(flagged < 3, "{flagged}");
    assert!((pace.speed - 1.0).abs() < 0.2, "{pace:?}");
}

#[test]
fn a_budget_learns_minutes_and_weekdays() {
    let mut budget = Budget::default();
    assert!((budget.minutes_when_used() - 20.0).abs() < 1e-4);
    assert!((budget.minutes_between(StudyDay(0), StudyDay(7)) - 100.0).abs() < 1e-2);
    // Monday 2026-01-05 is day 20458; 12 weeks of 35 minutes on Mondays, Wednesdays and Fridays.
    for day in 20_458..20_458 + 84 {
        if [0, 2, 4].contains(&((day - 20_458) % 7)) {
            budget = budget.after(StudyDay(day), 20.0).after(StudyDay(day), 15.0);
        }
    }
    let monday = 20_458 + 84;
    assert!(
        (budget.minutes_when_used() - 35.0).abs() < 4.0,
        "{budget:?}"
    );
    assert!(budget.p_used(StudyDay(monday)) > 0.8);
    assert!(budget.p_used(StudyDay(monday + 1)) < 0.2);
    let week = budget.minutes_between(StudyDay(monday), StudyDay(monday + 7));
    assert!((week - 105.0).abs() < 20.0, "{week}");
    let month = budget.minutes_between(StudyDay(monday), StudyDay(monday + 30));
    assert!((month / week - 30.0 / 7.0).abs() < 0.2);
}

#[test]
fn a_learner_who_comes_less_has_fewer_minutes() {
    let daily = (0..60).fold(Budget::default(), |b, day| b.after(StudyDay(day), 30.0));
    let later = (0..60)
        .step_by(6)
        .fold(daily, |b, i| b.after(StudyDay(60 + i), 30.0));
    let week = |b: &Budget| b.minutes_between(StudyDay(120), StudyDay(127));
    assert!(
        week(&later) < 0.5 * week(&daily),
        "{} {}",
        week(&later),
        week(&daily)
    );
}

proptest! {
    /// Whatever the numbers: finite, and in range.
    #[test]
    fn wild_times(times in prop::collection::vec((any::<f32>(), any::<f32>(), any::<bool>(), 0.0f32..=1.0, 0.0f32..=1.0), 1..30)) {
        let mut pace = Pace::default();
        for (seconds, expected_seconds, correct, p_correct, p_guess) in times {
            let timed = Timed { seconds, expected_seconds, correct, p_correct, p_guess };
            prop_assert!((0.0..=1.0).contains(&pace.p_rapid_guess(&timed)));
            pace = pace.after(&timed);
            prop_assert!(pace.speed.abs() < 5.0 && pace.variance > 0.0 && pace.factor() > 0.01);
            prop_assert!((0.0..=1.0).contains(&pace.guess_rate));
        }
    }

    /// A slower answer never makes a learner look faster.
    #[test]
    fn slower_is_not_faster(a in 20.0f32..300.0, b in 20.0f32..300.0) {
        let timed = |seconds| Timed { seconds, expected_seconds: 60.0, correct: true, p_correct: 0.8, p_guess: 0.0 };
        let (quick, slow) = (a.min(b), a.max(b));
        let pace = Pace::default();
        prop_assert!(pace.after(&timed(slow)).speed <= pace.after(&timed(quick)).speed + 1e-6);
    }

    /// Any days in any order, any minutes: a usable budget.
    #[test]
    fn wild_days(days in prop::collection::vec((any::<i32>(), any::<f32>()), 0..20), from in any::<i32>(), until in any::<i32>()) {
        let budget = days.into_iter().fold(Budget::default(), |b, (day, m)| b.after(StudyDay(day), m));
        let minutes = budget.minutes_when_used();
        prop_assert!((0.0..=DAY_MAX_MINUTES).contains(&minutes));
        prop_assert!((0.0..=1.0).contains(&budget.p_used(StudyDay(from))));
        prop_assert!(budget.minutes_between(StudyDay(from), StudyDay(until)) >= 0.0);
    }
}

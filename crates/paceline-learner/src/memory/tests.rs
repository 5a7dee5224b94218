use super::reference::Plain;
use super::*;
use proptest::prelude::*;

/// Relative distance, as the agreement with other implementations is stated in.
fn apart(found: f32, wanted: f32) -> f32 {
    (found - wanted).abs() / wanted.abs().max(1e-6)
}

/// Whether a number agrees with the reference implementation within a relative bound.
///
/// Both compute in f32. Where subtraction of near equals costs the reference more than that, ours must be no
/// further from the equations in f64 than it is.
fn agrees(ours: f32, theirs: f32, exact: f64, bound: f32) -> bool {
    let exact = exact as f32;
    apart(ours, theirs) < bound || apart(ours, exact) <= 2.0 * apart(theirs, exact).max(0.5 * bound)
}

fn check_replay(weights: Weights, history: &[Review], bound: f32) -> Result<(), TestCaseError> {
    let ours = Fsrs::new(weights).replay(history).unwrap();
    let peer = fsrs::FSRS::new(weights.get()).unwrap();
    let theirs = peer.memory_state(peer_item(history), None).unwrap();
    let exact = plain(weights).replay(history);
    prop_assert!(
        agrees(ours.stability, theirs.stability, exact.0, bound),
        "{ours:?} {theirs:?} {exact:?}"
    );
    prop_assert!(
        agrees(ours.difficulty, theirs.difficulty, exact.1, bound),
        "{ours:?} {theirs:?} {exact:?}"
    );
    Ok(())
}

fn plain(weights: Weights) -> Plain {
    Plain {
        w: weights.get().map(f64::from),
    }
}

fn grade() -> impl Strategy<Value = Grade> {
    (0usize..4).prop_map(|i| Grade::ALL[i])
}

fn state() -> impl Strategy<Value = MemoryState> {
    ((-6.9f32..10.5), (1.0f32..=10.0)).prop_map(|(ln_s, d)| MemoryState::clipped(ln_s.exp(), d))
}

fn gap() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0u32), 1u32..4, 4u32..60, 60u32..2000]
}

fn history() -> impl Strategy<Value = Vec<Review>> {
    prop::collection::vec((gap(), grade()), 1..40).prop_map(|reviews| {
        reviews
            .into_iter()
            .map(|(elapsed_days, grade)| Review {
                elapsed_days,
                grade,
            })
            .collect()
    })
}

/// Weights anywhere between the defaults and the edge of their range.
fn weights() -> impl Strategy<Value = Weights> {
    prop::collection::vec((0.0f32..0.4, any::<bool>()), 21).prop_map(|moves| {
        let mut w = *Weights::DEFAULT.get();
        for (i, (share, up)) in moves.into_iter().enumerate() {
            let (low, high) = Weights::BOUNDS[i];
            // The peer does not take a w19 below .01.
            w[i] += share * (if up { high } else { low.max(0.01f32.min(w[i])) } - w[i]);
        }
        Weights::clipped(w)
    })
}

fn peer_item(history: &[Review]) -> fsrs::FSRSItem {
    let review = |(i, r): (usize, &Review)| fsrs::FSRSReview {
        rating: u32::from(r.grade.rating()),
        delta_t: if i == 0 { 0 } else { r.elapsed_days },
    };
    fsrs::FSRSItem {
        reviews: history.iter().enumerate().map(review).collect(),
    }
}

fn peer_state(state: MemoryState) -> fsrs::MemoryState {
    fsrs::MemoryState {
        stability: state.stability,
        difficulty: state.difficulty,
    }
}

proptest! {
    /// A whole history ends in the state that the reference implementation gives.
    #[test]
    fn replay_agrees_with_fsrs(history in history()) {
        check_replay(Weights::DEFAULT, &history, 1e-5)?;
    }

    /// So it does with other weights; far from the defaults rounding grows more along a history.
    #[test]
    fn replay_agrees_with_fsrs_on_other_weights(weights in weights(), history in history()) {
        check_replay(weights, &history, 4e-5)?;
    }

    /// The four next states and their intervals are those of the reference implementation.
    #[test]
    fn next_states_agree_with_fsrs(state in state(), days in gap(), retention in 0.7f32..0.98) {
        let ours = Fsrs::default().next_states(Some(state), days as f32, retention);
        let theirs =
            fsrs::FSRS::default().next_states(Some(peer_state(state)), retention, days).unwrap();
        let theirs = [theirs.again, theirs.hard, theirs.good, theirs.easy];
        for ((ours, theirs), grade) in ours.iter().zip(theirs).zip(Grade::ALL) {
            let before = (f64::from(state.stability), f64::from(state.difficulty));
            let (exact, _) = plain(Weights::DEFAULT).next(before, f64::from(days), grade);
            prop_assert!(agrees(ours.state.stability, theirs.memory.stability, exact, 1e-5), "{ours:?} {theirs:?} {exact}");
            prop_assert!(apart(ours.state.difficulty, theirs.memory.difficulty) < 1e-5, "{ours:?} {theirs:?}");
            let scaled = theirs.interval * (ours.state.stability / theirs.memory.stability);
            prop_assert!(apart(ours.interval_days, scaled) < 1e-5, "{ours:?} {theirs:?}");
        }
    }

    /// Retrievability is that of the reference implementation.
    #[test]
    fn retrievability_agrees_with_fsrs(state in state(), days in 0.0f32..3000.0) {
        let ours = Fsrs::default().retrievability(days, state.stability);
        let theirs = fsrs::current_retrievability(peer_state(state), days, fsrs::FSRS6_DEFAULT_DECAY);
        prop_assert!(apart(ours, theirs) < 1e-5, "{ours} {theirs}");
    }

    /// Every step agrees with the equations written out in f64.
    #[test]
    fn a_step_agrees_with_the_equations(weights in weights(), state in state(), days in gap(), grade in grade()) {
        let plain = plain(weights);
        // What is left after a failure is (S + 1)^w13 - 1, which has few digits where S is small.
        let bound = 2e-5 + 6e-7 / state.stability;
        let ours = Fsrs::new(weights).next(state, days as f32, grade);
        let (s, d) = plain.next((f64::from(state.stability), f64::from(state.difficulty)), f64::from(days), grade);
        prop_assert!(apart(ours.stability, s as f32) < bound, "{ours:?} {s} {d}");
        prop_assert!(apart(ours.difficulty, d as f32) < 1e-5, "{ours:?} {s} {d}");
        let (s, d) = plain.first(grade);
        let first = Fsrs::new(weights).first(grade);
        prop_assert!(apart(first.stability, s as f32) < 1e-6 && apart(first.difficulty, d as f32) < 1e-5);
    }

    /// Columns give, bit for bit, what one state at a time gives.
    #[test]
    fn columns_equal_single_states(weights in weights(), states in prop::collection::vec((state(), 0.0f32..900.0), 0..70)) {
        let model = Fsrs::new(weights);
        let s: Vec<f32> = states.iter().map(|x| x.0.stability).collect();
        let d: Vec<f32> = states.iter().map(|x| x.0.difficulty).collect();
        let t: Vec<f32> = states.iter().map(|x| x.1).collect();
        let (mut r, mut next, mut due) = (vec![0.0; s.len()], vec![0.0; s.len()], vec![false; s.len()]);
        model.retrievabilities(&t, &s, &mut r);
        model.success_stabilities(&s, &d, &r, &mut next);
        model.due(0.9, &t, &s, &mut due);
        for i in 0..s.len() {
            prop_assert_eq!(r[i].to_bits(), model.retrievability(t[i], s[i]).to_bits());
            prop_assert_eq!(next[i].to_bits(), model.success_stability(states[i].0, r[i]).to_bits());
            let margin = (model.retrievability(t[i], s[i]) - 0.9).abs();
            prop_assert!(due[i] == (r[i] < 0.9) || margin < 1e-6);
        }
    }

    /// Many histories side by side end, bit for bit, where each does alone.
    #[test]
    fn replay_of_many_equals_replay_of_each(weights in weights(), histories in prop::collection::vec(history(), 0..40)) {
        let model = Fsrs::new(weights);
        let mut histories: Vec<&[Review]> = histories.iter().map(Vec::as_slice).collect();
        histories.insert(histories.len() / 2, &[]);
        let mut out = vec![None; histories.len()];
        model.replay_many(&histories, &mut out);
        for (history, out) in histories.iter().zip(out) {
            prop_assert_eq!(model.replay(history), out);
        }
    }

    /// The planner's fast step is a good answer on another day.
    #[test]
    fn the_fast_step_is_a_good_answer(state in state(), days in 1u32..900) {
        let model = Fsrs::default();
        let r = model.retrievability(days as f32, state.stability);
        let full = model.next(state, days as f32, Grade::Good);
        prop_assert_eq!(model.success_stability(state, r), full.stability);
    }

    /// After the interval to a retention, retrievability is that retention.
    #[test]
    fn an_interval_ends_at_its_retention(state in state(), retention in 0.5f32..0.99) {
        let model = Fsrs::default();
        let days = model.interval_days(state.stability, retention);
        prop_assert!((model.retrievability(days, state.stability) - retention).abs() < 2e-5);
    }

    /// Better grades never leave a weaker memory, and no grade an invalid one.
    #[test]
    fn a_better_grade_is_never_worse(weights in weights(), state in state(), days in gap()) {
        let next = Fsrs::new(weights).next_all(state, days as f32);
        for pair in next.windows(2) {
            prop_assert!(pair[0].stability <= pair[1].stability, "{next:?}");
            prop_assert!(pair[0].difficulty >= pair[1].difficulty, "{next:?}");
        }
        for (grade, all) in Grade::ALL.into_iter().zip(next) {
            prop_assert_eq!(Fsrs::new(weights).next(state, days as f32, grade), all);
            prop_assert!((STABILITY_MIN_DAYS..=STABILITY_MAX_DAYS).contains(&all.stability));
            prop_assert!((DIFFICULTY_MIN..=DIFFICULTY_MAX).contains(&all.difficulty));
        }
    }

    /// Implicit credit is nothing at 0, a practice at 1, and never more for a smaller share.
    #[test]
    fn a_share_lies_between_nothing_and_a_success(state in state(), days in gap(), a in 0.0f32..=1.0, b in 0.0f32..=1.0) {
        let model = Fsrs::default();
        let days = days as f32;
        let (low, high) = (a.min(b), a.max(b));
        prop_assert_eq!(model.share_of_success(state, days, 0.0), Shared { state, elapsed_days: days });
        let full = Shared { state: model.next(state, days, Grade::Good), elapsed_days: 0.0 };
        prop_assert_eq!(model.share_of_success(state, days, 1.0), full);
        let (low, high) = (model.share_of_success(state, days, low), model.share_of_success(state, days, high));
        prop_assert!(low.state.stability <= high.state.stability * (1.0 + 1e-6));
        prop_assert!(low.elapsed_days >= high.elapsed_days);
        prop_assert!(low.state.stability >= state.stability);
    }

    /// Whatever the numbers, the result is a valid state.
    #[test]
    fn wild_input_gives_valid_states(s in any::<f32>(), d in any::<f32>(), t in any::<f32>(), grade in grade()) {
        let model = Fsrs::default();
        let wild = MemoryState { stability: s, difficulty: d };
        for next in [model.next(wild, t, grade), model.share_of_success(wild, t, d).state] {
            prop_assert!((STABILITY_MIN_DAYS..=STABILITY_MAX_DAYS).contains(&next.stability));
            prop_assert!((DIFFICULTY_MIN..=DIFFICULTY_MAX).contains(&next.difficulty));
        }
        prop_assert!((0.0..=1.0).contains(&model.retrievability(t, s)));
    }
}

#[test]
fn published_first_states() {
    let model = Fsrs::default();
    for (grade, s, d) in [
        (Grade::Again, 0.212, 6.4133),
        (Grade::Hard, 1.2931, 5.1121707),
        (Grade::Good, 2.3065, 2.118104),
        (Grade::Easy, 8.2956, 1.0),
    ] {
        let first = model.first(grade);
        assert!(
            apart(first.stability, s) < 1e-6 && apart(first.difficulty, d) < 1e-6,
            "{first:?}"
        );
    }
}

#[test]
fn grades_follow_help_and_time() {
    let right = Answered {
        correct: true,
        tries: 1,
        seconds: 60.0,
        expected_seconds: 60.0,
        ..Answered::default()
    };
    let check =
        |answered: Answered, wanted| assert_eq!(Grade::of(&answered), wanted, "{answered:?}");
    check(right, Grade::Good);
    check(
        Answered {
            correct: false,
            ..right
        },
        Grade::Again,
    );
    check(
        Answered {
            revealed: true,
            ..right
        },
        Grade::Again,
    );
    check(
        Answered {
            hints: 1,
            seconds: 10.0,
            ..right
        },
        Grade::Hard,
    );
    check(Answered { tries: 2, ..right }, Grade::Hard);
    check(
        Answered {
            seconds: 30.0,
            ..right
        },
        Grade::Easy,
    );
    check(
        Answered {
            seconds: 30.1,
            ..right
        },
        Grade::Good,
    );
    check(
        Answered {
            seconds: 30.0,
            earlier_today: true,
            ..right
        },
        Grade::Good,
    );
    check(
        Answered {
            seconds: 3.0,
            rapid_guess: true,
            ..right
        },
        Grade::Good,
    );
    check(
        Answered {
            seconds: 0.0,
            ..right
        },
        Grade::Good,
    );
    check(
        Answered {
            seconds: f32::NAN,
            ..right
        },
        Grade::Good,
    );
    assert_eq!(Grade::ALL.map(Grade::rating), [1, 2, 3, 4]);
}

#[test]
fn weights_are_validated_and_tagged() {
    let json = serde_json::to_value(Weights::DEFAULT).unwrap();
    assert_eq!(json["version"], "fsrs-6");
    assert_eq!(
        serde_json::from_value::<Weights>(json.clone()).unwrap(),
        Weights::DEFAULT
    );
    let mut later = json;
    later["version"] = "fsrs-99".into();
    assert!(serde_json::from_value::<Weights>(later).is_err());
    assert_eq!(
        Weights::new(&[1.0; 19]),
        Err(WeightsError::Count { found: 19 })
    );
    let mut w = *Weights::DEFAULT.get();
    w[20] = f32::NAN;
    assert!(matches!(
        Weights::new(&w),
        Err(WeightsError::Range { index: 20, .. })
    ));
    assert_eq!(Weights::clipped(w), Weights::DEFAULT);
    assert_eq!(
        Weights::new(Weights::clipped([1e9; 21]).get()),
        Ok(Weights::clipped([1e9; 21]))
    );
}

/// Histories of a learner who forgets as these weights say.
fn simulated(n: usize, weights: Weights, seed: u64) -> Vec<Vec<Review>> {
    use rand::RngExt;
    let mut rng = paceline_core::stream::stream("memory test", seed, b"histories");
    let model = Fsrs::new(weights);
    let mut history = || {
        let first = Grade::ALL[rng.random_range(0..4usize)];
        let mut state = model.first(first);
        let mut reviews = vec![Review {
            elapsed_days: 0,
            grade: first,
        }];
        for _ in 0..8 {
            let days = (state.stability * (0.3 + 2.0 * rng.random::<f32>()))
                .clamp(1.0, 300.0)
                .round();
            let recalled = rng.random::<f32>() < model.retrievability(days, state.stability);
            let grade = if recalled {
                Grade::ALL[rng.random_range(1..4usize)]
            } else {
                Grade::Again
            };
            reviews.push(Review {
                elapsed_days: days as u32,
                grade,
            });
            state = model.next(state, days, grade);
        }
        reviews
    };
    (0..n).map(|_| history()).collect()
}

fn other_weights() -> Weights {
    let mut w = *Weights::DEFAULT.get();
    for (i, factor) in [(2, 3.0), (8, 0.8), (10, 1.3), (20, 2.5)] {
        w[i] *= factor;
    }
    Weights::clipped(w)
}

/// Few reviews and many get near the loss of the truth, on other learners too.
#[test]
fn fitting_gets_near_the_truth() {
    let loss = |weights, histories: &[Vec<Review>]| {
        let model = Fsrs::new(weights);
        let (mut loss, mut n) = (0.0, 0.0);
        for history in histories {
            for end in 1..history.len() {
                let state = model.replay(&history[..end]).unwrap();
                let r = model.retrievability(history[end].elapsed_days as f32, state.stability);
                loss -= if history[end].grade == Grade::Again {
                    (1.0 - r).ln()
                } else {
                    r.ln()
                };
                n += 1.0;
            }
        }
        loss / n
    };
    let test = simulated(1000, other_weights(), 2);
    let (default, truth) = (loss(Weights::DEFAULT, &test), loss(other_weights(), &test));
    for (n, left) in [(1500, 0.7), (5000, 0.3)] {
        let fitted = fit(&simulated(n, other_weights(), 1), &FitOptions::default()).unwrap();
        let found = loss(fitted.weights, &test);
        assert!(
            found < truth + left * (default - truth),
            "{n}: {default} {found} {truth}"
        );
        assert!(fitted.log_loss < fitted.log_loss_default);
        assert_eq!(fitted.scored, n * 8);
    }
}

#[test]
fn little_data_changes_little_and_none_is_an_error() {
    let fitted = fit(&simulated(2, other_weights(), 3), &FitOptions::default()).unwrap();
    let moved = fitted
        .weights
        .get()
        .iter()
        .zip(Weights::DEFAULT.get())
        .zip(Weights::BOUNDS);
    for ((found, default), (low, high)) in moved {
        assert!(
            (found - default).abs() < 0.25 * (high - low),
            "{found} {default}"
        );
    }
    let same_day = vec![vec![
        Review {
            elapsed_days: 0,
            grade: Grade::Good
        };
        3
    ]];
    assert_eq!(
        fit(&same_day, &FitOptions::default()),
        Err(FitError::NothingToFit { histories: 1 })
    );
}

/// The gradient is the slope of the loss, by every weight.
#[test]
fn the_gradient_is_the_slope() {
    let histories = simulated(60, other_weights(), 4);
    // Inside the bounds: at one, a step outwards would be clipped.
    let mut at = *other_weights().get();
    at[7] = 0.1;
    let (loss, gradient) = fit::loss_at(&histories, &at);
    for i in 0..21 {
        let mut w = at;
        let step = 0.002 * w[i].max(0.02);
        w[i] += step;
        let up = fit::loss_at(&histories, &w).0;
        w[i] -= 2.0 * step;
        let down = fit::loss_at(&histories, &w).0;
        let slope = (up - down) / f64::from(2.0 * step);
        let scale = gradient[i].abs().max(slope.abs()).max(0.02 * loss);
        assert!(
            (slope - gradient[i]).abs() < 0.05 * scale,
            "w{i}: {slope} {}",
            gradient[i]
        );
    }
}

//! Memory states: against `fsrs`, the reference implementation, and `rs-fsrs`.

use crate::draws::Draws;
use crate::timing::{Row, in_turns, once};
use chrono::{DateTime, TimeDelta, Utc};
use paceline_learner::memory::{FitOptions, Fsrs, Grade, MemoryState, Review, Weights, fit};
use std::hint::black_box;

/// Half within a week, some on the same day, a tail of months.
fn days(draws: &mut Draws) -> u32 {
    (draws.unit().powi(4) * 120.0) as u32
}

pub fn rows() -> Vec<Row> {
    let mut rows = vec![];
    rows.extend(next_states());
    rows.extend(replay());
    rows.push(retrievability());
    rows.extend(fitting());
    rows
}

fn states(n: usize) -> Vec<(MemoryState, u32)> {
    let mut draws = Draws::new("states");
    (0..n)
        .map(|_| {
            let stability = 0.5 + 80.0 * draws.unit().powi(2);
            (
                MemoryState::clipped(stability, 1.0 + 9.0 * draws.unit()),
                1 + days(&mut draws),
            )
        })
        .collect()
}

fn peer_state(state: MemoryState) -> fsrs::MemoryState {
    fsrs::MemoryState {
        stability: state.stability,
        difficulty: state.difficulty,
    }
}

fn next_states() -> [Row; 2] {
    let states = states(512);
    let (ours, peer) = (Fsrs::default(), fsrs::FSRS::default());
    let ours_run = || {
        for &(state, days) in &states {
            black_box(ours.next_states(Some(black_box(state)), days as f32, black_box(0.9)));
        }
    };
    let against_fsrs = in_turns(states.len(), ours_run, || {
        for &(state, days) in &states {
            let _ = black_box(peer.next_states(
                Some(peer_state(black_box(state))),
                black_box(0.9),
                days,
            ));
        }
    });
    let scheduler = rs_fsrs::FSRS::default();
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(10_000);
    let cards: Vec<rs_fsrs::Card> = states
        .iter()
        .map(|&(state, days)| rs_fsrs::Card {
            stability: f64::from(state.stability),
            difficulty: f64::from(state.difficulty),
            last_review: now - TimeDelta::days(i64::from(days)),
            state: rs_fsrs::State::Review,
            reps: 3,
            ..rs_fsrs::Card::default()
        })
        .collect();
    let against_rs = in_turns(states.len(), ours_run, || {
        for card in &cards {
            black_box(scheduler.repeat(black_box(card.clone()), now));
        }
    });
    let row = |peer, times| Row::new("memory/next_states", peer, times, 3.0);
    [row("fsrs", against_fsrs), row("rs-fsrs", against_rs)]
}

fn histories(n: usize, length: usize, weights: Weights, key: &str) -> Vec<Vec<Review>> {
    let model = Fsrs::new(weights);
    let mut draws = Draws::new(key);
    (0..n)
        .map(|_| {
            let first = Grade::ALL[((draws.unit() * 5.0) as usize).min(3)];
            let mut state = model.first(first);
            let mut reviews = vec![Review {
                elapsed_days: 0,
                grade: first,
            }];
            let length = 2 + (draws.unit() * 2.0 * length as f32) as usize;
            for _ in 1..length {
                // About when due, sooner or later; now and then on the same day.
                let due = state.stability * (0.2 + 2.0 * draws.unit());
                let days = if draws.unit() < 0.1 {
                    0.0
                } else {
                    due.clamp(1.0, 400.0).round()
                };
                let recalled = draws.unit() < model.retrievability(days, state.stability);
                let grade = match (recalled, draws.unit()) {
                    (false, _) => Grade::Again,
                    (true, u) if u < 0.15 => Grade::Hard,
                    (true, u) if u < 0.85 => Grade::Good,
                    (true, _) => Grade::Easy,
                };
                reviews.push(Review {
                    elapsed_days: days as u32,
                    grade,
                });
                state = model.next(state, days, grade);
            }
            reviews
        })
        .collect()
}

fn peer_reviews(history: &[Review]) -> Vec<fsrs::FSRSReview> {
    let review = |r: &Review| fsrs::FSRSReview {
        rating: u32::from(r.grade.rating()),
        delta_t: r.elapsed_days,
    };
    history.iter().map(review).collect()
}

fn replay() -> [Row; 2] {
    let mut histories = histories(256, 20, Weights::DEFAULT, "replay");
    histories.sort_by_key(Vec::len);
    let items: Vec<fsrs::FSRSItem> = histories
        .iter()
        .map(|h| fsrs::FSRSItem {
            reviews: peer_reviews(h),
        })
        .collect();
    let slices: Vec<&[Review]> = histories.iter().map(Vec::as_slice).collect();
    let (ours, peer) = (Fsrs::default(), fsrs::FSRS::default());
    let reviews = histories.iter().map(Vec::len).sum();
    // The peer takes histories by value, so both of its rows pay for a copy, a few per cent of their time.
    let one = in_turns(
        reviews,
        || {
            for history in &slices {
                black_box(ours.replay(black_box(history)));
            }
        },
        || {
            for item in &items {
                let _ = black_box(peer.memory_state(black_box(item.clone()), None));
            }
        },
    );
    let mut out = vec![None; slices.len()];
    let many = in_turns(
        reviews,
        || ours.replay_many(black_box(&slices), black_box(&mut out)),
        || {
            let _ = black_box(
                peer.memory_state_batch(black_box(items.clone()), vec![None; items.len()]),
            );
        },
    );
    let row = |name, times| Row::new(name, "fsrs", times, 4.0);
    [
        row("memory/replay, one by one", one),
        row("memory/replay, many", many),
    ]
}

fn retrievability() -> Row {
    let states = states(4096);
    let days: Vec<f32> = states.iter().map(|s| s.1 as f32).collect();
    let stability: Vec<f32> = states.iter().map(|s| s.0.stability).collect();
    let peers: Vec<fsrs::MemoryState> = states.iter().map(|s| peer_state(s.0)).collect();
    let ours = Fsrs::default();
    let mut out = vec![0.0; states.len()];
    let mut peer_out = vec![0.0; states.len()];
    let times = in_turns(
        states.len(),
        || ours.retrievabilities(black_box(&days), black_box(&stability), black_box(&mut out)),
        || {
            for ((out, state), days) in peer_out
                .iter_mut()
                .zip(black_box(&peers))
                .zip(black_box(&days))
            {
                *out = fsrs::current_retrievability(*state, *days, fsrs::FSRS6_DEFAULT_DECAY);
            }
            black_box(&peer_out);
        },
    );
    for (ours, theirs) in out.iter().zip(&peer_out) {
        assert!((ours - theirs).abs() <= 1e-5 * theirs, "{ours} {theirs}");
    }
    Row::new("memory/retrievability, batched", "fsrs", times, 10.0)
}

/// Fits weights to what learners of other weights did: time a review, and loss on learners kept apart.
fn fitting() -> [Row; 2] {
    let mut truth = *Weights::DEFAULT.get();
    for (i, factor) in [
        (2, 2.0),
        (3, 1.5),
        (6, 0.6),
        (8, 0.85),
        (10, 1.3),
        (11, 0.7),
        (20, 1.6),
    ] {
        truth[i] *= factor;
    }
    let truth = Weights::clipped(truth);
    let train = histories(10_000, 10, truth, "train");
    let test = histories(4_000, 10, truth, "test");
    let (mut items, mut cards) = (vec![], vec![]);
    for (card, history) in train.iter().enumerate() {
        let reviews = peer_reviews(history);
        for end in 2..=reviews.len() {
            if reviews[end - 1].delta_t > 0 {
                items.push(fsrs::FSRSItem {
                    reviews: reviews[..end].to_vec(),
                });
                cards.push(card as i64);
            }
        }
    }
    let n = items.len() as f64;
    let (ours, ours_ns) = once(|| fit(&train, &FitOptions::default()).expect("there are reviews"));
    let input = fsrs::ComputeParametersInput {
        train_set: items,
        card_ids: Some(cards),
        ..fsrs::ComputeParametersInput::default()
    };
    let (theirs, peer_ns) = once(|| fsrs::compute_parameters(input).expect("there are reviews"));
    let theirs = Weights::clipped(theirs.try_into().expect("21 weights"));
    let losses = [Weights::DEFAULT, ours.weights, theirs, truth].map(|w| log_loss(w, &test));
    println!(
        "fit of {n} reviews, log loss on others: defaults {:.5}, ours {:.5} ({} steps), fsrs {:.5}, truth {:.5}\n",
        losses[0], losses[1], ours.steps, losses[2], losses[3]
    );
    let nano = |losses: [f64; 2]| (losses[0] * 1e9, losses[1] * 1e9);
    [
        Row::new(
            "memory/fit, a review",
            "fsrs",
            (ours_ns / n, peer_ns / n),
            1.0,
        ),
        Row::new(
            "memory/fit, log loss (1e-9)",
            "fsrs",
            nano([losses[1], losses[2]]),
            0.999,
        ),
    ]
}

fn log_loss(weights: Weights, histories: &[Vec<Review>]) -> f64 {
    let model = Fsrs::new(weights);
    let (mut loss, mut n) = (0.0f64, 0u32);
    for history in histories {
        let mut state = model.first(history[0].grade);
        for review in &history[1..] {
            let days = review.elapsed_days as f32;
            if review.elapsed_days > 0 {
                let r =
                    f64::from(model.retrievability(days, state.stability)).clamp(1e-6, 1.0 - 1e-6);
                loss -= if review.grade == Grade::Again {
                    (1.0 - r).ln()
                } else {
                    r.ln()
                };
                n += 1;
            }
            state = model.next(state, days, review.grade);
        }
    }
    loss / f64::from(n)
}

use paceline_core::time::{DAY_SECONDS, Timestamp};
use paceline_learner::memory::Fsrs;

use super::{DayAhead, levelled};
use crate::prepare::{Inputs, Prepared};
use crate::testing::{generated, learner};
use crate::{Cohort, Purpose, Request};

const NOW: Timestamp = Timestamp(20_000 * DAY_SECONDS + DAY_SECONDS / 2);

/// The days of a learner of sixty skills who was away for sixty days.
fn after_an_absence(purpose: Purpose, minutes: &[f32]) -> Vec<DayAhead> {
    let bank = generated(60, 5, 9);
    let mut columns = learner(&bank, 45, 9);
    for elapsed in &mut columns.elapsed_days {
        *elapsed += 60.0;
    }
    let (fsrs, cohort) = (Fsrs::default(), Cohort::default());
    let request = Request {
        purpose,
        ..Request::learn(10.0)
    };
    let inputs = Inputs {
        bank: &bank,
        fsrs: &fsrs,
        cohort: &cohort,
        columns: &columns,
        request: &request,
        now: NOW,
        seed: 1,
    };
    levelled(&inputs, &mut Prepared::default(), minutes)
}

#[test]
fn a_backlog_is_spread_over_days_of_equal_minutes() {
    let days = after_an_absence(Purpose::Review, &[10.0; 14]);
    let due = days[0].waiting_minutes;
    assert!(20.0 < due, "{days:?}");
    for (i, day) in days.iter().enumerate() {
        assert!(day.minutes <= 10.0, "day {i}: {day:?}");
        // Items take a minute: a day with anything left to do is full.
        assert!(
            9.0 < day.minutes || day.waiting_minutes == 0.0,
            "day {i}: {day:?}"
        );
        assert_eq!(day.lessons, 0);
    }
    let melted = days.iter().position(|day| day.waiting_minutes == 0.0);
    assert!(melted.is_some_and(|day| day <= 8), "{days:?}");
    assert!(days[..4].is_sorted_by(|a, b| b.waiting_minutes < a.waiting_minutes));
}

#[test]
fn a_day_off_holds_nothing_and_new_skills_come_in_time() {
    let days = after_an_absence(Purpose::Learn, &[30.0, 0.0, 30.0, 30.0]);
    assert_eq!(
        (days[1].minutes, days[1].reviews, days[1].lessons),
        (0.0, 0, 0)
    );
    assert!(days.iter().all(|day| day.minutes <= 30.0));
    assert!(days.iter().any(|day| 0 < day.lessons), "{days:?}");
}

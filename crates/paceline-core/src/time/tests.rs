use super::*;

#[test]
fn a_study_day_begins_at_four_in_the_morning() {
    let midnight = Timestamp(20_000 * DAY_SECONDS);
    let day = |seconds| study_day(midnight.plus_seconds(seconds), UtcOffset::UTC).0;
    assert_eq!(day(0), 19_999);
    assert_eq!(day(4 * 3600 - 1), 19_999);
    assert_eq!(day(4 * 3600), 20_000);
    assert_eq!(study_day(midnight, UtcOffset::new(4 * 3600)).0, 20_000);
    assert_eq!(study_day(Timestamp(-1), UtcOffset::UTC).0, -1);
}

#[test]
fn no_gap_is_negative() {
    assert_eq!(StudyDay(3).days_since(StudyDay(5)), 0);
    assert_eq!(StudyDay(i32::MIN).days_since(StudyDay(i32::MAX)), 0);
    assert_eq!(Timestamp(0).days_since(Timestamp(9)), 0.0);
    assert_eq!(
        study_day(Timestamp(i64::MAX), UtcOffset::new(i32::MAX)).0,
        i32::MAX
    );
}

#[test]
fn a_clock_that_runs_ahead_is_overruled_by_receipt() {
    assert_eq!(
        ordering_time(Timestamp(600), Timestamp(0)),
        (Timestamp(600), false)
    );
    assert_eq!(
        ordering_time(Timestamp(601), Timestamp(0)),
        (Timestamp(0), true)
    );
    assert_eq!(
        ordering_time(Timestamp(-9), Timestamp(0)),
        (Timestamp(-9), false)
    );
}

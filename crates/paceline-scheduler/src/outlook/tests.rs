use paceline_core::ids::SkillIx;
use paceline_core::time::Timestamp;
use paceline_learner::memory::Fsrs;

use crate::testing::{generated, learner};
use crate::{Cohort, Goal, Outlook, Request, Scratch, plan_columns};

const NOW: Timestamp = Timestamp(1_700_000_000);

fn outlook(days: i64, minutes_a_day: f32) -> Outlook {
    let bank = generated(40, 5, 31);
    let columns = learner(&bank, 10, 31);
    let skills: Vec<SkillIx> = bank.topological_order()[15..25].to_vec();
    let mut request = Request::learn(20.0);
    let date = Some(NOW.plus_days(days));
    request.goal = Some(Goal {
        skills,
        threshold: 0.7,
        date,
        minutes_a_day,
    });
    let (fsrs, cohort) = (Fsrs::default(), Cohort::default());
    let lesson = plan_columns(
        &bank,
        &fsrs,
        &cohort,
        &columns,
        &request,
        NOW,
        5,
        &mut Scratch::default(),
    );
    lesson.outlook.unwrap()
}

#[test]
fn more_time_makes_the_goal_likelier_and_minutes_cheaper() {
    let (short, long) = (outlook(10, 5.0), outlook(10, 40.0));
    assert!(short.expected_share <= long.expected_share);
    assert!(short.p_goal <= long.p_goal);
    assert!(
        long.price <= short.price,
        "{} with more time, {} with less",
        long.price,
        short.price
    );
    assert!(outlook(10, 20.0).minutes_a_day_needed > outlook(60, 20.0).minutes_a_day_needed);
}

#[test]
fn an_outlook_has_shares_and_probabilities() {
    for (days, minutes) in [(1, 5.0), (7, 15.0), (120, 20.0)] {
        let outlook = outlook(days, minutes);
        for p in [outlook.expected_share, outlook.p_goal] {
            assert!((0.0..=1.0).contains(&p));
        }
        assert!(0.0 < outlook.minutes_a_day_needed && outlook.minutes_a_day_needed.is_finite());
        assert_eq!(outlook.expected.len(), 10);
    }
}

#[test]
fn what_is_still_to_be_learnt_is_never_certain() {
    let outlook = outlook(120, 60.0);
    assert!(0.9 < outlook.expected_share && outlook.p_goal < 1.0);
    assert!(outlook.expected.iter().all(|&(_, p)| p < 0.99));
}

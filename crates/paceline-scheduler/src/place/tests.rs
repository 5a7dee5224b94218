use paceline_core::time::Timestamp;
use paceline_learner::memory::Fsrs;

use crate::testing::{generated, of_status};
use crate::{
    Cohort, Kind, ProbeAnswer, Purpose, Request, Scratch, SkillColumns, placed, plan_columns,
};

#[test]
fn twenty_questions_find_most_of_what_a_learner_knows() {
    let bank = generated(60, 5, 21);
    let columns = SkillColumns::blank(60, 0.5);
    let order = bank.topological_order();
    let mut right = 0;
    let mut asked = 0;
    for depth in [0, 15, 30, 45, 60] {
        let knows = |skill| order[..depth].contains(&skill);
        let mut request = Request::learn(60.0);
        request.purpose = Purpose::Place { max_questions: 20 };
        loop {
            let (fsrs, cohort) = (Fsrs::default(), Cohort::default());
            let mut scratch = Scratch::default();
            let now = Timestamp(1_700_000_000);
            let lesson = plan_columns(
                &bank,
                &fsrs,
                &cohort,
                &columns,
                &request,
                now,
                3,
                &mut scratch,
            );
            let Some(probe) = lesson.activities.first() else {
                break;
            };
            assert_eq!(probe.kind, Kind::Probe);
            let skill = probe.skill();
            request.probes.push(ProbeAnswer {
                skill,
                correct: knows(skill),
            });
        }
        asked = asked.max(request.probes.len());
        let found = placed(&bank, &request.probes);
        right += order
            .iter()
            .filter(|skill| found.contains(skill) == knows(**skill))
            .count();
    }
    assert!(asked <= 20);
    assert!(
        0.85 * 300.0 <= right as f32,
        "{right} of 300 skills placed rightly"
    );
}

#[test]
fn placement_rests_on_no_item_on_trial() {
    use paceline_bank::ItemStatus::{Live, Pilot, Stale};
    let ask = |statuses: &[_]| {
        let bank = of_status(statuses);
        let mut request = Request::learn(60.0);
        request.purpose = Purpose::Place { max_questions: 20 };
        request.trial_share = 1.0;
        let lesson = plan_columns(
            &bank,
            &Fsrs::default(),
            &Cohort::default(),
            &SkillColumns::blank(1, 0.5),
            &request,
            Timestamp(1_700_000_000),
            3,
            &mut Scratch::default(),
        );
        let items = lesson.activities.iter().filter_map(|a| a.item);
        items
            .map(|item| bank.item_status()[item.at()])
            .collect::<Vec<_>>()
    };
    let asked = ask(&[Pilot, Live, Stale]);
    assert!(!asked.is_empty() && asked.iter().all(|&status| status == Live));
    assert_eq!(ask(&[Pilot, Stale]), []);
}

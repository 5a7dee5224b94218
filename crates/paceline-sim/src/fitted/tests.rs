use super::*;
use crate::draws::{Draws, Purpose};

/// A log in the evaluation format, drawn from the model itself.
fn log(truth: &Fitted, learners: u32) -> AnswerLog {
    let draws = Draws::new("fitted", 1, &[]);
    let mut text = "learner,item,skills,timestamp_s,correct\n".to_owned();
    for learner in 0..learners {
        let z = draws.normal(Purpose::Trait, learner, 0);
        for skill in 0..15 {
            let n = learner * 100 + skill;
            let luck = |purpose, nth| draws.uniform(purpose, n, nth);
            let mut known = luck(Purpose::SkillPrior, 0) < logistic(truth.known_logit + z);
            for nth in 0..12 {
                let p = if known {
                    truth.right_known_logit
                } else {
                    truth.right_unknown_logit
                };
                let right = luck(Purpose::Answer, nth) < logistic(p + truth.student_sd * z);
                let (seconds, right) = (1000 + nth, u8::from(right));
                text += &format!("l{learner},i{skill},s{skill},{seconds},{right}\n");
                known = known || luck(Purpose::SkillLuck, nth) < truth.p_learn;
            }
        }
    }
    AnswerLog::read(text.as_bytes(), paceline::log::Order::Sort).unwrap()
}

#[test]
fn the_fit_recovers_what_wrote_the_log() {
    let truth = Fitted {
        known_logit: -1.0,
        right_known_logit: 1.8,
        right_unknown_logit: -1.2,
        student_sd: 0.6,
        p_learn: 0.15,
        ..Fitted::default()
    };
    let (found, _) = Fitted::fit(&log(&truth, 60)).unwrap();
    let near = |a: f64, b: f64, by: f64| assert!((a - b).abs() < by, "{found:?}");
    near(found.known_logit, truth.known_logit, 0.4);
    near(found.right_known_logit, truth.right_known_logit, 0.25);
    near(found.right_unknown_logit, truth.right_unknown_logit, 0.25);
    near(found.student_sd, truth.student_sd, 0.2);
    near(found.p_learn, truth.p_learn, 0.04);
}

#[test]
fn the_numbers_survive_their_text_and_nonsense_is_named() {
    let fitted = Fitted::default();
    let text = fitted.to_json().unwrap();
    assert_eq!(Fitted::from_json(&text).unwrap(), fitted);
    let wrong = Fitted {
        p_learn: 1.5,
        ..fitted
    }
    .to_json()
    .unwrap();
    let error = Fitted::from_json(&wrong).unwrap_err().to_string();
    assert!(error.contains("p_learn is 1.5"), "{error}");
}

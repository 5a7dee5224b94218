use super::*;

fn p(value: f32) -> Probability {
    Probability::new(value).unwrap()
}

#[test]
fn what_a_learner_says_and_does_orders_the_themes() {
    let day = StudyDay(20_000);
    let mut interests = Interests::default();
    interests.declared("space", p(0.9), day);
    interests.declared("music", p(0.1), day);
    interests.rated("art", p(1.0), day);
    interests.chose("art", &["art", "trains"], day);
    interests.left("dance", day);
    let mean = |theme| interests.affinity(theme, day).mean;
    assert!(mean("space") > 0.0 && mean("art") > 0.0 && mean("games") == 0.0);
    assert!(mean("music") < 0.0 && mean("trains") < 0.0 && mean("dance") < 0.0);
}

#[test]
fn an_interest_fades() {
    let mut interests = Interests::default();
    interests.declared("space", p(1.0), StudyDay(0));
    let mean = |day| interests.affinity("space", StudyDay(day)).mean;
    assert!(
        (mean(60) - mean(0) / 2.0).abs() < 1e-5,
        "{} {}",
        mean(60),
        mean(0)
    );
}

use super::{Model, ModelError};
use crate::fit::{Baselining, FitOptions, fit_log};
use paceline_core::log::{AnswerLog, Order};

fn model() -> Model {
    let text = "learner,item,skills,timestamp_s,correct\na,i,s,0,1\na,j,s,1,0\nb,i,s,0,0\n";
    let log = AnswerLog::read(text.as_bytes(), Order::Given).unwrap();
    let options = FitOptions {
        baselines: Baselining::Skip,
        ..FitOptions::default()
    };
    fit_log(&log, &options, &mut |_| ())
}

#[test]
fn another_version_and_damage_are_refused() {
    let bytes = model().to_bytes();
    let mut newer = bytes.clone();
    newer[0] = 9;
    assert_eq!(
        Model::from_bytes(&newer),
        Err(ModelError::Version { found: 9 })
    );
    for length in [0, 1, 2, bytes.len() / 2, bytes.len() - 1] {
        assert!(
            Model::from_bytes(&bytes[..length]).is_err(),
            "{length} bytes"
        );
    }
    let toml = model().to_toml();
    let newer = toml.replacen("format = 1", "format = 7", 1);
    assert_eq!(
        Model::from_toml(&newer),
        Err(ModelError::Version { found: 7 })
    );
    assert!(Model::from_toml("variant = \"lite\"").is_err());
    let short = toml.replacen("items = [\"i\", \"j\"]", "items = [\"i\"]", 1);
    assert_ne!(short, toml);
    assert!(matches!(
        Model::from_toml(&short),
        Err(ModelError::Damaged(_))
    ));
}

use super::features::{Dense, Features, N_DENSE, Row};
use super::params::{ITEM_RETRIES, Layout, Rlkt, SET_RETRIES, item_pair, set_pair};
use super::state::{State, Variant, set_key};
use super::{Dynamics, EasinessUse};
use crate::reference_data::gunzip;
use paceline_core::math;
use serde_json::Value;

/// Replays a trace of all features and compares each with the reference.
fn check_features(test: &str, file: &str, v_g0: f32) {
    let Some(text) = gunzip(test, file) else {
        return;
    };
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let header = csv.headers().unwrap().clone();
    let columns = Dense::ALL.iter().map(|feature| {
        let name = feature.name();
        header.iter().position(|found| found == name).expect(name)
    });
    let columns: Vec<usize> = columns.collect();
    let at = |name: &str| header.iter().position(|found| found == name).unwrap();
    let (learner, item, skills, time) = (
        at("learner"),
        at("item_idx"),
        at("skills_idx"),
        at("timestamp_s"),
    );
    let dynamics = Dynamics {
        v_g0,
        ..Dynamics::default()
    };
    let mut state = State::new(Variant::Full, v_g0);
    let (mut features, mut last, mut worst) = (Features::default(), String::new(), 0.0_f32);
    for record in csv.records() {
        let record = record.unwrap();
        if record[learner] != last {
            state.reset(v_g0);
            record[learner].clone_into(&mut last);
        }
        let set: Vec<u32> = record[skills]
            .split(';')
            .map(|s| s.parse().unwrap())
            .collect();
        let seconds = record[time].parse().unwrap();
        let row = Row {
            skills: &set,
            item: record[item].parse().unwrap(),
            easiness: record[at("z_in")].parse().unwrap(),
            seconds,
        };
        state.features(&row, dynamics.v_k0, &mut features);
        for (feature, &column) in Dense::ALL.iter().zip(&columns) {
            let wanted: f32 = record[column].parse().unwrap();
            let found = features.dense()[*feature as usize];
            worst = worst.max((found - wanted).abs());
            assert!(
                (found - wanted).abs() < 1e-5 * wanted.abs().max(1.0),
                "{} is {found}, wanted {wanted}, at {record:?}",
                feature.name()
            );
        }
        state.update(
            &dynamics,
            &features,
            seconds,
            &record[at("correct")] == "1",
            1.0,
        );
    }
    eprintln!("{test}: largest difference {worst:e}");
}

#[test]
fn all_features_agree_with_the_statics_reference() {
    check_features(
        "all_features_agree_with_the_statics_reference",
        "vectors/statics_all_features_trace.csv.gz",
        0.440_251_86,
    );
}

#[test]
fn all_features_agree_with_the_algebra_reference() {
    check_features(
        "all_features_agree_with_the_algebra_reference",
        "vectors/algebra05_all_features_trace.csv.gz",
        0.420_125_78,
    );
}

fn floats(value: &Value) -> Vec<f32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap() as f32)
        .collect()
}

/// The model of the reference's parameter file. There each skill set is one skill.
fn reference_model(params: &Value) -> Rlkt {
    let sets = floats(&params["combo_skill"]);
    let set = |ix: u64| set_key(&[sets[ix as usize] as u32]);
    let mut pairs = Vec::new();
    let mut weights_of_pairs = Vec::new();
    for (name, lag, items) in [
        ("item_lag1", 1, true),
        ("combo_lag1", 1, false),
        ("item_lag2", 2, true),
        ("combo_lag2", 2, false),
    ] {
        for pair in params["trans"][name].as_array().unwrap() {
            let (a, b) = (pair[0].as_u64().unwrap(), pair[1].as_u64().unwrap());
            pairs.push(if items {
                item_pair(lag, a as u32, b as u32)
            } else {
                set_pair(lag, set(a), set(b))
            });
            let pair = floats(pair);
            weights_of_pairs.extend([pair[2], pair[3]]);
        }
    }
    let set_keys: Vec<u64> = (0..sets.len() as u64).map(set).collect();
    let (w_item, w_skill) = (floats(&params["w_item"]), floats(&params["w_skill"]));
    let layout = Layout::new(
        Variant::Lite,
        w_skill.len() as u32,
        w_item.len() as u32,
        &pairs,
        &set_keys,
    );
    let mut weights = vec![0.0; layout.len as usize];
    for (feature, weight) in Dense::LITE.iter().zip(floats(&params["w_dense"])) {
        weights[*feature as usize] = weight;
    }
    let mut place = |start: u32, values: &[f32]| {
        weights[start as usize..][..values.len()].copy_from_slice(values);
    };
    place(layout.item, &w_item);
    place(layout.skill, &w_skill);
    let rows = |name: &str| -> Vec<f32> {
        params[name]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(floats)
            .collect()
    };
    assert_eq!(
        rows("retry_item").len(),
        w_item.len() * ITEM_RETRIES as usize
    );
    assert_eq!(rows("retry_combo").len(), sets.len() * SET_RETRIES as usize);
    place(layout.retry_item, &rows("retry_item"));
    place(layout.pair_weights, &weights_of_pairs);
    place(layout.set_weights, &rows("retry_combo"));
    Rlkt {
        dynamics: Dynamics {
            v_g0: params["kalman"]["vg0"].as_f64().unwrap() as f32,
            ..Dynamics::default()
        },
        easiness: EasinessUse::Known,
        bias: params["bias"].as_f64().unwrap() as f32,
        weights,
        layout,
    }
}

#[test]
fn lite_predictions_agree_with_the_statics_reference() {
    let test = "lite_predictions_agree_with_the_statics_reference";
    let Some(params) = gunzip(test, "vectors/statics_lite_params.json.gz") else {
        return;
    };
    let model = reference_model(&serde_json::from_str(&params).unwrap());
    let trace = gunzip(test, "vectors/statics_lite_trace.csv.gz").unwrap();
    let mut csv = csv::Reader::from_reader(trace.as_bytes());
    let header = csv.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|found| found == name).unwrap();
    let mut state = State::new(Variant::Lite, model.dynamics.v_g0);
    let (mut features, mut last, mut worst) = (Features::default(), String::new(), 0.0_f32);
    for record in csv.records() {
        let record = record.unwrap();
        if record[at("learner")] != last {
            state.reset(model.dynamics.v_g0);
            record[at("learner")].clone_into(&mut last);
        }
        let number = |name: &str| record[at(name)].parse::<f32>().unwrap();
        let row = Row {
            skills: &[number("skill_idx") as u32],
            item: number("item_idx") as u32,
            easiness: number("z"),
            seconds: 0,
        };
        state.features(&row, model.dynamics.v_k0, &mut features);
        let p = math::logistic(model.logit(&features));
        worst = worst.max((p - number("p")).abs());
        assert!(worst < 1e-5, "p is {p} at {record:?}");
        let terms = model.explain(&features);
        let sum: f32 = terms.iter().map(|(_, value)| value).sum();
        assert!((sum - model.logit(&features)).abs() < 1e-5);
        state.update(&model.dynamics, &features, 0, number("correct") == 1.0, 1.0);
    }
    eprintln!("{test}: largest difference {worst:e}");
}

#[test]
fn a_right_answer_never_lowers_the_next_prediction_below_a_wrong_one() {
    let model = Rlkt::defaults();
    let mut state = State::new(Variant::Lite, 0.4);
    let mut features = Features::default();
    for step in 0..200_u32 {
        let row = Row {
            skills: &[step % 7, 7 + step % 3],
            item: step % 31,
            easiness: (step % 5) as f32 * 0.5 - 0.5,
            seconds: step * 40,
        };
        state.features(&row, model.dynamics.v_k0, &mut features);
        let after = |right| {
            let (mut state, mut next) = (state.clone(), Features::default());
            state.update(&model.dynamics, &features, row.seconds, right, 1.0);
            state.features(&row, model.dynamics.v_k0, &mut next);
            model.logit(&next)
        };
        assert!(after(true) >= after(false), "step {step}");
        state.update(&model.dynamics, &features, row.seconds, step % 3 > 0, 1.0);
    }
}

#[test]
fn sets_are_the_same_in_any_order() {
    assert_eq!(set_key(&[3, 9, 4]), set_key(&[9, 4, 3]));
    assert_ne!(set_key(&[3, 9]), set_key(&[3, 9, 4]));
    assert_eq!(N_DENSE, Dense::ALL.len());
}

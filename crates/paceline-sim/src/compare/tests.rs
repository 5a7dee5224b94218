use super::*;
use crate::generate;

fn small() -> Config {
    Config {
        classes: 2,
        pupils: 4,
        calendar: Calendar {
            weeks: 3,
            ..Calendar::default()
        },
        ..Config::default()
    }
}

fn on_threads(threads: usize, config: &Config) -> Study {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let course = generate::curriculum(20, 4, 1);
    pool.install(|| compare(&course, config, &|_| ()).unwrap())
}

/// Every family, the one held out too.
fn all_families() -> Vec<Family> {
    let mut families = Family::ALL.to_vec();
    families.push(Family::HELD_OUT);
    families
}

#[test]
fn one_thread_and_two_print_the_same_bytes_in_every_family() {
    let config = Config {
        families: all_families(),
        ..small()
    };
    let print = |threads| {
        let study = on_threads(threads, &config);
        serde_json::to_string(&(&study.comparison, &study.figures)).unwrap()
    };
    assert_eq!(print(1), print(2));
}

#[test]
fn adding_a_policy_changes_no_other_row_in_any_family() {
    let small = || Config {
        families: all_families(),
        ..small()
    };
    let mut more = small();
    more.policies.push(PolicyKind::EngineWrongGraph);
    let all = on_threads(1, &more);
    let few = on_threads(
        1,
        &Config {
            policies: vec![PolicyKind::Baseline(Baseline::Zpdes)],
            ..small()
        },
    );
    assert_eq!(few.comparison.rows.len(), 2 * all_families().len());
    for row in &few.comparison.rows {
        assert!(all.comparison.rows.contains(row), "{row:?}");
    }
}

#[test]
fn fixed_pacing_gains_nothing_over_itself_and_teaches_something() {
    // Enough pupils that the luck of two tests does not hide what three weeks teach.
    let config = Config {
        classes: 4,
        pupils: 15,
        policies: Vec::new(),
        ..small()
    };
    let study = on_threads(2, &config);
    let rows = study.comparison.rows.iter().zip(&study.figures);
    for (row, figure) in rows.filter(|(row, _)| row.policy == "fixed") {
        assert_eq!(
            (row.gain_sd, row.gain_sd_low, row.gain_sd_high),
            (0.0, 0.0, 0.0)
        );
        let [pre, post, _] = figure.shares;
        assert!(post > pre, "{}: {pre} before, {post} after", row.family);
    }
}

#[test]
fn minutes_are_equal_and_within_the_calendar() {
    let study = on_threads(2, &small());
    for row in &study.comparison.rows {
        assert!(row.minutes <= 3.0 * 4.0 * 20.0 + 1e-9, "{row:?}");
        assert!(row.minutes > 0.7 * 3.0 * 4.0 * 20.0, "{row:?}");
    }
}

#[test]
fn where_only_minutes_count_no_policy_gains() {
    let config = Config {
        classes: 8,
        pupils: 6,
        policies: Baseline::ALL.map(PolicyKind::Baseline).to_vec(),
        variants: vec![Variant::AllInert],
        ..small()
    };
    let study = on_threads(2, &config);
    for row in &study.comparison.rows {
        assert!(row.gain_sd.abs() < 0.1, "{row:?}");
    }
}

#[test]
fn an_empty_comparison_says_what_is_missing() {
    let course = generate::curriculum(20, 4, 1);
    let no_classes = Config {
        classes: 0,
        ..small()
    };
    let nothing = |what| Err(SimError::Empty { what });
    assert_eq!(compare(&course, &no_classes, &|_| ()), nothing("classes"));
    assert_eq!(
        compare(&Curriculum::default(), &small(), &|_| ()),
        nothing("skills")
    );
}

#[test]
fn rows_print_the_documented_fields() {
    let study = on_threads(
        1,
        &Config {
            policies: Vec::new(),
            ..small()
        },
    );
    let json = serde_json::to_value(&study.comparison).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&json), ["format", "seed", "worlds", "rows"]);
    assert_eq!(
        keys(&json["rows"][0]),
        [
            "family",
            "variant",
            "policy",
            "gain_sd",
            "gain_sd_low",
            "gain_sd_high",
            "delayed_sd",
            "delayed_sd_low",
            "delayed_sd_high",
            "minutes"
        ]
    );
}

#[test]
fn the_engine_leads_by_what_it_gains_more_on_the_same_classes() {
    let study = on_threads(2, &small());
    assert!(!study.leads.is_empty());
    for lead in &study.leads {
        let gain = |policy: &str| {
            let mut rows = study.comparison.rows.iter();
            let row = rows.find(|row| (&*row.family, &*row.policy) == (&*lead.family, policy));
            row.unwrap().gain_sd
        };
        assert!((lead.end.0 - (gain("engine") - gain(&lead.policy))).abs() < 1e-9);
        assert!(lead.end.1 <= lead.end.0 && lead.end.0 <= lead.end.2);
    }
}

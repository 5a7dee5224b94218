//! The crates depend on each other one way only.

use std::fs;
use std::path::Path;

/// What each crate may depend on among ours. The order is that of the layers.
const ALLOWED: &[(&str, &[&str])] = &[
    ("paceline-core", &[]),
    ("paceline-bank", &["paceline-core"]),
    ("paceline-learner", &["paceline-core"]),
    ("paceline-store", &["paceline-core"]),
    (
        "paceline-scheduler",
        &["paceline-core", "paceline-bank", "paceline-learner"],
    ),
    (
        "paceline",
        &[
            "paceline-core",
            "paceline-bank",
            "paceline-learner",
            "paceline-scheduler",
            "paceline-store",
        ],
    ),
    ("paceline-sim", &["paceline"]),
    ("paceline-cli", &["paceline", "paceline-sim"]),
    ("paceline-tests", &["paceline"]),
    (
        "paceline-benches",
        &["paceline", "paceline-scheduler", "paceline-sim"],
    ),
];

#[test]
fn dependencies_run_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut manifests: Vec<_> = fs::read_dir(root.join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .chain([root.join("tests"), root.join("benches")])
        .collect();
    manifests.sort();
    assert_eq!(manifests.len(), ALLOWED.len(), "{manifests:?}");
    for manifest in manifests {
        let text = fs::read_to_string(manifest.join("Cargo.toml")).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let name = table["package"]["name"].as_str().unwrap();
        let (_, allowed) = ALLOWED.iter().find(|(known, _)| *known == name).unwrap();
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(section) = table.get(section).and_then(toml::Value::as_table) else {
                continue;
            };
            for dependency in section.keys().filter(|name| name.starts_with("paceline")) {
                assert!(
                    allowed.contains(&dependency.as_str()),
                    "{name} depends on {dependency}"
                );
            }
        }
    }
}

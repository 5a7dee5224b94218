use proptest::prelude::*;

use super::*;

fn item(a: f64, b: f64, c: f64) -> LockedItem {
    LockedItem {
        version: ItemVersion([7; 16]),
        status: ItemStatus::Live,
        a,
        b,
        c,
        se_a: 0.125,
        se_b: 0.25,
        n: 40,
    }
}

fn lock(items: &[(&str, LockedItem)]) -> Lock {
    Lock {
        format: LOCK_FORMAT,
        model: "3pl".to_owned(),
        items: items
            .iter()
            .map(|&(id, item)| (id.to_owned(), item))
            .collect(),
    }
}

#[test]
fn a_lock_reads_back_as_it_was_written() {
    let lock = lock(&[
        ("m/a", item(1.5, -0.25, 0.0)),
        ("m/b", item(0.5, 2.0, 0.25)),
    ]);
    assert_eq!(Lock::parse(&lock.to_toml()), Ok(lock));
}

#[test]
fn easiness_is_the_log_odds_at_ability_0() {
    assert!((item(1.5, -0.5, 0.0).easiness() - 0.75).abs() < 1e-9);
    let guessed = item(1.0, 0.0, 0.25).easiness();
    assert!((guessed - wide::ln(0.625 / 0.375)).abs() < 1e-9);
}

#[test]
fn an_edit_leaves_an_item_less_sure() {
    let item = item(1.0, 0.0, 0.0);
    assert_eq!(item.easiness_sd(), 0.25);
    assert!((item.when_stale().easiness_sd() - wide::sqrt(0.25 * 0.25 + 0.25)).abs() < 1e-9);
}

#[test]
fn what_is_wrong_is_named() {
    let check = |text: &str, wanted: &str| {
        let found = Lock::parse(text).map_err(|error| error.to_string());
        assert!(
            found.as_ref().is_err_and(|e| e.contains(wanted)),
            "{found:?}"
        );
    };
    check("format = 2", "has format 2, wanted 1");
    check("format = ", "malformed lock file, line 1: ");
    check(
        "format = 1\n\nmodel = 2pl\n",
        "malformed lock file, line 3: ",
    );
    check("format = 1\n[item]", "unknown field `item`");
    check(
        &lock(&[("m/a", item(-1.0, 0.0, 0.0))]).to_toml(),
        "item `m/a` has a -1, wanted above 0",
    );
    check(
        &lock(&[("m/a", item(1.0, 0.0, 1.0))]).to_toml(),
        "has c 1, wanted from 0",
    );
    check(
        &lock(&[("m/a", item(1.0, 80.0, 0.0))]).to_toml(),
        "has b 80",
    );
    check(
        &lock(&[(
            "m/a",
            LockedItem {
                se_b: f64::INFINITY,
                ..item(1.0, 0.0, 0.0)
            },
        )])
        .to_toml(),
        "has se_b inf",
    );
}

proptest! {
    /// No text makes reading panic, and what reads holds numbers that a bank takes.
    #[test]
    fn any_lock_is_read_or_refused(a in -1.0f64..30.0, b in -60.0f64..60.0, c in -0.1f64..1.1, text in ".*") {
        if let Ok(lock) = Lock::parse(&lock(&[("m/a", item(a, b, c))]).to_toml()) {
            let item = lock.items["m/a"];
            prop_assert!(item.easiness().abs() <= 50.0 && item.easiness_sd().is_finite());
        }
        prop_assert!(Lock::parse(&text).is_err());
    }
}

use super::*;

#[test]
fn notation_reads_as_a_person_types_it() {
    let check = |tex: &str, wanted: &str| assert_eq!(plain(tex), wanted);
    check(
        "What is $\\frac{1}{8} + \\frac{3}{8}$?",
        "What is 1/8 + 3/8?",
    );
    check("$2\\frac{1}{2}$ cups", "2 1/2 cups");
    check("$\\frac{x + 1}{2} \\le 3 \\times 4$", "(x + 1)/2 ≤ 3 × 4");
    check("It costs \\$5, **not** \\$6.", "It costs $5, not $6.");
    check("$\\frac{1$", "{1".trim_start_matches('{'));
    check("### Worked example\nText", "Worked example\nText");
}

#[test]
fn a_bar_is_ten_places_long() {
    assert_eq!(bar(0.0), "··········");
    assert_eq!(bar(0.46), "█████·····");
    assert_eq!(bar(7.0), "██████████");
}

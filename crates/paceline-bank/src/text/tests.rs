use proptest::prelude::*;

use super::*;

fn render(source: &str, language: &str) -> String {
    let names = ["a", "b", "n", "xs", "who"].map(str::to_owned);
    let number = |num, den| Value::Number(Rational::new(num, den).unwrap());
    let list = Value::List(vec![number(1, 1), number(1, 2)]);
    let values = [
        number(7, 2),
        number(-3, 4),
        number(1, 1),
        list,
        Value::Text("Ida".into()),
    ];
    let slot = |name: &str| format!("<{name}>");
    let fill = Fill {
        values: &values,
        slot: &slot,
        language,
    };
    match Text::parse(source, &names) {
        Ok(text) => text.render(&fill).unwrap_or_else(|e| e.to_string()),
        Err(errors) => errors
            .iter()
            .map(|e| {
                format!(
                    "{}..{} found {}, wanted {}",
                    e.start, e.end, e.found, e.wanted
                )
            })
            .collect::<Vec<_>>()
            .join("; "),
    }
}

#[track_caller]
fn check(source: &str, wanted: &str) {
    assert_eq!(render(source, "en"), wanted, "{source}");
}

#[test]
fn placeholders_in_prose() {
    check(
        "{who} has {a} of {n} {n|apple|apples}, {2*n} {2*n|apple|apples}.",
        "Ida has 7/2 of 1 apple, 2 apples.",
    );
    check(
        "{theme.cake}: {a:mixed} {b:mixed} {n:frac} {a:.2} {a:+} {b:+} {xs}",
        "<cake>: 3 1/2 -3/4 1/1 3.50 +7/2 -3/4 1, 1/2",
    );
    check(
        r"the set \{1, 2\} costs \$5 \*",
        r"the set {1, 2} costs \$5 \*",
    );
    assert_eq!(render("{a:.1} {xs}", "de"), "3,5 1; 1/2");
}

#[test]
fn in_math_the_last_two_braces_of_a_run_open_a_placeholder() {
    check(r"$\frac{{{num(a)}}}{{{den(a)}}}$", r"$\frac{7}{2}$");
    check(
        r"$\frac{1}{2} + {{b}} = {{{a:mixed}}}$",
        r"$\frac{1}{2} + -\frac{3}{4} = {3\frac{1}{2}}$",
    );
    check(r"$\{ {{n}} \}$ and {n}", r"$\{ 1 \}$ and 1");
    assert_eq!(render("${{a:.1}}$", "de"), "$3{,}5$");
}

#[test]
fn mistakes_have_their_place() {
    check(
        "a {x} b {y}",
        "3..4 found `x`, wanted a variable defined by an earlier `let`; 9..10 found `y`, wanted a variable defined by an earlier `let`",
    );
    check(
        "costs $5",
        "6..7 found a `$` without another, wanted a closing `$`",
    );
    check(
        "{a",
        "0..1 found a `{` without a `}`, wanted a closing brace",
    );
    check(
        "${{a}$",
        "1..3 found a `{{` without a `}}`, wanted a closing brace",
    );
    check(
        "{a:frc}",
        "2..6 found format `frc`, wanted `frac`, `mixed`, `+`, or decimal places such as `.2`",
    );
}

proptest! {
    /// Any text parses or says why, and renders without a panic.
    #[test]
    fn any_text_is_taken_or_refused(source in "[\\\\${}|:.+\"a-e0-9 é]{0,40}") {
        render(&source, "de");
    }

    /// Text without marks is itself.
    #[test]
    fn plain_text_stays(source in "[^\\\\${}]{0,60}") {
        check(&source, &source);
    }
}

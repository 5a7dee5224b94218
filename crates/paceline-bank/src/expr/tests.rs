use proptest::prelude::*;

use super::*;

fn evaluate(source: &str) -> Result<Value, String> {
    let names = ["a".to_owned(), "xs".to_owned(), "name".to_owned()];
    let list = Value::List(
        [3, 5, 7]
            .map(|n| Value::Number(Rational::whole(n)))
            .to_vec(),
    );
    let values = [
        Value::Number(Rational::whole(6)),
        list,
        Value::Text("Ida".into()),
    ];
    let program = Parser::new(source, &names)
        .whole()
        .map_err(|e| format!("found {}, wanted {}", e.found, e.wanted))?;
    program.evaluate(&values).map_err(|e| e.to_string())
}

#[track_caller]
fn check(source: &str, wanted: &str) {
    let found = evaluate(source).map_or_else(|error| error, |value| value.to_string());
    assert_eq!(found, wanted, "{source}");
}

#[test]
fn operators_bind_as_documented() {
    for (source, value) in [
        ("1 + 2 * 3", "7"),
        ("-2 ^ 2", "-4"),
        ("2 ^ -1", "1/2"),
        ("2 ^ 3 ^ 2", "512"),
        ("7 / 2 - 1/2", "3"),
        ("-7 % 3", "2"),
        ("1.25 * 4", "5"),
        ("not 1 == 2 and true or false", "true"),
        ("1 < 2 and 2 < 3", "true"),
        ("xs[1] + xs[a / 6]", "10"),
        ("[\"x\", name][1]", "Ida"),
        ("- - 3", "3"),
    ] {
        check(source, value);
    }
}

#[test]
fn functions_are_exact() {
    for (source, value) in [
        ("gcd(12, 18, 8)", "2"),
        ("lcm(4, 6)", "12"),
        ("lcm(0, 6)", "0"),
        ("max(1/2, 2/3, -1)", "2/3"),
        ("digit(4725, 2)", "7"),
        ("digit(12.5, -1)", "5"),
        ("num(6/4) + den(6/4)", "5"),
        ("sqrt(9/16)", "3/4"),
        ("round(5/2)", "3"),
    ] {
        check(source, value);
    }
}

#[test]
fn only_the_branch_taken_is_evaluated() {
    check("if(a > 0, a, 1/0)", "6");
    check("if(a < 0, 1/0, 2)", "2");
    check("a > 9 and 1/0 > 1", "false");
    check("a == 6 or 1/0 > 1", "true");
    check("(a > 9 and a > 8) or (a == 6 and a < 7)", "true");
}

#[test]
fn mistakes_are_told() {
    for (source, wanted) in [
        ("a +", "found the end, wanted a value"),
        (
            "b + 1",
            "found `b`, wanted a variable defined by an earlier `let`",
        ),
        (
            "abs(1, 2)",
            "found 2 arguments of `abs`, wanted `abs` with 1 argument(s)",
        ),
        ("foo(1)", "found `foo`, wanted a function"),
        ("1 < 2 < 3", "found `<`, wanted `and` or the end"),
        ("a & 1", "found `&`, wanted an operator or the end"),
        ("1 / 0", "division by zero"),
        ("name + 1", "found a text, wanted a number"),
        ("xs[3]", "index 3 of a list of 3"),
        ("[xs]", "found a list, wanted a number or a text"),
        ("a and true", "found a number, wanted a condition"),
        ("10 ^ 40", "the number grows beyond 128 bits"),
    ] {
        check(source, wanted);
    }
    check(
        &"(".repeat(100_000),
        "found `(`, wanted an expression nested at most 64 deep",
    );
}

proptest! {
    /// Any text is an expression or an error inside it, never a panic.
    #[test]
    fn parsing_never_panics(source in "[-+*/^%<>=!()\\[\\],.\"a-z0-9 é]{0,60}") {
        let names = ["a".to_owned()];
        match Parser::new(&source, &names).whole() {
            Ok(program) => drop(program.evaluate(&[Value::Number(Rational::whole(3))])),
            Err(error) => prop_assert!(error.start <= error.end && error.end <= source.len()),
        }
    }
}

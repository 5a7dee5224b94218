use proptest::prelude::*;

use super::*;

fn expected(source: &str, shape: Shape, form: Form) -> Expected {
    let elements = source
        .split(';')
        .map(|part| Text::parse(part.trim(), &[]).unwrap())
        .collect();
    let answer = Answer {
        elements,
        shape,
        form,
        ..Answer::default()
    };
    answer.evaluate(&fill()).unwrap()
}

fn fill() -> Fill<'static> {
    Fill {
        values: &[],
        slot: &|_| String::new(),
        language: "en",
    }
}

#[track_caller]
fn check(answer: &Expected, language: &str, cases: &[(&str, Match)]) {
    for (response, wanted) in cases {
        assert_eq!(
            answer.meets(&normalise(response), language),
            *wanted,
            "{response:?}"
        );
    }
}

use Match::{No, Right, Unreadable, WrongForm};

#[test]
fn a_number_is_right_in_any_notation() {
    check(
        &expected("3/2", Shape::One, Form::Any),
        "en",
        &[
            ("3/2", Right),
            (" 1 1/2 ", Right),
            ("1½", Right),
            ("1.50", Right),
            ("6/4", Right),
            ("150%", Right),
            ("x = 3/2", Right),
            ("+3 / 2", Right),
            ("\\frac{3}{2}", Right),
            ("-3/-2", Right),
            ("−3/2", No),
            ("1,5", Unreadable),
            ("11/2", No),
            ("3/0", Unreadable),
            ("three halves", Unreadable),
            ("", Unreadable),
            ("3/2/1", Unreadable),
        ],
    );
    check(
        &expected("1/2", Shape::One, Form::Any),
        "de",
        &[("0,5", Right), (".5", Right), ("0.5", Right), ("½", Right)],
    );
    check(
        &expected("1234", Shape::One, Form::Any),
        "de",
        &[
            ("1.234", Right),
            ("1 234", Right),
            ("12.34", No),
            ("1.2345", No),
        ],
    );
    check(
        &expected("1234", Shape::One, Form::Any),
        "en",
        &[
            ("1,234", Right),
            ("1 234", Right),
            ("1234.0", Right),
            ("12,34", Unreadable),
            ("1,2345", Unreadable),
        ],
    );
    check(
        &expected("-25", Shape::One, Form::Any),
        "en",
        &[("–25", Right), ("- 25", Right), ("5²", Unreadable)],
    );
}

#[test]
fn simplest_and_exact_tell_the_right_value_in_another_form() {
    check(
        &expected("3/2", Shape::One, Form::Simplest),
        "en",
        &[
            ("3/2", Right),
            ("1 1/2", Right),
            ("6/4", WrongForm),
            ("1 2/4", WrongForm),
            ("1.5", WrongForm),
            ("2", No),
        ],
    );
    check(
        &expected("2", Shape::One, Form::Simplest),
        "en",
        &[("2", Right), ("4/2", WrongForm), ("2/1", WrongForm)],
    );
    check(
        &expected("0.50", Shape::One, Form::Exact),
        "en",
        &[("0.50", Right), ("0.5", WrongForm), ("1/2", WrongForm)],
    );
    check(
        &expected("North Pole", Shape::One, Form::Exact),
        "en",
        &[("North Pole", Right), ("north pole", WrongForm)],
    );
}

#[test]
fn texts_ignore_case_spaces_and_final_punctuation() {
    check(
        &expected("misspell", Shape::One, Form::Any),
        "en",
        &[
            ("Misspell.", Right),
            ("  MISSPELL ", Right),
            ("\"misspell\"", Right),
            ("mispell", No),
        ],
    );
    check(
        &expected("don't know", Shape::One, Form::Any),
        "en",
        &[("Don’t  know!", Right)],
    );
}

#[test]
fn sets_ignore_order_and_repeats_and_lists_do_not() {
    let set = expected("2; 3", Shape::Set, Form::Any);
    check(
        &set,
        "en",
        &[
            ("3; 2", Right),
            ("2, 3", Right),
            ("2,3,3", Right),
            ("{3, 2}", Right),
            ("x = 2 or x = 3", Right),
            ("3 and 2", Right),
            ("2 3", Right),
            ("2", No),
            ("2; 3; 4", No),
            ("a; b", Unreadable),
        ],
    );
    check(
        &set,
        "de",
        &[("2,0; 3", Right), ("2, 3", Right), ("2 und 3", Right)],
    );
    check(
        &expected("1; 1/2; 2", Shape::List, Form::Any),
        "en",
        &[
            ("1; 0.5; 2", Right),
            ("(1, 1/2, 2)", Right),
            ("1; 2; 1/2", No),
            ("1; 1/2", No),
        ],
    );
}

#[test]
fn tolerances_are_inclusive_and_exact() {
    let tolerance = |text: &str, relative| {
        let elements = vec![Text::parse("3.14", &[]).unwrap()];
        let tolerance = Some((Text::parse(text, &[]).unwrap(), relative));
        Answer {
            elements,
            tolerance,
            ..Answer::default()
        }
        .evaluate(&fill())
        .unwrap()
    };
    check(
        &tolerance(".01", false),
        "en",
        &[
            ("3.13", Right),
            ("3.15", Right),
            ("3.1500001", No),
            ("22/7", Right),
        ],
    );
    check(
        &tolerance("10", true),
        "en",
        &[("3.454", Right), ("2.826", Right), ("3.4541", No)],
    );
}

#[test]
fn a_unit_may_be_named_and_another_is_another_form() {
    let unit = |unit: &str| {
        let elements = vec![Text::parse("12", &[]).unwrap()];
        Answer {
            elements,
            unit: Some(unit.into()),
            ..Answer::default()
        }
        .evaluate(&fill())
        .unwrap()
    };
    check(
        &unit("cm"),
        "en",
        &[
            ("12", Right),
            ("12 cm", Right),
            ("12cm.", Right),
            ("12 CM", Right),
            ("12 m", WrongForm),
            ("13 m", No),
        ],
    );
    check(
        &unit("cm²"),
        "en",
        &[
            ("12 cm^2", Right),
            ("12cm2", Right),
            ("12 cm²", Right),
            ("12 cm", WrongForm),
        ],
    );
    check(
        &unit("$"),
        "en",
        &[
            ("$12", Right),
            ("12 $", Right),
            ("€12", WrongForm),
            ("-12", No),
        ],
    );
    check(
        &expected("12", Shape::One, Form::Any),
        "en",
        &[("12 cm", Unreadable)],
    );
}

#[test]
fn what_an_author_writes_renders_to_a_value() {
    let names = ["a".to_owned(), "b".to_owned()];
    let values = [
        Value::Number(Rational::new(-3, 4).unwrap()),
        Value::Number(Rational::whole(-2)),
    ];
    let fill = Fill {
        values: &values,
        slot: &|_| String::new(),
        language: "en",
    };
    for (source, wanted) in [
        ("{a}/{b}", "3/8"),
        ("{a/b}", "3/8"),
        ("-{a}", "3/4"),
        ("{b}", "-2"),
        ("1 {1}/{2}", "3/2"),
        ("{b} 1/2", "-5/2"),
        ("$\\frac{{{a}}}{{{b}}}$", "3/8"),
        ("{-b*20}%", "2/5"),
        ("{b:.2}", "-2"),
        ("{-b}x + 1", "2x + 1"),
    ] {
        let elements = vec![Text::parse(source, &names).unwrap()];
        let expected = Answer {
            elements,
            ..Answer::default()
        }
        .evaluate(&fill)
        .unwrap();
        assert_eq!(expected.value().to_string(), wanted, "{source}");
    }
}

proptest! {
    /// Every number reads back from every notation that prints it.
    #[test]
    fn numbers_survive_writing(num in -10_000_i128..10_000, den in 1_i128..500) {
        let value = Rational::new(num, den).unwrap();
        let answer = expected(&value.to_string(), Shape::One, Form::Any);
        let size = value.abs()?;
        let sign = if value.num() < 0 { "-" } else { "" };
        let rest = size.minus(size.floor())?;
        let mixed = format!("{sign}{} {}/{}", size.floor(), rest.num(), rest.den());
        for text in [value.to_string(), format!("{num}/{den}"), mixed, format!("y={value}")] {
            prop_assert_eq!(answer.meets(&normalise(&text), "en"), Match::Right, "{}", text);
        }
        if 1000 % value.den() == 0 {
            let decimal = value.to_decimal(3)?;
            prop_assert_eq!(answer.meets(&normalise(&decimal), "en"), Match::Right);
            prop_assert_eq!(answer.meets(&normalise(&decimal.replace('.', ",")), "de"), Match::Right);
        }
    }

    /// No response makes a judgement fail.
    #[test]
    fn any_response_is_judged(response in "\\PC{0,40}", tidy in "[-0-9/., ½x=%{};cm^]{0,20}") {
        for shape in [Shape::One, Shape::Set, Shape::List] {
            for source in ["1/2; 3", "word; other"] {
                let answer = expected(source, shape, Form::Simplest);
                for text in [&response, &tidy] {
                    let _ = answer.meets(&normalise(text), "de");
                }
            }
        }
        let elements = vec![Text::parse("12", &[]).unwrap()];
        let unit = Answer { elements, unit: Some("cm²".into()), ..Answer::default() }.evaluate(&fill()).unwrap();
        let _ = (unit.meets(&normalise(&response), "en"), unit.meets(&normalise(&tidy), "de"));
    }
}

use proptest::prelude::*;

use super::*;

fn r(num: i128, den: i128) -> Rational {
    Rational::new(num, den).unwrap()
}

#[test]
fn values_are_in_lowest_terms_with_a_positive_denominator() {
    assert_eq!(r(4, -8), r(-1, 2));
    assert_eq!(r(4, -8).to_string(), "-1/2");
    assert_eq!(r(0, -5).to_string(), "0");
    assert_eq!(Rational::new(1, 0), Err(ArithmeticError::DivisionByZero));
}

#[test]
fn operations_that_do_not_fit_say_so() {
    let big = r(i128::MAX, 1);
    assert_eq!(big.plus(r(1, 1)), Err(ArithmeticError::Overflow));
    assert_eq!(big.times(r(2, 1)), Err(ArithmeticError::Overflow));
    assert_eq!(r(10, 1).pow(r(39, 1)), Err(ArithmeticError::Overflow));
    assert_eq!(r(2, 1).pow(r(1, 2)), Err(ArithmeticError::NotWhole));
    assert_eq!(r(0, 1).pow(r(-1, 1)), Err(ArithmeticError::DivisionByZero));
    assert!(Rational::new(i128::MIN, -1).is_err());
}

#[test]
fn powers_roots_and_rounding() {
    assert_eq!(r(2, 3).pow(r(-2, 1)).unwrap(), r(9, 4));
    assert_eq!(r(-1, 1).pow(r(1_000_001, 1)).unwrap(), r(-1, 1));
    assert_eq!(r(9, 16).sqrt().unwrap(), r(3, 4));
    assert_eq!(r(2, 1).sqrt(), Err(ArithmeticError::NotASquare));
    assert_eq!(r(-4, 1).sqrt(), Err(ArithmeticError::NotASquare));
    assert_eq!(r(-7, 2).floor(), r(-4, 1));
    assert_eq!(r(-7, 2).ceil(), r(-3, 1));
    assert_eq!(r(-7, 2).round().unwrap(), r(-4, 1));
    assert_eq!(r(7, 2).round().unwrap(), r(4, 1));
    assert_eq!(r(-7, 1).modulo(r(3, 1)).unwrap(), r(2, 1));
}

#[test]
fn decimals_round_half_away_from_zero() {
    for (value, places, text) in [
        (r(1, 2), 0, "1"),
        (r(-1, 200), 2, "-0.01"),
        (r(-1, 3), 2, "-0.33"),
        (r(5, 4), 1, "1.3"),
        (r(7, 1), 2, "7.00"),
    ] {
        assert_eq!(value.to_decimal(places).unwrap(), text);
    }
}

fn small() -> impl Strategy<Value = Rational> {
    (-1000_i128..1000, 1_i128..1000).prop_map(|(n, d)| r(n, d))
}

proptest! {
    /// Rationals are an ordered field.
    #[test]
    fn field_laws(a in small(), b in small(), c in small()) {
        prop_assert_eq!(a.plus(b)?.plus(c)?, a.plus(b.plus(c)?)?);
        prop_assert_eq!(a.times(b.plus(c)?)?, a.times(b)?.plus(a.times(c)?)?);
        prop_assert_eq!(a.minus(b)?.plus(b)?, a);
        if b != Rational::ZERO {
            prop_assert_eq!(a.over(b)?.times(b)?, a);
            let m = a.modulo(b)?;
            prop_assert!(m == Rational::ZERO || (m.num() < 0) == (b.num() < 0));
            prop_assert!(a.minus(m)?.over(b)?.is_whole());
        }
        prop_assert_eq!(a.compare(b)? == Ordering::Less, a.minus(b)?.num() < 0);
        prop_assert_eq!(a.times(a)?.sqrt()?, a.abs()?);
    }

    /// No operation panics, whatever the values.
    #[test]
    fn extremes_never_panic(a in any::<(i128, i128)>(), b in any::<(i128, i128)>(), places in 0_u32..60) {
        let (Ok(a), Ok(b)) = (Rational::new(a.0, a.1), Rational::new(b.0, b.1)) else { return Ok(()) };
        let _ = (a.plus(b), a.minus(b), a.times(b), a.over(b), a.modulo(b), a.pow(b), a.compare(b));
        let _ = (a.negated(), a.abs(), a.floor(), a.ceil(), a.round(), a.sqrt(), a.to_decimal(places));
    }
}

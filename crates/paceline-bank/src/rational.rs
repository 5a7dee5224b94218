//! Exact rationals over `i128`: every number of a template and of an answer.
//!
//! Values stay within `i128` or the operation fails; nothing rounds. The type knows no notation:
//! reading what learners type is [`crate::answer`], printing in a format is [`crate::text`].

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rational {
    num: i128,
    den: i128,
}

/// Why an exact operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArithmeticError {
    /// The result does not fit in 128-bit integers.
    #[error("the number grows beyond 128 bits")]
    Overflow,
    /// A division or remainder by zero, or zero to a negative power.
    #[error("division by zero")]
    DivisionByZero,
    /// A square root of something that is not a square.
    #[error("not the square of a fraction")]
    NotASquare,
    /// An operation on whole numbers was given a fraction.
    #[error("not a whole number")]
    NotWhole,
}

type Result<T> = std::result::Result<T, ArithmeticError>;

/// The greatest common divisor; 0 only for two zeros.
pub(crate) fn gcd(a: i128, b: i128) -> Result<i128> {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).map_err(|_| ArithmeticError::Overflow)
}

fn exactly<T>(value: Option<T>) -> Result<T> {
    value.ok_or(ArithmeticError::Overflow)
}

impl Rational {
    /// Zero.
    pub const ZERO: Self = Self { num: 0, den: 1 };

    /// A whole number.
    pub const fn whole(n: i64) -> Self {
        Self {
            num: n as i128,
            den: 1,
        }
    }

    /// `num / den` in lowest terms.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] where `den` is zero or a part is `i128::MIN`.
    pub fn new(num: i128, den: i128) -> Result<Self> {
        if den == 0 {
            return Err(ArithmeticError::DivisionByZero);
        }
        let g = gcd(num, den)?;
        let (num, den) = (num / g, den / g);
        if den < 0 {
            Ok(Self {
                num: exactly(num.checked_neg())?,
                den: exactly(den.checked_neg())?,
            })
        } else {
            Ok(Self { num, den })
        }
    }

    /// The numerator in lowest terms; it carries the sign.
    pub const fn num(self) -> i128 {
        self.num
    }

    /// The denominator in lowest terms, at least 1.
    pub const fn den(self) -> i128 {
        self.den
    }

    /// Whether the denominator is 1.
    pub const fn is_whole(self) -> bool {
        self.den == 1
    }

    /// The integer it is.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::NotWhole`] for a proper fraction.
    pub fn integer(self) -> Result<i128> {
        if self.is_whole() {
            Ok(self.num)
        } else {
            Err(ArithmeticError::NotWhole)
        }
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self> {
        let g = gcd(self.den, other.den)?;
        let (scale, other_scale) = (other.den / g, self.den / g);
        let left = exactly(self.num.checked_mul(scale))?;
        let right = exactly(other.num.checked_mul(other_scale))?;
        Self::new(
            exactly(left.checked_add(right))?,
            exactly(self.den.checked_mul(scale))?,
        )
    }

    /// The difference.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self> {
        self.plus(other.negated()?)
    }

    /// The product.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`].
    pub fn times(self, other: Self) -> Result<Self> {
        // Dividing across first keeps intermediate values as small as the result allows.
        let (g, h) = (
            gcd(self.num, other.den)?.max(1),
            gcd(other.num, self.den)?.max(1),
        );
        let num = exactly((self.num / g).checked_mul(other.num / h))?;
        let den = exactly((self.den / h).checked_mul(other.den / g))?;
        Self::new(num, den)
    }

    /// The quotient, exact.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] on overflow or division by zero.
    pub fn over(self, other: Self) -> Result<Self> {
        self.times(Self::new(other.den, other.num)?)
    }

    /// The remainder `self - other * floor(self / other)`, which has the sign of `other`.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] on overflow or division by zero.
    pub fn modulo(self, other: Self) -> Result<Self> {
        self.minus(other.times(self.over(other)?.floor())?)
    }

    /// The negation.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`].
    pub fn negated(self) -> Result<Self> {
        Ok(Self {
            num: exactly(self.num.checked_neg())?,
            den: self.den,
        })
    }

    /// The absolute value.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`].
    pub fn abs(self) -> Result<Self> {
        if self.num < 0 {
            self.negated()
        } else {
            Ok(self)
        }
    }

    /// The whole power `self ^ exponent`.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] on overflow, a fractional exponent, or zero to a negative power.
    pub fn pow(self, exponent: Self) -> Result<Self> {
        let n = exponent.integer()?;
        let base = if n < 0 {
            Self::whole(1).over(self)?
        } else {
            self
        };
        // 0, 1 and -1 take any exponent; everything else overflows from 127 on.
        if base.den == 1 && (-1..=1).contains(&base.num) {
            let even = n % 2 == 0;
            let num = if n == 0 || (base.num == -1 && even) {
                1
            } else {
                base.num
            };
            return Ok(Self { num, den: 1 });
        }
        let n = exactly(u32::try_from(n.unsigned_abs()).ok())?;
        Ok(Self {
            num: exactly(base.num.checked_pow(n))?,
            den: exactly(base.den.checked_pow(n))?,
        })
    }

    /// The largest integer not above.
    pub fn floor(self) -> Self {
        Self {
            num: self.num.div_euclid(self.den),
            den: 1,
        }
    }

    /// The smallest integer not below.
    pub fn ceil(self) -> Self {
        let floor = self.num.div_euclid(self.den);
        Self {
            num: if self.is_whole() { floor } else { floor + 1 },
            den: 1,
        }
    }

    /// The nearest integer, halves away from zero.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`].
    pub fn round(self) -> Result<Self> {
        let half = Self { num: 1, den: 2 };
        if self.num < 0 {
            Ok(self.minus(half)?.ceil())
        } else {
            Ok(self.plus(half)?.floor())
        }
    }

    /// The exact square root.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::NotASquare`] where it is irrational or imaginary.
    pub fn sqrt(self) -> Result<Self> {
        let root = |n: i128| -> Result<i128> {
            let root = u128::try_from(n)
                .map_err(|_| ArithmeticError::NotASquare)?
                .isqrt() as i128;
            if root * root == n {
                Ok(root)
            } else {
                Err(ArithmeticError::NotASquare)
            }
        };
        Ok(Self {
            num: root(self.num)?,
            den: root(self.den)?,
        })
    }

    /// The order of two values.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] where the cross products do not fit.
    pub fn compare(self, other: Self) -> Result<Ordering> {
        if self.den == other.den {
            return Ok(self.num.cmp(&other.num));
        }
        let left = exactly(self.num.checked_mul(other.den))?;
        let right = exactly(other.num.checked_mul(self.den))?;
        Ok(left.cmp(&right))
    }

    /// Decimal notation with `places` places, rounded half away from zero.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`].
    pub fn to_decimal(self, places: u32) -> Result<String> {
        let scale = exactly(10_i128.checked_pow(places))?;
        let scaled = self.times(Self { num: scale, den: 1 })?.round()?.num;
        let sign = if scaled < 0 { "-" } else { "" };
        let (whole, part) = (
            scaled.unsigned_abs() / scale.unsigned_abs(),
            scaled.unsigned_abs() % scale.unsigned_abs(),
        );
        if places == 0 {
            return Ok(format!("{sign}{whole}"));
        }
        Ok(format!(
            "{sign}{whole}.{part:0width$}",
            width = places as usize
        ))
    }
}

impl std::fmt::Display for Rational {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_whole() {
            write!(f, "{}", self.num)
        } else {
            write!(f, "{}/{}", self.num, self.den)
        }
    }
}

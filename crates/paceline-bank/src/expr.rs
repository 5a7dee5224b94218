//! The expression language of templates: text to a flat program, and a program to a value.
//!
//! A program is postfix with forward jumps only, so it always ends, needs no recursion to decode,
//! and costs at most its length. Values are exact; lists hold numbers and texts but no lists, so
//! nothing a template says can grow without bound.

mod lex;
mod parse;

use serde::{Deserialize, Serialize};

use crate::rational::{ArithmeticError, Rational, gcd};

pub(crate) use lex::canonical;
pub(crate) use parse::{Parser, SyntaxError};

#[cfg(test)]
mod tests;

/// What an expression yields.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// An exact number.
    Number(Rational),
    /// A text.
    Text(String),
    /// A condition.
    Truth(bool),
    /// Numbers and texts in order.
    List(Vec<Value>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Truth(_) => "a condition",
            Self::List(_) => "a list",
        }
    }

    fn number(&self) -> Result<Rational, EvalError> {
        match self {
            Self::Number(value) => Ok(*value),
            other => Err(EvalError::Kind {
                found: other.kind(),
                wanted: "a number",
            }),
        }
    }

    fn truth(&self) -> Result<bool, EvalError> {
        match self {
            Self::Truth(value) => Ok(*value),
            other => Err(EvalError::Kind {
                found: other.kind(),
                wanted: "a condition",
            }),
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Truth(value) => value.fmt(f),
            Self::List(values) => {
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

/// Why an expression has no value with these variables.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// Exact arithmetic failed.
    #[error("{0}")]
    Arithmetic(#[from] ArithmeticError),
    /// A value of another kind is needed here.
    #[error("found {found}, wanted {wanted}")]
    Kind {
        /// What the value is.
        found: &'static str,
        /// What the operation takes.
        wanted: &'static str,
    },
    /// An index beyond the list.
    #[error("index {found} of a list of {len}")]
    Index {
        /// The index.
        found: Rational,
        /// The list's length.
        len: usize,
    },
    /// The program is not one that the parser makes.
    #[error("the expression is damaged")]
    Damaged,
}

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Op {
    Number(Rational),
    Text(String),
    Truth(bool),
    /// Pushes the variable.
    Variable(u16),
    /// Pops this many scalars and pushes their list.
    List(u16),
    Unary(Unary),
    Binary(Binary),
    /// Pops this many arguments and pushes the function's value.
    Call(Function, u16),
    /// Pops a condition; jumps this many steps ahead where it is false.
    SkipUnless(u16),
    /// Jumps this many steps ahead.
    Skip(u16),
    /// Fails unless the top is a condition.
    NeedTruth,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Unary {
    Negate,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Index,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Function {
    Abs,
    Min,
    Max,
    Gcd,
    Lcm,
    Floor,
    Ceil,
    Round,
    Num,
    Den,
    Sqrt,
    Digit,
}

/// A compiled expression.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Program {
    ops: Vec<Op>,
}

impl Program {
    /// The highest variable index used, plus one.
    pub(crate) fn n_variables(&self) -> usize {
        let used = self.ops.iter().filter_map(|op| {
            if let Op::Variable(v) = op {
                Some(*v as usize + 1)
            } else {
                None
            }
        });
        used.max().unwrap_or(0)
    }

    /// Whether the variable is used.
    pub(crate) fn uses(&self, variable: usize) -> bool {
        self.ops
            .iter()
            .any(|op| matches!(op, Op::Variable(v) if *v as usize == variable))
    }

    /// The value with these variables.
    pub(crate) fn evaluate(&self, variables: &[Value]) -> Result<Value, EvalError> {
        let mut stack: Vec<Value> = Vec::new();
        let mut at = 0;
        while let Some(op) = self.ops.get(at) {
            at += 1;
            match op {
                Op::Number(value) => stack.push(Value::Number(*value)),
                Op::Text(text) => stack.push(Value::Text(text.clone())),
                Op::Truth(value) => stack.push(Value::Truth(*value)),
                Op::Variable(v) => stack.push(
                    variables
                        .get(*v as usize)
                        .ok_or(EvalError::Damaged)?
                        .clone(),
                ),
                Op::List(n) => {
                    let elements = pop_many(&mut stack, *n)?;
                    if let Some(list) = elements
                        .iter()
                        .find(|e| matches!(e, Value::List(_) | Value::Truth(_)))
                    {
                        return Err(EvalError::Kind {
                            found: list.kind(),
                            wanted: "a number or a text",
                        });
                    }
                    stack.push(Value::List(elements));
                }
                Op::Unary(op) => {
                    let value = pop(&mut stack)?;
                    stack.push(match op {
                        Unary::Negate => Value::Number(value.number()?.negated()?),
                        Unary::Not => Value::Truth(!value.truth()?),
                    });
                }
                Op::Binary(op) => {
                    let right = pop(&mut stack)?;
                    let left = pop(&mut stack)?;
                    stack.push(binary(*op, left, &right)?);
                }
                Op::Call(function, n) => {
                    let arguments = pop_many(&mut stack, *n)?;
                    let numbers = arguments
                        .iter()
                        .map(Value::number)
                        .collect::<Result<Vec<_>, _>>()?;
                    stack.push(Value::Number(call(*function, &numbers)?));
                }
                Op::SkipUnless(n) => {
                    if !pop(&mut stack)?.truth()? {
                        at += *n as usize;
                    }
                }
                Op::Skip(n) => at += *n as usize,
                Op::NeedTruth => {
                    stack.last().ok_or(EvalError::Damaged)?.truth()?;
                }
            }
        }
        pop(&mut stack)
    }

    /// The condition's truth with these variables.
    pub(crate) fn holds(&self, variables: &[Value]) -> Result<bool, EvalError> {
        self.evaluate(variables)?.truth()
    }

    /// The number with these variables.
    pub(crate) fn number(&self, variables: &[Value]) -> Result<Rational, EvalError> {
        self.evaluate(variables)?.number()
    }
}

fn pop(stack: &mut Vec<Value>) -> Result<Value, EvalError> {
    stack.pop().ok_or(EvalError::Damaged)
}

fn pop_many(stack: &mut Vec<Value>, n: u16) -> Result<Vec<Value>, EvalError> {
    let start = stack
        .len()
        .checked_sub(n as usize)
        .ok_or(EvalError::Damaged)?;
    Ok(stack.split_off(start))
}

fn binary(op: Binary, left: Value, right: &Value) -> Result<Value, EvalError> {
    use std::cmp::Ordering;
    let order = |left: &Value| -> Result<Ordering, EvalError> {
        Ok(left.number()?.compare(right.number()?)?)
    };
    let equal = |left: &Value| match (left, right) {
        (Value::Number(_), Value::Number(_)) | (Value::Text(_), Value::Text(_)) => {
            Ok(left == right)
        }
        (Value::Truth(_), Value::Truth(_)) | (Value::List(_), Value::List(_)) => Ok(left == right),
        _ => Err(EvalError::Kind {
            found: right.kind(),
            wanted: left.kind(),
        }),
    };
    let number = match op {
        Binary::Equal => return Ok(Value::Truth(equal(&left)?)),
        Binary::NotEqual => return Ok(Value::Truth(!equal(&left)?)),
        Binary::Less => return Ok(Value::Truth(order(&left)?.is_lt())),
        Binary::LessOrEqual => return Ok(Value::Truth(order(&left)?.is_le())),
        Binary::Greater => return Ok(Value::Truth(order(&left)?.is_gt())),
        Binary::GreaterOrEqual => return Ok(Value::Truth(order(&left)?.is_ge())),
        Binary::Index => return index(left, right.number()?),
        Binary::Add => left.number()?.plus(right.number()?)?,
        Binary::Subtract => left.number()?.minus(right.number()?)?,
        Binary::Multiply => left.number()?.times(right.number()?)?,
        Binary::Divide => left.number()?.over(right.number()?)?,
        Binary::Remainder => left.number()?.modulo(right.number()?)?,
        Binary::Power => left.number()?.pow(right.number()?)?,
    };
    Ok(Value::Number(number))
}

fn index(list: Value, index: Rational) -> Result<Value, EvalError> {
    let Value::List(mut values) = list else {
        return Err(EvalError::Kind {
            found: list.kind(),
            wanted: "a list",
        });
    };
    let len = values.len();
    let i = index
        .integer()
        .ok()
        .and_then(|i| usize::try_from(i).ok())
        .filter(|&i| i < len);
    i.map(|i| values.swap_remove(i))
        .ok_or(EvalError::Index { found: index, len })
}

fn call(function: Function, x: &[Rational]) -> Result<Rational, EvalError> {
    let first = *x.first().ok_or(EvalError::Damaged)?;
    let fold = |f: &dyn Fn(Rational, Rational) -> Result<Rational, ArithmeticError>| {
        x[1..].iter().try_fold(first, |a, &b| f(a, b))
    };
    let smaller = |a: Rational, b: Rational| Ok(if a.compare(b)?.is_le() { a } else { b });
    let larger = |a: Rational, b: Rational| Ok(if a.compare(b)?.is_ge() { a } else { b });
    let divisor = |a: Rational, b: Rational| Rational::new(gcd(a.integer()?, b.integer()?)?, 1);
    let multiple = |a: Rational, b: Rational| {
        if a == Rational::ZERO || b == Rational::ZERO {
            Ok(Rational::ZERO)
        } else {
            a.times(b)?.abs()?.over(divisor(a, b)?)
        }
    };
    Ok(match function {
        Function::Abs => first.abs()?,
        Function::Min => fold(&smaller)?,
        Function::Max => fold(&larger)?,
        Function::Gcd => fold(&divisor)?.abs()?,
        Function::Lcm => fold(&multiple)?.abs()?,
        Function::Floor => first.floor(),
        Function::Ceil => first.ceil(),
        Function::Round => first.round()?,
        Function::Num => Rational::new(first.num(), 1)?,
        Function::Den => Rational::new(first.den(), 1)?,
        Function::Sqrt => first.sqrt()?,
        Function::Digit => {
            let place = Rational::whole(10).pow(*x.get(1).ok_or(EvalError::Damaged)?)?;
            first
                .abs()?
                .over(place)?
                .floor()
                .modulo(Rational::whole(10))?
        }
    })
}

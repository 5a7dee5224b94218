//! Tokens to programs: a Pratt parser, which emits postfix as it goes.

use super::lex::{Token, lex};
use super::{Binary, Function, Op, Program, Unary};
use crate::rational::Rational;
use crate::suggest::closest;

/// How deeply brackets, calls and signs may nest.
const MAX_DEPTH: usize = 64;
/// How many steps a program may have, give or take a few; jumps are 16 bits.
const MAX_STEPS: usize = 10_000;

/// What is wrong with an expression, and at which of its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SyntaxError {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) found: String,
    pub(crate) wanted: String,
    pub(crate) help: Option<String>,
}

type Result<T> = std::result::Result<T, SyntaxError>;

/// Reads expressions off one line of text.
pub(crate) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    end: usize,
    depth: usize,
    variables: &'a [String],
}

const FUNCTIONS: [(&str, Function, std::ops::RangeInclusive<usize>); 12] = [
    ("abs", Function::Abs, 1..=1),
    ("min", Function::Min, 1..=64),
    ("max", Function::Max, 1..=64),
    ("gcd", Function::Gcd, 1..=64),
    ("lcm", Function::Lcm, 1..=64),
    ("floor", Function::Floor, 1..=1),
    ("ceil", Function::Ceil, 1..=1),
    ("round", Function::Round, 1..=1),
    ("num", Function::Num, 1..=1),
    ("den", Function::Den, 1..=1),
    ("sqrt", Function::Sqrt, 1..=1),
    ("digit", Function::Digit, 2..=2),
];

impl<'a> Parser<'a> {
    /// A parser that knows these variables, by index.
    pub(crate) fn new(source: &'a str, variables: &'a [String]) -> Self {
        Self {
            tokens: lex(source),
            at: 0,
            end: source.len(),
            depth: 0,
            variables,
        }
    }

    /// The next token, if any.
    pub(crate) fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    /// Takes the next token if it is this.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.text == text);
        self.at += usize::from(found);
        found
    }

    /// Takes the next token if it is a name.
    pub(crate) fn take_name(&mut self) -> Option<&'a str> {
        let name = self
            .peek()
            .filter(|token| token.is_name())
            .map(|token| token.text);
        self.at += usize::from(name.is_some());
        name
    }

    /// The error that the next token is not what is wanted.
    pub(crate) fn unexpected(&self, wanted: &str) -> SyntaxError {
        let (start, end, found) = match self.peek() {
            Some(token) => (token.start, token.end(), format!("`{}`", token.text)),
            None => (self.end, self.end, "the end".to_owned()),
        };
        SyntaxError {
            start,
            end,
            found,
            wanted: wanted.to_owned(),
            help: None,
        }
    }

    /// Fails unless everything was read.
    pub(crate) fn finish(&self, wanted: &str) -> Result<()> {
        if self.peek().is_some() {
            Err(self.unexpected(wanted))
        } else {
            Ok(())
        }
    }

    /// Reads one expression as far as it goes.
    pub(crate) fn expression(&mut self) -> Result<Program> {
        let mut ops = Vec::new();
        self.binary(0, &mut ops)?;
        Ok(Program { ops })
    }

    /// Reads an expression that is the whole text.
    pub(crate) fn whole(mut self) -> Result<Program> {
        let program = self.expression()?;
        self.finish("an operator or the end")?;
        Ok(program)
    }

    /// Precedence climbing: reads operators that bind at least as tightly as `level`.
    fn binary(&mut self, level: u8, ops: &mut Vec<Op>) -> Result<()> {
        if level == 0 {
            self.deeper()?;
        }
        if level == LEVEL_NOT && self.take("not") {
            self.deeper()?;
            self.binary(LEVEL_NOT, ops)?;
            self.depth -= 1;
            ops.push(Op::Unary(Unary::Not));
        } else if level == LEVEL_UNARY {
            self.unary(ops)?;
        } else {
            self.binary(level + 1, ops)?;
        }
        let mut compared = false;
        while let Some(operator) = self.peek().and_then(|token| operator(token.text, level)) {
            if level == LEVEL_COMPARE && compared {
                let mut error = self.unexpected("`and` or the end");
                error.help = Some("comparisons do not chain; write `a < b and b < c`".to_owned());
                return Err(error);
            }
            compared = true;
            self.at += 1;
            let start = ops.len();
            self.binary(level + 1, ops)?;
            match operator {
                Operator::Plain(op) => ops.push(Op::Binary(op)),
                Operator::And => {
                    // a and b: where a is false, skip b and push false.
                    ops.push(Op::NeedTruth);
                    let skip = (ops.len() - start) as u16;
                    ops.insert(start, Op::SkipUnless(skip + 1));
                    ops.extend([Op::Skip(1), Op::Truth(false)]);
                }
                Operator::Or => {
                    // a or b: where a is true, push true and skip b.
                    ops.push(Op::NeedTruth);
                    let skip = (ops.len() - start) as u16;
                    ops.splice(
                        start..start,
                        [Op::SkipUnless(2), Op::Truth(true), Op::Skip(skip)],
                    );
                }
            }
        }
        if level == 0 {
            self.depth -= 1;
        }
        Ok(())
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.unexpected(&format!("an expression nested at most {MAX_DEPTH} deep")));
        }
        Ok(())
    }

    fn unary(&mut self, ops: &mut Vec<Op>) -> Result<()> {
        let mut negations = 0;
        while self.take("-") {
            negations += 1;
        }
        self.postfix(ops)?;
        if self.take("^") {
            self.deeper()?;
            self.unary(ops)?;
            self.depth -= 1;
            ops.push(Op::Binary(Binary::Power));
        }
        if negations > 0 {
            ops.push(Op::Unary(Unary::Negate));
            if negations % 2 == 0 {
                ops.push(Op::Unary(Unary::Negate));
            }
        }
        Ok(())
    }

    fn postfix(&mut self, ops: &mut Vec<Op>) -> Result<()> {
        self.atom(ops)?;
        while self.take("[") {
            self.binary(0, ops)?;
            self.need("]")?;
            ops.push(Op::Binary(Binary::Index));
        }
        Ok(())
    }

    fn need(&mut self, text: &str) -> Result<()> {
        if self.take(text) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{text}`")))
        }
    }

    fn atom(&mut self, ops: &mut Vec<Op>) -> Result<()> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.unexpected("a value"));
        };
        if ops.len() > MAX_STEPS {
            return Err(self.unexpected(&format!("an expression of at most {MAX_STEPS} steps")));
        }
        if token.is_number() {
            let number = decimal(token.text)
                .ok_or_else(|| self.unexpected("a number of at most 38 digits"))?;
            self.at += 1;
            ops.push(Op::Number(number));
        } else if token.is_text() {
            if token.text.len() < 2 || !token.text.ends_with('"') {
                return Err(self.unexpected("a closing `\"`"));
            }
            self.at += 1;
            ops.push(Op::Text(token.text[1..token.text.len() - 1].to_owned()));
        } else if token.is_name() {
            self.name(token.text, ops)?;
        } else if self.take("(") {
            self.binary(0, ops)?;
            self.need(")")?;
        } else if self.take("[") {
            let n = self.list("]", ops)?;
            ops.push(Op::List(n));
        } else {
            return Err(self.unexpected("a value"));
        }
        Ok(())
    }

    fn name(&mut self, name: &'a str, ops: &mut Vec<Op>) -> Result<()> {
        let called = self
            .tokens
            .get(self.at + 1)
            .is_some_and(|token| token.text == "(");
        if called {
            return self.call(name, ops);
        }
        match name {
            "true" | "false" => ops.push(Op::Truth(name == "true")),
            _ => match self.variables.iter().rposition(|variable| variable == name) {
                Some(i) => ops.push(Op::Variable(i as u16)),
                None => {
                    let mut error = self.unexpected("a variable defined by an earlier `let`");
                    let known = self.variables.iter().map(String::as_str);
                    error.help = match closest(name, known) {
                        Some(known) => Some(format!("did you mean `{known}`?")),
                        None if name == "theme" => Some(
                            "a theme's slot stands alone in its braces: {theme.slot}".to_owned(),
                        ),
                        None if self.variables.is_empty() => {
                            Some("there is no `let` before this".to_owned())
                        }
                        None => Some(format!(
                            "the variables here are `{}`",
                            self.variables.join("`, `")
                        )),
                    };
                    return Err(error);
                }
            },
        }
        self.at += 1;
        Ok(())
    }

    fn call(&mut self, name: &str, ops: &mut Vec<Op>) -> Result<()> {
        let function = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        if function.is_none() && name != "if" {
            let mut error = self.unexpected("a function");
            let known = FUNCTIONS.iter().map(|(known, ..)| *known).chain(["if"]);
            error.help = Some(match closest(name, known.clone()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("the functions are {}", known.collect::<Vec<_>>().join(" ")),
            });
            return Err(error);
        }
        let start = self.at;
        self.at += 2;
        let Some((_, function, arity)) = function else {
            return self.conditional(ops);
        };
        let n = self.list(")", ops)?;
        if !arity.contains(&(n as usize)) {
            self.at = start;
            let mut error =
                self.unexpected(&format!("`{name}` with {} argument(s)", arity.start()));
            error.found = format!("{n} arguments of `{name}`");
            return Err(error);
        }
        ops.push(Op::Call(*function, n));
        Ok(())
    }

    /// `if(c, x, y)` evaluates only the branch it takes.
    fn conditional(&mut self, ops: &mut Vec<Op>) -> Result<()> {
        self.binary(0, ops)?;
        self.need(",")?;
        let test = ops.len();
        ops.push(Op::SkipUnless(0));
        self.binary(0, ops)?;
        self.need(",")?;
        let skip = ops.len();
        ops.push(Op::Skip(0));
        ops[test] = Op::SkipUnless((ops.len() - test - 1) as u16);
        self.binary(0, ops)?;
        self.need(")")?;
        ops[skip] = Op::Skip((ops.len() - skip - 1) as u16);
        Ok(())
    }

    /// Values between commas up to the closing mark; their number.
    fn list(&mut self, close: &str, ops: &mut Vec<Op>) -> Result<u16> {
        let mut n = 0;
        while !self.take(close) {
            if n > 0 {
                self.need(",")?;
                // A trailing comma is as good as none.
                if self.take(close) {
                    break;
                }
            }
            self.binary(0, ops)?;
            n += 1;
            if n > 1000 {
                return Err(self.unexpected("at most 1,000 values"));
            }
        }
        Ok(n)
    }
}

const LEVEL_NOT: u8 = 2;
const LEVEL_COMPARE: u8 = 3;
const LEVEL_UNARY: u8 = 6;

enum Operator {
    Plain(Binary),
    And,
    Or,
}

fn operator(text: &str, level: u8) -> Option<Operator> {
    let plain = |op| Some(Operator::Plain(op));
    match (level, text) {
        (0, "or") => Some(Operator::Or),
        (1, "and") => Some(Operator::And),
        (LEVEL_COMPARE, "==") => plain(Binary::Equal),
        (LEVEL_COMPARE, "!=") => plain(Binary::NotEqual),
        (LEVEL_COMPARE, "<") => plain(Binary::Less),
        (LEVEL_COMPARE, "<=") => plain(Binary::LessOrEqual),
        (LEVEL_COMPARE, ">") => plain(Binary::Greater),
        (LEVEL_COMPARE, ">=") => plain(Binary::GreaterOrEqual),
        (4, "+") => plain(Binary::Add),
        (4, "-") => plain(Binary::Subtract),
        (5, "*") => plain(Binary::Multiply),
        (5, "/") => plain(Binary::Divide),
        (5, "%") => plain(Binary::Remainder),
        _ => None,
    }
}

/// The value of `12` or `1.25`.
pub(crate) fn decimal(text: &str) -> Option<Rational> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    Rational::new(
        digits,
        10_i128.checked_pow(u32::try_from(part.len()).ok()?)?,
    )
    .ok()
}

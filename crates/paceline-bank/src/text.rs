//! Texts with placeholders: parsed once, rendered with an instance's values.
//!
//! In prose `{expr}` is a placeholder and `\{` a brace. Between dollar signs braces are TeX's: there a
//! run of two or more `{` opens a placeholder with its last two, which the next `}}` closes.

use serde::{Deserialize, Serialize};

use crate::expr::{EvalError, Parser, Program, Value};
use crate::rational::Rational;
use crate::suggest::closest;

pub(crate) use crate::expr::SyntaxError;

#[cfg(test)]
mod tests;

/// How a number is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    /// An integer, or a fraction in lowest terms.
    #[default]
    Plain,
    /// `num/den` even when whole.
    Fraction,
    /// `1 1/2`.
    Mixed,
    /// Decimal places.
    Decimal(u8),
    /// With its sign.
    Signed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Piece {
    Literal(String),
    Value {
        program: Program,
        format: Format,
        math: bool,
    },
    /// The first form for one, the second for any other number.
    Plural {
        program: Program,
        one: String,
        other: String,
    },
    Slot(String),
}

/// A text with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Text {
    pieces: Vec<Piece>,
}

/// What fills placeholders.
#[derive(Clone, Copy)]
pub(crate) struct Fill<'a> {
    pub(crate) values: &'a [Value],
    /// A slot's text; where the theme is not to matter, a mark of its own.
    pub(crate) slot: &'a dyn Fn(&str) -> String,
    /// The language, which decides the decimal mark.
    pub(crate) language: &'a str,
}

/// Stands for a slot's text where the theme must not decide anything, as in comparing answers.
pub(crate) fn slot_mark(slot: &str) -> String {
    format!("\u{1}{slot}\u{1}")
}

/// Whether numbers in the language have a decimal comma.
pub(crate) fn has_decimal_comma(language: &str) -> bool {
    const COMMA: [&str; 22] = [
        "bg", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "nb",
        "nl", "pl", "pt", "ro", "ru", "sv", "uk",
    ];
    COMMA.contains(&language.split(['-', '_']).next().unwrap_or_default())
}

impl Text {
    /// Parses the text; every mistake is reported, each with its place.
    pub(crate) fn parse(source: &str, variables: &[String]) -> Result<Self, Vec<SyntaxError>> {
        let mut reader = Reader {
            source,
            variables,
            at: 0,
            literal: String::new(),
            pieces: Vec::new(),
            errors: Vec::new(),
        };
        reader.read();
        if reader.errors.is_empty() {
            Ok(Self {
                pieces: reader.pieces,
            })
        } else {
            Err(reader.errors)
        }
    }

    /// The text itself, where nothing in it is to be filled in.
    pub(crate) fn literal(&self) -> Option<String> {
        let literal = self.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            _ => None,
        });
        literal.collect()
    }

    /// The theme slots it names.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| {
            if let Piece::Slot(name) = piece {
                Some(name.as_str())
            } else {
                None
            }
        })
    }

    /// Whether a placeholder uses the variable.
    pub(crate) fn uses(&self, variable: usize) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Value { program, .. } | Piece::Plural { program, .. } => program.uses(variable),
            Piece::Literal(_) | Piece::Slot(_) => false,
        })
    }

    /// The text as a learner sees it.
    pub(crate) fn render(&self, fill: &Fill<'_>) -> Result<String, EvalError> {
        self.print(fill, false)
    }

    /// The text with every value that is not a plain whole number in brackets, so that `{a}/{b}` reads
    /// as a quotient whatever a and b are.
    pub(crate) fn render_as_expression(&self, fill: &Fill<'_>) -> Result<String, EvalError> {
        self.print(fill, true)
    }

    fn print(&self, fill: &Fill<'_>, brackets: bool) -> Result<String, EvalError> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Slot(name) => out.push_str(&(fill.slot)(name)),
                Piece::Plural {
                    program,
                    one,
                    other,
                } => {
                    let is_one = program.number(fill.values)? == Rational::whole(1);
                    out.push_str(if is_one { one } else { other });
                }
                Piece::Value {
                    program,
                    format,
                    math,
                } => {
                    let value = program.evaluate(fill.values)?;
                    let text = print_value(&value, *format, *math, fill.language)?;
                    let plain = text.bytes().all(|b| b.is_ascii_digit());
                    if brackets && !plain && matches!(value, Value::Number(_)) {
                        out.extend(["(", &text, ")"]);
                    } else {
                        out.push_str(&text);
                    }
                }
            }
        }
        Ok(out)
    }
}

fn print_value(
    value: &Value,
    format: Format,
    math: bool,
    language: &str,
) -> Result<String, EvalError> {
    let number = match value {
        Value::Number(number) => *number,
        Value::List(values) => {
            let texts = values
                .iter()
                .map(|v| print_value(v, format, math, language))
                .collect::<Result<Vec<_>, _>>()?;
            let separator = if has_decimal_comma(language) {
                "; "
            } else {
                ", "
            };
            return Ok(texts.join(separator));
        }
        other => return Ok(other.to_string()),
    };
    let sign = if number.num() < 0 { "-" } else { "" };
    let fraction = |num: i128, den: i128| {
        if math {
            format!("\\frac{{{num}}}{{{den}}}")
        } else {
            format!("{num}/{den}")
        }
    };
    let size = number.abs()?;
    Ok(match format {
        Format::Fraction => format!("{sign}{}", fraction(size.num(), size.den())),
        Format::Plain if number.is_whole() => number.to_string(),
        Format::Plain => format!("{sign}{}", fraction(size.num(), size.den())),
        Format::Mixed => {
            let (whole, part) = (size.floor(), size.minus(size.floor())?);
            let space = if math { "" } else { " " };
            match (whole.num(), part.num()) {
                (_, 0) => number.to_string(),
                (0, _) => format!("{sign}{}", fraction(part.num(), part.den())),
                _ => format!("{sign}{whole}{space}{}", fraction(part.num(), part.den())),
            }
        }
        Format::Decimal(places) => {
            let text = number.to_decimal(u32::from(places))?;
            match (has_decimal_comma(language), math) {
                (true, true) => text.replace('.', "{,}"),
                (true, false) => text.replace('.', ","),
                (false, _) => text,
            }
        }
        Format::Signed => {
            let plain = print_value(value, Format::Plain, math, language)?;
            if number.num() < 0 {
                plain
            } else {
                format!("+{plain}")
            }
        }
    })
}

struct Reader<'a> {
    source: &'a str,
    variables: &'a [String],
    at: usize,
    literal: String,
    pieces: Vec<Piece>,
    errors: Vec<SyntaxError>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn read(&mut self) {
        let mut math_from = None;
        while let Some(c) = self.rest().chars().next() {
            let rest = self.rest();
            if c == '\\' {
                let escaped = rest[1..].chars().next();
                match escaped {
                    // In prose an escaped brace is a brace; everything else stays for Markdown or TeX.
                    Some(brace @ ('{' | '}')) if math_from.is_none() => self.literal.push(brace),
                    Some(other) => self.literal.extend(['\\', other]),
                    None => self.literal.push('\\'),
                }
                self.at += 1 + escaped.map_or(0, char::len_utf8);
            } else if c == '$' {
                let len = if rest.starts_with("$$") { 2 } else { 1 };
                math_from = if math_from.is_some() {
                    None
                } else {
                    Some(self.at)
                };
                self.literal.push_str(&rest[..len]);
                self.at += len;
            } else if c == '{' && math_from.is_some() {
                let run = rest.bytes().take_while(|&b| b == b'{').count();
                if run == 1 {
                    self.literal.push('{');
                    self.at += 1;
                } else {
                    self.literal.extend(std::iter::repeat_n('{', run - 2));
                    self.at += run;
                    self.placeholder("}}", true);
                }
            } else if c == '{' {
                self.at += 1;
                self.placeholder("}", false);
            } else {
                self.literal.push(c);
                self.at += c.len_utf8();
            }
            if self.errors.len() >= 20 {
                return;
            }
        }
        // A placeholder that never closes has swallowed the rest.
        if let (Some(start), true) = (math_from, self.errors.is_empty()) {
            self.error(
                start,
                start + 1,
                "a `$` without another",
                "a closing `$`",
                Some("a dollar sign in prose is `\\$`"),
            );
        }
        self.flush();
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.pieces
                .push(Piece::Literal(std::mem::take(&mut self.literal)));
        }
    }

    fn error(&mut self, start: usize, end: usize, found: &str, wanted: &str, help: Option<&str>) {
        let (found, wanted, help) = (found.to_owned(), wanted.to_owned(), help.map(str::to_owned));
        self.errors.push(SyntaxError {
            start,
            end,
            found,
            wanted,
            help,
        });
    }

    /// Reads what stands between braces, the opening ones being read.
    fn placeholder(&mut self, close: &str, math: bool) {
        let start = self.at;
        let Some(len) = find_outside_quotes(self.rest(), close) else {
            let help = if math {
                None
            } else {
                Some("a literal brace in prose is `\\{`")
            };
            let found = if close == "}" {
                "a `{` without a `}`"
            } else {
                "a `{{` without a `}}`"
            };
            self.error(start - close.len(), start, found, "a closing brace", help);
            self.at = self.source.len();
            return;
        };
        let inner = &self.source[start..start + len];
        self.at = start + len + close.len();
        match placeholder(inner, self.variables, math) {
            Ok(piece) => {
                self.flush();
                self.pieces.push(piece);
            }
            Err(mut error) => {
                error.start += start;
                error.end += start;
                self.errors.push(error);
            }
        }
    }
}

/// Where `mark` first stands outside of double quotes.
fn find_outside_quotes(text: &str, mark: &str) -> Option<usize> {
    let mut quoted = false;
    for (i, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && text[i..].starts_with(mark) {
            return Some(i);
        }
    }
    None
}

fn placeholder(inner: &str, variables: &[String], math: bool) -> Result<Piece, SyntaxError> {
    if let Some(slot) = inner.trim().strip_prefix("theme.") {
        let named = !slot.is_empty()
            && slot
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        return if named {
            Ok(Piece::Slot(slot.to_owned()))
        } else {
            let found = format!("`{}`", inner.trim());
            let wanted = "the name of a theme's slot alone".to_owned();
            Err(SyntaxError {
                start: 0,
                end: inner.len(),
                found,
                wanted,
                help: None,
            })
        };
    }
    if let Some(bar) = find_outside_quotes(inner, "|") {
        let program = Parser::new(&inner[..bar], variables).whole()?;
        let forms: Vec<&str> = inner[bar + 1..].split('|').collect();
        let [one, other] = forms[..] else {
            return Err(SyntaxError {
                start: bar,
                end: inner.len(),
                found: format!("{} forms", forms.len()),
                wanted: "two forms, for one and for any other number: {n|apple|apples}".to_owned(),
                help: None,
            });
        };
        return Ok(Piece::Plural {
            program,
            one: one.to_owned(),
            other: other.to_owned(),
        });
    }
    let colon = find_outside_quotes(inner, ":");
    let (source, format) = match colon {
        None => (inner, Format::Plain),
        Some(colon) => (&inner[..colon], format_of(inner, colon)?),
    };
    Ok(Piece::Value {
        program: Parser::new(source, variables).whole()?,
        format,
        math,
    })
}

fn format_of(inner: &str, colon: usize) -> Result<Format, SyntaxError> {
    let name = inner[colon + 1..].trim();
    let places = name
        .strip_prefix('.')
        .and_then(|places| places.parse::<u8>().ok())
        .filter(|&places| places <= 18);
    match name {
        "frac" => Ok(Format::Fraction),
        "mixed" => Ok(Format::Mixed),
        "+" => Ok(Format::Signed),
        _ => places.map(Format::Decimal).ok_or_else(|| SyntaxError {
            start: colon,
            end: inner.len(),
            found: format!("format `{name}`"),
            wanted: "`frac`, `mixed`, `+`, or decimal places such as `.2`".to_owned(),
            help: closest(name, ["frac", "mixed"].into_iter())
                .map(|known| format!("did you mean `{known}`?")),
        }),
    }
}

//! Tokens of the expression language.

/// A token and the bytes it stands at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) start: usize,
}

impl Token<'_> {
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(crate) fn is_name(&self) -> bool {
        self.text
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    }

    pub(crate) fn is_number(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit())
    }

    pub(crate) fn is_text(&self) -> bool {
        self.text.starts_with('"')
    }
}

/// Splits into tokens; every character ends up in one, so unknown ones are the parser's to refuse.
pub(crate) fn lex(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = source.get(start..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        let len = match first {
            c if c.is_whitespace() => {
                start += c.len_utf8();
                continue;
            }
            c if c.is_ascii_digit() => number_len(rest),
            c if c.is_ascii_alphabetic() || c == '_' => rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
            '"' => rest[1..].find('"').map_or(rest.len(), |i| i + 2),
            _ if ["==", "!=", "<=", ">=", ".."]
                .iter()
                .any(|op| rest.starts_with(op)) =>
            {
                2
            }
            c => c.len_utf8(),
        };
        tokens.push(Token {
            text: &rest[..len],
            start,
        });
        start += len;
    }
    tokens
}

/// Digits, and a fraction part where a digit follows the point: `2..9` is not a decimal.
fn number_len(rest: &str) -> usize {
    let digits = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
    let whole = digits(rest);
    let after = &rest[whole..];
    match after.strip_prefix('.').map(digits) {
        Some(part) if part > 0 => whole + 1 + part,
        _ => whole,
    }
}

/// The same expression in one spelling, for versions: tokens with single spaces between.
pub(crate) fn canonical(source: &str) -> String {
    lex(source)
        .iter()
        .map(|token| token.text)
        .collect::<Vec<_>>()
        .join(" ")
}

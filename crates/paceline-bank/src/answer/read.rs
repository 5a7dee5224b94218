//! What is written as what it means: numbers, units, lists and folded texts.

use unicode_normalization::UnicodeNormalization;

use crate::expr::Value;
use crate::rational::Rational;

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Written {
    pub(crate) value: Rational,
    /// A whole number, or a fraction (also of a mixed number) in lowest terms.
    pub(crate) is_lowest: bool,
}

/// Unicode forms, minus signs, fraction slashes and spaces folded; trimmed.
pub(crate) fn normalise(text: &str) -> String {
    let mut spread = String::with_capacity(text.len());
    for c in text.chars() {
        // Compatibility forms would turn 1½ into 11/2 and 5² into 52: part them first.
        match c {
            '¼'..='¾' | '⅐'..='⅞' if spread.ends_with(|d: char| d.is_ascii_digit()) => {
                spread.extend([' ', c])
            }
            '²' | '³' | '¹' | '⁰'..='⁹' if !spread.ends_with('^') => spread.extend(['^', c]),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}' => {}
            _ => spread.push(c),
        }
    }
    let mut out = String::with_capacity(spread.len());
    for c in spread.nfkc() {
        match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{2044}' | '\u{2215}' => out.push('/'),
            '\u{2018}' | '\u{2019}' | '\u{02bc}' => out.push('\''),
            '\u{201c}'..='\u{201e}' => out.push('"'),
            c if c.is_whitespace() || c.is_control() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            _ => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// A text for comparison: normalised, lower case, without emphasis, outer quotes and final punctuation.
pub(crate) fn fold_text(text: &str) -> String {
    let text = normalise(text).to_lowercase();
    let text: String = text
        .chars()
        .filter(|c| !matches!(c, '*' | '_' | '$' | '\\'))
        .collect();
    let text = text
        .trim()
        .trim_end_matches(['.', '!', '?', ',', ';', ':'])
        .trim();
    let inner = text
        .strip_prefix(['"', '\''])
        .and_then(|t| t.strip_suffix(['"', '\'']));
    normalise(
        inner
            .unwrap_or(text)
            .trim_end_matches(['.', '!', '?', ',', ';', ':']),
    )
}

/// Reads a number in any usual notation: `12`, `-3/4`, `1 1/2`, `0.75`, `.5`, `1,234.5`, `40 %`.
pub(crate) fn read_number(text: &str, comma: bool) -> Option<Written> {
    let plain;
    let text = if text.contains(['\\', '$']) {
        plain = without_tex(text);
        plain.trim()
    } else {
        text.trim()
    };
    if text.len() > 400 {
        return None;
    }
    let (text, percent) = text
        .strip_suffix('%')
        .map_or((text, false), |rest| (rest.trim_end(), true));
    let (negative, text) = sign(text);
    let mut number = match text.split_once('/') {
        None => unsigned(text, comma)?,
        Some((left, right)) => quotient(left.trim(), right.trim(), comma)?,
    };
    if negative {
        number.value = number.value.negated().ok()?;
    }
    if percent {
        number.value = number.value.over(Rational::whole(100)).ok()?;
        number.is_lowest = false;
    }
    Some(number)
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text).trim_start()),
    }
}

fn quotient(left: &str, right: &str, comma: bool) -> Option<Written> {
    let (negative, right) = sign(right);
    let den = unsigned(right, comma)?;
    let whole = |n: Written| n.is_lowest && n.value.is_whole();
    if let Some((units, part)) = left.rsplit_once(' ') {
        let (units, part) = (unsigned(units.trim_end(), comma)?, unsigned(part, comma)?);
        let proper = whole(units) && whole(part) && whole(den) && !negative;
        let fraction = part.value.over(den.value).ok().filter(|_| proper)?;
        let is_lowest = fraction.den() == den.value.num() && part.value.num() < den.value.num();
        return Some(Written {
            value: units.value.plus(fraction).ok()?,
            is_lowest,
        });
    }
    let num = unsigned(left, comma)?;
    let value = num.value.over(den.value).ok()?;
    let is_lowest = whole(num)
        && whole(den)
        && !negative
        && value.den() == den.value.num()
        && den.value.num() > 1;
    let value = if negative {
        value.negated().ok()?
    } else {
        value
    };
    Some(Written { value, is_lowest })
}

/// Digits with an optional decimal part and thousands separators, which stand in threes only.
fn unsigned(text: &str, comma: bool) -> Option<Written> {
    let (point, group) = if comma { (',', '.') } else { ('.', ',') };
    let (whole, part) = match text.split_once(point) {
        Some((whole, part)) => (whole, part),
        // With a decimal comma a point not before three digits, or after a lone 0, is a decimal point.
        None if comma && text.matches('.').count() == 1 => {
            let (whole, part) = text.split_once('.')?;
            if part.len() == 3 && !whole.is_empty() && whole != "0" {
                (text, "")
            } else {
                (whole, part)
            }
        }
        None => (text, ""),
    };
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let mut digits = String::with_capacity(text.len());
    let mark = whole.chars().find(|c| !c.is_ascii_digit());
    match mark {
        None => digits.push_str(whole),
        Some(mark) if [group, ' ', '\''].contains(&mark) => {
            for (i, block) in whole.split(mark).enumerate() {
                let fits = if i == 0 {
                    (1..=3).contains(&block.len())
                } else {
                    block.len() == 3
                };
                if !fits || !block.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                digits.push_str(block);
            }
        }
        Some(_) => return None,
    }
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = part.trim_end_matches('0');
    digits.push_str(part);
    let digits = digits.trim_start_matches('0');
    let num = if digits.is_empty() {
        0
    } else {
        digits.parse::<i128>().ok()?
    };
    let den = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    Some(Written {
        value: Rational::new(num, den).ok()?,
        is_lowest: part.is_empty(),
    })
}

/// `\frac{a}{b}` as `a/b`, without dollar signs and spacing commands.
fn without_tex(text: &str) -> String {
    let mut out = text
        .replace("{,}", ",")
        .replace("\\%", "%")
        .replace("\\dfrac", "\\frac")
        .replace("\\tfrac", "\\frac");
    for gone in ["$", "\\,", "\\;", "\\ ", "\\left", "\\right"] {
        out = out.replace(gone, "");
    }
    // Each round takes one fraction away; texts are short and bounded by the caller.
    for _ in 0..16 {
        let Some(start) = out.find("\\frac{") else {
            break;
        };
        let Some((num, after)) = braced(&out[start + 5..]) else {
            break;
        };
        let Some((den, rest)) = braced(after) else {
            break;
        };
        let space = if out[..start].ends_with(|c: char| c.is_ascii_digit()) {
            " "
        } else {
            ""
        };
        out = format!("{}{space}{num}/{den}{rest}", &out[..start]);
    }
    out
}

/// The text in a leading pair of braces, and what follows.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some((&text[1..i], &text[i + 1..])),
            '}' => depth -= 1,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The value an author wrote: a number in any notation, or a quotient whose parts may stand in brackets.
pub(crate) fn read_authored(text: &str) -> Option<Rational> {
    let text = normalise(text);
    let text = if text.contains(['\\', '$']) {
        without_tex(&text)
    } else {
        text
    };
    bracketed(text.trim(), 0)
}

fn bracketed(text: &str, depth: u8) -> Option<Rational> {
    if depth > 4 {
        return None;
    }
    if !text.contains('(') {
        return read_number(text, false).map(|number| number.value);
    }
    if let Some(rest) = text.strip_suffix('%') {
        return bracketed(rest.trim(), depth + 1)?
            .over(Rational::whole(100))
            .ok();
    }
    if let Some(rest) = text.strip_prefix('-') {
        return bracketed(rest.trim(), depth + 1)?.negated().ok();
    }
    let slashes: Vec<usize> = outside_brackets(text, '/');
    match slashes[..] {
        [] => match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            Some(inner) => bracketed(inner.trim(), depth + 1),
            None => None,
        },
        [at] => {
            let (left, right) = (text[..at].trim(), text[at + 1..].trim());
            let den = bracketed(right, depth + 1)?;
            match outside_brackets(left, ' ')[..] {
                // A mixed number: the fraction has the sign of the whole part.
                [space] => {
                    let (units, part) = (
                        bracketed(&left[..space], depth + 1)?,
                        bracketed(&left[space + 1..], depth + 1)?,
                    );
                    let part = part.over(den).ok()?;
                    if units.num() < 0 {
                        units.minus(part).ok()
                    } else {
                        units.plus(part).ok()
                    }
                }
                _ => bracketed(left, depth + 1)?.over(den).ok(),
            }
        }
        _ => None,
    }
}

fn outside_brackets(text: &str, mark: char) -> Vec<usize> {
    let mut depth = 0_i32;
    let mut found = Vec::new();
    for (i, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && c == mark {
            found.push(i);
        }
    }
    found
}

/// `x = 3` as `3`: at most three letters before one equals sign.
pub(crate) fn strip_equation(text: &str) -> &str {
    match text.split_once('=') {
        Some((name, value)) => {
            let name = name.trim();
            let is_name = !name.is_empty()
                && name.chars().count() <= 3
                && name.chars().all(char::is_alphabetic);
            if is_name { value.trim() } else { text }
        }
        None => text,
    }
}

/// Which unit a response named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    None,
    Named,
    Other,
}

/// The response without its unit, before or after the number.
pub(crate) fn strip_unit<'a>(text: &'a str, unit: &str) -> (&'a str, Unit) {
    let text = text.trim();
    let number = |c: char| c.is_ascii_digit();
    let (Some(first), Some(last)) = (
        text.find(number),
        text.rfind(|c: char| c.is_ascii_digit() || c == '.'),
    ) else {
        return (text, Unit::None);
    };
    let fold = |unit: &str| -> String {
        normalise(unit)
            .to_lowercase()
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '^' && *c != '.')
            .collect()
    };
    let wanted = fold(unit);
    // cm^2 ends in a digit, so try the unit itself before the last digit.
    for (i, _) in text.char_indices().skip(1) {
        if fold(&text[i..]) == wanted && !wanted.is_empty() && text[..i].contains(number) {
            return (text[..i].trim_end(), Unit::Named);
        }
    }
    let before = text[..first].trim_end_matches(['-', '+', '.', ' ']);
    if !before.is_empty() {
        let kind = if fold(before) == wanted {
            Unit::Named
        } else {
            Unit::Other
        };
        return (text[before.len()..].trim_start(), kind);
    }
    let after = text[last + 1..].trim();
    match after {
        "" | "%" if wanted != "%" => (text, Unit::None),
        "" => (text, Unit::None),
        _ if after.starts_with(|c: char| c.is_alphabetic() || "€£$°%".contains(c)) => {
            (text[..=last].trim_end(), Unit::Other)
        }
        _ => (text, Unit::None),
    }
}

/// The ways a response can be parted into values, the likeliest first.
pub(crate) fn split_values(text: &str) -> Vec<Vec<&str>> {
    let pairs = [('{', '}'), ('(', ')'), ('[', ']')];
    let inner = pairs
        .iter()
        .find_map(|&(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    let text = strip_equation(inner.unwrap_or(text)).trim();
    let inner = pairs
        .iter()
        .find_map(|&(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    let text = inner.unwrap_or(text).trim();
    let parts = |separator: &str| -> Vec<&str> {
        text.split(separator)
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect()
    };
    if text.contains(';') {
        return vec![parts(";")];
    }
    let mut ways = Vec::new();
    for separator in [" and ", " or ", " und ", " oder ", ", ", ","] {
        if text.contains(separator) {
            ways.push(parts(separator));
        }
    }
    if ways.is_empty() && text.contains(' ') && !text.contains('/') {
        ways.push(parts(" "));
    }
    ways.push(vec![text]);
    ways
}

/// A choice's text as a value: a number where it reads as one.
pub(crate) fn choice_value(expression: &str, shown: &str) -> Value {
    read_authored(expression).map_or_else(|| Value::Text(shown.trim().to_owned()), Value::Number)
}

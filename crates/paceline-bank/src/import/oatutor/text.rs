//! OATutor's texts in our notation.
//!
//! There `$$` encloses mathematics and a lone dollar sign is money; here `$` does, money is `\$`, and a brace outside of
//! mathematics begins a placeholder.

/// A text of several lines, as stems are: a line that would be a mark begins with a space.
pub(super) fn stem(text: &str) -> String {
    let lines = inline(text.trim());
    let lines = lines.lines().map(|line| {
        let is_mark = [
            "## ", "### ", "- [", "let ", "where ", "check ", "= ", "! ", "? ",
        ]
        .iter()
        .any(|mark| line.starts_with(mark))
            || line == "##"
            || line == "###";
        if is_mark {
            format!(" {line}")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A text on one line, as choices and hints are.
pub(super) fn line(text: &str) -> String {
    let text = inline(text.trim());
    text.replace("=>", "= >").replace('\n', "<br>")
}

/// A passage, which is shown as it stands: only the dollar signs change.
pub(super) fn passage(text: &str) -> String {
    convert(text.trim(), Braces::Plain)
}

fn inline(text: &str) -> String {
    // A fence would hide the marks after it.
    convert(text, Braces::Escaped).replace("```", "\\`\\`\\`")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Braces {
    /// Braces begin placeholders.
    Escaped,
    /// They do not.
    Plain,
}

fn convert(text: &str, braces: Braces) -> String {
    let text = text.replace('\r', "");
    let pieces: Vec<&str> = text.split("$$").collect();
    // Of an odd number of marks the last has no partner, so it is two dollars.
    let n_math = (pieces.len() - 1) / 2;
    let mut out = String::with_capacity(text.len() + 16);
    for (i, piece) in pieces.iter().enumerate() {
        if i > 2 * n_math {
            out.push_str("\\$\\$");
        }
        if i % 2 == 1 && i < 2 * n_math {
            if piece.trim().is_empty() {
                continue;
            }
            // Two dollar signs in a row would be one mark.
            if out.ends_with('$') && !out.ends_with("\\$") {
                out.push(' ');
            }
            out.push('$');
            math(piece, braces, &mut out);
            out.push('$');
        } else {
            prose(piece, braces, &mut out);
        }
    }
    out
}

/// Prose: dollar signs and braces are themselves.
fn prose(piece: &str, braces: Braces, out: &mut String) {
    let mut escaped = false;
    for c in piece.chars() {
        match c {
            '$' if !escaped => out.push_str("\\$"),
            '{' | '}' if braces == Braces::Escaped => {
                if escaped {
                    out.pop();
                }
                out.extend(['\\', c]);
            }
            _ => out.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    if escaped {
        out.push(' ');
    }
}

/// Mathematics: TeX as it is, but for two braces in a row.
fn math(piece: &str, braces: Braces, out: &mut String) {
    let mut before = ' ';
    let mut escaped = false;
    for c in piece.chars() {
        match c {
            '$' if !escaped => out.push_str("\\$"),
            '{' if before == '{' && braces == Braces::Escaped => out.push_str(" {"),
            _ => out.push(c),
        }
        escaped = c == '\\' && !escaped;
        before = c;
    }
    if escaped {
        out.push(' ');
    }
}

/// A text as TOML writes it.
pub(super) fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Fractions within fractions that are read.
const MAX_DEPTH: u8 = 8;

/// The answers that a text box accepts for one of OATutor's: what a learner may type first, then the TeX itself.
pub(super) fn answers(answer: &str) -> Vec<String> {
    let tex = answer.trim();
    let tex = tex
        .strip_prefix("$$")
        .and_then(|rest| rest.strip_suffix("$$"))
        .unwrap_or(tex)
        .trim();
    let typed = typed(tex, MAX_DEPTH);
    if typed.is_empty() {
        return Vec::new();
    }
    let mut answers = vec![quoted(&typed)];
    if typed != tex {
        answers.push(quoted(tex));
    }
    answers
}

/// A number bare, any other text in quotes.
fn quoted(text: &str) -> String {
    let is_number = text.bytes().any(|b| b.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-./ ".contains(&b))
        && crate::answer::read_authored(text).is_some();
    if is_number {
        return text.to_owned();
    }
    // `$` outside of a pair and quotes have meanings of their own.
    let plain = text.replace("$$", "").replace('"', "”").replace('\n', " ");
    let mut out = String::new();
    prose(&plain, Braces::Escaped, &mut out);
    format!("\"{}\"", out.replace("=>", "= >").replace('±', "+-"))
}

/// TeX as it is typed: `\frac{a}{b}` is `(a)/(b)`, `\sqrt{a}` is `sqrt(a)`, `\cdot` is `*`.
fn typed(tex: &str, depth: u8) -> String {
    let mut out = String::new();
    let mut rest = tex;
    while let Some(c) = rest.chars().next() {
        let Some(word) = rest.strip_prefix('\\') else {
            match c {
                '{' => out.push('('),
                '}' => out.push(')'),
                _ => out.push(c),
            }
            rest = &rest[c.len_utf8()..];
            continue;
        };
        let end = word
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        rest = match name {
            "frac" | "dfrac" | "tfrac" if 0 < depth => {
                fraction(after, depth - 1, &mut out).unwrap_or(after)
            }
            "left" | "right" => after,
            "cdot" | "times" => {
                out.push('*');
                after
            }
            "" => {
                // `\,` and its like are spaces; `\%` is the sign.
                let mut chars = after.chars();
                out.extend(chars.next().filter(|c| !matches!(c, ',' | ';' | ':' | '!')));
                chars.as_str()
            }
            other => {
                out.push_str(other);
                after
            }
        };
    }
    out.trim().to_owned()
}

/// Reads `{a}{b}` as a quotient; brackets only where it is more than a word.
fn fraction<'a>(text: &'a str, depth: u8, out: &mut String) -> Option<&'a str> {
    let (top, rest) = group(text)?;
    let (bottom, rest) = group(rest)?;
    for (i, part) in [top, bottom].into_iter().enumerate() {
        let part = typed(part, depth);
        if i == 1 {
            out.push('/');
        }
        if part.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') {
            out.push_str(&part);
        } else {
            out.extend(["(", &part, ")"]);
        }
    }
    Some(rest)
}

/// What stands between the braces at the start, and what follows.
fn group(text: &str) -> Option<(&str, &str)> {
    let inner = text.trim_start().strip_prefix('{')?;
    let mut depth = 1_u32;
    for (i, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inner[..i], &inner[i + 1..]));
        }
    }
    None
}

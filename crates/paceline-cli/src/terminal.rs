//! How things look in a terminal: Markdown and TeX as plain text, bars, percentages.

/// A probability as a percentage.
pub(crate) fn percent(p: f32) -> String {
    format!("{:.0} %", p * 100.0)
}

/// A probability as a bar of ten places.
pub(crate) fn bar(p: f32) -> String {
    let full = (p.clamp(0.0, 1.0) * 10.0).round() as usize;
    "█".repeat(full) + &"·".repeat(10 - full)
}

/// TeX commands and what a terminal shows for them.
const SYMBOLS: &[(&str, &str)] = &[
    ("\\times", "×"),
    ("\\cdot", "·"),
    ("\\div", "÷"),
    ("\\le", "≤"),
    ("\\ge", "≥"),
    ("\\ne", "≠"),
    ("\\pm", "±"),
    ("\\lt", "<"),
    ("\\gt", ">"),
    ("\\approx", "≈"),
    ("\\pi", "π"),
    ("\\square", "□"),
    ("\\quad", "  "),
    ("\\left", ""),
    ("\\right", ""),
    ("\\,", " "),
    ("\\;", " "),
    ("\\%", "%"),
];

/// Markdown with TeX between dollar signs as plain text.
pub(crate) fn plain(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    // A dollar sign in prose is written `\$`.
    let parts: Vec<_> = markdown.split('$').collect();
    let mut inside = false;
    for (n, part) in parts.iter().enumerate() {
        if inside {
            text.push_str(&tex(part));
        } else {
            text.push_str(&part.replace("**", "").replace("### ", "").replace('`', ""));
        }
        let escaped = !inside && text.ends_with('\\');
        if escaped {
            text.pop();
            text.push('$');
        } else if n + 1 < parts.len() {
            inside = !inside;
        }
    }
    text.trim_end().to_owned()
}

/// TeX as plain text: fractions with a slash, symbols as characters.
fn tex(source: &str) -> String {
    let mut text = fractions(source);
    for (command, symbol) in SYMBOLS {
        text = text.replace(command, symbol);
    }
    text.replace(['{', '}'], "")
}

/// Writes `\frac{a}{b}` as a/b, in brackets where a part is a sum.
fn fractions(source: &str) -> String {
    let Some(start) = source.find("\\frac") else {
        return source.to_owned();
    };
    let parts = group(&source[start + 5..]).and_then(|(over, rest)| Some((over, group(rest)?)));
    let Some((over, (under, rest))) = parts else {
        return source.replacen("\\frac", "", 1);
    };
    let whole = source[..start].ends_with(|c: char| c.is_ascii_digit());
    let gap = if whole { " " } else { "" };
    format!(
        "{}{gap}{}/{}{}",
        &source[..start],
        bracketed(over),
        bracketed(under),
        fractions(rest)
    )
}

/// A group in braces at the start, and what follows it.
fn group(source: &str) -> Option<(&str, &str)> {
    let source = source.trim_start();
    let inner = source.strip_prefix('{')?;
    let mut depth = 1;
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&inner[..at], &inner[at + 1..]));
        }
    }
    None
}

fn bracketed(part: &str) -> String {
    let part = fractions(part);
    let sum = part.trim_start_matches('-').contains(['+', '-', ' ', '/']);
    if sum { format!("({part})") } else { part }
}

#[cfg(test)]
mod tests;

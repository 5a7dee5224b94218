//! The courses we ship: every instance accepts its own answer, and notation that is read back and solved here gives the same.

use paceline::bank::{Bank, PartKind, Verdict};
use paceline::content;
use paceline::event::Instance;
use paceline::ids::{ItemIx, SkillIx};
use std::ops::{Add, Mul, Sub};
use std::path::Path;
use std::sync::LazyLock;

/// Seeds of each item; thousands with `PACELINE_SLOW=1`.
fn seeds() -> u64 {
    if std::env::var_os("PACELINE_SLOW").is_some() {
        3_000
    } else {
        25
    }
}

/// Compiled once for all tests here.
static SHIPPED: LazyLock<Bank> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content");
    let sources = content::read_dir(folder).unwrap();
    let (bank, warnings) = Bank::compile(&sources).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    bank
});

fn instance(seed: u64, theme: Option<&str>) -> Instance {
    Instance {
        seed,
        theme: theme.map(str::to_owned),
        language: None,
    }
}

#[test]
fn courses_have_the_size_and_depth_that_they_claim() {
    let bank = &*SHIPPED;
    let inventory = bank.inventory();
    let course = |id: &str| {
        inventory
            .courses
            .iter()
            .find(|course| course.id == id)
            .unwrap()
    };
    assert!(course("math").skills >= 60 && course("reading").skills >= 30);
    for skill in (0..bank.n_skills() as u32).map(SkillIx) {
        let id = &bank.skill(skill).id;
        assert!(
            bank.items_of(skill).len() >= 4,
            "{id} has {} items",
            bank.items_of(skill).len()
        );
        assert!(
            bank.lesson(skill, "en")
                .unwrap()
                .markdown
                .contains("### Worked example"),
            "{id}"
        );
        assert!(bank.skill(skill).standard.is_some(), "{id}");
    }
    assert!(bank.n_themes() >= 8);
}

#[test]
fn every_instance_accepts_its_own_answer_in_every_theme() {
    let bank = &*SHIPPED;
    for item in (0..bank.n_items() as u32).map(ItemIx) {
        for seed in 0..seeds() {
            let themes = bank.theme_choices(item);
            let theme = themes
                .get(seed as usize % themes.len().max(1))
                .map(|t| bank.theme(*t).id.as_str());
            let instance = instance(seed, theme);
            let rendered = bank.instantiate(item, &instance).unwrap();
            for part in 0..rendered.parts.len() {
                let answer = bank.right_answer(item, &instance, part).unwrap();
                let graded = bank.grade(item, &instance, part, &answer).unwrap();
                assert_eq!(
                    graded.verdict,
                    Verdict::Right,
                    "{} seed {seed}: {answer}",
                    bank.item_id(item)
                );
            }
        }
    }
}

#[test]
fn notation_that_is_read_back_and_solved_gives_the_answer() {
    let bank = &*SHIPPED;
    let mut solved_items = 0;
    for item in (0..bank.n_items() as u32).map(ItemIx) {
        let mut solved = 0;
        for seed in 0..seeds() {
            let instance = instance(seed, None);
            let rendered = bank.instantiate(item, &instance).unwrap();
            let [part] = &rendered.parts[..] else {
                continue;
            };
            let stem = format!("{}{}", rendered.stem, part.stem);
            let Some(value) = (part.kind == PartKind::Number)
                .then(|| solve(&stem))
                .flatten()
            else {
                continue;
            };
            let response = format!("{}/{}", value.over, value.under);
            let verdict = bank.grade(item, &instance, 0, &response).unwrap().verdict;
            let right = matches!(verdict, Verdict::Right | Verdict::RightValueWrongForm);
            assert!(
                right,
                "{} seed {seed}: {stem} is {response}, not {verdict:?}",
                bank.item_id(item)
            );
            solved += 1;
        }
        solved_items += usize::from(solved > 0);
    }
    assert!(
        solved_items >= 80,
        "only {solved_items} items could be read back"
    );
}

/// An exact fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fraction {
    over: i128,
    under: i128,
}

fn fraction(over: i128, under: i128) -> Option<Fraction> {
    let gcd = |mut a: i128, mut b: i128| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a.abs().max(1)
    };
    let sign = under.signum();
    let shared = gcd(over, under);
    (under != 0).then(|| Fraction {
        over: sign * over / shared,
        under: sign * under / shared,
    })
}

/// A linear expression `slope x + at_zero`.
#[derive(Clone, Copy, Debug)]
struct Line {
    slope: Fraction,
    at_zero: Fraction,
}

impl Add for Fraction {
    type Output = Self;
    fn add(self, b: Self) -> Self {
        fraction(
            self.over * b.under + b.over * self.under,
            self.under * b.under,
        )
        .unwrap()
    }
}

impl Sub for Fraction {
    type Output = Self;
    fn sub(self, b: Self) -> Self {
        self + Self { over: -b.over, ..b }
    }
}

impl Mul for Fraction {
    type Output = Self;
    fn mul(self, b: Self) -> Self {
        fraction(self.over * b.over, self.under * b.under).unwrap()
    }
}

const ZERO: Fraction = Fraction { over: 0, under: 1 };

impl Line {
    fn constant(at_zero: Fraction) -> Self {
        Self {
            slope: ZERO,
            at_zero,
        }
    }

    fn plus(self, b: Self) -> Self {
        Self {
            slope: self.slope + b.slope,
            at_zero: self.at_zero + b.at_zero,
        }
    }

    fn times(self, b: Self) -> Option<Self> {
        let (line, by) = if b.slope == ZERO {
            (self, b)
        } else {
            (b, self)
        };
        let by = (by.slope == ZERO).then_some(by.at_zero)?;
        Some(Self {
            slope: line.slope * by,
            at_zero: line.at_zero * by,
        })
    }

    fn over(self, b: Self) -> Option<Self> {
        let by = (b.slope == ZERO).then_some(b.at_zero)?;
        self.times(Self::constant(fraction(by.under, by.over)?))
    }

    fn negative(self) -> Self {
        Self {
            slope: ZERO - self.slope,
            at_zero: ZERO - self.at_zero,
        }
    }
}

/// The value that a stem asks for, where all of it is notation: `Work out $..$.` or `Solve $.. = ..$.`; none for any other stem.
fn solve(stem: &str) -> Option<Fraction> {
    let (verb, rest) = stem.split_once('$')?;
    let (tex, after) = rest.split_once('$')?;
    if after.contains('$') || after.trim_end().len() > 12 && verb.trim() != "Solve" {
        return None;
    }
    let whole = |source: &str| {
        let mut reader = Reader {
            rest: source.trim(),
        };
        let line = reader.sum()?;
        reader.rest.trim().is_empty().then_some(line)
    };
    match verb.trim() {
        "Work out" => whole(tex)
            .filter(|line| line.slope == ZERO)
            .map(|line| line.at_zero),
        "Solve" => {
            let (left, right) = tex.split_once('=')?;
            let difference = whole(left)?.plus(whole(right)?.negative());
            let Fraction { over, under } = difference.slope;
            Some((ZERO - difference.at_zero) * fraction(under, over)?)
        }
        _ => None,
    }
}

/// Reads TeX arithmetic with one unknown; none for what it does not know.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn sum(&mut self) -> Option<Line> {
        let mut sum = if self.take("-") {
            self.product()?.negative()
        } else {
            self.product()?
        };
        loop {
            if self.take("+") {
                let signed = self.take("-");
                let term = self.product()?;
                sum = sum.plus(if signed { term.negative() } else { term });
            } else if self.take("-") {
                sum = sum.plus(self.product()?.negative());
            } else {
                return Some(sum);
            }
        }
    }

    fn product(&mut self) -> Option<Line> {
        let mut product = self.power()?;
        loop {
            if self.take("\\times") || self.take("\\cdot") {
                product = product.times(self.factor()?)?;
            } else if self.take("\\div") {
                product = product.over(self.factor()?)?;
            } else if self
                .rest
                .trim_start()
                .starts_with(['(', 'x', 'y', 'n', 'a', 'b'])
            {
                product = product.times(self.power()?)?;
            } else {
                return Some(product);
            }
        }
    }

    fn factor(&mut self) -> Option<Line> {
        if self.take("-") {
            Some(self.power()?.negative())
        } else {
            self.power()
        }
    }

    fn power(&mut self) -> Option<Line> {
        let base = self.atom()?;
        if !self.take("^") {
            return Some(base);
        }
        let exponent = if self.take("{") {
            self.group("}")?
        } else {
            self.atom()?
        };
        let exponent = exponent.at_zero;
        if exponent.under != 1 || !(0..12).contains(&exponent.over) {
            return None;
        }
        let one = Line::constant(fraction(1, 1)?);
        (0..exponent.over).try_fold(one, |product, _| product.times(base))
    }

    fn group(&mut self, end: &str) -> Option<Line> {
        let sum = self.sum()?;
        self.take(end).then_some(sum)
    }

    fn atom(&mut self) -> Option<Line> {
        if self.take("(") {
            return self.group(")");
        }
        if self.rest.trim_start().starts_with("\\frac") {
            return self.quotient();
        }
        for unknown in ["x", "y", "n", "a", "b"] {
            if self.take(unknown) {
                return Some(Line {
                    slope: fraction(1, 1)?,
                    at_zero: ZERO,
                });
            }
        }
        let digits = self.rest.trim_start();
        let end = digits
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(digits.len());
        let (number, rest) = digits.split_at(end);
        self.rest = rest;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
        let under = 10i128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
        let value = Line::constant(fraction(format!("{whole}{decimals}").parse().ok()?, under)?);
        // A fraction right behind a whole number makes a mixed number.
        if self.rest.starts_with("\\frac") {
            return Some(value.plus(self.quotient()?));
        }
        Some(value)
    }

    fn quotient(&mut self) -> Option<Line> {
        if !(self.take("\\frac") && self.take("{")) {
            return None;
        }
        let over = self.group("}")?;
        if !self.take("{") {
            return None;
        }
        over.over(self.group("}")?)
    }
}

//! Judging what a learner responds to an instance.

use paceline_core::event::Instance;
use paceline_core::ids::ItemIx;

use super::draw::{Shown, options, shuffled};
use super::{Graded, InstanceError, Open, PartKind, Verdict, choice_kind};
use crate::answer::{
    Expected, MAX_RESPONSE_CHARS, Match, Target, choice_value, fold_text, normalise,
};
use crate::bank::Bank;
use crate::body::{ItemBody, Key, Part, PartTexts};
use crate::expr::{EvalError, Value};
use crate::text::{Fill, Text};

impl Bank {
    /// Judges a response to a part, counting from 0, in any usual notation.
    ///
    /// A choice may be given by its letter as shown, its number as shown from 1, or its text; several by
    /// letters (`a c`, `ac`) or by texts with `;` between.
    ///
    /// # Errors
    ///
    /// [`InstanceError`] as for [`Bank::instantiate`], or for an unknown part. Whatever the response says
    /// is a [`Verdict`], not an error.
    pub fn grade(
        &self,
        item: ItemIx,
        instance: &Instance,
        part: usize,
        response: &str,
    ) -> Result<Graded, InstanceError> {
        let open = self.open(item, instance)?;
        let (own, texts) = open.part(part)?;
        if own.choices.is_empty() {
            grade_text(&open, own, texts, response)
        } else {
            grade_choice(&open, own, texts, part, response)
        }
    }

    /// Judges a response to the scaffold that stands among a part's hints, both counting from 0.
    ///
    /// # Errors
    ///
    /// As for [`Bank::grade`], or where that hint is no scaffold.
    pub fn grade_scaffold(
        &self,
        item: ItemIx,
        instance: &Instance,
        part: usize,
        hint: usize,
        response: &str,
    ) -> Result<Graded, InstanceError> {
        let open = self.open(item, instance)?;
        let (own, _) = open.part(part)?;
        let Some(Some(answers)) = own.scaffolds.get(hint) else {
            return Err(InstanceError::UnknownPart {
                item: open.id.to_owned(),
                what: "scaffold",
                index: hint,
            });
        };
        let scaffold = Part {
            answers: answers.clone(),
            ..Part::default()
        };
        grade_text(&open, &scaffold, &PartTexts::default(), response)
    }

    /// What an answer log calls the choices of an item, in the author's order: their texts, or `choice 2` where the text has
    /// placeholders. None unless the item asks to choose one.
    pub fn choice_names(&self, item: ItemIx) -> Vec<String> {
        let name = |(place, text): (usize, &Text)| {
            let literal = text.literal().map(|text| text.replace('\n', " "));
            literal.unwrap_or_else(|| format!("choice {}", place + 1))
        };
        let body = self.body(item).filter(asks_to_choose_one);
        let texts = body
            .as_ref()
            .and_then(|body| body.texts.first()?.parts.first());
        texts.map_or_else(Vec::new, |texts| {
            texts.choices.iter().enumerate().map(name).collect()
        })
    }

    /// Which of [`Bank::choice_names`] a response to an instance chose; none where it names none.
    pub fn chosen(&self, item: ItemIx, instance: &Instance, response: &str) -> Option<usize> {
        let open = self.open(item, instance).ok()?;
        if !asks_to_choose_one(&open.body) {
            return None;
        }
        let (part, texts) = open.part(0).ok()?;
        let options = open.with_fill(|fill| options(part, texts, fill)).ok()?;
        let order = shuffled(open.id, instance.seed, 0, &part.choices);
        let response = readable(response, "").ok()?;
        chosen(&response, PartKind::ChooseOne, &options, &order)?
            .first()
            .copied()
    }

    /// The right answer of a part, counting from 0, as a person writes it.
    ///
    /// # Errors
    ///
    /// As for [`Bank::grade`].
    pub fn right_answer(
        &self,
        item: ItemIx,
        instance: &Instance,
        part: usize,
    ) -> Result<String, InstanceError> {
        let open = self.open(item, instance)?;
        let (own, texts) = open.part(part)?;
        open.with_fill(|fill| right_text(own, texts, fill))
    }
}

fn asks_to_choose_one(body: &ItemBody) -> bool {
    matches!(&body.parts[..], [part] if !part.choices.is_empty() && choice_kind(part).0 == PartKind::ChooseOne)
}

fn right_text(part: &Part, texts: &PartTexts, fill: &Fill<'_>) -> Result<String, EvalError> {
    if let Some(answer) = part.answers.first() {
        return Ok(answer.evaluate(fill)?.shown());
    }
    let mut right: Vec<(Key, String)> = options(part, texts, fill)?
        .into_iter()
        .map(|o| (o.key, o.shown))
        .collect();
    right.retain(|(key, _)| *key != Key::Wrong);
    right.sort_by_key(|(key, _)| {
        if let Key::Place(place) = key {
            *place
        } else {
            0
        }
    });
    Ok(right
        .into_iter()
        .map(|(_, shown)| shown)
        .collect::<Vec<_>>()
        .join("; "))
}

/// The response normalised, or the verdict that it cannot be read.
fn readable(response: &str, wanted: &str) -> Result<String, Verdict> {
    if response.chars().nth(MAX_RESPONSE_CHARS).is_some() {
        return Err(Verdict::Unreadable {
            wanted: format!("at most {MAX_RESPONSE_CHARS} characters: {wanted}"),
        });
    }
    let response = normalise(response);
    if response.is_empty() {
        Err(Verdict::Unreadable {
            wanted: wanted.to_owned(),
        })
    } else {
        Ok(response)
    }
}

fn grade_text(
    open: &Open<'_>,
    part: &Part,
    texts: &PartTexts,
    response: &str,
) -> Result<Graded, InstanceError> {
    let language = open.response_language();
    open.with_fill(|fill| {
        let expected = part
            .answers
            .iter()
            .map(|answer| answer.evaluate(fill))
            .collect::<Result<Vec<_>, _>>()?;
        let wanted = expected
            .first()
            .map_or_else(String::new, |first| first.wanted(language));
        let answer = expected.first().map_or_else(String::new, Expected::shown);
        let response = match readable(response, &wanted) {
            Ok(response) => response,
            Err(verdict) => return Ok(Graded { verdict, answer }),
        };
        let best = expected
            .iter()
            .map(|one| one.meets(&response, language))
            .max()
            .unwrap_or(Match::No);
        let verdict = match best {
            Match::Right => Verdict::Right,
            Match::WrongForm => Verdict::RightValueWrongForm,
            Match::No | Match::Unreadable => {
                // A known wrong answer may be of another kind than the right one, so it is looked at first.
                for (wrong, feedback) in part.wrongs.iter().zip(&texts.wrong_feedback) {
                    if wrong.answer.evaluate(fill)?.meets(&response, language) >= Match::WrongForm {
                        let feedback = feedback
                            .as_ref()
                            .map(|text| text.render(fill))
                            .transpose()?;
                        let misconception = wrong.misconception.clone();
                        return Ok(Graded {
                            verdict: Verdict::Wrong {
                                misconception,
                                feedback,
                            },
                            answer,
                        });
                    }
                }
                match best {
                    Match::Unreadable => Verdict::Unreadable { wanted },
                    _ => Verdict::Wrong {
                        misconception: None,
                        feedback: None,
                    },
                }
            }
        };
        Ok(Graded { verdict, answer })
    })
}

fn grade_choice(
    open: &Open<'_>,
    part: &Part,
    texts: &PartTexts,
    index: usize,
    response: &str,
) -> Result<Graded, InstanceError> {
    open.with_fill(|fill| {
        let answer = right_text(part, texts, fill)?;
        let (kind, wanted) = choice_kind(part);
        let options = options(part, texts, fill)?;
        let order = shuffled(open.id, open.instance.seed, index, &part.choices);
        let chosen = match readable(response, &wanted) {
            Ok(response) => chosen(&response, kind, &options, &order),
            Err(verdict) => return Ok(Graded { verdict, answer }),
        };
        let Some(chosen) = chosen else {
            return Ok(Graded {
                verdict: Verdict::Unreadable { wanted },
                answer,
            });
        };
        let is_right = match kind {
            PartKind::Order => chosen
                .iter()
                .zip(1..)
                .all(|(&i, place)| options[i].key == Key::Place(place)),
            _ => (0..options.len()).all(|i| chosen.contains(&i) == (options[i].key == Key::Right)),
        };
        if is_right {
            return Ok(Graded {
                verdict: Verdict::Right,
                answer,
            });
        }
        let first_wrong = chosen
            .iter()
            .copied()
            .find(|&i| options[i].key == Key::Wrong);
        let feedback = first_wrong.and_then(|i| texts.choice_feedback.get(i)?.as_ref());
        let verdict = Verdict::Wrong {
            misconception: first_wrong.and_then(|i| part.choices[i].misconception.clone()),
            feedback: feedback.map(|text: &Text| text.render(fill)).transpose()?,
        };
        Ok(Graded { verdict, answer })
    })
}

/// The choices that a normalised response names, by their place in the text; `None` where it names none
/// or not as many as asked.
fn chosen(
    response: &str,
    kind: PartKind,
    options: &[Shown],
    order: &[usize],
) -> Option<Vec<usize>> {
    if let Some(one) = chosen_by_text(response, options) {
        return (kind != PartKind::Order).then(|| vec![one]);
    }
    let one = |part: &str| {
        chosen_by_text(part, options).or_else(|| chosen_by_place(part, options, order))
    };
    let several = |parts: Vec<&str>| parts.into_iter().map(one).collect::<Option<Vec<usize>>>();
    let words = |separators: &[char]| -> Vec<String> {
        response
            .split(separators)
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect()
    };
    let tries = [
        words(&[';']),
        words(&[';', ',']),
        words(&[';', ',', ' ']),
        response.chars().map(String::from).collect(),
    ];
    let mut found = tries
        .iter()
        .find_map(|parts| several(parts.iter().map(String::as_str).collect()))?;
    if kind != PartKind::Order {
        found.sort_unstable();
        found.dedup();
    }
    let fits = match kind {
        PartKind::ChooseOne => found.len() == 1,
        PartKind::Order => {
            found.len() == options.len() && (0..options.len()).all(|i| found.contains(&i))
        }
        _ => !found.is_empty(),
    };
    fits.then_some(found)
}

fn chosen_by_text(part: &str, options: &[Shown]) -> Option<usize> {
    let folded = fold_text(part);
    let same = options
        .iter()
        .position(|option| !folded.is_empty() && fold_text(&option.shown) == folded);
    same.or_else(|| {
        let value = choice_value(part, part);
        let mut equal = (0..options.len())
            .filter(|&i| matches!(value, Value::Number(_)) && options[i].target.value() == value);
        equal.next().filter(|_| equal.next().is_none())
    })
}

fn chosen_by_place(part: &str, options: &[Shown], order: &[usize]) -> Option<usize> {
    let part = part
        .trim()
        .trim_start_matches('(')
        .trim_end_matches([')', '.']);
    let mut chars = part.chars();
    if let (Some(c @ ('a'..='z' | 'A'..='Z')), None) = (chars.next(), chars.next()) {
        return order
            .get((c.to_ascii_lowercase() as usize) - ('a' as usize))
            .copied();
    }
    // Where choices are numbers, a number is a choice's text and never its place.
    let numeric = options
        .iter()
        .any(|option| matches!(option.target, Target::Number { .. }));
    let place = part.parse::<usize>().ok().filter(|_| !numeric)?;
    order.get(place.checked_sub(1)?).copied()
}

//! Findings in words.

use super::{DifClass, Fault, Item, RAPID_SHARE, odds};

/// One plain sentence with the numbers of a fault.
pub(super) fn of(fault: &Fault, n: u32, item: &Item<'_>, groups: &[Box<str>]) -> String {
    let group = |group: u16| groups.get(usize::from(group)).map_or("?", |name| &**name);
    let choice = |choice: u16| {
        item.choices
            .get(usize::from(choice))
            .map_or("?", |name| &**name)
    };
    match *fault {
        Fault::StrongGetItWrong { point_biserial, .. } => format!(
            "Stronger learners get it wrong more often than weaker ones (point-biserial {point_biserial:.2}, {n} answers): check the key."
        ),
        Fault::StrongChoose {
            choice: wrong,
            share,
            ability_gap,
            ..
        } => format!(
            "The wrong choice {:?} draws stronger learners (ability {ability_gap:.2} logits above the others', {} of answers): check the key or make it clearly wrong.",
            choice(wrong),
            percent(share)
        ),
        Fault::Unfair {
            group: of,
            reference,
            delta,
            class,
            ..
        } => format!(
            "At equal ability it is {} for {:?} than for {:?} (odds of a right answer {:.2} to 1, {}): look for words or settings that only one group knows.",
            harder(delta),
            group(of),
            group(reference),
            odds(delta / 2.35),
            class_word(class)
        ),
        Fault::UnevenSlope {
            group: of,
            reference,
            r2,
            class,
            ..
        } => format!(
            "It tells strong from weak differently in {:?} than in {:?} (R squared gained {r2:.3}, {}): look for a second skill that it asks for.",
            group(of),
            group(reference),
            class_word(class)
        ),
        Fault::Drifted {
            log_odds, class, ..
        } => format!(
            "It has become {} over time (odds of a right answer {:.2} times what they were, {}): see whether it has leaked, aged or been edited.",
            harder(log_odds),
            odds(log_odds),
            class_word(class)
        ),
        Fault::Misfit {
            infit, outfit, gap, ..
        } => format!(
            "Answers do not follow its curve (share right off by {gap:.2}, infit {infit:.2}, outfit {outfit:.2}, {n} answers): look for guessing, a second right answer or a second skill."
        ),
        Fault::LittleDiscrimination {
            point_biserial,
            median,
        } => format!(
            "It hardly tells strong from weak (point-biserial {point_biserial:.2}, the median item's {median:.2}, {n} answers): make clearer what it asks."
        ),
        Fault::TooFast {
            typical_seconds,
            expected_seconds,
            rapid_share,
        } => match expected_seconds {
            Some(expected) if rapid_share <= RAPID_SHARE => format!(
                "It takes {typical_seconds:.0} s where {expected:.0} s were to be expected: see whether it is known from elsewhere, or correct the time."
            ),
            _ => format!(
                "{} of its answers came within a tenth of the {typical_seconds:.0} s that it takes: it may be guessed.",
                percent(rapid_share)
            ),
        },
        Fault::TooSlow {
            typical_seconds,
            wanted_seconds,
        } => format!(
            "It takes {typical_seconds:.0} s where {wanted_seconds:.0} s were to be expected: shorten it, split it or correct the time."
        ),
        Fault::NeverChosen {
            choice: wrong,
            chosen,
        } => format!(
            "The wrong choice {:?} was chosen in {chosen} of {n} answers: replace it by a mistake that learners make.",
            choice(wrong)
        ),
        Fault::OverExposed { rate, mean_rate } => format!(
            "{} of learners have seen it, the mean item {}: add items like it or cap its exposure.",
            percent(rate),
            percent(mean_rate)
        ),
        Fault::UnderExposed { rate, mean_rate } => format!(
            "{} of learners have seen it ({n} answers), the mean item {}: show it more often or retire it.",
            percent(rate),
            percent(mean_rate)
        ),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn harder(log_odds: f64) -> &'static str {
    if log_odds < 0.0 { "harder" } else { "easier" }
}

fn class_word(class: DifClass) -> &'static str {
    match class {
        DifClass::A => "class A",
        DifClass::B => "class B, moderate",
        DifClass::C => "class C, large",
    }
}

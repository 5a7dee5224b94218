//! Moments and durations as logs write them.

/// Seconds since 1970: a number of seconds or milliseconds, or RFC 3339 with or without a zone (then UTC).
pub(super) fn parse(text: &str) -> Option<u32> {
    let seconds = match text.parse::<f64>() {
        // A moment in milliseconds lies after the year 5138 if read as seconds.
        Ok(number) if number >= 1e11 => number / 1000.0,
        Ok(number) => number,
        Err(_) => moment(text)? as f64,
    };
    (0.0..=f64::from(u32::MAX))
        .contains(&seconds)
        .then_some(seconds as u32)
}

fn moment(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let day = days_since_1970(
        number(date, 0..4)?,
        number(date, 5..7)?,
        number(date, 8..10)?,
    )?;
    let marks = date.as_bytes();
    if [marks[4], marks[7]] != [b'-'; 2] {
        return None;
    }
    if rest.is_empty() {
        return Some(day * 86_400);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let (hour, minute, second) = (
        number(clock, 0..2)?,
        number(clock, 3..5)?,
        number(clock, 6..8)?,
    );
    if clock.as_bytes()[2] != b':'
        || clock.as_bytes()[5] != b':'
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    Some(day * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?)
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z' | 'z') if zone.len() <= 1 => return Some(0),
        Some('+') => 1,
        Some('-') => -1,
        _ => return None,
    };
    let zone = &zone[1..];
    let minutes = if zone.len() == 5 { 3..5 } else { 2..4 };
    let (hours, minutes) = (
        number(zone, 0..2)?,
        if zone.len() == 2 {
            0
        } else {
            number(zone, minutes)?
        },
    );
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn number(text: &str, range: std::ops::Range<usize>) -> Option<i64> {
    let digits = text.get(range)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in eras of 400 years from March.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Seconds of an ISO 8601 duration: `PT1M30.5S`, `P1DT2H`; years and months are no fixed time.
pub(super) fn duration(text: &str) -> Option<f64> {
    let (date, clock) = text
        .strip_prefix('P')?
        .split_once('T')
        .unwrap_or((&text[1..], ""));
    let mut seconds = units(date, &[('W', 604_800.0), ('D', 86_400.0)])?;
    seconds += units(clock, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)])?;
    seconds.is_finite().then_some(seconds)
}

fn units(mut text: &str, units: &[(char, f64)]) -> Option<f64> {
    let mut seconds = 0.0;
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (count, rest) = text.split_at(end);
        let unit = rest.chars().next()?;
        let size = units.iter().find(|(own, _)| *own == unit)?.1;
        seconds += count
            .replace(',', ".")
            .parse::<f64>()
            .ok()
            .filter(|n| *n >= 0.0)?
            * size;
        text = &rest[1..];
    }
    Some(seconds)
}

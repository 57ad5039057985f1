//! Times as RFC 3339 has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{FromJson, Json, Mismatch, ToJson};

impl FromJson for SystemTime {
    fn from_json(json: Json) -> Result<SystemTime, Mismatch> {
        let wanted = "a time such as \"2026-01-02T03:04:05Z\"";
        match &json {
            Json::String(text) => parse(text).ok_or_else(|| Mismatch::new(format!("is {:?}, want {}", text, wanted))),
            _ => Err(Mismatch::want(wanted, &json)),
        }
    }
}

/// In UTC, from the year 0 to 9999.
impl ToJson for SystemTime {
    fn to_json(&self) -> Json {
        let (seconds, nanos) = match self.duration_since(UNIX_EPOCH) {
            Ok(after) => (after.as_secs() as i64, after.subsec_nanos()),
            Err(before) => match before.duration() {
                d if d.subsec_nanos() > 0 => (-(d.as_secs() as i64) - 1, 1_000_000_000 - d.subsec_nanos()),
                d => (-(d.as_secs() as i64), 0),
            },
        };
        Json::String(format(seconds, nanos))
    }
}

fn format(seconds: i64, nanos: u32) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let s = seconds.rem_euclid(86_400);
    let fraction = match nanos {
        0 => String::new(),
        n => format!(".{:09}", n).trim_end_matches('0').to_string(),
    };
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", year, month, day, s / 3600, s / 60 % 60, s % 60, fraction)
}

fn parse(text: &str) -> Option<SystemTime> {
    let b = text.as_bytes();
    let shape = b.len() >= 20 && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|&(i, c)| b[i] == c);
    if !shape || !text.is_ascii() {
        return None;
    }
    let (year, month, day) = (digits(&text[..4])?, digits(&text[5..7])?, digits(&text[8..10])?);
    let (hour, minute, second) = (digits(&text[11..13])?, digits(&text[14..16])?, digits(&text[17..19])?);
    let at = days(year, month, day);
    if civil(at) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, zone) = fraction(&text[19..])?;
    let seconds = at * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds < 0 { UNIX_EPOCH.checked_sub(whole) } else { UNIX_EPOCH.checked_add(whole) };
    base?.checked_add(Duration::from_nanos(nanos))
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().try_fold(0, |v, b| b.is_ascii_digit().then(|| v * 10 + i64::from(b - b'0')))
}

/// Nanoseconds, and what follows them.
fn fraction(text: &str) -> Option<(u64, &str)> {
    let rest = match text.strip_prefix('.') {
        Some(rest) => rest,
        None => return Some((0, text)),
    };
    let end = rest.bytes().position(|b| !b.is_ascii_digit()).filter(|&end| end > 0)?;
    let nine = rest[..end].bytes().chain(std::iter::repeat(b'0')).take(9);
    Some((nine.fold(0, |v, b| v * 10 + u64::from(b - b'0')), &rest[end..]))
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hour, minute) = zone[1..].split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    (hour < 24 && minute < 60).then(|| sign * (hour * 3600 + minute * 60))
}

/// Days since 1970 of a date of the Gregorian calendar.
/// See <https://howardhinnant.github.io/date_algorithms.html>.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse of [`days`]: year, month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * of_year + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, of_year - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in days(1900, 1, 1)..days(2300, 1, 1) {
            let (y, m, d) = civil(day);
            assert_eq!(days(y, m, d), day);
        }
    }

    #[test]
    fn times_are_read_as_rfc_3339_says() {
        let seconds = |text| parse(text).map(|t| t.duration_since(UNIX_EPOCH).unwrap().as_secs_f64());
        assert_eq!(seconds("1970-01-02T00:00:01.5Z"), Some(86_401.5));
        assert_eq!(seconds("1970-01-01T02:00:00+01:30"), Some(1800.0));
        for wrong in [
            "tomorrow",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01 00:00:00Z",
        ] {
            assert_eq!(parse(wrong), None, "{}", wrong);
        }
    }
}

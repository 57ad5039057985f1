//! What jsonb takes is less than what is JSON; docs/abi.md has the limits.

use crate::Json;

const MAX_DEPTH: usize = 500;
const MAX_NUMBER: usize = 1_000;
const MAX_EXPONENT: i64 = 10_000;

/// The first thing in a value that the host would refuse.
pub(crate) fn check(value: &Json) -> Result<(), &'static str> {
    at_depth(value, 0)
}

fn at_depth(value: &Json, depth: usize) -> Result<(), &'static str> {
    if depth >= MAX_DEPTH && matches!(value, Json::Array(_) | Json::Object(_)) {
        return Err("it is nested deeper than 500 levels");
    }
    match value {
        Json::Number(n) => number(n.as_str()),
        Json::String(text) => string(text),
        Json::Array(list) => list.iter().try_for_each(|v| at_depth(v, depth + 1)),
        Json::Object(members) => members.iter().try_for_each(|(key, v)| {
            string(key)?;
            at_depth(v, depth + 1)
        }),
        Json::Null | Json::Bool(_) => Ok(()),
    }
}

fn string(text: &str) -> Result<(), &'static str> {
    match text.contains('\0') {
        true => Err("a string holds a NUL character"),
        false => Ok(()),
    }
}

fn number(text: &str) -> Result<(), &'static str> {
    if !text.ends_with(|c: char| c.is_ascii_digit()) {
        return Err("a number is not finite: JSON has none such");
    }
    if text.len() > MAX_NUMBER {
        return Err("a number is longer than 1000 characters");
    }
    let exponent = text.split_once(['e', 'E']).map(|(_, digits)| digits.parse::<i64>());
    match exponent {
        None => Ok(()),
        Some(Ok(v)) if v.abs() <= MAX_EXPONENT => Ok(()),
        Some(_) => Err("a number's exponent is beyond 10000"),
    }
}

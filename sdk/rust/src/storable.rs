//! What jsonb takes is less than what is JSON; docs/abi.md has the limits.

use crate::Json;

const MAX_DEPTH: usize = 500;
const MAX_NUMBER: usize = 1_000;
const MAX_EXPONENT: i64 = 10_000;

/// The first thing in a value that the host would refuse, and where it is.
pub(crate) fn check(value: &Json) -> Result<(), String> {
    at_depth(value, 0).map_err(|fault| format!("{}, at {}", fault.why, fault.pointer()))
}

/// What is wrong, and the way to it, from the inside out.
struct Fault {
    why: &'static str,
    path: Vec<String>,
}

impl Fault {
    fn inside(mut self, part: String) -> Fault {
        self.path.push(part);
        self
    }

    /// A JSON Pointer; of what lies deep, its beginning. NUL can't be stored in an error either.
    fn pointer(&self) -> String {
        let parts = self.path.iter().rev().take(20);
        parts.map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1").replace('\0', ""))).collect()
    }
}

impl From<&'static str> for Fault {
    fn from(why: &'static str) -> Fault {
        Fault { why, path: Vec::new() }
    }
}

fn at_depth(value: &Json, depth: usize) -> Result<(), Fault> {
    if depth >= MAX_DEPTH && matches!(value, Json::Array(_) | Json::Object(_)) {
        return Err("it is nested deeper than 500 levels".into());
    }
    match value {
        Json::Number(n) => Ok(number(n.as_str())?),
        Json::String(text) => Ok(string(text)?),
        Json::Array(list) => list.iter().enumerate().try_for_each(|(i, v)| at_depth(v, depth + 1).map_err(|fault| fault.inside(i.to_string()))),
        Json::Object(members) => members.iter().try_for_each(|(key, v)| {
            let here = |fault: Fault| fault.inside(key.clone());
            string(key).map_err(|why| here(why.into()))?;
            at_depth(v, depth + 1).map_err(here)
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

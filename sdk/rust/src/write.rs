use std::fmt::{self, Display, Formatter, Write};

use crate::Json;

/// The value as JSON, in the shortest form.
impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(v) => write!(f, "{}", v),
            Json::Number(n) => f.write_str(&n.0),
            Json::String(text) => string(f, text),
            Json::Array(list) => {
                f.write_char('[')?;
                for (i, element) in list.iter().enumerate() {
                    comma(f, i)?;
                    element.fmt(f)?;
                }
                f.write_char(']')
            }
            Json::Object(members) => {
                f.write_char('{')?;
                for (i, (key, value)) in members.iter().enumerate() {
                    comma(f, i)?;
                    string(f, key)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

fn comma(f: &mut Formatter<'_>, index: usize) -> fmt::Result {
    match index {
        0 => Ok(()),
        _ => f.write_char(','),
    }
}

fn string(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut plain = 0; // from here on nothing is written yet, and nothing needs an escape
    for (i, b) in text.bytes().enumerate() {
        if b >= 0x20 && b != b'"' && b != b'\\' {
            continue;
        }
        f.write_str(&text[plain..i])?;
        plain = i + 1;
        match b {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            b'\n' => f.write_str("\\n")?,
            b'\r' => f.write_str("\\r")?,
            b'\t' => f.write_str("\\t")?,
            _ => write!(f, "\\u{:04x}", b)?,
        }
    }
    f.write_str(&text[plain..])?;
    f.write_char('"')
}

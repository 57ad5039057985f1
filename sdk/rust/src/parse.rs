use std::fmt;

use crate::{Json, Number};

/// How deep a value may be nested that is read.
const MAX_DEPTH: usize = 1000;

/// Why a text is no JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub reason: &'static str,
    /// The byte at which it is.
    pub offset: usize,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl std::error::Error for ParseError {}

type Parsed<T> = Result<T, ParseError>;

pub(crate) fn parse(text: &str) -> Parsed<Json> {
    let mut p = Parser { text, at: 0 };
    let value = p.value(0)?;
    p.space();
    match p.peek() {
        None => Ok(value),
        Some(_) => p.wrong("something follows the value"),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn wrong<T>(&self, reason: &'static str) -> Parsed<T> {
        Err(ParseError { reason, offset: self.at })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Moves past a byte, and the space before it, if it is the next one.
    fn take(&mut self, want: u8) -> bool {
        self.space();
        let found = self.peek() == Some(want);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Parsed<Json> {
        if depth > MAX_DEPTH {
            return self.wrong("it is nested too deeply");
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::String),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number().map(|text| Json::Number(Number(text))),
            Some(_) => self.wrong("a value is missing, or is no JSON"),
            None => self.wrong("it ends too early"),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Parsed<Json> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return self.wrong("a value is no JSON");
        }
        self.at += word.len();
        Ok(value)
    }

    fn array(&mut self, depth: usize) -> Parsed<Json> {
        self.at += 1;
        let mut list = Vec::new();
        if self.take(b']') {
            return Ok(Json::Array(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Json::Array(list));
            }
            if !self.take(b',') {
                return self.wrong("a comma or a bracket is missing");
            }
        }
    }

    fn object(&mut self, depth: usize) -> Parsed<Json> {
        self.at += 1;
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            if !self.take(b':') {
                return self.wrong("a colon is missing");
            }
            members.push((key, self.value(depth + 1)?));
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return self.wrong("a comma or a brace is missing");
            }
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Parsed<String> {
        let from = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let zero = self.peek() == Some(b'0');
        match self.digits() {
            0 => return self.wrong("a number has no digits"),
            1 => {}
            _ if zero => return self.wrong("a number begins with 0"),
            _ => {}
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.wrong("a number ends with its point");
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return self.wrong("a number has no exponent");
            }
        }
        Ok(self.text[from..self.at].to_string())
    }

    fn string(&mut self) -> Parsed<String> {
        if self.peek() != Some(b'"') {
            return self.wrong("a string is missing");
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let from = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            out.push_str(&self.text[from..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return self.wrong("a string holds a control character"),
                None => return self.wrong("a string does not end"),
            }
        }
        self.at += 1;
        Ok(out)
    }

    fn escape(&mut self) -> Parsed<char> {
        self.at += 1;
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            Some(c @ (b'"' | b'\\' | b'/')) => c as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.wrong("a string holds an escape that is none"),
        })
    }

    /// Half a surrogate pair becomes U+FFFD.
    fn unicode(&mut self) -> Parsed<char> {
        let first = match self.hex4(self.at) {
            Some(v) => v,
            None => return self.wrong("a string holds a \\u without four digits"),
        };
        self.at += 4;
        let pair = self.text.as_bytes()[self.at..].starts_with(b"\\u");
        let second = if pair { self.hex4(self.at + 2) } else { None };
        if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (first, second) {
            self.at += 6;
            let joined = 0x10000 + ((first & 0x3ff) << 10) + (low & 0x3ff);
            return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&self, at: usize) -> Option<u32> {
        let digits = self.text.as_bytes().get(at..at + 4)?;
        digits.iter().try_fold(0, |v, d| Some(v << 4 | (*d as char).to_digit(16)?))
    }
}

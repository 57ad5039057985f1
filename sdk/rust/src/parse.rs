use std::borrow::Cow;
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

pub(crate) type Parsed<T> = Result<T, ParseError>;

pub(crate) fn parse(text: &str) -> Parsed<Json> {
    let mut p = Parser::of(text);
    let value = p.value(0)?;
    p.end()?;
    Ok(value)
}

/// Reads JSON from front to back.
pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn of(text: &'a str) -> Parser<'a> {
        Parser { text, at: 0 }
    }

    /// Nothing may follow but space.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => self.wrong("something follows the value"),
        }
    }

    /// Whether an object comes next.
    pub(crate) fn at_object(&mut self) -> bool {
        self.space();
        self.peek() == Some(b'{')
    }

    pub(crate) fn value(&mut self, depth: usize) -> Parsed<Json> {
        self.read::<true>(depth)
    }

    /// Moves past a value, and allocates nothing for it.
    pub(crate) fn skip(&mut self, depth: usize) -> Parsed<()> {
        self.read::<false>(depth).map(|_| ())
    }

    /// Calls `each` with the key of each member, to read the value.
    pub(crate) fn members(&mut self, mut each: impl FnMut(&mut Self, Cow<'a, str>) -> Parsed<()>) -> Parsed<()> {
        self.at += 1;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.space();
            let key = self.string()?;
            if !self.take(b':') {
                return self.wrong("a colon is missing");
            }
            each(self, key)?;
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return self.wrong("a comma or a brace is missing");
            }
        }
    }

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
        if self.peek() != Some(want) {
            self.space();
        }
        let found = self.peek() == Some(want);
        self.at += usize::from(found);
        found
    }

    /// Without `KEEP` the value may be any.
    fn read<const KEEP: bool>(&mut self, depth: usize) -> Parsed<Json> {
        if depth > MAX_DEPTH {
            return self.wrong("it is nested too deeply");
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object::<KEEP>(depth),
            Some(b'[') => self.array::<KEEP>(depth),
            Some(b'"') => self.string().map(|text| if KEEP { Json::String(text.into_owned()) } else { Json::Null }),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number().map(|text| if KEEP { Json::Number(Number(text.to_string())) } else { Json::Null }),
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

    fn array<const KEEP: bool>(&mut self, depth: usize) -> Parsed<Json> {
        self.at += 1;
        let mut list = Vec::new();
        if self.take(b']') {
            return Ok(Json::Array(list));
        }
        loop {
            let value = self.read::<KEEP>(depth + 1)?;
            if KEEP {
                list.push(value);
            }
            if self.take(b']') {
                return Ok(Json::Array(list));
            }
            if !self.take(b',') {
                return self.wrong("a comma or a bracket is missing");
            }
        }
    }

    fn object<const KEEP: bool>(&mut self, depth: usize) -> Parsed<Json> {
        let mut members = Vec::new();
        self.members(|p, key| {
            let value = p.read::<KEEP>(depth + 1)?;
            if KEEP {
                members.push((key.into_owned(), value));
            }
            Ok(())
        })?;
        Ok(Json::Object(members))
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Parsed<&'a str> {
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
        Ok(&self.text[from..self.at])
    }

    /// Borrowed from the text if there is no escape in it.
    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return self.wrong("a string is missing");
        }
        self.at += 1;
        let plain = self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut out = plain.to_string();
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return self.wrong("a string holds a control character"),
                None => return self.wrong("a string does not end"),
            }
            out.push_str(self.plain());
        }
        self.at += 1;
        Ok(Cow::Owned(out))
    }

    /// The characters until a quote, a backslash or a control.
    fn plain(&mut self) -> &'a str {
        let from = self.at;
        self.at += plain(&self.text.as_bytes()[from..]);
        &self.text[from..self.at]
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

/// How many bytes come before a quote, a backslash or a control. It looks at
/// eight at a time: a byte's high bit is set in `odd` if it is one of those.
/// Above the first such byte the subtractions may borrow.
fn plain(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = |v: u64, limit: u64| v.wrapping_sub(EACH * limit) & !v;
    let mut at = 0;
    while let Some(eight) = bytes.get(at..at + 8) {
        let v = u64::from_le_bytes([eight[0], eight[1], eight[2], eight[3], eight[4], eight[5], eight[6], eight[7]]);
        let odd = (below(v, 0x20) | below(v ^ (EACH * b'"' as u64), 1) | below(v ^ (EACH * b'\\' as u64), 1)) & (EACH << 7);
        if odd != 0 {
            return at + odd.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + bytes[at..].iter().take_while(|b| !matches!(b, b'"' | b'\\' | 0..=0x1f)).count()
}

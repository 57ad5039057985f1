use std::ops::Index;

/// A JSON value. Members of objects keep their order.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Json {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A number, as exact as it was written: 9007199254740993 stays what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Number(pub(crate) String);

impl Number {
    /// The number as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

static NULL: Json = Json::Null;

impl Json {
    /// Reads one JSON value, as strictly as RFC 8259.
    pub fn parse(text: &str) -> Result<Json, crate::ParseError> {
        crate::parse::parse(text)
    }

    /// The member of an object, if it is one and has it.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The value at a JSON pointer, such as `/lines/0/sku`. See RFC 6901.
    pub fn pointer(&self, pointer: &str) -> Option<&Json> {
        pointer.split('/').skip(1).try_fold(self, |at, part| match at {
            Json::Array(list) => list.get(part.parse::<usize>().ok()?),
            _ => at.get(&part.replace("~1", "/").replace("~0", "~")),
        })
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// An integer; none for a number with a fraction or an exponent.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Json::Number(n) => n.0.parse().ok(),
            _ => None,
        }
    }

    /// The elements of an array; none for any other value.
    pub fn elements(&self) -> &[Json] {
        match self {
            Json::Array(list) => list,
            _ => &[],
        }
    }

    /// What kind of value this is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

/// The member of an object, null if there is none.
impl Index<&str> for Json {
    type Output = Json;

    fn index(&self, key: &str) -> &Json {
        self.get(key).unwrap_or(&NULL)
    }
}

macro_rules! compare {
    ($($type:ty),*) => {$(
        impl PartialEq<$type> for Json {
            fn eq(&self, other: &$type) -> bool {
                *self == crate::ToJson::to_json(other)
            }
        }
    )*};
}

compare!(&str, i64, bool);

/// An object: `object! { "name" => name, "count" => 3 }`.
#[macro_export]
macro_rules! object {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::Json::Object(vec![$(($key.to_string(), $crate::ToJson::to_json(&$value))),*])
    };
}

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::hash::Hash;

use crate::{Json, Number};

/// Why a JSON value is not what a type takes, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where, as a JSON pointer; "" is the value itself.
    pub pointer: String,
    /// What is there, and what is wanted.
    pub message: String,
}

impl Mismatch {
    /// A mismatch at the value itself.
    pub fn new(message: impl Into<String>) -> Mismatch {
        Mismatch { pointer: String::new(), message: message.into() }
    }

    /// A value of the wrong kind: `Mismatch::want("a string", &json)`.
    pub fn want(wanted: &str, got: &Json) -> Mismatch {
        Mismatch::new(format!("is {}, want {}", got.kind(), wanted))
    }

    /// The same mismatch, seen from the value that holds it by this key.
    pub fn within(mut self, key: impl Display) -> Mismatch {
        let part = key.to_string().replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{}{}", part, self.pointer);
        self
    }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the value" } else { &self.pointer };
        write!(f, "{} {}", place, self.message)
    }
}

impl std::error::Error for Mismatch {}

/// What can be read from JSON. [`json_struct!`](crate::json_struct) makes it for structs.
pub trait FromJson: Sized {
    /// Whether any value will do: then none is made of what was sent.
    #[doc(hidden)]
    const IGNORED: bool = false;

    /// Reads a value.
    fn from_json(json: Json) -> Result<Self, Mismatch>;

    /// What a missing member of an object stands for.
    fn missing() -> Result<Self, Mismatch> {
        Err(Mismatch::new("is missing"))
    }
}

/// What can be written as JSON. [`json_struct!`](crate::json_struct) makes it for structs.
pub trait ToJson {
    /// The value as JSON.
    fn to_json(&self) -> Json;

    /// Whether an object leaves this member out.
    fn is_missing(&self) -> bool {
        false
    }
}

impl FromJson for Json {
    fn from_json(json: Json) -> Result<Json, Mismatch> {
        Ok(json)
    }

    fn missing() -> Result<Json, Mismatch> {
        Ok(Json::Null)
    }
}

impl ToJson for Json {
    fn to_json(&self) -> Json {
        self.clone()
    }
}

/// Takes anything: a handler that wants no input has this one.
impl FromJson for () {
    const IGNORED: bool = true;

    fn from_json(_: Json) -> Result<(), Mismatch> {
        Ok(())
    }

    fn missing() -> Result<(), Mismatch> {
        Ok(())
    }
}

impl ToJson for () {
    fn to_json(&self) -> Json {
        Json::Null
    }

    fn is_missing(&self) -> bool {
        true
    }
}

impl FromJson for bool {
    fn from_json(json: Json) -> Result<bool, Mismatch> {
        match json {
            Json::Bool(v) => Ok(v),
            other => Err(Mismatch::want("a boolean", &other)),
        }
    }
}

impl ToJson for bool {
    fn to_json(&self) -> Json {
        Json::Bool(*self)
    }
}

impl FromJson for String {
    fn from_json(json: Json) -> Result<String, Mismatch> {
        match json {
            Json::String(v) => Ok(v),
            other => Err(Mismatch::want("a string", &other)),
        }
    }
}

impl ToJson for String {
    fn to_json(&self) -> Json {
        Json::String(self.clone())
    }
}

impl ToJson for str {
    fn to_json(&self) -> Json {
        Json::String(self.to_string())
    }
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl FromJson for $int {
            fn from_json(json: Json) -> Result<$int, Mismatch> {
                let wanted = concat!("an integer of type ", stringify!($int));
                match &json {
                    Json::Number(n) => n.0.parse().map_err(|_| Mismatch::new(format!("is {}, want {}", n.0, wanted))),
                    _ => Err(Mismatch::want(wanted, &json)),
                }
            }
        }

        impl ToJson for $int {
            fn to_json(&self) -> Json {
                Json::Number(Number(self.to_string()))
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl FromJson for f64 {
    fn from_json(json: Json) -> Result<f64, Mismatch> {
        match &json {
            Json::Number(n) => n.0.parse().map_err(|_| Mismatch::want("a number", &json)),
            _ => Err(Mismatch::want("a number", &json)),
        }
    }
}

/// The shortest text that reads back as the same. NaN and infinity have none:
/// a result that holds one becomes a failure.
impl ToJson for f64 {
    fn to_json(&self) -> Json {
        let plain = *self == 0.0 || (1e-6..1e21).contains(&self.abs());
        Json::Number(Number(if plain { self.to_string() } else { format!("{:e}", self) }))
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: Json) -> Result<Option<T>, Mismatch> {
        match json {
            Json::Null => Ok(None),
            value => T::from_json(value).map(Some),
        }
    }

    fn missing() -> Result<Option<T>, Mismatch> {
        Ok(None)
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::to_json)
    }

    fn is_missing(&self) -> bool {
        self.is_none()
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn from_json(json: Json) -> Result<Box<T>, Mismatch> {
        T::from_json(json).map(Box::new)
    }
}

impl<T: ToJson + ?Sized> ToJson for Box<T> {
    fn to_json(&self) -> Json {
        (**self).to_json()
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn to_json(&self) -> Json {
        (**self).to_json()
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: Json) -> Result<Vec<T>, Mismatch> {
        let read = |(i, v)| T::from_json(v).map_err(|m| m.within(i));
        match json {
            Json::Array(list) => list.into_iter().enumerate().map(read).collect(),
            other => Err(Mismatch::want("an array", &other)),
        }
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Json {
        self.as_slice().to_json()
    }
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self) -> Json {
        Json::Array(self.iter().map(T::to_json).collect())
    }
}

fn members<T: FromJson, M: FromIterator<(String, T)>>(json: Json) -> Result<M, Mismatch> {
    let read = |(key, v)| match T::from_json(v) {
        Ok(value) => Ok((key, value)),
        Err(m) => Err(m.within(key)),
    };
    match json {
        Json::Object(members) => members.into_iter().map(read).collect(),
        other => Err(Mismatch::want("an object", &other)),
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn from_json(json: Json) -> Result<Self, Mismatch> {
        members(json)
    }
}

impl<T: FromJson> FromJson for HashMap<String, T> {
    fn from_json(json: Json) -> Result<Self, Mismatch> {
        members(json)
    }
}

impl<K: Display, T: ToJson> ToJson for BTreeMap<K, T> {
    fn to_json(&self) -> Json {
        Json::Object(self.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect())
    }
}

impl<K: Display + Eq + Hash, T: ToJson> ToJson for HashMap<K, T> {
    fn to_json(&self) -> Json {
        Json::Object(self.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect())
    }
}

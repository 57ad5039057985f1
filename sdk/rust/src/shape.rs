use crate::{FromJson, Json, Mismatch, ToJson};

/// The members of an object, to be taken one by one into the fields of a type.
/// Members that nobody takes are ignored.
pub struct Fields(Vec<(String, Json)>);

impl Fields {
    /// The members of a value that has to be an object.
    pub fn of(json: Json) -> Result<Fields, Mismatch> {
        match json {
            Json::Object(members) => Ok(Fields(members)),
            other => Err(Mismatch::want("an object", &other)),
        }
    }

    /// Takes a member out, by type.
    pub fn take<T: FromJson>(&mut self, key: &str) -> Result<T, Mismatch> {
        self.find(key).map_or_else(T::missing, T::from_json).map_err(|m| m.within(key))
    }

    /// Takes a member out as it is, if it is there.
    pub fn find(&mut self, key: &str) -> Option<Json> {
        let found = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.swap_remove(found).1)
    }
}

#[doc(hidden)]
pub fn put(members: &mut Vec<(String, Json)>, key: &str, value: &impl ToJson) {
    if !value.is_missing() {
        members.push((key.to_string(), value.to_json()));
    }
}

/// Structs that are read from JSON and written as JSON, one member per field.
///
/// ```ignore
/// json_struct! {
///     /// What the handler takes.
///     #[derive(Debug)]
///     pub struct Order {
///         pub id: u64,
///         pub note: Option<String>,   // may be missing, or null
///         pub kind: String as "type", // another name in JSON
///         pub lines: Vec<Line>,
///     }
///
///     pub struct Line { pub sku: String, pub count: u32 }
/// }
/// ```
#[macro_export]
macro_rules! json_struct {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[$field_meta:meta])* $field_vis:vis $field:ident : $type:ty $(as $key:literal)? ),* $(,)?
        }
    )+) => {$(
        $(#[$meta])*
        $vis struct $name {
            $( $(#[$field_meta])* $field_vis $field: $type, )*
        }

        impl $crate::FromJson for $name {
            #[allow(unused_mut, unused_variables)]
            fn from_json(json: $crate::Json) -> ::std::result::Result<Self, $crate::Mismatch> {
                let mut fields = $crate::Fields::of(json)?;
                Ok($name { $( $field: fields.take($crate::json_key!($field $($key)?))?, )* })
            }

            fn missing() -> ::std::result::Result<Self, $crate::Mismatch> {
                Self::from_json($crate::Json::Object(Vec::new()))
            }
        }

        impl $crate::ToJson for $name {
            #[allow(unused_mut)]
            fn to_json(&self) -> $crate::Json {
                let mut members = Vec::new();
                $( $crate::core::put(&mut members, $crate::json_key!($field $($key)?), &self.$field); )*
                $crate::Json::Object(members)
            }
        }
    )+};
}

#[doc(hidden)]
#[macro_export]
macro_rules! json_key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

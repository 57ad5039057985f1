//! Runs a handler in a plain `cargo test`, through the encoded contract.

use crate::{execute, object, Call, FromJson, Json, Result, ToJson};

/// One attempt: a payload in, the result out, as `docs/abi.md` shows it.
///
/// ```ignore
/// let result = testing::run(greet, object! { "name" => "world" });
/// assert_eq!(result["output"], "Hello, world");
/// ```
pub fn run<I: FromJson, O: ToJson>(handle: impl Fn(&mut Call, I) -> Result<O>, payload: impl ToJson) -> Json {
    run_with(handle, payload, ())
}

/// The same, with a config of the class row.
pub fn run_with<I: FromJson, O: ToJson>(
    handle: impl Fn(&mut Call, I) -> Result<O>,
    payload: impl ToJson,
    config: impl ToJson,
) -> Json {
    let job = object! {
        "id" => 1, "class" => "test", "attempt" => 1, "max_attempts" => 5,
        "enqueued_at" => "2026-01-02T03:04:05Z", "deadline" => "9999-12-31T00:00:00Z",
    };
    let mut envelope =
        vec![("abi".to_string(), crate::ABI.to_json()), ("job".to_string(), job), ("payload".to_string(), payload.to_json())];
    if !config.is_missing() {
        envelope.push(("config".to_string(), config.to_json()));
    }
    let result = execute(handle, Json::Object(envelope).to_string().as_bytes());
    let text = String::from_utf8(result).expect("a result is text");
    Json::parse(&text).expect("a result is JSON")
}

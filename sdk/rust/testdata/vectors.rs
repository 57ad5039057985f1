//! vectors does what its payload says, so that a test can try every function of
//! the SDK from outside: {"do": "…", …}. Without that it tells what it was sent.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lessee::http::Request;
use lessee::{json_struct, object, plugin, Call, Error, FollowUp, FromJson, Json, Mismatch, Result, ToJson};

json_struct! {
    struct Typed {
        name: String,
        count: i64,
        price: f64,
        paid: bool,
        labels: Vec<String> as "tags",
    }
}

plugin!(handle, init = prepare);

/// Runs before the first job.
fn prepare() {}

fn handle(call: &mut Call, Payload(payload): Payload) -> Result<Option<Json>> {
    let absent = Json::Null;
    let asked = payload.as_ref().unwrap_or(&absent);
    match asked["do"].as_str() {
        Some("result") => result(call, &asked["result"]),
        Some("typed") => typed(asked).map(Some),
        Some("http") => http().map(Some),
        Some("host") => host().map(Some),
        Some("panic") => panic!("as told"),
        _ => Ok(Some(echo(call, payload))),
    }
}

/// Any JSON: a null is not the same as nothing.
struct Payload(Option<Json>);

impl FromJson for Payload {
    fn from_json(json: Json) -> std::result::Result<Payload, Mismatch> {
        Ok(Payload(Some(json)))
    }

    fn missing() -> std::result::Result<Payload, Mismatch> {
        Ok(Payload(None))
    }
}

json_struct! {
    struct Told {
        id: i64,
        class: String,
        attempt: i64,
        max_attempts: i64,
        enqueued_ms: u64,
        deadline_ms: u64,
        idempotency_key: String,
        traceparent: String,
        tracestate: String,
        config: Option<Json>,
        payload: Option<Json>,
    }
}

fn echo(call: &Call, payload: Option<Json>) -> Json {
    let ms = |t: SystemTime| t.duration_since(UNIX_EPOCH).map(|d| d.as_millis() as u64).unwrap_or(0);
    Told {
        id: call.job.id,
        class: call.job.class.clone(),
        attempt: call.job.attempt,
        max_attempts: call.job.max_attempts,
        enqueued_ms: ms(call.job.enqueued_at),
        deadline_ms: ms(call.job.deadline),
        idempotency_key: call.job.idempotency_key.clone().unwrap_or_default(),
        traceparent: call.trace.traceparent.clone(),
        tracestate: call.trace.tracestate.clone(),
        config: call.raw_config.clone(),
        payload,
    }
    .to_json()
}

/// Answers the result that the payload describes, by the SDK's own means.
fn result(call: &mut Call, r: &Json) -> Result<Option<Json>> {
    for e in r["events"].elements() {
        let kind = e["type"].as_str().unwrap_or_default();
        match e.get("payload") {
            Some(payload) => call.emit(kind, payload, e["key"].as_str()),
            None => call.emit(kind, (), e["key"].as_str()),
        }
    }
    for c in r["commands"].elements() {
        let name = c["name"].as_str().unwrap_or_default();
        match c.get("args") {
            Some(args) => call.command(name, args),
            None => call.command(name, ()),
        }
    }
    for f in r["enqueue"].elements() {
        let mut job = FollowUp::from_json(f.clone())?;
        job.payload = f.get("payload").cloned();
        call.enqueue(job);
    }
    let message = r["error"]["message"].as_str().unwrap_or_default();
    let error = match (r["status"].as_str(), r["retry_after_ms"].as_i64()) {
        (Some("park"), _) => return Err(r.get("output").map_or_else(Error::park, Error::park_with)),
        (Some("fail"), _) => Error::permanent(message),
        (Some("retry"), None) => Error::retry(message),
        (Some("retry"), Some(ms)) => Error::retry_after(message, Duration::from_millis(ms.max(0) as u64)),
        _ => return Ok(r.get("output").cloned()),
    };
    let error = error.with_code(r["error"]["code"].as_str().unwrap_or_default());
    Err(match r["error"].get("detail") {
        Some(detail) => error.with_detail(detail),
        None => error,
    })
}

/// Does what a handler that takes a Typed has done for it.
fn typed(payload: &Json) -> Result<Json> {
    let input = Typed::from_json(payload.clone()).map_err(|m| Error::permanent(m).with_code("payload_invalid"))?;
    Ok(input.to_json())
}

fn http() -> Result<Json> {
    let sent = Request::post("https://api.test/orders")
        .header("accept", "text/plain")
        .header("x-two", "1")
        .header("x-two", "2")
        .credential("crm")
        .timeout(Duration::from_millis(1500))
        .follow_redirects()
        .body("a\0b")
        .send();
    Ok(match sent {
        Ok(r) => object! {
            "status" => r.status, "url" => r.url, "retry_after" => r.header("retry-after").unwrap_or_default(),
            "body" => r.text(), "error_code" => "", "error_message" => "",
        },
        Err(e) => object! {
            "status" => 0, "url" => "", "retry_after" => "", "body" => "",
            "error_code" => e.code(), "error_message" => e.to_string(),
        },
    })
}

fn host() -> Result<Json> {
    lessee::warn!("h{}llo", 'é');
    lessee::progress(250, "a quarter");
    Ok(lessee::cancelled().to_json())
}

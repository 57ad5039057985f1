use crate::error::Verdict;
use crate::{envelope, object, storable, Call, Error, FromJson, Json, Result, ToJson};

/// Runs one attempt: an encoded envelope in, an encoded result out. `plugin!`
/// calls it; a handler's author has no need to.
pub fn execute<I: FromJson, O: ToJson>(handle: impl Fn(&mut Call, I) -> Result<O>, envelope: &[u8]) -> Vec<u8> {
    let result = attempt(handle, envelope).unwrap_or_else(|e| failure(&e));
    result.to_string().into_bytes()
}

fn attempt<I: FromJson, O: ToJson>(handle: impl Fn(&mut Call, I) -> Result<O>, envelope: &[u8]) -> Result<Json> {
    let (mut call, payload) = envelope::decode(envelope, !I::IGNORED)?;
    let input = payload.map_or_else(I::missing, I::from_json).map_err(refused)?;
    let result = match handle(&mut call, input) {
        Ok(output) if output.is_missing() => done("ok", None, &call)?,
        Ok(output) => done("ok", Some(output.to_json()), &call)?,
        Err(Error { verdict: Verdict::Park(output), .. }) => done("park", output, &call)?,
        Err(error) => failure(&error),
    };
    storable::check(&result).map_err(|why| invalid(&why))?;
    Ok(result)
}

fn done(status: &str, output: Option<Json>, call: &Call) -> Result<Json> {
    call.effects.check().map_err(invalid)?;
    let mut members = vec![("status".to_string(), status.to_json())];
    members.extend(output.map(|o| ("output".to_string(), o)));
    members.extend(call.effects.members());
    Ok(Json::Object(members))
}

fn failure(error: &Error) -> Json {
    let mut told = vec![("code".to_string(), error.code().to_json()), ("message".to_string(), error.message.to_json())];
    told.extend(error.detail.clone().map(|d| ("detail".to_string(), d)));
    let told = Json::Object(told);
    match error.verdict {
        Verdict::Retry(wait) if wait.as_millis() > 0 => {
            let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).min(i64::MAX as u64);
            object! { "status" => "retry", "retry_after_ms" => ms, "error" => told }
        }
        Verdict::Retry(_) => object! { "status" => "retry", "error" => told },
        _ => object! { "status" => "fail", "error" => told },
    }
}

fn refused(mismatch: crate::Mismatch) -> Error {
    Error::permanent(format!("the payload is not what the handler takes: {}", mismatch)).with_code("payload_invalid")
}

fn invalid(why: &str) -> Error {
    Error::permanent(format!("the handler's answer is no valid result: {}", why)).with_code("result_invalid")
}

use std::time::SystemTime;

use crate::effects::Effects;
use crate::shape::Fields;
use crate::{Call, Error, Job, Json, Mismatch, Trace, ABI};

/// Reads an envelope: the call, and the payload if there is one. What it has
/// beyond that is of a later host.
pub(crate) fn decode(data: &[u8]) -> Result<(Call, Option<Json>), Error> {
    let text = std::str::from_utf8(data).map_err(invalid)?;
    let mut top = match Json::parse(text).map_err(invalid)? {
        Json::Null => Fields::of(Json::Object(Vec::new())),
        other => Fields::of(other),
    }
    .map_err(invalid)?;
    let abi = top.take::<Option<i64>>("abi").map_err(invalid)?.unwrap_or(0);
    if abi != i64::from(ABI) {
        return Err(mismatch(abi));
    }
    read(top).map_err(invalid)
}

fn read(mut top: Fields) -> Result<(Call, Option<Json>), Mismatch> {
    let job = job(within(&mut top, "job")?).map_err(|m| m.within("job"))?;
    let trace = trace(within(&mut top, "trace")?).map_err(|m| m.within("trace"))?;
    let call = Call { job, trace, raw_config: top.find("config"), effects: Effects::default() };
    Ok((call, top.find("payload")))
}

fn job(mut job: Fields) -> Result<Job, Mismatch> {
    Ok(Job {
        id: or_zero(&mut job, "id")?,
        class: or_zero(&mut job, "class")?,
        attempt: or_zero(&mut job, "attempt")?,
        max_attempts: or_zero(&mut job, "max_attempts")?,
        enqueued_at: job.take::<Option<_>>("enqueued_at")?.unwrap_or(SystemTime::UNIX_EPOCH),
        deadline: job.take::<Option<_>>("deadline")?.unwrap_or(SystemTime::UNIX_EPOCH),
        idempotency_key: job.take("idempotency_key")?,
    })
}

fn trace(mut trace: Fields) -> Result<Trace, Mismatch> {
    Ok(Trace { traceparent: or_zero(&mut trace, "traceparent")?, tracestate: or_zero(&mut trace, "tracestate")? })
}

fn or_zero<T: crate::FromJson + Default>(fields: &mut Fields, key: &str) -> Result<T, Mismatch> {
    Ok(fields.take::<Option<T>>(key)?.unwrap_or_default())
}

fn within(fields: &mut Fields, key: &str) -> Result<Fields, Mismatch> {
    let inner = fields.take::<Option<Json>>(key)?.unwrap_or_else(|| Json::Object(Vec::new()));
    Fields::of(inner).map_err(|m| m.within(key))
}

fn invalid(cause: impl std::fmt::Display) -> Error {
    Error::permanent(format!("the envelope is not the JSON of ABI v{}: {}", ABI, cause)).with_code("envelope_invalid")
}

fn mismatch(abi: i64) -> Error {
    let remedy = "rebuild the plugin with the SDK of the host's release";
    Error::permanent(format!("the envelope is of ABI v{}, this SDK speaks v{}: {}", abi, ABI, remedy)).with_code("abi_mismatch")
}

use std::time::SystemTime;

use crate::effects::Effects;
use crate::parse::{Parsed, Parser};
use crate::{Call, Error, FromJson, Job, Json, Mismatch, Trace, ABI};

/// Reads an envelope: the call, and the payload if there is one; one that is not
/// `wanted` is checked and given as null. What it has beyond that is of a later
/// host. It is read in one walk that allocates what is kept and no more: small
/// jobs took twice as long when it was made a value first.
pub(crate) fn decode(data: &[u8], wanted: bool) -> Result<(Call, Option<Json>), Error> {
    let text = std::str::from_utf8(data).map_err(invalid)?;
    let mut p = Parser::of(text);
    let mut e = Reading::new();
    e.object(&mut p, "", |e, p, key| match key {
        "abi" => e.field(p, "/abi", |e| &mut e.abi),
        "job" => e.object(p, "/job", Reading::job),
        "trace" => e.object(p, "/trace", Reading::trace),
        "config" => p.value(1).map(|v| e.call.raw_config = Some(v)),
        "payload" if wanted => p.value(1).map(|v| e.payload = Some(v)),
        "payload" => p.skip(1).map(|()| e.payload = Some(Json::Null)),
        _ => p.skip(1),
    })
    .map_err(invalid)?;
    p.end().map_err(invalid)?;
    e.done()
}

/// What was read of an envelope so far.
struct Reading {
    abi: i64,
    call: Call,
    payload: Option<Json>,
    misfit: Option<Mismatch>, // the first value that is of another type
}

impl Reading {
    fn new() -> Reading {
        let never = SystemTime::UNIX_EPOCH;
        let job = Job { id: 0, class: String::new(), attempt: 0, max_attempts: 0, enqueued_at: never, deadline: never, idempotency_key: None };
        let call = Call { job, trace: Trace::default(), raw_config: None, effects: Effects::default() };
        Reading { abi: 0, call, payload: None, misfit: None }
    }

    fn job(&mut self, p: &mut Parser, key: &str) -> Parsed<()> {
        match key {
            "id" => self.field(p, "/job/id", |e| &mut e.call.job.id),
            "class" => self.field(p, "/job/class", |e| &mut e.call.job.class),
            "attempt" => self.field(p, "/job/attempt", |e| &mut e.call.job.attempt),
            "max_attempts" => self.field(p, "/job/max_attempts", |e| &mut e.call.job.max_attempts),
            "enqueued_at" => self.field(p, "/job/enqueued_at", |e| &mut e.call.job.enqueued_at),
            "deadline" => self.field(p, "/job/deadline", |e| &mut e.call.job.deadline),
            "idempotency_key" => self.field(p, "/job/idempotency_key", |e| &mut e.call.job.idempotency_key),
            _ => p.skip(2),
        }
    }

    fn trace(&mut self, p: &mut Parser, key: &str) -> Parsed<()> {
        match key {
            "traceparent" => self.field(p, "/trace/traceparent", |e| &mut e.call.trace.traceparent),
            "tracestate" => self.field(p, "/trace/tracestate", |e| &mut e.call.trace.tracestate),
            _ => p.skip(2),
        }
    }

    /// Reads an object, or null.
    fn object<'a>(
        &mut self,
        p: &mut Parser<'a>,
        pointer: &str,
        member: impl Fn(&mut Reading, &mut Parser<'a>, &str) -> Parsed<()>,
    ) -> Parsed<()> {
        if p.at_object() {
            return p.members(|p, key| member(self, p, &key));
        }
        match p.value(1)? {
            Json::Null => {}
            other => self.mismatch(pointer, Mismatch::want("an object", &other)),
        }
        Ok(())
    }

    /// Reads a value into a place. A null leaves what is there.
    fn field<T: FromJson>(&mut self, p: &mut Parser, pointer: &str, place: impl Fn(&mut Reading) -> &mut T) -> Parsed<()> {
        match Option::<T>::from_json(p.value(2)?) {
            Ok(Some(value)) => *place(self) = value,
            Ok(None) => {}
            Err(m) => self.mismatch(pointer, m),
        }
        Ok(())
    }

    fn mismatch(&mut self, pointer: &str, m: Mismatch) {
        self.misfit.get_or_insert(Mismatch { pointer: format!("{}{}", pointer, m.pointer), ..m });
    }

    /// A version that is no other one goes before all else: it explains what does not fit.
    fn done(self) -> Result<(Call, Option<Json>), Error> {
        let unversioned = self.misfit.as_ref().map_or(false, |m| m.pointer.is_empty() || m.pointer == "/abi");
        match self.misfit {
            Some(m) if unversioned || self.abi == i64::from(ABI) => Err(invalid(m)),
            _ if self.abi != i64::from(ABI) => Err(mismatch(self.abi)),
            _ => Ok((self.call, self.payload)),
        }
    }
}

fn invalid(cause: impl std::fmt::Display) -> Error {
    Error::permanent(format!("the envelope is not the JSON of ABI v{}: {}", ABI, cause)).with_code("envelope_invalid")
}

fn mismatch(abi: i64) -> Error {
    let remedy = "rebuild the plugin with the SDK of the host's release";
    Error::permanent(format!("the envelope is of ABI v{}, this SDK speaks v{}: {}", abi, ABI, remedy)).with_code("abi_mismatch")
}

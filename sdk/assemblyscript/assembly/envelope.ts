import { Call, Job, Trace } from "./call";
import { Json, Kind, Members, missing } from "./json";
import { fail, Result } from "./result";
import { forgetMisfit, misfit } from "./take";
import { NO_TIME, parseTime } from "./time";

export const VERSION: i32 = 1;

/** What reading an envelope gives: a call, or the result that refuses it. */
export class Envelope {
  constructor(readonly call: Call | null, readonly refusal: Result | null = null) {}
}

/** Reads an envelope, in the one walk that finds out whether it is JSON. Fields that it does not know are those of a later host. */
export function decodeEnvelope(bytes: ArrayBuffer): Envelope {
  forgetMisfit();
  const call = new Call();
  let version: i64 = 0;
  const json = Json.object(bytes);
  const members = new Members(json ? json : missing), value = new Json(bytes, 0, 0);
  while (members.scan()) {
    members.show(value);
    if (members.is("abi")) version = value.exists ? value.as<i64>() : 0;
    else if (members.is("job")) decodeJob(value, call.job);
    else if (members.is("trace")) decodeTrace(value, call.trace);
    else if (members.is("config")) call.config = members.value;
    else if (members.is("payload")) call.payload = members.value;
  }
  if (!json || !members.ended) return refused(bytes);
  const wrong = misfit();
  if (wrong.length) return invalid(wrong);
  if (call.job.enqueuedAt == NO_TIME || call.job.deadline == NO_TIME) return invalid("job.enqueued_at or job.deadline is no time (RFC 3339)");
  return version == VERSION ? new Envelope(call) : mismatch(version);
}

/** What to say of bytes that are no object. */
function refused(bytes: ArrayBuffer): Envelope {
  const json = Json.parse(bytes);
  if (json && json.kind == Kind.Null) return mismatch(0);
  return invalid(json ? "it is no object" : "it is no JSON");
}

function decodeJob(json: Json, job: Job): void {
  const value = new Json(json.owner, 0, 0);
  for (const members = new Members(json); members.step();) {
    members.show(value);
    if (!value.exists) continue;
    if (members.is("id")) job.id = value.as<i64>();
    else if (members.is("class")) job.class = value.as<string>();
    else if (members.is("attempt")) job.attempt = value.as<i32>();
    else if (members.is("max_attempts")) job.maxAttempts = value.as<i32>();
    else if (members.is("enqueued_at")) job.enqueuedAt = decodeTime(value);
    else if (members.is("deadline")) job.deadline = decodeTime(value);
    else if (members.is("idempotency_key")) job.idempotencyKey = value.as<string>();
  }
}

function decodeTime(json: Json): i64 {
  return json.kind == Kind.Text ? parseTime(json.start + 1, json.end - 1) : NO_TIME;
}

function decodeTrace(json: Json, trace: Trace): void {
  const value = new Json(json.owner, 0, 0);
  for (const members = new Members(json); members.step();) {
    members.show(value);
    if (!value.exists) continue;
    if (members.is("traceparent")) trace.traceparent = value.as<string>();
    else if (members.is("tracestate")) trace.tracestate = value.as<string>();
  }
}

function invalid(why: string): Envelope {
  return new Envelope(null, fail(`the envelope is not the JSON of ABI v${VERSION}: ${why}`, "envelope_invalid"));
}

function mismatch(version: i64): Envelope {
  return new Envelope(null, fail(`the envelope is of ABI v${version}, this SDK speaks v${VERSION}: rebuild the plugin with the SDK of the host's release`, "abi_mismatch"));
}

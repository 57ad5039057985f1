import { Call, Job, Trace } from "./call";
import { Json, Kind, Members } from "./json";
import { fail, Result } from "./result";
import { forgetMisfit, misfit } from "./take";
import { NO_TIME, parseTime } from "./time";

export const VERSION: i32 = 1;

/** What reading an envelope gives: a call, or the result that refuses it. */
export class Envelope {
  constructor(readonly call: Call | null, readonly refusal: Result | null = null) {}
}

/** Reads an envelope. Fields that it does not know are those of a later host. */
export function decodeEnvelope(bytes: ArrayBuffer): Envelope {
  forgetMisfit();
  const json = Json.parse(bytes);
  if (!json) return invalid("it is no JSON");
  if (json.kind != Kind.Object && json.kind != Kind.Null) return invalid("it is no object");
  const call = new Call();
  let version: i64 = 0;
  for (const members = new Members(json); members.step();) {
    if (members.is("abi")) version = members.value.exists ? members.value.as<i64>() : 0;
    else if (members.is("job")) decodeJob(members.value, call.job);
    else if (members.is("trace")) decodeTrace(members.value, call.trace);
    else if (members.is("config")) call.config = members.value;
    else if (members.is("payload")) call.payload = members.value;
  }
  const wrong = misfit();
  if (wrong.length) return invalid(wrong);
  if (call.job.enqueuedAt == NO_TIME || call.job.deadline == NO_TIME) return invalid("job.enqueued_at or job.deadline is no time (RFC 3339)");
  return version == VERSION ? new Envelope(call) : mismatch(version);
}

function decodeJob(json: Json, job: Job): void {
  for (const members = new Members(json); members.step();) {
    const value = members.value;
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
  for (const members = new Members(json); members.step();) {
    const value = members.value;
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

import { Permanent } from "./errors.mjs";
import { decode } from "./json.mjs";

export const VERSION = 1; // of the contract: docs/abi.md

/** Reads an envelope. Fields that it does not know are those of a later host. */
export function decodeEnvelope(bytes) {
  const { abi = 0, job, trace, config, payload } = object(parse(bytes), "it") ?? {};
  const envelope = { job: decodeJob(object(job, "job") ?? {}), trace: object(trace, "trace") ?? {}, config, payload };
  if (integer(abi, "abi") !== VERSION) {
    throw new Permanent(`the envelope is of ABI v${abi}, this SDK speaks v${VERSION}: ` +
      "rebuild the plugin with the SDK of the host's release", { code: "abi_mismatch" });
  }
  return envelope;
}

function parse(bytes) {
  try {
    return decode(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw invalid(error.message);
  }
}

const decodeJob = (raw) => ({
  id: integer(raw.id, "job.id"),
  class: text(raw.class, "job.class"),
  attempt: integer(raw.attempt, "job.attempt"),
  maxAttempts: integer(raw.max_attempts, "job.max_attempts"),
  enqueuedAt: time(raw.enqueued_at, "job.enqueued_at"),
  deadline: time(raw.deadline, "job.deadline"),
  idempotencyKey: text(raw.idempotency_key, "job.idempotency_key"),
});

function integer(value, name) {
  if (absent(value) || Number.isInteger(value) || typeof value === "bigint") return value ?? undefined;
  throw invalid(`${name} is ${JSON.stringify(value)}, want an integer`);
}

function text(value, name) {
  if (absent(value) || typeof value === "string") return value ?? undefined;
  throw invalid(`${name} is ${JSON.stringify(value)}, want a text`);
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function time(value, name) {
  if (absent(value)) return undefined;
  const date = new Date(value);
  if (typeof value === "string" && rfc3339.test(value) && !Number.isNaN(date.getTime())) return date;
  throw invalid(`${name} is ${JSON.stringify(value)}, want a time (RFC 3339)`);
}

function object(value, name) {
  if (absent(value)) return undefined;
  if (typeof value === "object" && !Array.isArray(value)) return value;
  throw invalid(`${name} is no object`);
}

const absent = (value) => value === undefined || value === null;

const invalid = (why) =>
  new Permanent(`the envelope is not the JSON of ABI v${VERSION}: ${why}`, { code: "envelope_invalid" });

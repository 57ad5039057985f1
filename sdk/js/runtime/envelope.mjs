import { Permanent } from "./errors.mjs";
import { decode } from "./json.mjs";

const VERSION = 1;

const isText = (v) => typeof v === "string";
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const isTime = (v) => isText(v) && rfc3339.test(v) && !Number.isNaN(Date.parse(v));

/** A job's fields: as they travel, as the handler sees them, what they must be. */
const fields = [
  ["id", "id", Number.isInteger, "an integer"],
  ["class", "class", isText, "a text"],
  ["attempt", "attempt", Number.isInteger, "an integer"],
  ["max_attempts", "maxAttempts", Number.isInteger, "an integer"],
  ["enqueued_at", "enqueuedAt", isTime, "a time (RFC 3339)", (v) => new Date(v)],
  ["deadline", "deadline", isTime, "a time (RFC 3339)", (v) => new Date(v)],
  ["idempotency_key", "idempotencyKey", isText, "a text"],
];

/** Reads an envelope. Fields that it does not know are those of a later host. */
export function decodeEnvelope(text) {
  const { abi = 0, job, trace, config, payload } = object(parse(text), "it") ?? {};
  const envelope = { job: decodeJob(object(job, "job") ?? {}), trace: object(trace, "trace") ?? {}, config, payload };
  if (!Number.isInteger(abi)) throw invalid(`abi is ${JSON.stringify(abi)}, want an integer`);
  if (abi !== VERSION) {
    throw new Permanent(`the envelope is of ABI v${abi}, this SDK speaks v${VERSION}: ` +
      "rebuild the plugin with the SDK of the host's release", { code: "abi_mismatch" });
  }
  return envelope;
}

function parse(text) {
  try {
    return decode(text);
  } catch (error) {
    throw invalid(error.message);
  }
}

function decodeJob(raw) {
  const job = {};
  for (const [name, own, fits, want, convert = (v) => v] of fields) {
    if (raw[name] === undefined || raw[name] === null) continue;
    if (!fits(raw[name])) throw invalid(`job.${name} is ${JSON.stringify(raw[name])}, want ${want}`);
    job[own] = convert(raw[name]);
  }
  return job;
}

function object(value, name) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(`${name} is no object`);
  return value;
}

const invalid = (why) =>
  new Permanent(`the envelope is not the JSON of ABI v${VERSION}: ${why}`, { code: "envelope_invalid" });

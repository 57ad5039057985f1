import { exchange } from "./http.mjs";
import { decode, encodeChecked } from "./json.mjs";
import { logger } from "./log.mjs";

/** What a handler gets beside its payload. effects gathers what it asks for. */
export function contextFor({ job, trace, config }, effects, host) {
  return {
    job,
    trace,
    config,
    signal: host.signal,
    log: logger((level, line) => host.log(level, line)),
    progress: (permille, note = "") => host.progress(Math.min(Math.max(Math.trunc(permille), 0), 1000), String(note)),
    cancelled: () => host.signal.aborted || Date.now() >= job.deadline?.getTime(),
    remainingMs: () => (job.deadline ? job.deadline.getTime() - Date.now() : Infinity),
    http: (request) => exchange((document) => host.http(document), request),
    enqueue: (followUp) => add(effects, "enqueue", encodeFollowUp(followUp)),
    command: (name, args) => add(effects, "commands", encodeCommand(name, args)),
    emit: (type, payload, key) => add(effects, "events", encodeEvent(type, payload, key)),
  };
}

/** Effects are gathered, and committed with the job or not at all. */
function add(effects, list, effect) {
  (effects[list] ??= []).push(effect);
}

function encodeCommand(name, args) {
  return { name: textOf(name, "the name of a command"), args: copyOf(args, `the arguments of command ${name}`) };
}

function encodeEvent(type, payload, key) {
  return { type: textOf(type, "the type of an event"), payload: copyOf(payload, `the payload of event ${type}`), key: optional(key, "the key of an event") };
}

function encodeFollowUp({ class: className, payload, priority, runAt, idempotencyKey }) {
  if (priority !== undefined && !(Number.isInteger(priority) && Math.abs(priority) < 1 << 15)) {
    throw new TypeError(`priority is ${priority}: want an integer of 16 bits`);
  }
  return {
    class: textOf(className, "the class of a follow-up"),
    payload: copyOf(payload, `the payload of follow-up ${className}`),
    priority,
    run_at: runAt && new Date(runAt).toISOString(),
    idempotency_key: optional(idempotencyKey, "the idempotency key of a follow-up"),
  };
}

function textOf(value, what) {
  if (typeof value !== "string" || value === "") throw new TypeError(`${what} is ${JSON.stringify(value)}: want a text that is not empty`);
  return copyOf(value, what);
}

const optional = (value, what) => (value === undefined ? undefined : textOf(value, what));

/** A copy as JSON has it: what the handler changes later does not matter, and what can't travel throws here. */
const copyOf = (value, what) => (value === undefined ? undefined : decode(encodeChecked(value, what)));

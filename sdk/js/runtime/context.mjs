import { exchange } from "./http.mjs";
import { logger } from "./log.mjs";
import { decode, encodeChecked } from "./json.mjs";

/**
 * Returns a function that makes what a handler gets beside its payload. What
 * all attempts share is made once: closures are dear, and an engine runs one
 * attempt at a time.
 */
export function contextFor(host) {
  let job, effects;
  const shared = {
    log: logger(host.log),
    progress: (permille, note = "") => host.progress(permille, String(note)),
    cancelled: () => host.cancelled() || Date.now() >= job.deadline?.getTime(),
    http: (request) => exchange(host.http, request),
    enqueue: (followUp) => add(effects, "enqueue", encodeFollowUp(followUp)),
    command: (name, args) => add(effects, "commands", encodeCommand(name, args)),
    emit: (type, payload, key) => add(effects, "events", encodeEvent(type, payload, key)),
  };
  return ({ job: its, trace, config }, gathered) => {
    [job, effects] = [its, gathered];
    return { __proto__: shared, job, trace, config };
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
function copyOf(value, what) {
  return value === undefined ? undefined : decode(encodeChecked(value, what), true);
}

import { Permanent, statusOf } from "./errors.mjs";
import { decode, encode, encodeChecked, storable } from "./json.mjs";

const MAX_STACK = 8 << 10; // of a stack in an attempt's record, in characters

/** A result whose effects count. Its output is encoded here, and stays apart until encodeResult. */
export function success(status, output, effects) {
  return { head: { status, ...effects }, output: encodeOutput(output) };
}

/** What a handler's throw amounts to. */
export function failure(thrown, effects, host) {
  const status = statusOf(thrown) ?? "retry";
  if (status === "park") return park(thrown, effects, host);
  const head = { status, error: errorOf(thrown, host) };
  if (status === "retry" && thrown.afterMs > 0) head.retry_after_ms = thrown.afterMs;
  return { head };
}

/** A failure for good, told by the SDK. */
export const refusal = (code, message) => ({ head: { status: "fail", error: { code, message } } });

export function encodeResult({ head, output }) {
  const text = encode(head);
  return output === undefined ? text : `${text.slice(0, -1)},"output":${output}}`;
}

function park(thrown, effects, host) {
  try {
    return success("park", thrown.output, effects);
  } catch (unencodable) {
    return failure(unencodable, effects, host);
  }
}

/** The output as JSON. One that can't be encoded will not be on the next attempt either. */
function encodeOutput(output) {
  try {
    return output === undefined ? undefined : encodeChecked(output, "the output");
  } catch (error) {
    throw new Permanent(error.message, { code: error.code });
  }
}

function errorOf(thrown, host) {
  if (!(thrown instanceof Error)) return { code: "handler_error", message: storable(`the handler threw ${thrown}`) };
  const stack = host.locate(thrown.stack ?? "");
  const error = { code: codeOf(thrown), message: storable(messageOf(thrown, stack)) };
  if (thrown.detail !== undefined) error.detail = decode(encodeChecked(thrown.detail, "the error's detail"), true);
  else if (!isOurs(thrown)) error.detail = { stack: storable(stack.slice(0, MAX_STACK)) };
  return error;
}

const isOurs = (thrown) => statusOf(thrown) !== undefined;

const codeOf = ({ code }) => (typeof code === "string" && code !== "" ? storable(code) : "handler_error");

/** The author's own words as they are; of an error that the engine threw its kind and its place, too. */
function messageOf(thrown, stack) {
  const own = isOurs(thrown) || thrown.name === "Error" || thrown.code !== undefined;
  if (own) return thrown.message;
  const place = /([^\s()]+?:\d+)(?::\d+)?\)?$/.exec(stack.split("\n").find((frame) => /^\s*at /.test(frame)) ?? "");
  return `${thrown.name}: ${thrown.message}${place ? `, at ${place[1]}` : ""}`;
}

import { Permanent, statusOf } from "./errors.mjs";
import { encode, encodeChecked, storable } from "./json.mjs";

const MAX_STACK = 8 << 10; // of a stack in an attempt's record, in characters
const sdk = new URL(".", import.meta.url).href;

/** A result whose effects count. */
export function success(status, output, effects) {
  const head = encode({ status, ...effects });
  return output === undefined ? head : `${head.slice(0, -1)},"output":${encodeChecked(output, "the output")}}`;
}

/** What a handler's throw amounts to. */
export function failure(thrown, effects, signal) {
  thrown = interruption(thrown, signal);
  const status = statusOf(thrown) ?? "retry";
  if (status === "park") return park(thrown, effects, signal);
  const head = { status, error: errorOf(thrown) };
  if (status === "retry" && thrown?.afterMs > 0) head.retry_after_ms = thrown.afterMs;
  return encode(head);
}

/** What was aborted by the host's wish says so in the host's words. */
function interruption(thrown, signal) {
  const aborted = signal.aborted && (thrown === signal.reason || thrown?.name === "AbortError");
  return aborted ? signal.reason : thrown;
}

function park(thrown, effects, signal) {
  try {
    return success("park", thrown.output, effects);
  } catch (unencodable) {
    return failure(unencodable, effects, signal);
  }
}

function errorOf(thrown) {
  if (!(thrown instanceof Error)) return { code: "handler_error", message: storable(`the handler threw ${thrown}`) };
  const frames = framesOf(thrown);
  const error = { code: codeOf(thrown), message: storable(messageOf(thrown, frames)) };
  if (thrown.detail !== undefined) error.detail = detailOf(thrown, error);
  else if (!isOurs(thrown)) error.detail = { stack: storable(`${thrown}\n${frames.join("\n")}`.slice(0, MAX_STACK)) };
  return error;
}

function detailOf({ detail }, error) {
  try {
    encodeChecked(detail, "the error's detail");
    return detail;
  } catch (unencodable) {
    if (!(unencodable instanceof Permanent)) throw unencodable;
    error.message += ` (${unencodable.message})`;
    return undefined;
  }
}

const isOurs = (thrown) => statusOf(thrown) !== undefined;

const codeOf = ({ code }) => (typeof code === "string" && code !== "" ? storable(code) : "handler_error");

/** The author's own words as they are; of an error that the engine threw its kind and its place, too. */
function messageOf(thrown, frames) {
  if (isOurs(thrown) || thrown.name === "Error" || thrown.code !== undefined) return thrown.message;
  const place = /([^\s()/]+?:\d+)(?::\d+)?\)?$/.exec(frames[0] ?? "");
  return `${thrown.name}: ${thrown.message}${place ? `, at ${place[1]}` : ""}`;
}

/** The frames of the author's files and of what they call; the SDK's own, and Node's, tell nothing. */
function framesOf({ stack = "" }) {
  return stack.split("\n").filter((line) => /^\s+at /.test(line) && !line.includes(sdk) && !line.includes("node:internal"));
}

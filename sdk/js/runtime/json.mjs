const MAX_DEPTH = 500; // of a whole result
const ENVELOPE = 4; // levels of a result around what a handler passes on

const integer = /^-?\d+$/;

/** JSON.parse; with exact, an integer that a number can't hold becomes a BigInt, where the engine allows: QuickJS, Node from 21. */
export function decode(text, exact) {
  return exact ? JSON.parse(text, exactly) : JSON.parse(text);
}

function exactly(_, value, { source } = {}) {
  const lossy = typeof value === "number" && !Number.isSafeInteger(value) && integer.test(source);
  return lossy ? BigInt(source) : value;
}

/** JSON.stringify, but a BigInt is an integer. */
export function encode(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!JSON.rawJSON) throw error;
    return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? JSON.rawJSON(String(inner)) : inner));
  }
}

/** Encodes what a handler passes on, or throws why it can't travel: what is its name in that message. */
export function encodeChecked(value, what) {
  let text;
  try {
    text = encode(value);
  } catch (error) {
    throw unfit(`${what} does not encode as JSON: ${error.message}`);
  }
  if (text === undefined) throw unfit(`${what} is a ${typeof value}, which JSON has not`);
  if (text.includes("\\u") || mayBeDeep(text)) refuseUnstorable(JSON.parse(text), what, "", ENVELOPE);
  return text;
}

const mayBeDeep = (text) => text.length > MAX_DEPTH && text.split(/[[{]/, MAX_DEPTH).length > MAX_DEPTH - ENVELOPE;

/** The text with what Postgres can't store replaced: for words about a failure, which must get through. */
export const storable = (text) => text.toWellFormed().replaceAll("\0", "\ufffd");

function refuseUnstorable(value, what, pointer, depth) {
  if (typeof value === "string" && storable(value) !== value) {
    throw unfit(`${what} holds a NUL character or half of a surrogate pair at "${storable(pointer)}", which Postgres can't store`);
  }
  if (typeof value !== "object" || value === null) return;
  if (depth >= MAX_DEPTH) throw unfit(`${what} is nested deeper than ${MAX_DEPTH - ENVELOPE} levels, which Postgres can't store`);
  for (const [key, inner] of Object.entries(value)) {
    const at = `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    refuseUnstorable(key, what, at, depth);
    refuseUnstorable(inner, what, at, depth + 1);
  }
}

const unfit = (why) => Object.assign(new TypeError(why), { code: "result_invalid" });

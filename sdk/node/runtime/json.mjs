import { randomUUID } from "node:crypto";
import { Permanent } from "./errors.mjs";

const MAX_DEPTH = 500; // of a whole result
const ENVELOPE = 4; // levels of a result around what a handler passes on
const MAX_DIGITS = 1000; // of a number, as the host takes it

// Node reads and writes integers exactly from version 21 on. Where they matter,
// they travel through JSON.parse and stringify as texts with a mark that no
// payload can know.
const mark = `${randomUUID()}:`;
const marked = new RegExp(`"${mark}(-?\\d+)"`, "g");
const long = /"(?:[^"\\]|\\.)*"|(?<![\w.+-])-?[1-9]\d{15,}(?![\d.eE])/g;

/** JSON.parse, but an integer that a number can't hold becomes a BigInt. */
export function decode(text) {
  const value = JSON.parse(text);
  if (!/\d{16}/.test(text)) return value;
  const exact = text.replace(long, (token) => (token[0] === '"' || Number.isSafeInteger(Number(token)) ? token : `"${mark}${token}"`));
  return exact === text ? value : JSON.parse(exact, (_, inner) => (typeof inner === "string" && inner.startsWith(mark) ? BigInt(inner.slice(mark.length)) : inner));
}

/** JSON.stringify, but a BigInt is an integer. */
export function encode(value) {
  let exact = false;
  const text = JSON.stringify(value, (_, inner) => {
    if (typeof inner !== "bigint") return inner;
    exact = true;
    return mark + digitsOf(inner);
  });
  return exact ? text.replace(marked, "$1") : text;
}

function digitsOf(integer) {
  const digits = String(integer);
  if (digits.length > MAX_DIGITS) throw new RangeError(`an integer has more than ${MAX_DIGITS} digits`);
  return digits;
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
  if (text.includes("\\u") || mayBeDeep(text)) refuseUnstorable(JSON.parse(text), what);
  return text;
}

const mayBeDeep = (text) => text.length > MAX_DEPTH && text.split(/[[{]/, MAX_DEPTH).length > MAX_DEPTH - ENVELOPE;

/** The text with what Postgres can't store replaced: for words about a failure, which must get through. */
export const storable = (text) => text.toWellFormed().replaceAll("\0", "\ufffd");

function refuseUnstorable(root, what) {
  const todo = [[root, "", ENVELOPE]]; // a list, not a recursion: the value may be as deep as the stack
  while (todo.length > 0) {
    const [value, pointer, depth] = todo.pop();
    refuseText(value, what, pointer);
    if (typeof value !== "object" || value === null) continue;
    if (depth >= MAX_DEPTH) throw unfit(`${what} is nested deeper than ${MAX_DEPTH - ENVELOPE} levels, which Postgres can't store`);
    for (const [key, inner] of Object.entries(value)) {
      refuseText(key, what, pointer);
      todo.push([inner, `${pointer}/${escaped(key)}`, depth + 1]);
    }
  }
}

function refuseText(text, what, pointer) {
  if (typeof text === "string" && storable(text) !== text) {
    throw unfit(`${what} holds a NUL character or half of a surrogate pair at "${storable(pointer)}", which Postgres can't store`);
  }
}

/** A key as a part of a JSON pointer. */
export const escaped = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** What can't travel to Postgres will not on the next attempt either. */
const unfit = (why) => new Permanent(why, { code: "result_invalid" });

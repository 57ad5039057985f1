import { Permanent } from "./errors.mjs";

/** A member of a shape that may be absent or null. */
export class Optional {
  constructor(shape) {
    this.shape = shape;
  }
}

export const optional = (shape) => new Optional(shape);

const int64 = (v) => v >= -(2n ** 63n) && v < 2n ** 63n;

/** What a shape's leaf means: does a value fit, what is it made of, what to say if not. */
const leaves = new Map([
  [String, [(v) => typeof v === "string", "a text"]],
  [Boolean, [(v) => typeof v === "boolean", "true or false"]],
  [Number, [(v) => typeof v === "number" || typeof v === "bigint", "a number", Number]],
  [BigInt, [(v) => (Number.isSafeInteger(v) || typeof v === "bigint") && int64(v), "an integer of 64 bits", BigInt]],
]);

/**
 * Takes from a payload what a shape names, or fails for good: a String, a
 * Number, a Boolean, a BigInt, a list [of a shape], an object { of: shapes }.
 */
export function take(payload, shape) {
  return taken(payload, shape, "");
}

function taken(value, shape, pointer) {
  if (shape instanceof Optional) return value === undefined || value === null ? undefined : taken(value, shape.shape, pointer);
  const leaf = leaves.get(shape);
  if (leaf) return takenLeaf(value, leaf, pointer);
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) throw misfit(value, "a list", pointer);
    return value.map((inner, n) => taken(inner, shape[0], `${pointer}/${n}`));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw misfit(value, "an object", pointer);
  return Object.fromEntries(Object.entries(shape).map(([key, inner]) => [key, taken(value[key], inner, `${pointer}/${key}`)]));
}

function takenLeaf(value, [fits, want, convert = (v) => v], pointer) {
  if (!fits(value)) throw misfit(value, want, pointer);
  return convert(value);
}

function misfit(value, want, pointer) {
  const got = value === undefined ? "missing" : value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
  return new Permanent(`the payload is not what the handler takes: ${pointer || "it"} is ${got}, want ${want}`, { code: "payload_invalid" });
}

import { Permanent } from "./errors.mjs";
import { escaped } from "./json.mjs";

/** A member of a shape that may be absent or null. */
export class Optional {
  constructor(shape) {
    this.shape = shape;
  }
}

export const optional = (shape) => new Optional(shape);

const LIMIT = 2n ** 63n; // of an integer of 64 bits
const int64 = (v) => v >= -LIMIT && v < LIMIT;

/** What a shape's leaf means: does a value fit, what to say if not, its schema, what is made of it. */
const leaves = new Map([
  [String, [(v) => typeof v === "string", "a text", { type: "string" }]],
  [Boolean, [(v) => typeof v === "boolean", "true or false", { type: "boolean" }]],
  [Number, [(v) => typeof v === "number" || typeof v === "bigint", "a number", { type: "number" }, Number]],
  [BigInt, [(v) => (Number.isSafeInteger(v) || typeof v === "bigint") && int64(v), "an integer of 64 bits", { type: "integer", minimum: -LIMIT, maximum: LIMIT - 1n }, BigInt]],
]);

/**
 * Takes from a payload what a shape names, or fails for good: a String, a
 * Number, a Boolean, a BigInt, a list [of a shape], an object { of: shapes }.
 */
export function take(payload, shape, what = "the payload is not what the handler takes", code = "payload_invalid") {
  return taken(payload, shape, "", (value, want, pointer) => new Permanent(`${what}: ${pointer || "it"} is ${kindOf(value)}, want ${want}`, { code }));
}

function taken(value, shape, pointer, misfit) {
  if (shape instanceof Optional) return value === undefined || value === null ? undefined : taken(value, shape.shape, pointer, misfit);
  const leaf = leaves.get(shape);
  if (leaf) return takenLeaf(value, leaf, pointer, misfit);
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) throw misfit(value, "a list", pointer);
    return value.map((inner, n) => taken(inner, shape[0], `${pointer}/${n}`, misfit));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw misfit(value, "an object", pointer);
  return Object.fromEntries(Object.entries(shape).map(([key, inner]) => [key, taken(value[key], inner, `${pointer}/${escaped(key)}`, misfit)]));
}

function takenLeaf(value, [fits, want, , convert = (v) => v], pointer, misfit) {
  if (!fits(value)) throw misfit(value, want, pointer);
  return convert(value);
}

function kindOf(value) {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

/** The JSON Schema of a shape. */
export function schemaOf(shape) {
  if (shape instanceof Optional) return { anyOf: [schemaOf(shape.shape), { type: "null" }] };
  const leaf = leaves.get(shape);
  if (leaf) return { ...leaf[2] };
  if (Array.isArray(shape)) return { type: "array", items: schemaOf(shape[0]) };
  const required = Object.keys(shape).filter((key) => !(shape[key] instanceof Optional));
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(shape).map(([key, inner]) => [key, schemaOf(inner)])),
    ...(required.length > 0 && { required }),
  };
}

import { isDigit } from "./scan";
import { Json, Kind } from "./json";
import { decodeText } from "./text";

// AssemblyScript has no exceptions. So the first value that is not what was
// asked of it is remembered, and run.ts fails the job for it when the handler
// has returned, or before it is called.
let wrong = "";
let pointer = "";

/** What was not as asked: "/name is a number, want a text"; empty if nothing. */
export function misfit(): string {
  return wrong.length ? (pointer.length ? pointer : "it") + wrong : "";
}

export function forgetMisfit(): void {
  wrong = "";
  pointer = "";
}

export function takeOr<T>(json: Json, otherwise: T): T {
  const before = wrong;
  wrong = "";
  const value = take<T>(json);
  const fits = !wrong.length;
  wrong = before;
  return fits ? value : otherwise;
}

/** A member that must be there; transform.mjs makes the calls of this and takeOptional. */
export function takeMember<T>(json: Json, key: string): T {
  const before = wrong.length;
  const value = take<T>(json.get(key));
  if (!before && wrong.length) pointer = `/${key}${pointer}`;
  return value;
}

export function takeOptional<T>(json: Json, key: string, otherwise: T): T {
  return json.get(key).exists ? takeMember<T>(json, key) : otherwise;
}

export function take<T>(json: Json): T {
  if (isNullable<T>()) return json.exists ? <T>take<NonNullable<T>>(json) : <T>null;
  if (isBoolean<T>()) return <T>takeBool(json);
  if (isInteger<T>()) return takeInteger<T>(json);
  if (isFloat<T>()) return <T>takeFloat(json);
  if (isString<T>()) return changetype<T>(takeText(json));
  return takeReference<T>(json);
}

function takeReference<T>(json: Json): T {
  if (idof<T>() == idof<Json>()) return changetype<T>(json);
  if (isArray<T>()) return takeList<T>(json);
  const value = instantiate<T>();
  if (json.exists && json.kind != Kind.Object) refuse(json, "an object"); // of nothing, a class may be content with its defaults
  // @ts-ignore: a Map has both, a class with @json the latter
  if (isDefined(value.keys)) takeMap<T>(json, value);
  // @ts-ignore: made by transform.mjs
  else value.__take(json);
  return value;
}

function takeList<T>(json: Json): T {
  const list = instantiate<T>();
  if (json.kind != Kind.List) {
    refuse(json, "a list");
    return list;
  }
  const values = json.values();
  for (let i = 0; i < values.length; i++) {
    const before = wrong.length;
    // @ts-ignore: T is an array
    list.push(take<valueof<T>>(values[i]));
    if (!before && wrong.length) pointer = `/${i}${pointer}`;
  }
  return list;
}

function takeMap<T>(json: Json, map: T): void {
  const keys = json.keys();
  for (let i = 0; i < keys.length; i++) {
    // @ts-ignore: T is a Map<string, V>
    map.set(keys[i], takeMember<valueof<T>>(json, keys[i]));
  }
}

function takeText(json: Json): string {
  if (json.kind == Kind.Text) return decodeText(json.start + 1, json.end - 1);
  refuse(json, "a text");
  return "";
}

function takeBool(json: Json): bool {
  if (json.kind != Kind.Bool) refuse(json, "true or false");
  else return load<u8>(json.start) == 0x74;
  return false;
}

function takeFloat(json: Json): f64 {
  if (json.kind == Kind.Number) return parseFloat(json.toString());
  refuse(json, "a number");
  return 0;
}

function takeInteger<T>(json: Json): T {
  if (json.kind != Kind.Number) return refuseInteger<T>(json);
  let ptr = json.start;
  const negative = load<u8>(ptr) == 0x2d;
  if (negative) ptr++;
  const most: u64 = (u64.MAX_VALUE >> (64 - sizeof<T>() * 8 + u64(isSigned<T>()))) + u64(isSigned<T>() && negative);
  let size: u64 = 0;
  for (; ptr < json.end; ptr++) {
    const digit = u64(load<u8>(ptr)) - 0x30;
    if (!isDigit(load<u8>(ptr)) || digit > most || size > (most - digit) / 10) return refuseInteger<T>(json);
    size = size * 10 + digit;
  }
  if (negative && size && !isSigned<T>()) return refuseInteger<T>(json);
  return <T>(negative ? 0 - size : size);
}

function refuseInteger<T>(json: Json): T {
  refuse(json, `an integer of ${sizeof<T>() * 8} bits${isSigned<T>() ? "" : ", not negative"}`);
  return <T>0;
}

function refuse(json: Json, want: string): void {
  if (!wrong.length) wrong = ` is ${nameOf(json)}, want ${want}`;
}

function nameOf(json: Json): string {
  switch (json.kind) {
    case Kind.Missing: return "missing";
    case Kind.Null: return "null";
    case Kind.Bool: return "a bool";
    case Kind.Number: return `the number ${json.toString().slice(0, 40)}`;
    case Kind.Text: return "a text";
    case Kind.List: return "a list";
  }
  return "an object";
}

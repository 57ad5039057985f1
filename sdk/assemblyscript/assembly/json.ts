import { isSpace, scanText, scanValue, skipSpace, skipText, skipValue } from "./scan";
import { take, takeMember, takeOptional, takeOr } from "./take";
import { decodeText, isText } from "./text";

export enum Kind { Missing, Null, Bool, Number, Text, List, Object }

/** A JSON value as it was sent, to look into. It makes no copies: numbers keep all their digits. */
export class Json {
  private next: usize = 0; // the member that get looks at first

  /** owner keeps the bytes from the collector. */
  constructor(readonly owner: ArrayBuffer | null, public start: usize, public end: usize) {}

  /** The value that bytes are, or null if they are no JSON. */
  static parse(bytes: ArrayBuffer): Json | null {
    const end = changetype<usize>(bytes) + bytes.byteLength;
    const start = skipSpace(changetype<usize>(bytes), end);
    const stop = scanValue(start, end);
    return stop && skipSpace(stop, end) == end ? new Json(bytes, start, stop) : null;
  }

  /** The object that bytes are if they are JSON, which Members.scan finds out; null if they can be none. */
  static object(bytes: ArrayBuffer): Json | null {
    let end = changetype<usize>(bytes) + bytes.byteLength;
    const start = skipSpace(changetype<usize>(bytes), end);
    while (end > start && isSpace(load<u8>(end - 1))) end--;
    return end > start + 1 && load<u8>(start) == 0x7b && load<u8>(end - 1) == 0x7d ? new Json(bytes, start, end) : null;
  }

  get kind(): Kind {
    if (this.start == this.end) return Kind.Missing;
    switch (load<u8>(this.start)) {
      case 0x7b: return Kind.Object;
      case 0x5b: return Kind.List;
      case 0x22: return Kind.Text;
      case 0x6e: return Kind.Null;
      case 0x74:
      case 0x66: return Kind.Bool;
    }
    return Kind.Number;
  }

  /** Whether it is there, and not null. */
  get exists(): bool { return this.kind > Kind.Null; }

  /** The member of an object by its key, Missing if there is none. It is found fastest behind the one asked for before. */
  get(key: string): Json {
    if (this.kind != Kind.Object) return missing;
    const members = new Members(this, this.next);
    while (members.step()) {
      if (members.is(key)) return this.found(members);
    }
    if (!this.next) return missing;
    this.next = 0;
    return this.get(key);
  }

  /** The values of a list or an object. */
  values(): Json[] {
    const all: Json[] = [];
    for (const members = new Members(this); members.step();) all.push(members.value);
    return all;
  }

  /** The keys of an object. */
  keys(): string[] {
    const all: string[] = [];
    for (const members = new Members(this); members.step();) all.push(members.key);
    return all;
  }

  /** The value as a T: a number, bool, string, Json, list, Map<string, …> or class with @json. If it is none, the job fails as payload_invalid. */
  as<T>(): T { return take<T>(this); }

  /** The value as a T, or another if it is none. */
  or<T>(otherwise: T): T { return takeOr<T>(this, otherwise); }

  /** A member as a T; one that is missing is no T. */
  required<T>(key: string): T { return takeMember<T>(this, key); }

  /** A member as a T, or another if it is missing or null. */
  optional<T>(key: string, otherwise: T): T { return takeOptional<T>(this, key, otherwise); }

  /** It as it was sent. */
  toString(): string { return String.UTF8.decodeUnsafe(this.start, this.end - this.start); }

  private found(members: Members): Json {
    this.next = members.behind;
    return members.value;
  }
}

/** What is not there. */
export const missing: Json = new Json(null, 0, 0);

/** Walks over the members of an object or a list; anything else has none. */
export class Members {
  private keyed: bool;
  private ptr: usize; // where the next member begins, or the closing bracket is
  private last: usize; // where that bracket is
  private keyStart: usize = 0;
  private keyEnd: usize = 0;
  private valueStart: usize = 0;
  private valueEnd: usize = 0;

  /** from is the place of a member, 0 that of the first. */
  constructor(private json: Json, from: usize = 0) {
    const kind = json.kind;
    this.keyed = kind == Kind.Object;
    this.last = json.end - 1;
    this.ptr = kind < Kind.List ? this.last : from ? from : skipSpace(json.start + 1, json.end);
  }

  /** Goes to the next member; false if there is none. */
  step(): bool {
    if (this.ptr >= this.last) return false;
    if (this.keyed) {
      this.keyStart = this.ptr + 1;
      this.ptr = skipText(this.ptr, this.last);
      this.keyEnd = this.ptr - 1;
      this.ptr = skipSpace(skipSpace(this.ptr, this.last) + 1, this.last);
    }
    this.valueStart = this.ptr;
    this.valueEnd = skipValue(this.ptr, this.last);
    this.ptr = skipSpace(skipSpace(this.valueEnd, this.last) + 1, this.last); // behind the comma
    return true;
  }

  /** The same where nobody has looked yet whether it is JSON. If it is not, this returns false, and ended is. */
  scan(): bool {
    if (this.ptr >= this.last) return false;
    this.keyStart = this.ptr + 1;
    const quote = load<u8>(this.ptr) == 0x22 ? scanText(this.ptr, this.last) : 0;
    this.keyEnd = quote - 1;
    const colon = quote ? skipSpace(quote, this.last) : this.last;
    this.valueStart = skipSpace(colon + 1, this.last);
    this.valueEnd = load<u8>(colon) == 0x3a ? scanValue(this.valueStart, this.last, 1) : 0;
    const comma = this.valueEnd ? skipSpace(this.valueEnd, this.last) : 0;
    this.ptr = comma ? skipSpace(comma + 1, this.last) : 0;
    if (comma == this.last || comma && load<u8>(comma) == 0x2c && this.ptr < this.last) return true;
    this.ptr = usize.MAX_VALUE;
    return false;
  }

  /** Whether the walk came to the closing bracket. */
  get ended(): bool { return this.ptr == this.last || this.ptr == this.last + 1; }

  is(key: string): bool {
    const c = load<u8>(this.keyStart); // that alone tells most keys apart
    if (key.length && c != load<u16>(changetype<usize>(key)) && c < 0x80 && c != 0x5c) return false;
    return isText(this.keyStart, this.keyEnd, key);
  }

  get key(): string { return decodeText(this.keyStart, this.keyEnd); }

  get value(): Json { return new Json(this.json.owner, this.valueStart, this.valueEnd); }

  /** Makes a Json that nobody else has show the value. */
  show(json: Json): void {
    json.start = this.valueStart;
    json.end = this.valueEnd;
  }

  /** The place of the next member; 0 if there is none. */
  get behind(): usize { return this.ptr < this.last ? this.ptr : 0; }
}

import { scanValue, skipSpace, skipText, skipValue } from "./scan";
import { take, takeMember, takeOptional, takeOr } from "./take";
import { decodeText, isText } from "./text";

export enum Kind { Missing, Null, Bool, Number, Text, List, Object }

/** A JSON value as it was sent, to look into. It makes no copies: numbers keep all their digits. */
export class Json {
  private next: usize = 0; // the member that get looks at first

  /** owner keeps the bytes from the collector. */
  constructor(readonly owner: ArrayBuffer | null, readonly start: usize, readonly end: usize) {}

  /** The value that bytes are, or null if they are no JSON. */
  static parse(bytes: ArrayBuffer): Json | null {
    const end = changetype<usize>(bytes) + bytes.byteLength;
    const start = skipSpace(changetype<usize>(bytes), end);
    const stop = scanValue(start, end);
    return stop && skipSpace(stop, end) == end ? new Json(bytes, start, stop) : null;
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
    if (this.kind != Kind.Object) return this.missing;
    const members = new Members(this, this.next);
    while (members.step()) {
      if (members.is(key)) return this.found(members);
    }
    if (!this.next) return this.missing;
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

  private get missing(): Json { return new Json(null, 0, 0); }

  private found(members: Members): Json {
    this.next = members.behind;
    return members.value;
  }
}

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
      this.ptr = skipText(this.ptr);
      this.keyEnd = this.ptr - 1;
      this.ptr = skipSpace(skipSpace(this.ptr, this.last) + 1, this.last);
    }
    this.valueStart = this.ptr;
    this.valueEnd = skipValue(this.ptr);
    this.ptr = skipSpace(skipSpace(this.valueEnd, this.last) + 1, this.last); // behind the comma
    return true;
  }

  is(key: string): bool { return isText(this.keyStart, this.keyEnd, key); }

  get key(): string { return decodeText(this.keyStart, this.keyEnd); }

  get value(): Json { return new Json(this.json.owner, this.valueStart, this.valueEnd); }

  /** The place of the next member; 0 if there is none. */
  get behind(): usize { return this.ptr < this.last ? this.ptr : 0; }
}

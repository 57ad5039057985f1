import { Json, Kind } from "./json";

const nothing = new ArrayBuffer(0);
const LEAST: i32 = 256; // bytes of a buffer

/** Writes JSON as bytes. Members and entries are put in order; it sets the commas. */
export class Writer {
  private buffer: ArrayBuffer = nothing;
  private size: i32 = 0;
  private comma: bool = false;
  /** Why what was put can't travel; empty if it can. */
  fault: string = "";

  get length(): i32 { return this.size; }
  get start(): usize { return changetype<usize>(this.buffer); }

  open(bracket: u8): void {
    this.separate();
    this.byte(bracket);
    this.comma = false;
  }

  close(bracket: u8): void {
    this.byte(bracket);
    this.comma = true;
  }

  key(name: string): void {
    this.separate();
    this.quoted(name);
    this.byte(0x3a);
    this.comma = false;
  }

  /** A member, unless it is a Json that is missing. */
  member<T>(name: string, value: T): void {
    if (isReference<T>()) {
      if (idof<T>() == idof<Json>() && changetype<Json>(value).kind == Kind.Missing) return;
    }
    this.key(name);
    this.put<T>(value);
  }

  /** A member, unless it is an empty text. */
  memberIf(name: string, text: string): void {
    if (text.length) this.member<string>(name, text);
  }

  /** A number, bool, string, Json, list, Map<string, …>, class with @json, or null. */
  put<T>(value: T): void {
    if (isNullable<T>()) {
      if (value === null) this.word("null");
      else this.put<NonNullable<T>>(value!);
    } else if (isBoolean<T>()) this.word(value ? "true" : "false");
    else if (isInteger<T>()) this.word(value.toString());
    else if (isFloat<T>()) this.float(<f64>value);
    else if (isString<T>()) this.text(changetype<string>(value));
    else if (isArray<T>()) this.list<T>(value);
    else this.reference<T>(value);
  }

  /** JSON from somewhere else; nothing if it is empty. */
  raw(start: usize, size: i32): void {
    if (!size) return;
    this.separate();
    memory.copy(this.room(size), start, size);
    this.comma = true;
  }

  toBuffer(): ArrayBuffer { return this.buffer.slice(0, this.size); }

  private reference<T>(value: T): void {
    if (idof<T>() == idof<Json>()) return this.json(changetype<Json>(value));
    this.open(0x7b);
    // @ts-ignore: a Map has both, a class with @json the latter
    if (isDefined(value.keys)) this.map<T>(value);
    // @ts-ignore: made by transform.mjs
    else value.__put(this);
    this.close(0x7d);
  }

  private json(value: Json): void {
    if (value.kind == Kind.Missing) this.word("null");
    else this.raw(value.start, <i32>(value.end - value.start));
  }

  private list<T>(list: T): void {
    this.open(0x5b);
    // @ts-ignore: T is an array
    for (let i = 0; i < list.length; i++) this.put<valueof<T>>(list[i]);
    this.close(0x5d);
  }

  private map<T>(map: T): void {
    // @ts-ignore: T is a Map<string, V>
    const keys: string[] = map.keys();
    // @ts-ignore: so it is
    for (let i = 0; i < keys.length; i++) this.member<valueof<T>>(keys[i], map.get(keys[i]));
  }

  private float(value: f64): void {
    if (!isFinite(value)) this.fault = "a number is not finite, which JSON has not";
    this.word(isFinite(value) ? value.toString() : "null");
  }

  private text(text: string): void {
    this.separate();
    this.quoted(text);
    this.comma = true;
  }

  private quoted(text: string): void {
    this.byte(0x22);
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c < 0x20 || c == 0x22 || c == 0x5c) this.escape(c);
      else if (c < 0x80) this.byte(<u8>c);
      else {
        const point = text.codePointAt(i);
        this.point(<u32>point - 0xd800 < 0x800 ? 0xfffd : point); // half of a pair has no UTF-8
        if (point > 0xffff) i++;
      }
    }
    this.byte(0x22);
  }

  private escape(c: i32): void {
    this.byte(0x5c);
    if (c == 0x22 || c == 0x5c) return this.byte(<u8>c);
    this.ascii("u00");
    this.ascii((<u8>c).toString(16).padStart(2, "0"));
  }

  private point(c: i32): void {
    if (c < 0x800) this.byte(<u8>(0xc0 | c >> 6));
    else {
      if (c < 0x10000) this.byte(<u8>(0xe0 | c >> 12));
      else {
        this.byte(<u8>(0xf0 | c >> 18));
        this.byte(<u8>(0x80 | c >> 12 & 0x3f));
      }
      this.byte(<u8>(0x80 | c >> 6 & 0x3f));
    }
    this.byte(<u8>(0x80 | c & 0x3f));
  }

  private word(word: string): void {
    this.separate();
    this.ascii(word);
    this.comma = true;
  }

  private ascii(word: string): void {
    const at = this.room(word.length);
    for (let i = 0; i < word.length; i++) store<u8>(at + i, <u8>word.charCodeAt(i));
  }

  private separate(): void {
    if (this.comma) this.byte(0x2c);
  }

  private byte(c: u8): void { store<u8>(this.room(1), c); }

  /** Where the next bytes go. */
  private room(more: i32): usize {
    const size = this.size;
    this.size += more;
    if (this.size > this.buffer.byteLength) {
      const larger = new ArrayBuffer(max(max(this.size, LEAST), 2 * this.buffer.byteLength));
      memory.copy(changetype<usize>(larger), this.start, size);
      this.buffer = larger;
    }
    return this.start + size;
  }
}

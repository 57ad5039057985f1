// JSON as bytes: where values begin and end. Only scanValue reads what is not
// known to be JSON; the others trust that it was called first.

const MAX_DEPTH: i32 = 1000; // of what is read; Postgres stores less, see storable.ts

/** The first byte that is no white space, or end. */
export function skipSpace(ptr: usize, end: usize): usize {
  while (ptr < end && isSpace(load<u8>(ptr))) ptr++;
  return ptr;
}

/** The end of the value that begins at ptr, or 0 if none does. */
export function scanValue(ptr: usize, end: usize, depth: i32 = 0): usize {
  if (ptr >= end || depth > MAX_DEPTH) return 0;
  const c = load<u8>(ptr);
  if (c == 0x7b) return scanList(ptr, end, depth, 0x7d);
  if (c == 0x5b) return scanList(ptr, end, depth, 0x5d);
  if (c == 0x22) return scanText(ptr, end);
  if (c == 0x2d || isDigit(c)) return scanNumber(ptr, end);
  if (c == 0x74) return scanWord(ptr, end, 0x65757274, 4); // true
  if (c == 0x6e) return scanWord(ptr, end, 0x6c6c756e, 4); // null
  return c == 0x66 ? scanWord(ptr + 1, end, 0x65736c61, 4) : 0; // false
}

/** A list or an object: they differ by the keys. */
function scanList(ptr: usize, end: usize, depth: i32, close: u8): usize {
  ptr = skipSpace(ptr + 1, end);
  if (ptr < end && load<u8>(ptr) == close) return ptr + 1;
  while (ptr < end) {
    if (close == 0x7d) ptr = scanKey(ptr, end);
    if (ptr) ptr = scanValue(ptr, end, depth + 1);
    if (!ptr) return 0;
    ptr = skipSpace(ptr, end);
    if (ptr >= end) return 0;
    const c = load<u8>(ptr);
    if (c == close) return ptr + 1;
    if (c != 0x2c) return 0;
    ptr = skipSpace(ptr + 1, end);
  }
  return 0;
}

/** Where the value of the member that begins at ptr does. */
function scanKey(ptr: usize, end: usize): usize {
  if (load<u8>(ptr) != 0x22) return 0;
  ptr = scanText(ptr, end);
  if (!ptr) return 0;
  ptr = skipSpace(ptr, end);
  return ptr < end && load<u8>(ptr) == 0x3a ? skipSpace(ptr + 1, end) : 0;
}

export function scanText(ptr: usize, end: usize): usize {
  for (ptr = skipPlain(ptr + 1, end); ptr < end; ptr = skipPlain(ptr, end)) {
    const c = load<u8>(ptr);
    if (c == 0x22) return ptr + 1;
    const size = c == 0x5c ? scanEscape(ptr, end) : 0;
    if (!size) return 0;
    ptr += size;
  }
  return 0;
}

const EACH: u64 = 0x0101010101010101;

/** The first quote, backslash or control character, or end. It looks at eight bytes at a time. */
function skipPlain(ptr: usize, end: usize): usize {
  for (; ptr + 8 <= end; ptr += 8) {
    const v = load<u64>(ptr);
    const found = (below(v, 0x20) | below(v ^ EACH * 0x22, 1) | below(v ^ EACH * 0x5c, 1)) & EACH << 7;
    if (found) return ptr + <usize>(ctz(found) >> 3);
  }
  while (ptr < end && load<u8>(ptr) >= 0x20 && load<u8>(ptr) != 0x22 && load<u8>(ptr) != 0x5c) ptr++;
  return ptr;
}

/** Has the high bit of each byte below a limit; above the first such byte the subtraction may borrow. */
// @ts-ignore: decorator
@inline
function below(v: u64, limit: u64): u64 { return v - EACH * limit & ~v; }

function scanEscape(ptr: usize, end: usize): usize {
  if (ptr + 1 >= end) return 0;
  const c = load<u8>(ptr, 1);
  if (c == 0x22 || c == 0x5c || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74) return 2;
  if (c != 0x75 || ptr + 6 > end) return 0;
  return hexUnit(ptr + 2) < 0 ? 0 : 6;
}

function scanNumber(ptr: usize, end: usize): usize {
  if (load<u8>(ptr) == 0x2d) ptr++;
  const first = ptr;
  ptr = scanDigits(ptr, end);
  if (!ptr || load<u8>(first) == 0x30 && ptr > first + 1) return 0;
  if (ptr < end && load<u8>(ptr) == 0x2e) {
    ptr = scanDigits(ptr + 1, end);
    if (!ptr) return 0;
  }
  if (ptr >= end || (load<u8>(ptr) | 0x20) != 0x65) return ptr;
  ptr++;
  if (ptr < end && (load<u8>(ptr) == 0x2b || load<u8>(ptr) == 0x2d)) ptr++;
  return scanDigits(ptr, end);
}

/** The end of at least one digit, or 0. */
function scanDigits(ptr: usize, end: usize): usize {
  const start = ptr;
  while (ptr < end && isDigit(load<u8>(ptr))) ptr++;
  return ptr > start ? ptr : 0;
}

function scanWord(ptr: usize, end: usize, word: u32, size: usize): usize {
  return ptr + size <= end && load<u32>(ptr) == word ? ptr + size : 0;
}

/** The end of a value, strings included, that scanValue has passed. */
export function skipValue(ptr: usize, end: usize): usize {
  let depth = 0;
  do {
    const c = load<u8>(ptr);
    if (c == 0x22) ptr = skipText(ptr, end);
    else {
      if (c == 0x7b || c == 0x5b) depth++;
      else if (c == 0x7d || c == 0x5d) depth--;
      else if (!depth) return skipScalar(ptr);
      ptr++;
    }
  } while (depth);
  return ptr;
}

export function skipText(ptr: usize, end: usize): usize {
  for (ptr = skipPlain(ptr + 1, end); load<u8>(ptr) != 0x22; ptr = skipPlain(ptr, end)) ptr += 2; // an escape
  return ptr + 1;
}

/** Numbers and words end where no letter, digit, sign or point is. */
function skipScalar(ptr: usize): usize {
  while (isScalar(load<u8>(ptr))) ptr++;
  return ptr;
}

function isScalar(c: u8): bool {
  return isDigit(c) || (c | 0x20) - 0x61 < 26 || c == 0x2b || c == 0x2d || c == 0x2e;
}

export function isDigit(c: u8): bool { return c - 0x30 < 10; }

export function isSpace(c: u8): bool { return c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09; }

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(c: u8): i32 {
  if (isDigit(c)) return c - 0x30;
  const letter: u8 = (c | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : -1;
}

/** The value of the four hexadecimal digits at ptr; negative if they are none. */
export function hexUnit(ptr: usize): i32 {
  return hexDigit(load<u8>(ptr)) << 12 | hexDigit(load<u8>(ptr, 1)) << 8 | hexDigit(load<u8>(ptr, 2)) << 4 | hexDigit(load<u8>(ptr, 3));
}

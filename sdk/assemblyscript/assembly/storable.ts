import { hexUnit, isDigit } from "./scan";

// What Postgres stores is less than what is JSON. The host would refuse such a
// result; told here, the handler's author sees it in the attempt's own words.
const MAX_DEPTH: i32 = 500;
const MAX_NUMBER: usize = 1000; // bytes
const MAX_EXPONENT: i32 = 10000;

let why = "";

/** Why Postgres can't store the JSON from ptr to end; empty if it can. */
export function unstorable(ptr: usize, end: usize): string {
  why = "";
  for (let depth = 0; ptr < end;) {
    const c = load<u8>(ptr);
    if (c == 0x22) ptr = checkText(ptr + 1, end);
    else if (c == 0x2d || isDigit(c)) ptr = checkNumber(ptr, end);
    else {
      if (c == 0x7b || c == 0x5b) depth++;
      else if (c == 0x7d || c == 0x5d) depth--;
      if (depth > MAX_DEPTH) why = `it is nested deeper than ${MAX_DEPTH} levels`;
      ptr++;
    }
    if (why.length) break;
  }
  return why;
}

/** The end of a text, behind its quote. */
function checkText(ptr: usize, end: usize): usize {
  while (ptr < end) {
    const c = load<u8>(ptr);
    if (c == 0x22) return ptr + 1;
    const size = c == 0x5c ? escapeSize(ptr) : c < 0x80 ? 1 : pointSize(ptr, end);
    if (!size) return ptr;
    ptr += size;
  }
  return ptr;
}

function escapeSize(ptr: usize): usize {
  if (load<u8>(ptr, 1) != 0x75) return 2;
  const unit = hexUnit(ptr + 2);
  if (unit && (unit & 0xf800) != 0xd800) return 6;
  const pair = unit && unit < 0xdc00 && load<u16>(ptr, 6) == 0x755c && (hexUnit(ptr + 8) & 0xfc00) == 0xdc00;
  if (!pair) why = unit ? "a text holds half of a surrogate pair" : "a text holds a NUL character";
  return pair ? 12 : 0;
}

/** The size of a character of UTF-8 that is not ASCII. */
function pointSize(ptr: usize, end: usize): usize {
  const c = load<u8>(ptr);
  const size: usize = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  let fits = c >= 0xc2 && c <= 0xf4 && ptr + size <= end;
  for (let i: usize = 1; fits && i < size; i++) fits = (load<u8>(ptr + i) & 0xc0) == 0x80;
  if (fits && size > 2) {
    const second = load<u8>(ptr, 1); // it tells what is too long, a surrogate, or beyond Unicode
    fits = !(c == 0xe0 && second < 0xa0 || c == 0xed && second > 0x9f || c == 0xf0 && second < 0x90 || c == 0xf4 && second > 0x8f);
  }
  if (!fits) why = "a text is not valid UTF-8";
  return fits ? size : 0;
}

function checkNumber(ptr: usize, end: usize): usize {
  const start = ptr;
  let exponent = 0;
  let inExponent = false;
  for (; ptr < end; ptr++) {
    const c = load<u8>(ptr);
    if ((c | 0x20) == 0x65) inExponent = true;
    else if (isDigit(c)) exponent = inExponent ? min(exponent * 10 + (c - 0x30), MAX_EXPONENT + 1) : 0;
    else if (c != 0x2b && c != 0x2d && c != 0x2e) break;
  }
  if (exponent > MAX_EXPONENT) why = `the exponent of a number is beyond ${MAX_EXPONENT}`;
  if (ptr - start > MAX_NUMBER) why = `a number is longer than ${MAX_NUMBER} digits`;
  return ptr;
}

import { hexUnit } from "./scan";

/** The text of a JSON string, without its quotes, that lies from ptr to end. */
export function decodeText(ptr: usize, end: usize): string {
  const escape = findEscape(ptr, end);
  if (escape == end) return String.UTF8.decodeUnsafe(ptr, end - ptr);
  const parts = [String.UTF8.decodeUnsafe(ptr, escape - ptr)];
  for (ptr = escape; ptr < end;) {
    const unicode = load<u8>(ptr, 1) == 0x75;
    parts.push(String.fromCharCode(unicode ? hexUnit(ptr + 2) : unescaped(load<u8>(ptr, 1))));
    ptr += unicode ? 6 : 2;
    const next = findEscape(ptr, end);
    if (next > ptr) parts.push(String.UTF8.decodeUnsafe(ptr, next - ptr));
    ptr = next;
  }
  return parts.join("");
}

/** Whether the text from ptr to end is that one. It makes no copy of plain ones. */
export function isText(ptr: usize, end: usize, text: string): bool {
  let at = changetype<usize>(text);
  const last = at + (<usize>text.length << 1);
  for (; ptr < end; ptr++, at += 2) {
    const c = load<u8>(ptr);
    if (c == 0x5c || c >= 0x80) return decodeText(ptr, end) == text.slice(<i32>(at - changetype<usize>(text)) >> 1);
    if (at == last || c != load<u16>(at)) return false;
  }
  return at == last;
}

function findEscape(ptr: usize, end: usize): usize {
  while (ptr < end && load<u8>(ptr) != 0x5c) ptr++;
  return ptr;
}

function unescaped(c: u8): i32 {
  switch (c) {
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
  }
  return c;
}

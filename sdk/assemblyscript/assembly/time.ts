import { isDigit } from "./scan";

export const NO_TIME: i64 = i64.MIN_VALUE;

/** The milliseconds since 1970 of a time as RFC 3339 writes it, from ptr to end; NO_TIME if it is none. */
export function parseTime(ptr: usize, end: usize): i64 {
  if (end - ptr < 20 || !separated(ptr)) return NO_TIME;
  let zone = ptr + 19, milliseconds: u32 = 0;
  if (load<u8>(zone) == 0x2e) {
    const first = ++zone;
    for (let unit = 100; zone < end && isDigit(load<u8>(zone)); unit /= 10) milliseconds += (load<u8>(zone++) - 0x30) * unit;
    if (zone == first) return NO_TIME;
  }
  const offset = parseOffset(zone, end);
  const year = number(ptr) * 100 + number(ptr + 2), month = number(ptr + 5), day = number(ptr + 8);
  const hour = number(ptr + 11), minute = number(ptr + 14), second = number(ptr + 17);
  const fits = offset != i32.MIN_VALUE && year < 10_000 && month - 1 < 12 && day - 1 < daysOf(year, month) && hour < 24 && minute < 60 && second < 60;
  return fits ? Date.UTC(year, month - 1, day, hour, minute, second, milliseconds) - i64(offset) * 60_000 : NO_TIME;
}

export function isTime(text: string): bool {
  const bytes = changetype<usize>(String.UTF8.encode(text));
  return parseTime(bytes, bytes + text.length) != NO_TIME; // what has more bytes than characters is none
}

/** Minutes east of UTC, or i32.MIN_VALUE. */
function parseOffset(ptr: usize, end: usize): i32 {
  const sign = ptr < end ? load<u8>(ptr) : 0;
  if (sign == 0x5a) return ptr + 1 == end ? 0 : i32.MIN_VALUE;
  if (end - ptr != 6 || sign != 0x2b && sign != 0x2d || load<u8>(ptr, 3) != 0x3a) return i32.MIN_VALUE;
  const hours = number(ptr + 1), minutes = number(ptr + 4);
  if (hours > 99 || minutes > 99) return i32.MIN_VALUE;
  const all = <i32>(hours * 60 + minutes);
  return sign == 0x2d ? -all : all;
}

/** Whether all that is between the numbers of a time is there: 0000-00-00T00:00:00. */
function separated(ptr: usize): bool {
  return load<u8>(ptr, 4) == 0x2d && load<u8>(ptr, 7) == 0x2d && load<u8>(ptr, 10) == 0x54 && load<u8>(ptr, 13) == 0x3a && load<u8>(ptr, 16) == 0x3a;
}

function daysOf(year: u32, month: u32): u32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** The two digits at ptr; what is too large for any use if they are none. */
function number(ptr: usize): u32 {
  const tens = load<u8>(ptr), ones = load<u8>(ptr, 1);
  return isDigit(tens) && isDigit(ones) ? u32(tens - 0x30) * 10 + (ones - 0x30) : 10_000;
}

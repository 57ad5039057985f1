// As much of WebAssembly's binary format as it takes to give a module more
// memory, with a script in it.

const CUSTOM = 0;
const MEMORY = 5;
const DATA = 11;
const DATA_COUNT = 12;
export const PAGE = 65536;

/** How many pages of memory a module starts with. */
export function memoryPages(wasm) {
  const body = sections(wasm).find(({ id }) => id === MEMORY).body;
  return uint(body, 2).value; // one memory, its flags, its minimum
}

/** Puts a script at an address above all of the module's data, and makes the memory hold it. */
export function addScript(wasm, address, script) {
  const text = Buffer.from(script);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(text.length);
  const data = Buffer.concat([size, text, Buffer.alloc(1)]);
  const pages = Math.ceil((address + data.length) / PAGE);
  const edits = {
    [MEMORY]: () => Buffer.from([1, 0, ...encodeUint(pages)]),
    [DATA]: (body) => addSegment(body, address, data),
    [DATA_COUNT]: (body) => Buffer.from(encodeUint(uint(body, 0).value + 1)),
  };
  const parts = sections(wasm).map(({ id, body }) => section(id, edits[id]?.(body) ?? body));
  return Buffer.concat([wasm.subarray(0, 8), ...parts, section(CUSTOM, producers)]);
}

const name = (text) => Buffer.from([text.length, ...Buffer.from(text)]);

/** Says what the author wrote, for tools. Source: https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md */
const producers = Buffer.concat([name("producers"), Buffer.from([1]), name("language"), Buffer.from([1]), name("JavaScript"), name("")]);

function addSegment(body, address, data) {
  const count = uint(body, 0);
  const offset = [0x41, ...encodeInt(address), 0x0b]; // i32.const address, end
  const segment = [Buffer.from([0, ...offset, ...encodeUint(data.length)]), data];
  return Buffer.concat([Buffer.from(encodeUint(count.value + 1)), body.subarray(count.end), ...segment]);
}

const section = (id, body) => Buffer.concat([Buffer.from([id, ...encodeUint(body.length)]), body]);

function sections(wasm) {
  const found = [];
  for (let at = 8; at < wasm.length;) {
    const size = uint(wasm, at + 1);
    found.push({ id: wasm[at], body: wasm.subarray(size.end, size.end + size.value) });
    at = size.end + size.value;
  }
  return found;
}

/** Reads an unsigned LEB128 number. */
function uint(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at };
  }
}

function encodeUint(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeUint(value >>> 7)];
}

function encodeInt(value) {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...encodeInt(value >> 7)];
}

// The glue between QuickJS and the host, compiled by asc and merged into the
// engine's own module: it exports what a core module must, and answers the
// engine's imports. It shares the engine's memory and allocates only with the
// engine's malloc, so nothing here may use AssemblyScript's own heap: no
// strings, no arrays, no objects.
//
// build/engine.mjs sets two constants: HTTP, whether the module may ask for it,
// and SCRIPT, the address at which build/wasm.mjs puts the plugin's script: its
// length as a u32, its UTF-8 bytes, a zero.

// The engine (c/interface.c of quickjs-wasi). A JSValue is passed by pointer.
@external("engine", "malloc") declare function malloc(size: usize): usize;
@external("engine", "free") declare function free(ptr: usize): void;
@external("engine", "qjs_init") declare function newContext(): i32;
@external("engine", "qjs_set_max_stack_size") declare function limitStack(size: usize): void;
@external("engine", "qjs_eval") declare function evaluate(code: usize, size: usize, file: usize, flags: i32): usize;
@external("engine", "qjs_call") declare function callFunction(f: usize, self: usize, argc: i32, argv: usize): usize;
@external("engine", "qjs_execute_pending_job") declare function runJob(): i32;
@external("engine", "qjs_is_exception") declare function isException(value: usize): i32;
@external("engine", "qjs_get_exception") declare function takeException(): usize;
@external("engine", "qjs_throw") declare function throwValue(value: usize): usize;
@external("engine", "qjs_new_host_function") declare function newFunction(name: usize, size: i32, argc: i32): usize;
@external("engine", "qjs_new_number") declare function newNumber(value: f64): usize;
@external("engine", "qjs_new_string") declare function newString(ptr: usize, size: usize): usize;
@external("engine", "qjs_new_uint8_array") declare function newBytes(ptr: usize, size: usize): usize;
@external("engine", "qjs_get_undefined") declare function newUndefined(): usize;
@external("engine", "qjs_get_true") declare function newTrue(): usize;
@external("engine", "qjs_get_false") declare function newFalse(): usize;
@external("engine", "qjs_get_float64") declare function toNumber(value: usize): f64;
@external("engine", "qjs_get_string_len") declare function toText(value: usize, size: usize): usize;
@external("engine", "qjs_free_cstring") declare function freeText(text: usize): void;
@external("engine", "JS_GetUint8Array") declare function toBytes(context: usize, size: usize, value: i64): usize;
@external("engine", "qjs_get_context_ptr") declare function context(): usize;
@external("engine", "qjs_free_value") declare function freeValue(value: usize): void;
@external("engine", "qjs_run_gc") declare function collect(): void;

// The host.
@external("lessee_v1", "log") declare function hostLog(level: i32, ptr: usize, size: usize): void;
@external("lessee_v1", "progress") declare function hostProgress(permille: i32, ptr: usize, size: usize): void;
@external("lessee_v1", "cancelled") declare function hostCancelled(): i32;
@external("lessee_v1", "http") declare function hostHTTP(ptr: usize, size: usize): i32;
@external("lessee_v1", "http_response") declare function hostHTTPResponse(ptr: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "random_get") declare function random_get(ptr: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "fd_write") declare function fd_write(fd: i32, parts: usize, count: usize, written: usize): i32;

const VERSION: i32 = 1;
const STACK: usize = 128 << 10; // of the engine's own: a RangeError with its place comes before the host's default limit_stack
const ROOM: usize = 2 << 20; // heap that a job finds free, because an instance whose memory grows can't be restored

const fileName = memory.data<u8>([0x70, 0x6c, 0x75, 0x67, 0x69, 0x6e, 0x2e, 0x6a, 0x73, 0]); // plugin.js
const scratch = memory.data(16);
const parts = memory.data(24); // of a line: three places and sizes
const panic = memory.data<u8>([0x70, 0x61, 0x6e, 0x69, 0x63, 0x3a, 0x20]); // panic: and a space
const newline = memory.data<u8>([0x0a]);

let undef: usize = 0; // the value undefined
let start: usize = 0; // the script's function that begins an attempt
let inbox: usize = 0;
let answer: usize = 0; // the JSValue of the last result
let outbox: usize = 0; // its text
let random0: u64 = 0; // state of Math.random, xorshift128+
let random1: u64 = 0;

export function lessee_abi_version(): i32 { return VERSION; }

export function lessee_alloc(size: i32): usize {
  if (inbox) free(inbox);
  inbox = malloc(max(size, 1));
  return inbox;
}

/** Evaluates the script. A script that throws says so and traps: its module is refused. */
export function lessee_init(): void {
  if (start) return;
  newContext();
  limitStack(STACK);
  undef = newUndefined();
  random_get(scratch, 16);
  seed(scratch);
  const setUp = must(evaluate(SCRIPT + 4, load<u32>(SCRIPT), fileName, 0));
  start = must(call(setUp, newHost(), undef));
  runJobs();
  collect();
  free(malloc(ROOM));
}

export function lessee_reseed(ptr: usize, size: i32): void {
  if (size >= 16) seed(ptr);
}

export function lessee_execute(ptr: usize, size: i32): u64 {
  lessee_init();
  dropAnswer();
  const envelope = newString(ptr, size);
  const finish = must(call(start, envelope, hasLongNumber(ptr, size) ? newTrue() : undef));
  freeValue(envelope);
  runJobs();
  answer = must(call(finish, undef, undef));
  freeValue(finish);
  outbox = toText(answer, scratch);
  return u64(outbox) << 32 | u64(load<u32>(scratch));
}

function dropAnswer(): void {
  if (!outbox) return;
  freeText(outbox);
  freeValue(answer);
  outbox = 0;
}

function runJobs(): void {
  while (runJob() != 0) {}
}

function call(f: usize, a: usize, b: usize): usize {
  store<usize>(scratch, a);
  store<usize>(scratch, b, sizeof<usize>());
  return callFunction(f, undef, 2, scratch);
}

/** Whether a text holds 16 digits in a row: an integer of more than 15 may be too long for a number. */
function hasLongNumber(text: usize, size: i32): bool {
  for (let at = 0, digits = 0; at < size; at++) {
    digits = u32(load<u8>(text + at)) - 0x30 < 10 ? digits + 1 : 0;
    if (digits == 16) return true;
  }
  return false;
}

/** Ends the guest, unless value is no exception: the script's own code answers what handlers throw. */
function must(value: usize): usize {
  if (!isException(value)) return value;
  const text = toText(takeException(), scratch);
  lastWords(text, load<u32>(scratch));
  return unreachable();
}

/** Writes to stderr: the host adds that to the error of a trap, and hears it before there is a job. */
function lastWords(text: usize, size: u32): void {
  store<usize>(parts, panic);
  store<u32>(parts, 7, 4);
  store<usize>(parts, text, 8);
  store<u32>(parts, size, 12);
  store<usize>(parts, newline, 16);
  store<u32>(parts, 1, 20);
  fd_write(2, parts, 3, scratch);
}

// Host functions, by the one letter of their name. newHost makes the function
// that gives the script each of them.

const HOST: u8 = 0x40; // @
const CANCELLED: u8 = 0x63; // c
const DECODE: u8 = 0x64; // d
const ENCODE: u8 = 0x65; // e
const HTTP_CALL: u8 = 0x68; // h
const LOG: u8 = 0x6c; // l
const PROGRESS: u8 = 0x70; // p
const RANDOM: u8 = 0x72; // r
const ENTROPY: u8 = 0x73; // s

function newHost(): usize { return named(HOST); }

function named(letter: u8): usize {
  store<u8>(scratch, letter);
  return newFunction(scratch, 1, 0);
}

export function host_call(name: usize, size: i32, self: usize, argc: i32, argv: usize): usize {
  const a = argument(argc, argv, 0), b = argument(argc, argv, 1);
  switch (load<u8>(name)) {
    case HOST: return functionOf(a);
    case CANCELLED: return hostCancelled() ? newTrue() : newFalse();
    case DECODE: return decode(a);
    case ENCODE: return encode(a);
    case HTTP_CALL: return http(a);
    case LOG: return say(true, a, b);
    case PROGRESS: return say(false, a, b);
    case RANDOM: return newNumber(random());
    case ENTROPY: return entropy(a);
  }
  return newUndefined();
}

/** An argument, or undefined. The engine owns it. */
function argument(argc: i32, argv: usize, n: i32): usize {
  return n < argc ? load<usize>(argv + n * sizeof<usize>()) : undef;
}

function functionOf(letter: usize): usize {
  const text = toText(letter, scratch);
  const f = named(load<u8>(text));
  freeText(text);
  return f;
}

function say(log: bool, what: usize, words: usize): usize {
  const n = i32(toNumber(what));
  const text = toText(words, scratch);
  if (log) hostLog(n, text, load<u32>(scratch));
  else hostProgress(n, text, load<u32>(scratch));
  freeText(text);
  return newUndefined();
}

function encode(value: usize): usize {
  const text = toText(value, scratch);
  const bytes = newBytes(text, load<u32>(scratch));
  freeText(text);
  return bytes;
}

function decode(value: usize): usize {
  const ptr = bytesOf(value);
  return newString(ptr, load<u32>(scratch));
}

/** Where the bytes of a Uint8Array lie; scratch takes their number. */
function bytesOf(value: usize): usize {
  return toBytes(context(), scratch, load<i64>(value));
}

function http(request: usize): usize {
  if (!HTTP) return newUndefined();
  const ptr = bytesOf(request);
  const size = hostHTTP(ptr, load<u32>(scratch));
  const buffer = malloc(max(size, 1));
  const response = newBytes(buffer, hostHTTPResponse(buffer, size));
  free(buffer);
  return response;
}

function entropy(size: usize): usize {
  const n = usize(toNumber(size));
  const buffer = malloc(max(n, 1));
  random_get(buffer, n);
  const bytes = newBytes(buffer, n);
  free(buffer);
  return bytes;
}

function seed(ptr: usize): void {
  random0 = load<u64>(ptr) | 1; // not all zero
  random1 = load<u64>(ptr, 8);
}

/** xorshift128+, as engines have it: 52 bits of it make a number below 1. */
function random(): f64 {
  let a = random0;
  const b = random1;
  random0 = b;
  a ^= a << 23;
  random1 = a ^ b ^ a >> 17 ^ b >> 26;
  return reinterpret<f64>((random1 + b) >> 12 | 0x3ff0000000000000) - 1;
}

// What else the engine imports. Time is UTC, modules are bundled.
export function host_get_timezone_offset(hi: i32, lo: u32): i32 { return 0; }
export function host_interrupt(): i32 { return 0; }
export function host_promise_rejection(promise: usize, reason: usize, handled: i32): void {}
export function host_module_normalize(base: usize, name: usize): usize { return 0; }
export function host_module_load(name: usize, size: usize): usize { return 0; }

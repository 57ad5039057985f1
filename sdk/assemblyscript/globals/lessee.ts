// Takes the place of what AssemblyScript's library would import from a browser:
// a module imports nothing but lessee_v1 and WASI. build.mjs names these.
import { Date } from "date";

// @ts-ignore: decorator
@external("lessee_v1", "log")
declare function log(level: i32, ptr: usize, size: usize): void;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "random_get")
declare function random_get(ptr: usize, size: usize): i32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(clock: i32, precision: u64, ptr: usize): i32;

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, parts: usize, count: usize, written: usize): i32;

// @ts-ignore: decorator
@lazy const scratch = memory.data(16);

function say(level: i32, line: string): void {
  const text = String.UTF8.encode(line);
  log(level, changetype<usize>(text), text.byteLength);
}

/** A throw, a failed assertion, an index out of range: says where to stderr, which the host adds to the error of the trap. */
export function lessee_abort(message: string | null = null, file: string | null = null, line: u32 = 0, column: u32 = 0): void {
  const words = String.UTF8.encode(`panic: ${message ? message : "abort"}, at ${file ? file : "?"}:${line}:${column}\n`);
  store<usize>(scratch, changetype<usize>(words));
  store<u32>(scratch, words.byteLength, 4);
  fd_write(2, scratch, 1, scratch + 8);
  unreachable();
}

export function lessee_trace(message: string, n: i32 = 0, a0: f64 = 0, a1: f64 = 0, a2: f64 = 0, a3: f64 = 0, a4: f64 = 0): void {
  const values = [a0, a1, a2, a3, a4].slice(0, n).join(" ");
  say(0, n ? `${message} ${values}` : message);
}

// @ts-ignore: decorator
@lazy let seeded = false;

/** The first seed of Math.random, which asks for it when it is called first. */
export function lessee_seed(): f64 {
  seeded = true;
  return reinterpret<f64>(draw());
}

/** Seeds Math.random anew if it was seeded before the module's state was kept: jobs would else draw alike. Nothing is
 * left of it in a module without Math.random, and one that draws in jobs alone pays nothing: why lessee_reseed is not exported. */
export function lessee_freshen(): void {
  if (seeded) Math.seedRandom(<i64>draw());
}

function draw(): u64 {
  random_get(scratch, 8);
  return load<u64>(scratch) | 1;
}

export namespace lessee_console {
  export function assert<T>(condition: T, message: string = ""): void {
    if (!condition) say(3, `assertion failed: ${message}`);
  }
  export function log(message: string = ""): void { say(1, message); }
  export function debug(message: string = ""): void { say(0, message); }
  export function info(message: string = ""): void { say(1, message); }
  export function warn(message: string = ""): void { say(2, message); }
  export function error(message: string = ""): void { say(3, message); }
}

export class lessee_Date extends Date {
  static now(): i64 {
    clock_time_get(0, 1_000_000, scratch);
    return load<u64>(scratch) / 1_000_000;
  }
}

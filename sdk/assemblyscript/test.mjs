// Runs a plugin in a plain `node --test`: builds it, and is the host that it
// sees. The envelope and the result travel as they do there.
import { execFileSync } from "node:child_process";
import { getRandomValues } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Builds the handler in a .ts file, or takes a .wasm file as it is. */
export function load(file) {
  return new Plugin(new WebAssembly.Module(file.endsWith(".wasm") ? readFileSync(file) : build(file)));
}

function build(file) {
  const folder = mkdtempSync(path.join(tmpdir(), "lessee-as-"));
  try {
    const output = path.join(folder, "plugin.wasm");
    execFileSync(process.execPath, [fileURLToPath(new URL("build.mjs", import.meta.url)), file, "-o", output], { stdio: ["ignore", "inherit", "pipe"] });
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const levels = ["debug", "info", "warn", "error"];

class Plugin {
  constructor(module) {
    this.module = module;
  }

  /**
   * Runs attempt 1 of a job that is due in a minute, in an instance of its own.
   * options: config, job, trace as the envelope has them; cancelled; log, a list
   * that takes the lines even of a trap; http, which answers a request with
   * { status, headers, body } or { error: { code, message } }.
   */
  run(payload, options = {}) {
    const seen = { log: options.log ?? [], progress: [] };
    const guest = new Guest(this.module, seen, options);
    const result = JSON.parse(guest.execute(JSON.stringify(envelope(payload, options))));
    return { result, output: result.output, ...seen };
  }
}

function envelope(payload, { config, job, trace }) {
  const now = Date.now();
  const [enqueued_at, deadline] = [now, now + 60_000].map((ms) => new Date(ms).toISOString());
  return {
    abi: 1,
    job: { id: 1, class: "test", attempt: 1, max_attempts: 5, enqueued_at, deadline, ...job },
    trace: trace ?? { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    config,
    payload,
  };
}

/** An instance, and the host functions that it calls. */
class Guest {
  constructor(module, seen, { cancelled = false, http }) {
    let kept; // an HTTP answer, until the guest takes it
    const imports = {
      lessee_v1: {
        log: (level, ptr, size) => seen.log.push({ level: levels[level], text: this.text(ptr, size) }),
        progress: (permille, ptr, size) => seen.progress.push({ permille, note: this.text(ptr, size) }),
        cancelled: () => Number(cancelled),
        http: (ptr, size) => (kept = answer(http, this.bytes(ptr, size).slice())).length,
        http_response: (ptr, size) => this.bytes(ptr, size).set(kept.subarray(0, size)) ?? size,
      },
      wasi_snapshot_preview1: {
        random_get: (ptr, size) => Number(!getRandomValues(this.bytes(ptr, size))),
        fd_write: (fd, part) => seen.log.push({ level: "warn", text: this.line(part) }) && 0, // a line on stderr
        clock_time_get: (clock, precision, ptr) => new DataView(this.memory).setBigUint64(ptr, BigInt(Date.now()) * 1_000_000n, true) ?? 0,
      },
    };
    this.exports = new WebAssembly.Instance(module, imports).exports;
    this.exports._initialize?.();
  }

  get memory() {
    return this.exports.memory.buffer;
  }

  bytes(ptr, size) {
    return new Uint8Array(this.memory, ptr >>> 0, size);
  }

  text(ptr, size) {
    return new TextDecoder().decode(this.bytes(ptr, size));
  }

  line(part) {
    const [ptr, size] = new Uint32Array(this.memory, part >>> 0, 2);
    return this.text(ptr, size).trimEnd();
  }

  execute(envelope) {
    const encoded = new TextEncoder().encode(envelope);
    const ptr = this.exports.lessee_alloc(encoded.length);
    this.bytes(ptr, encoded.length).set(encoded);
    const packed = BigInt.asUintN(64, this.exports.lessee_execute(ptr, encoded.length));
    return this.text(Number(packed >> 32n), Number(packed & 0xffff_ffffn));
  }
}

function answer(http, document) {
  if (!http) throw new TypeError("the handler called call.http: give run() an http function that answers");
  const size = new DataView(document.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(document.subarray(4, 4 + size)));
  const { body = "", ...given } = http({ ...head, body: document.slice(4 + size) });
  const encoded = Buffer.from(JSON.stringify(given.error ? given : { status: 200, headers: {}, url: head.url, ...given }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(encoded.length);
  return Buffer.concat([length, encoded, Buffer.from(body)]);
}

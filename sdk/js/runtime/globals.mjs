import { consoleOf } from "./log.mjs";

/** Gives the engine what npm packages expect of any JavaScript, as far as it makes sense in a sandbox. */
export function installGlobals(host) {
  Math.random = host.random; // the engine's own would repeat in every job: the host restores its state
  Object.assign(globalThis, {
    console: consoleOf(host.log),
    crypto: cryptoOf(host),
    queueMicrotask: (callback) => void Promise.resolve().then(callback),
    TextEncoder: class {
      encoding = "utf-8";
      encode = (text = "") => host.encode(String(text).toWellFormed());
    },
    TextDecoder: class {
      encoding = "utf-8";
      decode = (bytes) => (bytes === undefined ? "" : host.decode(viewOf(bytes)));
    },
  });
}

/** Randomness from the host, never the same twice. */
function cryptoOf({ entropy }) {
  return {
    getRandomValues(array) {
      viewOf(array).set(entropy(array.byteLength));
      return array;
    },
    randomUUID() {
      const bytes = entropy(16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    },
  };
}

function viewOf(buffer) {
  return ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
}

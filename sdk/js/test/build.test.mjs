import assert from "node:assert/strict";
import { test } from "node:test";
import { addScript, memoryPages, PAGE } from "../build/wasm.mjs";
import { lineTable } from "../build/lines.mjs";
import { locator } from "../runtime/locate.mjs";

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

test("a script lies in memory where it was put, with its length before and a zero behind", async () => {
  // a module with two pages of memory, exported, and one segment of data
  const module = Buffer.from([...header, 5, 3, 1, 0, 2, 7, 10, 1, 6, ...Buffer.from("memory"), 2, 0, 11, 7, 1, 0, 0x41, 0, 0x0b, 1, 0x2a]);
  assert.equal(memoryPages(module), 2);
  const text = "ü".repeat(PAGE);
  const { instance } = await WebAssembly.instantiate(addScript(module, 3 * PAGE, text));
  const memory = Buffer.from(instance.exports.memory.buffer);
  assert.equal(memory[0], 0x2a);
  assert.equal(memory.readUInt32LE(3 * PAGE), 2 * PAGE);
  assert.equal(memory.toString("utf8", 3 * PAGE + 4, 5 * PAGE + 4), text);
  assert.equal(memory[5 * PAGE + 4], 0);
});

test("stacks name the author's lines, and leave out the SDK's", () => {
  // bundle lines 2 and 3 are lines 1 and 2 of a.mjs, line 4 is the SDK's, line 5 is line 7 of a.mjs
  const map = { version: 3, sources: ["a.mjs", "sdk.mjs"], names: [], mappings: ";AAAA;AACA;ACAA;ADKA" };
  const table = lineTable("\na\nb\nc\nd", JSON.stringify(map), (name) => name === "sdk.mjs");
  const stack = "    at f (plugin.js:3:9)\n    at call (native)\n    at own (plugin.js:4:1)\n    at plugin.js:5:2";
  assert.equal(locator(table)(stack), "    at f (a.mjs:2)\n    at a.mjs:7");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "../test.mjs";

const plugin = load(fileURLToPath(new URL("../testdata/types.ts", import.meta.url)));
const full = {
  do: "", small: -128, large: 9007199254740991, ratio: 0.25, flag: true,
  inner: { id: 1, tags: ["a", 'q"\\\n\u0001ü😀'], note: null }, many: [{ id: 2, tags: [], note: "n" }], counts: { "ä": -1, b: 2 }, any: [1, { x: null }],
};

test("every type comes back as it was sent", () => {
  assert.deepEqual(plugin.run(full).output, full);
});

test("fields that are absent keep their initial values, and Json that is missing stays so", () => {
  const { output, result } = plugin.run({ any: null });
  assert.deepEqual(output, { do: "", small: 7, large: 0, ratio: 0.5, flag: false, inner: null, many: [], counts: {}, any: null }, JSON.stringify(result));
});

const misfits = {
  "/small": { small: 128 },
  "/large": { large: -1 },
  "/flag": { flag: "yes" },
  "/inner": { inner: [] },
  "/inner/id": { inner: {} },
  "/many/1/id": { many: [{ id: 1 }, { id: null }] },
  "/counts/b": { counts: { a: 1, b: "2" } },
  "it": 5,
};

for (const [pointer, payload] of Object.entries(misfits)) {
  test(`a payload that does not fit is told by its place: ${pointer}`, () => {
    const { result: { status, error } } = plugin.run(payload);
    assert.deepEqual([status, error.code], ["fail", "payload_invalid"]);
    assert.match(error.message, new RegExp(`takes: ${pointer} is `));
  });
}

test("a misfit that the handler comes upon fails the job, too", () => {
  assert.match(plugin.run({ do: "later" }).result.error.message, /is missing, want a text/);
});

test("a result that the host would refuse says why", () => {
  for (const [what, words] of [["nan", "not finite"], ["nul", "NUL"], ["class", "no class"]]) {
    const { result: { status, error } } = plugin.run({ do: what });
    assert.deepEqual([status, error.code], ["fail", "result_invalid"]);
    assert.ok(error.message.includes(words), error.message);
  }
});

test("half of a surrogate pair is replaced, as UTF-8 must", () => {
  assert.equal(plugin.run({ do: "lone" }).output, "\ufffd!");
});

test("a failure's words get through whatever they hold", () => {
  assert.equal(plugin.run({ do: "fail" }).result.error.message, "no \ufffd words");
});

test("a retry says when, and more", () => {
  const { result } = plugin.run({ do: "retry", counts: { a: 1 } });
  assert.deepEqual(result, { status: "retry", retry_after_ms: 1500, error: { code: "rate_limited", message: "busy", detail: { a: 1 } } });
});

test("a throw says in the log where it happened, then traps", () => {
  const log = [];
  assert.throws(() => plugin.run({ do: "throw" }, { log }), WebAssembly.RuntimeError);
  assert.match(log[0].text, /^panic: thrown, at types\.ts:\d+:\d+$/);
});

test("an index out of range traps with the names of the handler's functions", () => {
  assert.throws(() => plugin.run({ do: "index" }), ({ stack }) => stack.includes("types/handle"));
});

test("time and chance are the host's", () => {
  const [[a, time], [b]] = [plugin.run({ do: "random" }).output, plugin.run({ do: "random" }).output];
  assert.notEqual(a, b);
  assert.ok(Math.abs(Date.now() - time) < 60_000);
});

test("console and trace write to the log", () => {
  assert.deepEqual(plugin.run({ do: "console" }).log, [{ level: "warn", text: "by console" }, { level: "debug", text: "by trace 1.0 2.5" }]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { optional, Park, Permanent, Retry, take } from "../index.mjs";
import { run } from "../test.mjs";

const boom = Object.assign(new Error("boom"), { detail: { why: 1 } });
const verdicts = {
  "a plain error": [boom, { status: "retry", error: { code: "handler_error", message: "boom", detail: { why: 1 } } }],
  "a code": [Object.assign(new Error("no room"), { code: "disk_full", detail: 0 }), { status: "retry", error: { code: "disk_full", message: "no room", detail: 0 } }],
  Permanent: [new Permanent("never"), { status: "fail", error: { code: "handler_error", message: "never" } }],
  "Permanent with a code": [new Permanent("never", { code: "x" }), { status: "fail", error: { code: "x", message: "never" } }],
  Retry: [new Retry("busy", { afterMs: 1500 }), { status: "retry", retry_after_ms: 1500, error: { code: "handler_error", message: "busy" } }],
  "a negative delay": [new Retry("busy", { afterMs: -1 }), { status: "retry", error: { code: "handler_error", message: "busy" } }],
  Park: [new Park({ asked: "Ann" }), { status: "park", output: { asked: "Ann" } }],
  "Park without output": [new Park(), { status: "park" }],
  "what is no error": ["words", { status: "retry", error: { code: "handler_error", message: "the handler threw words" } }],
};

for (const [name, [thrown, want]] of Object.entries(verdicts)) {
  test(`a throw says what becomes of the job: ${name}`, async () => {
    const { result } = await run(() => { throw thrown; });
    assert.deepEqual(result, want);
  });
}

test("an error of the engine tells its kind and its place", async () => {
  const { result: { status, error } } = await run((payload) => payload.missing.field, {});
  assert.equal(status, "retry");
  assert.match(error.message, /^TypeError: .*, at .*attempt\.test\.mjs:\d+$/);
  assert.match(error.detail.stack, /attempt\.test\.mjs:\d+/);
});

test("effects travel with the result, as they were when they were asked for", async () => {
  const payload = { n: 1 };
  const { result } = await run((_, ctx) => {
    ctx.enqueue({ class: "next", payload, priority: -5, runAt: new Date(0), idempotencyKey: "k" });
    ctx.command("fn_x", { a: 1 });
    ctx.emit("thing.done", "payload", "key");
    payload.n = 2;
  });
  assert.deepEqual(result, {
    status: "ok",
    enqueue: [{ class: "next", payload: { n: 1 }, priority: -5, run_at: "1970-01-01T00:00:00.000Z", idempotency_key: "k" }],
    commands: [{ name: "fn_x", args: { a: 1 } }],
    events: [{ type: "thing.done", payload: "payload", key: "key" }],
  });
});

test("a failed attempt has no effects", async () => {
  const { result } = await run((_, ctx) => {
    ctx.enqueue({ class: "next" });
    throw new Retry("too late");
  });
  assert.equal(result.enqueue, undefined);
});

test("an effect that the host would refuse throws where it is asked for", async () => {
  for (const bad of [{}, { class: "" }, { class: "c", priority: 40000 }, { class: "c", payload: "\0" }, { class: "c", runAt: "soon" }]) {
    const { result } = await run((_, ctx) => ctx.enqueue(bad));
    assert.equal(result.status, "retry", JSON.stringify(bad));
  }
});

test("an output that JSON or Postgres can't hold fails with the place of the fault", async () => {
  const cyclic = {};
  cyclic.self = cyclic;
  for (const [output, words] of [[() => 1, "function"], [cyclic, "JSON"], [{ a: ["\0"] }, '"/a/0"'], [{ "a/b": "\ud83d" }, '"/a~1b"']]) {
    const { result } = await run(() => output);
    assert.equal(result.status, "fail");
    assert.equal(result.error.code, "result_invalid");
    assert.ok(result.error.message.includes(words), result.error.message);
  }
});

test("an output nested deeper than Postgres takes fails", async () => {
  const nested = (depth) => (depth === 0 ? 1 : [nested(depth - 1)]);
  assert.equal((await run(() => nested(480))).result.status, "ok");
  assert.equal((await run(() => nested(500))).result.error.code, "result_invalid");
});

test("a payload is taken by its shape", async () => {
  const shape = { name: String, inner: { tags: [String] }, n: BigInt, price: Number, paid: optional(Boolean) };
  const good = { name: "", inner: { tags: ["a"] }, n: 5, price: 1.5, more: 1 };
  const { more, ...wanted } = good;
  assert.deepEqual(take(good, shape), { ...wanted, n: 5n, paid: undefined });
  for (const [bad, pointer] of [[null, "it"], [{}, "/name"], [{ ...good, inner: { tags: [1] } }, "/inner/tags/0"], [{ ...good, n: 1.5 }, "/n"], [{ ...good, paid: "" }, "/paid"]]) {
    const { result: { status, error } } = await run((payload) => take(payload, shape), bad);
    assert.deepEqual([status, error.code], ["fail", "payload_invalid"]);
    assert.ok(error.message.includes(`${pointer} is `), error.message);
  }
});

test("text that only looks like a NUL character is fine", async () => {
  const { output } = await run(() => "\\u0000 and 😀");
  assert.equal(output, "\\u0000 and 😀");
});

test("a failure whose words Postgres can't store still gets through", async () => {
  const { result } = await run(() => { throw new Permanent("a\0b\ud83d"); });
  assert.equal(result.error.message, "a\ufffdb\ufffd");
});

test("a handler that waits for ever is told that nothing comes", async () => {
  const { result } = await run(() => new Promise(() => {}));
  assert.equal(result.status, "fail");
  assert.match(result.error.message, /never comes/);
});

test("the context knows the attempt", async () => {
  const { output } = await run((_, ctx) => [ctx.job.maxAttempts, ctx.config.region, ctx.cancelled(), ctx.job.deadline > new Date()],
    null, { job: { max_attempts: 7 }, config: { region: "eu" }, cancelled: true });
  assert.deepEqual(output, [7, "eu", true, true]);
});

test("log lines are quoted where they must be", async () => {
  const { log, progress } = await run((_, ctx) => {
    ctx.log.warn("two words", { a: 1, b: "x=y", c: undefined });
    ctx.progress(500, "half");
  });
  assert.deepEqual(log, [{ level: "warn", text: 'two words a=1 b="x=y" c=undefined' }]);
  assert.deepEqual(progress, [{ permille: 500, note: "half" }]);
});

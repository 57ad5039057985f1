import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Cancelled, optional, Park, Permanent, Retry } from "lessee";
import { run } from "lessee/test";

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
  "words that Postgres can't store": [new Permanent("a\0b\ud83d"), { status: "fail", error: { code: "handler_error", message: "a\ufffdb\ufffd" } }],
};

for (const [name, [thrown, want]] of Object.entries(verdicts)) {
  test(`a throw says what becomes of the job: ${name}`, async () => {
    const { result } = await run(async () => { throw thrown; });
    assert.deepEqual(result, want);
  });
}

test("an error of the engine tells its kind and its place", async () => {
  const { result: { status, error } } = await run((payload) => payload.missing.field, {});
  assert.equal(status, "retry");
  assert.match(error.message, /^TypeError: .*, at handler\.test\.mjs:\d+$/);
  assert.match(error.detail.stack, /handler\.test\.mjs:\d+/);
  assert.doesNotMatch(error.detail.stack, /runtime\/plugin\.mjs/);
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

test("a failed attempt has no effects, a parked one has", async () => {
  const asking = (thrown) => (_, ctx) => {
    ctx.enqueue({ class: "next" });
    throw thrown;
  };
  assert.equal((await run(asking(new Retry("too late")))).result.enqueue, undefined);
  assert.deepEqual((await run(asking(new Park()))).result.enqueue, [{ class: "next" }]);
});

test("an effect that the host would refuse throws where it is asked for", async () => {
  for (const bad of [{}, { class: "" }, { class: "c", priority: 40000 }, { class: "c", payload: "\0" }, { class: "c", runAt: "soon" }]) {
    const { result } = await run((_, ctx) => ctx.enqueue(bad));
    assert.notEqual(result.status, "ok", JSON.stringify(bad));
  }
});

test("an output that JSON or Postgres can't hold fails with the place of the fault", async () => {
  const cyclic = {};
  cyclic.self = cyclic;
  const nested = (depth) => Array.from({ length: depth }).reduce((inner) => [inner], 1);
  for (const [output, words] of [[() => 1, "function"], [cyclic, "JSON"], [{ a: ["\0"] }, '"/a/0"'], [{ "a/b": "\ud83d" }, '"/a~1b"'],
    [10n ** 1000n, "digits"], [nested(500), "nested"], [nested(100_000), "JSON"]]) {
    const { result } = await run(() => output);
    assert.equal(result.status, "fail", words);
    assert.equal(result.error.code, "result_invalid");
    assert.ok(result.error.message.includes(words), result.error.message);
  }
  assert.equal((await run(() => nested(480))).result.status, "ok");
});

test("integers stay exact, also where Node's own JSON would round them", async () => {
  const payload = { big: 9007199254740993n, text: "9007199254740993", more: [-9223372036854775808n, 1.2345678901234567e30, 12345678901234567n] };
  const { output } = await run((taken) => taken, payload);
  assert.deepEqual(output, payload);
});

test("text that only looks like a NUL character is fine", async () => {
  assert.equal((await run(() => "\\u0000 and 😀")).output, "\\u0000 and 😀");
});

test("a payload is taken by its shape", async () => {
  const about = { payload: { name: String, inner: { tags: [String] }, n: BigInt, price: Number, paid: optional(Boolean) } };
  const good = { name: "", inner: { tags: ["a"] }, n: 5, price: 1.5, more: 1 };
  const { output } = await run((payload) => payload, good, { about });
  assert.deepEqual(output, { name: "", inner: { tags: ["a"] }, n: 5, price: 1.5 });
  for (const [bad, pointer] of [[null, "it"], [{}, "/name"], [{ ...good, inner: { tags: [1] } }, "/inner/tags/0"], [{ ...good, n: 1.5 }, "/n"], [{ ...good, paid: "" }, "/paid"]]) {
    const { result: { status, error } } = await run(() => {}, bad, { about });
    assert.deepEqual([status, error.code], ["fail", "payload_invalid"]);
    assert.ok(error.message.includes(`${pointer} is `), error.message);
  }
});

test("the config is taken by its shape", async () => {
  const about = { config: { region: optional(String) } };
  assert.equal((await run((_, { config }) => config.region ?? "us", null, { about })).output, "us");
  assert.equal((await run((_, { config }) => config.region, null, { about, config: { region: "eu" } })).output, "eu");
  assert.match((await run(() => {}, null, { about, config: { region: 1 } })).result.error.message, /config.*\/region is a number/);
});

test("a cancelled attempt ends in the host's words, whatever noticed it", async () => {
  const stop = new AbortController();
  const attempt = run((_, ctx) => sleep(60_000, undefined, { signal: ctx.signal }), null, { signal: stop.signal });
  stop.abort(new Cancelled({ code: "limit_wall", message: "too slow" }));
  assert.deepEqual((await attempt).result, { status: "retry", error: { code: "limit_wall", message: "too slow" } });
  assert.equal((await run((_, ctx) => ctx.signal.throwIfAborted(), null, { cancelled: true })).result.error.code, "cancelled");
  assert.equal((await run((_, ctx) => ctx.cancelled(), null, { cancelled: true })).output, true);
});

test("the context knows the attempt", async () => {
  const { output } = await run((_, ctx) => [ctx.job.maxAttempts, ctx.config.region, ctx.cancelled(), ctx.job.deadline > new Date(), ctx.remainingMs() > 50_000],
    null, { job: { max_attempts: 7 }, config: { region: "eu" } });
  assert.deepEqual(output, [7, "eu", false, true, true]);
});

test("log lines are quoted where they must be", async () => {
  const { log, progress } = await run((_, ctx) => {
    ctx.log.warn("two words", { a: 1, b: "x=y", c: undefined });
    ctx.progress(500, "half");
  });
  assert.deepEqual(log, [{ level: "warn", text: 'two words a=1 b="x=y" c=undefined' }]);
  assert.deepEqual(progress, [{ permille: 500, note: "half" }]);
});

test("the host sends requests", async () => {
  const seen = [];
  const http = (request) => (seen.push(request), { status: 418, headers: { "x-a": ["1", "2"] }, body: "[1]" });
  const { output } = await run(async (_, ctx) => {
    const answer = await ctx.http({ url: "https://api.test/x", json: { a: 1 }, credential: "crm", timeoutMs: 2000 });
    return [answer.status, answer.ok, answer.json(), answer.headers["x-a"]];
  }, null, { http });
  assert.deepEqual(output, [418, false, [1], ["1", "2"]]);
  assert.equal(seen[0].method, "POST");
  assert.equal(String(seen[0].body), '{"a":1}');
});

test("a request that is denied fails the job for good, one that failed does not", async () => {
  const asking = (code) => run(async (_, ctx) => ctx.http({ url: "https://api.test" }), null, { http: () => ({ error: { code, message: "no" } }) });
  assert.equal((await asking("http_denied")).result.status, "fail");
  assert.equal((await asking("http_failed")).result.status, "retry");
});

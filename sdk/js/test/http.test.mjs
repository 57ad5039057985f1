import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDocument, encodeDocument } from "../runtime/http.mjs";
import { run } from "../test.mjs";

test("a document is the length of its head, the head, the body", () => {
  const document = encodeDocument({ a: "ü" }, new Uint8Array([1, 2]));
  assert.deepEqual([...document], [10, 0, 0, 0, ...Buffer.from('{"a":"ü"}'), 1, 2]);
  assert.deepEqual(decodeDocument(document), { head: { a: "ü" }, body: new Uint8Array([1, 2]) });
});

test("a request reaches the host and its answer the handler", async () => {
  let seen;
  const handler = (_, ctx) => {
    const answer = ctx.http({ url: "https://host/path", headers: { "X-One": "1", two: ["a", "b"] }, json: { q: "ü" }, credential: "key", timeoutMs: 5000 });
    return [answer.status, answer.ok, answer.headers["retry-after"], answer.json()];
  };
  const { output } = await run(handler, null, {
    http(request) {
      seen = request;
      return { status: 429, headers: { "retry-after": ["1"] }, body: '{"wait":true}' };
    },
  });
  assert.deepEqual(output, [429, false, ["1"], { wait: true }]);
  assert.equal(Buffer.from(seen.body).toString(), '{"q":"ü"}');
  delete seen.body;
  assert.deepEqual(seen, {
    method: "POST",
    url: "https://host/path",
    headers: { "x-one": ["1"], two: ["a", "b"], "content-type": ["application/json"] },
    credential: "key",
    timeout_ms: 5000,
  });
});

test("a request without an answer throws its code", async () => {
  const { result } = await run((_, ctx) => ctx.http({ url: "http://metadata/" }), null,
    { http: () => ({ error: { code: "http_denied", message: "not granted" } }) });
  assert.equal(result.status, "retry");
  assert.equal(result.error.code, "http_denied");
  assert.equal(result.error.message, "not granted");
});

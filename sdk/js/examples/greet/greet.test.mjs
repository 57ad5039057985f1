import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "@lessee/sdk/test";
import greet from "./greet.mjs";

test("it greets by name", async () => {
  const { output, log } = await run(greet, { name: "world" });
  assert.equal(output, "Hello, world");
  assert.deepEqual(log, [{ level: "info", text: "greeting name=world" }]);
});

test("it fails for good without a name", async () => {
  const { result } = await run(greet, {});
  assert.equal(result.status, "fail");
});

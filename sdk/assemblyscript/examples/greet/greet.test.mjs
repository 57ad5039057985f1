import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "@lessee/sdk-as/test";

const greet = load(fileURLToPath(new URL("greet.ts", import.meta.url)));

test("it greets by name", () => {
  const { output, log } = greet.run({ name: "world" });
  assert.equal(output, "Hello, world");
  assert.deepEqual(log, [{ level: "info", text: "greeting name=world" }]);
});

test("it fails for good without a name", () => {
  assert.equal(greet.run({}).result.status, "fail");
});

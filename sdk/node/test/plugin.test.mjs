import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { optional } from "lessee";
import { makeCertificate } from "../runtime/certificate.mjs";
import { Plugin } from "../runtime/plugin.mjs";

function manifestIn(files, about) {
  const dir = mkdtempSync(join(tmpdir(), "plugin-"));
  try {
    for (const [name, value] of Object.entries(files)) writeFileSync(join(dir, name), JSON.stringify(value));
    return JSON.parse(new Plugin(() => {}, about, dir).manifest());
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("the manifest has schemas of the shapes", () => {
  const { schemas } = manifestIn({}, { payload: { a: [String], b: optional(Boolean) }, output: Number });
  assert.deepEqual(schemas, {
    payload: { type: "object", properties: { a: { type: "array", items: { type: "string" } }, b: { anyOf: [{ type: "boolean" }, { type: "null" }] } }, required: ["a"] },
    output: { type: "number" },
  });
});

test("the manifest says what the file beside the program says, unless serve() says otherwise", () => {
  const project = { name: "a", version: "1", language: "node", wants: { http: true }, schemas: { payload: { type: "null" } }, build: ["x"] };
  const about = { version: "2", payload: String, output: String };
  const want = { name: "a", version: "2", abi: 1, wants: { http: true }, schemas: { payload: { type: "null" }, output: { type: "string" } } };
  assert.deepEqual(manifestIn({ "plugin.json": project }, about), want);
  assert.deepEqual(manifestIn({ "plugin.json": { command: ["node", "main.mjs"] }, "lessee.manifest": project }, about), want);
});

test("a certificate is its own authority, for localhost, for thirty years", () => {
  const { certificate, field } = makeCertificate();
  const read = new X509Certificate(certificate);
  assert.ok(read.verify(read.publicKey));
  assert.ok(read.ca);
  assert.equal(read.checkHost("localhost"), "localhost");
  assert.equal(read.raw.toString("base64").replace(/=+$/, ""), field);
  assert.ok(new Date(read.validFrom) < new Date());
  assert.equal(new Date(read.validTo).getUTCFullYear(), new Date(read.validFrom).getUTCFullYear() + 30);
});

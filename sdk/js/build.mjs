#!/usr/bin/env node
// Builds a plugin: node build.mjs HANDLER [-o FILE] [--http]
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "./build/bundle.mjs";
import { engine } from "./build/engine.mjs";
import { addScript } from "./build/wasm.mjs";

const usage = `Usage: build.mjs HANDLER.mjs [-o HANDLER.wasm] [--http]

Bundles the handler (JavaScript or TypeScript, and what it imports from npm)
and puts it into one core module together with the QuickJS engine.

  -o, --output FILE  where to write the module; default: beside the handler
      --http         let it use ctx.http; the class must grant that`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { output: { type: "string", short: "o" }, http: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } },
});
if (values.help || positionals.length !== 1) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}
const [handler] = positionals;
const output = values.output ?? path.format({ ...path.parse(handler), base: undefined, ext: ".wasm" });
const [script, { wasm, script: address }] = await Promise.all([bundle(handler), engine(values)]).catch((error) => {
  console.error(error.errors ? "The handler does not build; esbuild says above why. In the sandbox there are none of Node's own modules." : error);
  process.exit(1);
});
const module = addScript(wasm, address, script);
await writeFile(output, module);
console.error(`${output}: ${module.length} bytes, of which the script is ${Buffer.byteLength(script)}`);

#!/usr/bin/env node
// Builds a plugin: node build.mjs HANDLER.ts [-o HANDLER.wasm]
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import asc from "assemblyscript/asc";
import Transform from "./transform.mjs";

const usage = `Usage: build.mjs HANDLER.ts [-o HANDLER.wasm]

Compiles the handler, and what it imports, to a core module.

  -o, --output FILE  where to write the module; default: beside the handler`;

const sdk = fileURLToPath(new URL(".", import.meta.url));
const ENTRY = "lessee-entry.ts";
const MEMORY = 32; // pages that the module starts with: an instance whose memory grows can't be restored

/** The exports of a module. They are written here because they call the author's handler. */
const entry = (handler) => `
  import { abiVersion, alloc, execute } from "@lessee/sdk-as/assembly/run";
  import { handle } from ${JSON.stringify(`./${handler}`)};
  export function lessee_abi_version(): i32 { return abiVersion(); }
  export function lessee_alloc(size: i32): usize { return alloc(size); }
  export function lessee_execute(ptr: usize, size: i32): u64 { return execute(handle); }`;

const options = [
  "-O3", "--debug", // names of functions, for the host's trace of a trap; no more of it is written
  "--lib", path.join(sdk, "globals"),
  "--runtime", "incremental",
  "--initialMemory", String(MEMORY),
  "--exportStart", "_initialize",
  ...["abort", "trace", "seed", "console", "Date"].flatMap((name) => ["--use", `${name}=lessee_${name}`]),
];

/** The SDK is found wherever it lies; everything else as asc finds it. */
async function read(handler, name, folder) {
  if (name === ENTRY) return entry(handler);
  const own = /(?:^|\/)@lessee\/sdk-as\/(.*)$/.exec(name);
  const file = own ? path.join(sdk, own[1]) : path.resolve(folder, name);
  return readFile(file, "utf8").catch(() => null);
}

async function build(file, output) {
  const { dir, name } = path.parse(path.resolve(file));
  const { error } = await asc.main([ENTRY, "--baseDir", dir, "--outFile", path.resolve(output), ...options], {
    listFiles: (wanted, folder) => readdir(path.resolve(folder, wanted)),
    readFile: (wanted, folder) => read(name, wanted, folder),
    transforms: [Transform],
    stdout: process.stdout,
    stderr: process.stderr,
  });
  return error;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { output: { type: "string", short: "o" }, help: { type: "boolean", short: "h" } },
});
if (values.help || positionals.length !== 1) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}
const [handler] = positionals;
const output = values.output ?? path.format({ ...path.parse(handler), base: undefined, ext: ".wasm" });
const error = await build(handler, output);
if (error) {
  console.error(error.message);
  process.exit(1);
}
console.error(`${output}: ${(await readFile(output)).length} bytes`);

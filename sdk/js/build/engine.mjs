import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { memoryPages, PAGE } from "./wasm.mjs";

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const exported = ["memory", "_initialize", "lessee_abi_version", "lessee_alloc", "lessee_init", "lessee_reseed", "lessee_execute"];

/**
 * The engine: QuickJS with the glue merged in and all exports gone but ours,
 * and the address at which it expects its script. It is the same for all
 * plugins, so it is made once and kept in the user's cache.
 */
export async function engine({ http }) {
  const quickjs = require.resolve("quickjs-wasi/quickjs.wasm");
  const binary = await readFile(quickjs);
  const statics = memoryPages(binary) * PAGE; // of the glue: above all that is the engine's
  const script = statics + PAGE;
  const cached = await cacheFile(binary, http);
  const wasm = await readFile(cached).catch(() => make(cached, { quickjs, statics, script, http }));
  return { wasm, script };
}

/** Named by everything that the engine is made of. */
async function cacheFile(binary, http) {
  const hash = createHash("sha256").update(binary).update(String(http));
  for (const file of ["engine.mjs", "../engine/glue.ts", "../package-lock.json"]) {
    hash.update(await readFile(new URL(file, import.meta.url)));
  }
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache");
  return path.join(cache, "lessee", `quickjs-${hash.digest("hex").slice(0, 32)}.wasm`);
}

async function make(cached, options) {
  const folder = await mkdtemp(path.join(tmpdir(), "lessee-js-"));
  try {
    const wasm = await merge(folder, await compileGlue(folder, options), options);
    await keep(cached, wasm);
    return wasm;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The glue as text, its memory being the engine's: asc calls it another module's, and of another size. */
async function compileGlue(folder, { statics, script, http }) {
  const source = fileURLToPath(new URL("../engine/glue.ts", import.meta.url));
  const text = path.join(folder, "glue.wat");
  await tool("assemblyscript/bin/asc.js", source, "--textFile", text, "--runtime", "stub", "-O3", "--noAssert",
    "--importMemory", "--noExportMemory", "--memoryBase", statics, "--initialMemory", statics / PAGE + 1,
    "--use", `SCRIPT=${script}`, "--use", `HTTP=${Number(http)}`);
  const glue = await readFile(text, "utf8");
  await writeFile(text, glue.replace(/\(import "env" "memory" \(memory (\S+) \d+\)\)/, '(import "engine" "memory" (memory $1 1))'));
  return text;
}

async function merge(folder, glue, { quickjs }) {
  const [merged, graph, lean] = ["merged.wasm", "graph.json", "lean.wasm"].map((name) => path.join(folder, name));
  await tool("binaryen/bin/wasm-merge", "-all", quickjs, "engine", glue, "env", "-o", merged);
  await writeFile(graph, JSON.stringify(exported.map((name) => ({ name, export: name, root: true }))));
  await tool("binaryen/bin/wasm-metadce", "-all", merged, "--graph-file", graph, "-o", lean);
  return readFile(lean);
}

/** Runs a program of an npm package, by this Node. */
const tool = (program, ...args) => run(process.execPath, [require.resolve(program), ...args.map(String)]);

/** Under its name only when it is complete: others may build at the same time. */
async function keep(cached, wasm) {
  await mkdir(path.dirname(cached), { recursive: true });
  const temporary = `${cached}.${process.pid}`;
  await writeFile(temporary, wasm);
  await rename(temporary, cached);
}

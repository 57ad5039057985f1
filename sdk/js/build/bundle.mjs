import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { lineTable } from "./lines.mjs";

const sdk = fileURLToPath(new URL("..", import.meta.url));

/**
 * Makes one script of the author's module and all that it imports. Its value is
 * the function that engine/glue.ts calls with the host.
 */
export async function bundle(file) {
  const folder = path.dirname(path.resolve(file));
  const result = await build({
    stdin: { contents: entry(path.resolve(file)), resolveDir: folder, sourcefile: `${sdk}entry.mjs` },
    absWorkingDir: folder,
    outfile: path.join(folder, "plugin.js"),
    write: false,
    bundle: true,
    format: "iife",
    globalName: "plugin",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2023",
    charset: "utf8",
    sourcemap: "external",
    sourcesContent: false,
    legalComments: "none",
    alias: { "@lessee/sdk": sdk.slice(0, -1) },
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  const [map, script] = result.outputFiles.map((f) => f.text);
  const lines = lineTable(script, map, (name) => isOwn(path.resolve(folder, name)));
  return `${script};(host) => plugin.setUp(host, ${JSON.stringify(lines)}, plugin.load)`;
}

/** require, because the module must run only when the globals are there, and its throw must be caught. */
const entry = (file) => `
  export { setUp } from ${JSON.stringify(`${sdk}runtime/start.mjs`)};
  export const load = () => require(${JSON.stringify(file)});`;

const isOwn = (file) => ["index.mjs", "entry.mjs", "runtime/"].some((own) => file.startsWith(sdk + own));

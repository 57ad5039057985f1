import { executor } from "./attempt.mjs";
import { installGlobals } from "./globals.mjs";
import { locator } from "./locate.mjs";

/**
 * Prepares the script for its jobs: engine/glue.ts calls it once. hostFunction
 * gives the host's functions by the letters that glue.ts knows them by, load
 * runs the author's module.
 */
export function setUp(hostFunction, lines, load) {
  const host = { ...bridge(hostFunction), locate: locator(lines) };
  installGlobals(host);
  return executor(handlerOf(evaluate(load, host)), host);
}

function bridge(hostFunction) {
  const letters = { cancelled: "c", decode: "d", encode: "e", log: "l", progress: "p", random: "r", entropy: "s" };
  const host = Object.fromEntries(Object.entries(letters).map(([name, letter]) => [name, hostFunction(letter)]));
  return { ...host, http: httpOf(hostFunction("h")) };
}

/** glue.ts answers undefined in a module that was built without HTTP. */
const httpOf = (send) => (document) => {
  const answer = send(document);
  if (answer === undefined) throw new TypeError("this module was built without HTTP: build it with --http");
  return answer;
};

function evaluate(load, host) {
  try {
    return load();
  } catch (error) {
    const stack = error instanceof Error ? host.locate(error.stack ?? "") : "";
    const [frame = ""] = stack.split("\n");
    throw new Error(`the plugin's module threw while it was loaded: ${error}${frame && `, ${frame.trim()}`}\n${stack}`);
  }
}

function handlerOf(plugin) {
  const handler = plugin.default ?? plugin;
  if (typeof handler === "function") return handler;
  throw new Error("the plugin has no handler: write `export default function handle(payload, ctx) { … }`");
}

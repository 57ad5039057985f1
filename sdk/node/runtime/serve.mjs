import { readFileSync, rmdirSync, rmSync } from "node:fs";
import { makeCertificate } from "./certificate.mjs";
import { Refused } from "./errors.mjs";
import { line, read, socketPath, started } from "./handshake.mjs";
import { sayToHost, takeConsole } from "./hclog.mjs";
import { encodeDocument } from "./http.mjs";
import { endWithParent } from "./parent.mjs";
import { Plugin } from "./plugin.mjs";

const GRACE = 1500; // milliseconds that attempts have to end when the plugin stops; the host has a deadline of its own

if (started(process.env)) takeConsole(); // now, before the author's own file runs

/** Makes a program of a handler: serve(handle) is the last line of a plugin. */
export async function serve(handler, about) {
  try {
    await main(new Plugin(handler, about), process.argv.slice(1));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

async function main(plugin, [program, ...args]) {
  if (args[0] === "-manifest") return sayToHost(plugin.manifest());
  if (args[0] === "-run") return sayToHost(await plugin.execute(readFileSync(0), terminal));
  const debug = args[0] === "-debug" && args[1];
  const hello = debug ? {} : read(process.env, program);
  const parent = process.ppid;
  const { Server } = await loadServer();
  const server = new Server(plugin, hello.maxBytes);
  const socket = debug ? { path: debug } : socketPath(hello.socketDir);
  const tls = hello.clientCertificate && { client: Buffer.from(hello.clientCertificate), ...makeCertificate() };
  await bind(server, socket.path, tls);
  if (!debug) endWithParent(parent);
  process.on("SIGINT", debug ? server.stop : () => {}); // ^C is for the host, which stops its plugins
  process.on("SIGTERM", server.stop);
  sayToHost(line(socket.path, tls?.field));
  await server.stopped;
  await server.close(GRACE);
  leave(socket);
}

/** Nobody else may connect. */
async function bind(server, path, tls) {
  const mask = process.umask(0o177);
  try {
    await server.start(path, tls);
  } catch (error) {
    throw new Refused(`the socket ${path} can't be made: ${error.message}. Is the folder there, and may this user write to it?`);
  } finally {
    process.umask(mask);
  }
}

async function loadServer() {
  try {
    return await import("./server.mjs");
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Refused(`this plugin needs the gRPC library, and Node finds none (${error.message.split("\n")[0]}).
  in the plugin's folder: npm install @grpc/grpc-js @grpc/proto-loader`);
  }
}

/** Ends the process even when a handler does not. */
function leave({ path, own }) {
  rmSync(path, { force: true });
  if (own) rmdirSync(own);
  process.exit(0);
}

/** The host of the command contract: an envelope on stdin, the result on stdout, the log on stderr. */
const terminal = {
  signal: new AbortController().signal,
  log: (level, text) => process.stderr.write(`${["DEBUG", "INFO", "WARN", "ERROR"][level]} ${text}\n`),
  progress: (permille, note) => process.stderr.write(`PROGRESS ${permille}/1000 ${note}\n`),
  http: () => encodeDocument({ error: { code: "http_denied", message: "without a host nobody sends requests: try it with lessee plugin run" } }, Buffer.alloc(0)),
};

// How a plugin meets its host: hashicorp/go-plugin's handshake, and what is said
// when there is no host.
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, parse } from "node:path";
import { Refused } from "./errors.mjs";

const CORE = 1, APP = 1; // versions of go-plugin's protocol, and of the application's
const COOKIE = "LESSEE_PLUGIN", COOKIE_VALUE = "f3a1c0a9d6a04bb0b0d51f24e8d1c7f2"; // tells a host from a person; no secret
const MAX_PATH = 107; // bytes of a unix socket's

/** Whether a host started this program. */
export const started = (env) => env[COOKIE] === COOKIE_VALUE;

/** What the host said by the environment. */
export function read(env, program) {
  if (!started(env)) throw new Refused(byHand(program));
  const versions = env.PLUGIN_PROTOCOL_VERSIONS ?? String(APP);
  if (!versions.split(",").includes(String(APP))) {
    throw new Refused(`the host speaks version ${versions} of the plugin protocol, this SDK version ${APP}: ` +
      "build the plugin with the SDK of the host's release (lessee plugin sdk puts it there)");
  }
  return { clientCertificate: env.PLUGIN_CLIENT_CERT, socketDir: env.PLUGIN_UNIX_SOCKET_DIR, maxBytes: Number(env.LESSEE_MAX_BYTES) || 0 };
}

const byHand = (program) => `${program} is a plugin of Lessee: a host starts it, and by hand it does nothing.
  to try it:      node ${program} -run < envelope.json     one attempt; the least envelope is {"abi":1,"payload":{}}
  to describe it: node ${program} -manifest
  to debug it:    node --inspect ${program} -debug /tmp/${parse(basename(program)).name}.sock  serves there until you stop it
  to run it:      lessee plugin push, then lessee job enqueue`;

/** A free name in the host's folder; without one, in a new folder that only this user may enter. */
export function socketPath(folder) {
  const name = () => randomBytes(4).toString("hex");
  const own = folder ? undefined : join(tmpdir(), `lessee-${name()}`);
  const path = join(folder || own, `plugin-${name()}`);
  if (Buffer.byteLength(path) > MAX_PATH) {
    throw new Refused(`${path} is longer than the ${MAX_PATH} bytes that the name of a socket may have: set TMPDIR or PLUGIN_UNIX_SOCKET_DIR to a shorter one`);
  }
  if (own) mkdirSync(own, { mode: 0o700 });
  return { path, own };
}

export const line = (socket, certificate = "") => `${CORE}|${APP}|unix|${socket}|grpc|${certificate}`;

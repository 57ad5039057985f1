// What a plugin serves: the Executor, the health service, and go-plugin's
// controller. Its broker and stdio are left out, and answered as unimplemented,
// which a host takes for "not offered".
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { VERSION } from "./envelope.mjs";
import { Attempt } from "./stream.mjs";

const SDK = { sdk_name: "lessee-node", sdk_version: "1.0.0" };
const FLUSH = 500; // milliseconds for last answers to leave

const { lessee, plugin: goPlugin, grpc: { health } } = grpc.loadPackageDefinition(loader.loadSync(
  ["lessee.proto", "health.proto", "go-plugin.proto"].map((file) => fileURLToPath(new URL(`../proto/${file}`, import.meta.url))),
  { keepCase: true, longs: Number, enums: Number, oneofs: false },
));

/** Serves a plugin on a unix socket until somebody asks it to stop. */
export class Server {
  #grpc;
  #plugin;
  #running = new Map(); // attempts, and the promises of their ends
  #stop;
  stopped = new Promise((resolve) => { this.#stop = resolve; });

  constructor(plugin, maxBytes) {
    this.#plugin = plugin;
    this.#grpc = new grpc.Server({ "grpc.max_receive_message_length": maxBytes || -1, "grpc.max_send_message_length": -1 });
    this.#grpc.addService(lessee.v1.Executor.service, { Describe: this.#describe, Execute: this.#execute });
    this.#grpc.addService(health.v1.Health.service, { Check: check });
    this.#grpc.addService(goPlugin.GRPCController.service, { Shutdown: this.#shutdown });
  }

  /** tls has the host's certificate, the plugin's key and certificate; without it there is none. */
  async start(socket, tls) {
    const credentials = tls
      ? grpc.ServerCredentials.createSsl(tls.client, [{ private_key: tls.key, cert_chain: tls.certificate }], true)
      : grpc.ServerCredentials.createInsecure();
    await new Promise((resolve, reject) => this.#grpc.bindAsync(`unix:${socket}`, credentials, (error) => (error ? reject(error) : resolve())));
  }

  stop = () => this.#stop();

  /** Tells the attempts that run to stop, waits for them as long as grace, and closes the socket. */
  async close(grace) {
    for (const attempt of this.#running.keys()) attempt.cancel({ code: "interrupted", message: "the host stops the plugin" });
    await Promise.race([Promise.all(this.#running.values()), sleep(grace)]);
    await Promise.race([new Promise((resolve) => this.#grpc.tryShutdown(resolve)), sleep(FLUSH)]);
    this.#grpc.forceShutdown();
  }

  #describe = (_, callback) => {
    try {
      callback(null, { abi: VERSION, manifest: Buffer.from(this.#plugin.manifest()), ...SDK });
    } catch (error) {
      callback({ code: grpc.status.FAILED_PRECONDITION, details: error.message });
    }
  };

  #execute = (call) => call.once("data", ({ start }) => {
    if (!start) {
      call.emit("error", { code: grpc.status.INVALID_ARGUMENT, details: "the first message of an Execute stream must be start" });
      return;
    }
    const attempt = new Attempt(call);
    const end = this.#plugin.execute(start.envelope ?? Buffer.alloc(0), attempt).then((result) => attempt.finish(result));
    this.#running.set(attempt, end.finally(() => this.#running.delete(attempt)));
  });

  #shutdown = (_, callback) => {
    callback(null, {});
    this.stop();
  };
}

function check({ request: { service = "" } }, callback) {
  if (service === "" || service === "plugin") callback(null, { status: 1 });
  else callback({ code: grpc.status.NOT_FOUND, details: "unknown service: this plugin answers for plugin" });
}

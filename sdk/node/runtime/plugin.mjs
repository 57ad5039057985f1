import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { contextFor } from "./context.mjs";
import { decodeEnvelope, VERSION } from "./envelope.mjs";
import { within } from "./hclog.mjs";
import { encode } from "./json.mjs";
import { failure, success } from "./result.mjs";
import { schemaOf, take } from "./take.mjs";

/** A handler behind the contract: bytes of an envelope in, the text of a result out. */
export class Plugin {
  #handler;
  #about;
  #dir;

  constructor(handler, about = {}, dir = dirname(process.argv[1] ?? "")) {
    if (typeof handler !== "function") throw new TypeError(`serve() was given ${handler}: want the handler, (payload, ctx) => output`);
    this.#handler = handler;
    this.#about = about;
    this.#dir = dir;
  }

  /** Runs one attempt. Every failure is told in the result. */
  async execute(bytes, host) {
    const effects = {};
    try {
      const envelope = decodeEnvelope(bytes);
      return success("ok", await within(envelope, () => this.#run(envelope, effects, host)), effects);
    } catch (thrown) {
      return failure(thrown, effects, host.signal);
    }
  }

  async #run(envelope, effects, host) {
    const { payload, config } = this.#about;
    if (config) envelope.config = take(envelope.config ?? {}, config, "the class's config is not what the handler takes", undefined);
    return this.#handler(payload ? take(envelope.payload, payload) : envelope.payload, contextFor(envelope, effects, host));
  }

  /** What the plugin says of itself, as docs/abi.md has it. The options of serve() count before the files beside the program. */
  manifest() {
    const { name, version, wants } = said(this.#about);
    const { name: n, version: v, wants: w, schemas, warm_up } = this.#files();
    const shapes = Object.entries({ payload: this.#about.payload, output: this.#about.output, config: this.#about.config }).filter(([, shape]) => shape);
    const derived = Object.fromEntries(shapes.map(([key, shape]) => [key, schemaOf(shape)]));
    return encode({ name: name ?? n, version: version ?? v, abi: VERSION, wants: wants ?? w ?? {}, schemas: { ...derived, ...schemas }, warm_up });
  }

  /** lessee.manifest of a bundle, or plugin.json of the author's folder. */
  #files() {
    for (const file of ["lessee.manifest", "plugin.json"]) {
      try {
        return JSON.parse(readFileSync(join(this.#dir, file), "utf8"));
      } catch (error) {
        if (error.code !== "ENOENT") throw new Error(`${join(this.#dir, file)}: ${error.message}`);
      }
    }
    return {};
  }
}

const said = (about) => Object.fromEntries(Object.entries(about).filter(([, value]) => value));

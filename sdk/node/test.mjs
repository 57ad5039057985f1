// Runs a handler in a plain `node --test`, through the contract as it travels:
// the payload is encoded into an envelope, the answer decoded from a result.
import { Cancelled } from "./runtime/errors.mjs";
import { decodeDocument, encodeDocument } from "./runtime/http.mjs";
import { decode, encode } from "./runtime/json.mjs";
import { Plugin } from "./runtime/plugin.mjs";

/** Gives payload to the handler as attempt 1 of a job that is due in a minute. */
export async function run(handler, payload, options = {}) {
  const seen = { log: [], progress: [] };
  const plugin = new Plugin(handler, options.about);
  const result = decode(await plugin.execute(Buffer.from(encode(envelope(payload, options))), recorder(seen, options)));
  return { result, output: result.output, ...seen };
}

function envelope(payload, { config, job, trace }) {
  const now = Date.now();
  const [enqueued_at, deadline] = [now, now + 60_000].map((ms) => new Date(ms).toISOString());
  return {
    abi: 1,
    job: { id: 1, class: "test", attempt: 1, max_attempts: 5, enqueued_at, deadline, ...job },
    trace: trace ?? { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    config,
    payload,
  };
}

const levels = ["debug", "info", "warn", "error"];

function recorder({ log, progress }, { cancelled = false, signal, http }) {
  return {
    signal: cancelled ? AbortSignal.abort(new Cancelled()) : signal ?? new AbortController().signal,
    log: (level, text) => log.push({ level: levels[level], text }),
    progress: (permille, note) => progress.push({ permille, note }),
    http: (document) => answer(http, document),
  };
}

/** Lets the test's own function answer a request: { status, headers, body } or { error: { code, message } }. */
async function answer(http, document) {
  if (!http) throw new TypeError("the handler called ctx.http: give run() an http function that answers");
  const { head, body } = decodeDocument(document);
  const { body: content = "", ...given } = await http({ ...head, body });
  return encodeDocument(given.error ? given : { status: 200, headers: {}, url: head.url, ...given }, Buffer.from(content));
}

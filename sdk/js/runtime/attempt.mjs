import { context } from "./context.mjs";
import { decodeEnvelope } from "./envelope.mjs";
import { encodeResult, failure, refusal, success } from "./result.mjs";

/**
 * Starts an attempt at a job. What it returns gives the encoded result, and is
 * to be called when no promise is left to run.
 */
export function begin(handler, host, envelope) {
  let result = refusal("handler_error", "the handler waits for something that never comes: " +
    "the sandbox has no timers, and all that ctx offers answers at once");
  run(handler, host, envelope).then((settled) => { result = settled; });
  return () => encodeResult(result);
}

async function run(handler, host, text) {
  const effects = { events: [], enqueue: [], commands: [] };
  try {
    const envelope = decodeEnvelope(text);
    const output = await handler(envelope.payload, context(envelope, host, effects));
    return success("ok", output, effects);
  } catch (thrown) {
    return failure(thrown, effects, host);
  }
}

import { contextFor } from "./context.mjs";
import { decodeEnvelope } from "./envelope.mjs";
import { encodeResult, failure, refusal, success } from "./result.mjs";

const STUCK = "the handler waits for something that never comes: the sandbox has no timers, and all that ctx offers answers at once";

/**
 * Returns a function that starts an attempt: it takes an encoded envelope, and
 * whether that may hold an integer too long for a number. What it returns gives
 * the encoded result, and is to be called when no promise is left to run.
 */
export function executor(handler, host) {
  const context = contextFor(host);
  return (envelope, long) => {
    let result = refusal("handler_error", STUCK);
    run(envelope, long).then((settled) => { result = settled; });
    return () => encodeResult(result);
  };

  async function run(text, long) {
    const effects = {};
    try {
      const envelope = decodeEnvelope(text, long);
      const output = await handler(envelope.payload, context(envelope, effects));
      return success("ok", output, effects);
    } catch (thrown) {
      return failure(thrown, effects, host);
    }
  }
}

// Does nothing, to measure what everything else costs.
import { Call, done, Json, Result } from "@lessee/sdk-as";

export function handle(call: Call, input: Json): Result {
  return done();
}

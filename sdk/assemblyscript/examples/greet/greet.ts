// The smallest plugin there is.
import { Call, fail, ok, Result } from "@lessee/sdk-as";

@json
class In {
  name: string = "";
}

export function handle(call: Call, input: In): Result {
  if (!input.name.length) return fail('nobody to greet: send {"name": …}');
  call.log.info(`greeting name=${input.name}`);
  return ok(`Hello, ${input.name}`);
}

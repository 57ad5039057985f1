// A plugin is one handler, from an input to a result. Everything a host does
// around it (leases, retries, committing what it answers) is not its business.
import { Call, fail, ok, Result } from "@lessee/sdk-as";

@json
class Input {
  name: string = "";
}

@json
class Output {
  greeting: string;
  constructor(greeting: string) { this.greeting = greeting; }
}

/** One attempt at one job. retry() means: try again later; fail() that no other attempt would fare better. */
export function handle(call: Call, input: Input): Result {
  if (!input.name.length) return fail('nobody to greet: send {"name": …}', "no_name");
  call.log.info(`greeting name=${input.name}`);
  return ok(new Output(`Hello, ${input.name}`));
}

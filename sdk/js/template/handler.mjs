// A plugin is one handler, from a payload to an output. Everything a host does
// around it (leases, retries, committing what it answers) is not its business.
import { Permanent, take } from "@lessee/sdk";

/**
 * One attempt at one job. Any other error than Permanent means: try again later.
 * @type {import("@lessee/sdk").Handler<{ name: string }, { greeting: string }>}
 */
export default function handle(payload, ctx) {
  const { name } = take(payload, { name: String });
  if (!name) throw new Permanent('nobody to greet: send {"name": …}', { code: "no_name" });
  ctx.log.info("greeting", { name });
  return { greeting: `Hello, ${name}` };
}

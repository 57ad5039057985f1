// A plugin is one handler, from a payload to an output. Everything a host does
// around it (leases, retries, committing what it answers) is not its business.
import { Permanent } from "lessee";

/** What a job's payload holds, and what is committed with the job: main.mjs serves them. */
export const shapes = { payload: { name: String }, output: { greeting: String } };

/**
 * One attempt at one job. Any other error than Permanent means: try again later.
 * @type {import("lessee").Handler<{ name: string }, { greeting: string }>}
 */
export default function handle({ name }, ctx) {
  if (!name) throw new Permanent('nobody to greet: send {"name": …}', { code: "no_name" });
  ctx.log.info("greeting", { name });
  return { greeting: `Hello, ${name}` };
}

// The program's own log: JSON lines of hclog on stderr, which a host takes apart
// again. It is for what a handler and its libraries say by console; what the
// operator should see belongs to ctx.log, which is kept with the attempt.
import { AsyncLocalStorage } from "node:async_hooks";
import { writeSync } from "node:fs";
import { format } from "node:util";

const attempt = new AsyncLocalStorage();

/** Calls run; lines that are said meanwhile name the attempt. */
export const within = ({ job, trace }, run) => attempt.run({ class: job.class, job: job.id, attempt: job.attempt, trace: trace.traceparent }, run);

/** Sends the console to stderr, and what is written to stdout, too: stdout is the host's. */
export function takeConsole() {
  for (const [method, level] of Object.entries({ debug: "debug", trace: "debug", log: "info", info: "info", warn: "warn", error: "error" })) {
    console[method] = (...values) => say(level, format(...values));
  }
  process.stdout.write = process.stderr.write.bind(process.stderr);
}

export function say(level, message) {
  const line = { "@level": level, "@message": message, "@timestamp": new Date().toISOString(), ...attempt.getStore() };
  process.stderr.write(`${JSON.stringify(line, (_, value) => (typeof value === "bigint" ? String(value) : value))}\n`);
}

/** The one line that a host reads from stdout. */
export const sayToHost = (line) => writeSync(1, `${line}\n`);

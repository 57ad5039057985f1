// Graphile Worker at its best settings: two processes of this, a local queue of
// 500, completions batched without delay. Ends when the parent says so.
import { run } from "graphile-worker";
const best = process.argv[2] === "best";
const runner = await run({
  connectionString: process.env.DSN,
  concurrency: best ? 24 : 1,
  noHandleSignals: true,
  logger: undefined,
  taskList: { noop: () => {} },
  preset: best ? { worker: { concurrentJobs: 24, maxPoolSize: 10, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } } : { worker: { concurrentJobs: 24 } },
});
process.stdin.on("end", () => runner.stop().then(() => process.exit(0)));
process.stdin.resume();

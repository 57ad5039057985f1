// Graphile Worker at its best settings: two processes of this, a local queue of
// 500, completions batched without delay. Says "ready", then how many jobs it has
// done. Ends with its input.
import { run } from "graphile-worker";
import { tell } from "./tell.mjs";
const jobs = tell();
const runner = await run({
  connectionString: process.env.DSN,
  noHandleSignals: true,
  taskList: { noop: () => jobs.done++ },
  preset: { worker: { concurrentJobs: 24, maxPoolSize: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
});
jobs.onEnd(() => runner.stop());

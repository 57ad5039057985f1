// A plugin must not outlive its host, not even one that was killed. A thread of
// its own looks, because a handler that computes lets no timer run.
import { Worker } from "node:worker_threads";

const watch = `
const { workerData: parent } = require("node:worker_threads");
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 500);
`;

/** Ends this process when the one that started it has ended. */
export function endWithParent(parent = process.ppid) {
  new Worker(watch, { eval: true, workerData: parent, stdout: false }).unref();
}

// Runs a queue and enqueues to it one by one, so many a second and so many in all.
// Ends with its input.
//   node steady.mjs graphile|pgboss RATE JOBS defaults|best
import { tell } from "./tell.mjs";
const [system, rate, total] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const best = process.argv[5] === "best";
const jobs = tell();
const { add, stop } = await { graphile, pgboss }[system]();
jobs.onEnd(stop);
const began = performance.now();
for (let n = 0; n < total; n++) {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + (n * 1000) / rate - performance.now())));
  await add(n);
}

async function graphile() {
  const { run } = await import("graphile-worker");
  const runner = await run({ connectionString: process.env.DSN, noHandleSignals: true, taskList: { noop: () => jobs.done++ } });
  return { add: (n) => runner.addJob("noop", { n }), stop: () => runner.stop() };
}

async function pgboss() {
  const { PgBoss } = await import("pg-boss");
  const boss = new PgBoss(process.env.DSN);
  boss.on("error", (e) => console.error(e));
  await boss.start();
  const options = best ? { batchSize: 1000, pollingIntervalSeconds: 0.5 } : {};
  await boss.work("noop", options, async (batch) => {
    jobs.done += batch.length;
  });
  return { add: (n) => boss.send("noop", { n }), stop: () => boss.stop({ graceful: false }) };
}

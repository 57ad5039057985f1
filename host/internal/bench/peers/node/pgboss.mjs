// pg-boss at its best settings: batches of 1000, four workers, no wait
// after a full batch. Says "ready", then
// how many jobs it has done. Ends with its input.
import { PgBoss } from "pg-boss";
import { tell } from "./tell.mjs";
const jobs = tell();
const boss = new PgBoss({ connectionString: process.env.DSN, max: 10 });
boss.on("error", (e) => console.error(e));
await boss.start();
await boss.work("noop", { batchSize: 1000, localConcurrency: 4, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true }, async (batch) => {
  jobs.done += batch.length;
});
jobs.onEnd(() => boss.stop({ graceful: false }));

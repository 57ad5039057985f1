// pg-boss at its best settings: batches of 1000, four workers. Ends with its input.
import * as all from "pg-boss";
const PgBoss = all.PgBoss ?? all.default;
const best = process.argv[2] === "best";
const boss = new PgBoss({ connectionString: process.env.DSN, max: 10 });
boss.on("error", (e) => console.error(e));
await boss.start();
const options = best ? { batchSize: 1000, localConcurrency: 4, pollingIntervalSeconds: 0.5 } : {};
await boss.work("noop", options, async () => {});
process.stdin.on("end", () => boss.stop({ graceful: false }).then(() => process.exit(0)));
process.stdin.resume();

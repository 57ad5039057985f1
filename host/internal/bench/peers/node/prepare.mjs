// Makes the schema of a peer: graphile or pgboss.
import { runMigrations } from "graphile-worker";
import * as all from "pg-boss";
if (process.argv[2] === "graphile") {
  await runMigrations({ connectionString: process.env.DSN });
} else {
  const boss = new (all.PgBoss ?? all.default)({ connectionString: process.env.DSN, max: 2 });
  await boss.start();
  await boss.createQueue("noop");
  const jobs = Number(process.argv[3]);
  for (let n = 0; n < jobs; n += 1000) {
    await boss.insert(...insertArgs(Array.from({ length: Math.min(1000, jobs - n) }, (_, i) => ({ name: "noop", data: { n: n + i } }))));
  }
  await boss.stop({ graceful: false });
}
function insertArgs(jobs) {
  return all.PgBoss ? ["noop", jobs] : [jobs];
}
process.exit(0);

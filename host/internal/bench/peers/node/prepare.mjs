// Makes the schema of a peer: graphile, or pgboss with so many jobs.
import { runMigrations } from "graphile-worker";
import { PgBoss } from "pg-boss";
if (process.argv[2] === "graphile") {
  await runMigrations({ connectionString: process.env.DSN });
} else {
  const boss = new PgBoss({ connectionString: process.env.DSN, max: 2 });
  await boss.start();
  await boss.createQueue("noop");
  const jobs = Number(process.argv[3] ?? 0);
  for (let n = 0; n < jobs; n += 1000) {
    await boss.insert("noop", Array.from({ length: Math.min(1000, jobs - n) }, (_, i) => ({ data: { n: n + i } })));
  }
  await boss.stop({ graceful: false });
}
process.exit(0);

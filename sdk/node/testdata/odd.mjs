// Does odd things as its payload says, so that a test can see what the SDK makes of them.
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "lessee";

console.log("said before the handshake"); // stdout is the host's: this line must not spoil it

let asleep = 0;

async function handle(payload, ctx) {
  switch (payload.do) {
    case "speak":
      process.stdout.write("printed\n");
      execFileSync("/bin/echo", ["echoed"], { stdio: "inherit" });
      console.warn("logged by a library");
      break;
    case "sleep":
      asleep++;
      ctx.progress(1, "asleep");
      await sleep(60_000, undefined, { signal: ctx.signal }).finally(() => asleep--);
      break;
    case "hang":
      ctx.progress(1, "hung");
      await new Promise(() => {});
      break;
    case "double":
      return payload.text + payload.text;
    case "exit":
      throw new Error("an exit is none here: it would end the process");
  }
  return { asleep, pid: process.pid };
}

serve(handle, { name: "odd", version: "1.2.3", wants: { http: true } });

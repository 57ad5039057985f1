// Holds a field of every type that JSON can be taken as, for test/types.test.mjs.
import { Call, fail, FollowUp, Json, ok, Result, retry } from "@lessee/sdk-as";

@json
class Base {
  id: u32;
}

@json
class Inner extends Base {
  tags: string[] = [];
  note: string | null = null;
}

@json
class In {
  do: string = "";
  small: i8 = 7;
  large: u64 = 0;
  ratio: f32 = 0.5;
  flag: bool = false;
  inner: Inner | null = null;
  many: Inner[] = [];
  counts: Map<string, i32> = new Map();
  any!: Json;
}

export function handle(call: Call, input: In): Result {
  if (input.do == "index") return ok(input.many[0].id);
  if (input.do == "throw") throw new Error("thrown");
  if (input.do == "nan") return ok(NaN);
  if (input.do == "nul") return ok("a\0b");
  if (input.do == "lone") return ok("\ud83d!");
  if (input.do == "class") return nameless(call);
  if (input.do == "later") return ok(call.payload.get("absent").as<string>());
  if (input.do == "random") return ok([Math.random(), <f64>Date.now()]);
  if (input.do == "console") return spoken();
  if (input.do == "retry") return retry("busy", "rate_limited").after(1500).detail(input.counts);
  if (input.do == "fail") return fail("no \0 words");
  return ok(input);
}

function nameless(call: Call): Result {
  call.enqueue(new FollowUp(""));
  return ok(1);
}

function spoken(): Result {
  console.warn("by console");
  trace("by trace", 2, 1, 2.5);
  return ok(null as string | null);
}

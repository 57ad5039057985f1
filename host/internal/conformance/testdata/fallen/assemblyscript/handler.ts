// Falls over in the way its payload names, or answers what no host commits.
import { Call, Json, ok, Result } from "@lessee/sdk-as";

@json
class Pages {
  pages: i32 = 3;
}

@json
class Words {
  pages: string = "three";
}

@json
class Shelf {
  label: string = "a\0b";
}

let shelves = 0;

// @ts-ignore: decorator
@inline(false)
function place(books: i32): i32 { return books / shelves; }

export function handle(call: Call, payload: Json): Result {
  const what = payload.get("do").or<string>("");
  if (what == "panic") throw new Error("no more shelves");
  const answer = new Pages();
  if (what == "trap") answer.pages = place(3);
  if (what == "nul") return ok(new Shelf());
  if (what == "schema") return ok(new Words());
  return ok(answer);
}

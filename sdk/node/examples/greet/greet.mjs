// The smallest plugin there is.
import { optional, Permanent, serve } from "lessee";

function greet({ name }, ctx) {
  if (!name) throw new Permanent('nobody to greet: send {"name": …}');
  ctx.log.info("greeting", { name });
  return `Hello, ${name}`;
}

serve(greet, { payload: { name: optional(String) }, output: String });

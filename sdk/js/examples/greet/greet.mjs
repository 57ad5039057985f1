// The smallest plugin there is.
import { optional, Permanent, take } from "@lessee/sdk";

export default function greet(payload, ctx) {
  const { name } = take(payload, { name: optional(String) });
  if (!name) throw new Permanent('nobody to greet: send {"name": …}');
  ctx.log.info("greeting", { name });
  return `Hello, ${name}`;
}

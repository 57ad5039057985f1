// What the author of a native plugin imports. A plugin is a program whose last
// line is serve(handle), and a handler is (payload, ctx) => output, sync or
// async. What it throws says what becomes of the job.
export { Cancelled, Park, Permanent, Retry } from "./runtime/errors.mjs";
export { serve } from "./runtime/serve.mjs";
export { optional, take } from "./runtime/take.mjs";

// What the author of a plugin imports. A plugin is a module whose default
// export is its handler: (payload, ctx) => output, sync or async. What it
// throws says what becomes of the job.
export { Park, Permanent, Retry } from "./runtime/errors.mjs";
export { optional, take } from "./runtime/take.mjs";

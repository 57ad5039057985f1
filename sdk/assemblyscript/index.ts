// What the author of a plugin imports. A plugin is a file that exports its
// handler:
//
//   export function handle(call: Call, input: In): Result
//
// In is a class with @json, or anything else that Json.as takes.
export { Call, FollowUp, Job, Log, Trace } from "./assembly/call";
export { Request, Response } from "./assembly/http";
export { Json, Kind } from "./assembly/json";
export { done, fail, ok, park, Result, retry } from "./assembly/result";
export { Writer } from "./assembly/writer";

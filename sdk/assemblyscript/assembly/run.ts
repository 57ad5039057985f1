// What the exports of a module do. build.mjs writes the exports themselves,
// because they call the author's handler.
import { Call } from "./call";
import { decodeEnvelope, VERSION } from "./envelope";
import { fail, Result } from "./result";
import { unstorable } from "./storable";
import { forgetMisfit, misfit, take } from "./take";
import { Writer } from "./writer";

// The buffers that cross the border. They are kept here because the host holds
// only numbers, which keep nothing from the collector.
let inbox = new ArrayBuffer(0);
let outbox = new Writer();

export function abiVersion(): i32 { return VERSION; }

export function alloc(size: i32): usize {
  inbox = new ArrayBuffer(size);
  return changetype<usize>(inbox);
}

export function execute<In>(handle: (call: Call, input: In) => Result): u64 {
  lessee_freshen();
  const envelope = decodeEnvelope(inbox);
  const call = envelope.call;
  const result = call ? handled<In>(call, handle) : envelope.refusal!;
  outbox = encode(result, call);
  const why = unstorable(outbox.start, outbox.start + outbox.length);
  if (why.length) outbox = encode(fail(`Postgres can't store the result: ${why}`, "result_invalid"), null);
  return u64(outbox.start) << 32 | u64(outbox.length);
}

function handled<In>(call: Call, handle: (call: Call, input: In) => Result): Result {
  const input = take<In>(call.payload);
  let wrong = misfit();
  if (wrong.length) return misfits(wrong);
  forgetMisfit();
  const result = handle(call, input);
  wrong = misfit();
  if (wrong.length) return misfits(wrong);
  const fault = call.fault.length ? call.fault : result.fault;
  return fault.length ? fail(`the result is invalid: ${fault}`, "result_invalid") : result;
}

function misfits(wrong: string): Result {
  return fail(`the payload is not what the handler takes: ${wrong}`, "payload_invalid");
}

function encode(result: Result, call: Call | null): Writer {
  const w = new Writer();
  w.open(0x7b);
  result.__put(w);
  if (call && result.succeeds) call.__put(w);
  w.close(0x7d);
  return w;
}

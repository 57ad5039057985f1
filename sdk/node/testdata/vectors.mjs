// Does what its payload says, so that a test can try every function of the SDK
// from outside: { "do": "…", … }. Without that it tells what it was sent.
import { setTimeout as sleep } from "node:timers/promises";
import { Park, Permanent, Retry, serve, take } from "lessee";

function handle(payload, ctx) {
  switch (payload?.do) {
    case "result": return result(payload.result, ctx);
    case "typed": return take(payload, { name: String, count: BigInt, price: Number, paid: Boolean, tags: [String] });
    case "http": return http(ctx);
    case "host": return host(ctx);
    case "panic": throw new RangeError("panic");
    default: return echo(payload, ctx);
  }
}

function echo(payload, { job, trace, config }) {
  return {
    id: job.id,
    class: job.class,
    attempt: job.attempt,
    max_attempts: job.maxAttempts,
    enqueued_ms: job.enqueuedAt?.getTime(),
    deadline_ms: job.deadline?.getTime(),
    idempotency_key: job.idempotencyKey ?? "",
    traceparent: trace.traceparent,
    tracestate: trace.tracestate ?? "",
    config,
    payload,
  };
}

/** Answers the result that the payload describes, by the SDK's own means. */
function result({ status, output, error, retry_after_ms: afterMs, events = [], enqueue = [], commands = [] }, ctx) {
  for (const { type, payload, key } of events) ctx.emit(type, payload, key);
  for (const { name, args } of commands) ctx.command(name, args);
  for (const { class: name, payload, priority, run_at: runAt, idempotency_key: idempotencyKey } of enqueue) {
    ctx.enqueue({ class: name, payload, priority, runAt, idempotencyKey });
  }
  if (status === "park") throw new Park(output);
  if (status === "fail") throw new Permanent(error?.message, error);
  if (status === "retry") throw new Retry(error?.message, { ...error, afterMs });
  return output;
}

async function http(ctx) {
  const request = {
    url: "https://api.test/orders",
    method: "POST",
    headers: { Accept: "text/plain", "x-two": ["1", "2"] },
    body: "a\0b",
    credential: "crm",
    timeoutMs: 1500,
    followRedirects: true,
  };
  try {
    const answer = await ctx.http(request);
    return { status: answer.status, url: answer.url, retry_after: answer.headers["retry-after"]?.[0] ?? "", body: answer.text(), error_code: "", error_message: "" };
  } catch (error) {
    return { status: 0, url: "", retry_after: "", body: "", error_code: error.code, error_message: error.message };
  }
}

async function host(ctx) {
  ctx.log.warn("héllo");
  ctx.progress(250, "a quarter");
  await sleep(1000, undefined, { signal: ctx.signal }).catch(() => {});
  return ctx.cancelled();
}

serve(handle);

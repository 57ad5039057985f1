// Does what its payload says, so that a test can try every function of the SDK
// from outside: { "do": "…", … }. Without that it tells what it was sent.
import { Call, done, fail, FollowUp, Json, Kind, ok, park, Request, Result, retry } from "@lessee/sdk-as";

@json
class Echo {
  id: i64;
  class: string = "";
  attempt: i32;
  max_attempts: i32;
  enqueued_ms: i64;
  deadline_ms: i64;
  idempotency_key: string = "";
  traceparent: string = "";
  tracestate: string = "";
  config!: Json;
  payload!: Json;
}

@json
class Typed {
  name!: string;
  count: i64;
  price: f64;
  paid: bool;
  tags!: string[];
}

@json
class Told {
  status: i32;
  url: string = "";
  retry_after: string = "";
  body: string = "";
  error_code: string = "";
  error_message: string = "";
}

export function handle(call: Call, payload: Json): Result {
  const what = payload.get("do").or<string>("");
  if (what == "result") return result(call, payload.get("result"));
  if (what == "typed") return ok(payload.as<Typed>());
  if (what == "http") return http(call);
  if (what == "host") return host(call);
  assert(what != "panic", "asked to");
  return echo(call);
}

function echo(call: Call): Result {
  const told = new Echo();
  told.id = call.job.id;
  told.class = call.job.class;
  told.attempt = call.job.attempt;
  told.max_attempts = call.job.maxAttempts;
  told.enqueued_ms = call.job.enqueuedAt;
  told.deadline_ms = call.job.deadline;
  told.idempotency_key = call.job.idempotencyKey;
  told.traceparent = call.trace.traceparent;
  told.tracestate = call.trace.tracestate;
  told.config = call.config;
  told.payload = call.payload;
  return ok(told);
}

/** Answers the result that the payload describes, by the SDK's own means. */
function result(call: Call, r: Json): Result {
  effects(call, r);
  const status = r.get("status").or<string>("");
  const output = r.get("output"), error = r.get("error");
  const code = error.get("code").or<string>(""), message = error.get("message").or<string>("");
  let answer = done();
  if (status == "park") answer = park();
  if (status == "fail") answer = fail(message, code);
  if (status == "retry") answer = retry(message, code).after(r.get("retry_after_ms").or<i64>(0));
  if (output.kind != Kind.Missing) answer.output(output);
  if (error.get("detail").exists) answer.detail(error.get("detail"));
  return answer;
}

function effects(call: Call, r: Json): void {
  const events = r.get("events").values(), commands = r.get("commands").values(), jobs = r.get("enqueue").values();
  for (let i = 0; i < events.length; i++) {
    call.emit(events[i].get("type").or<string>(""), events[i].get("payload"), events[i].get("key").or<string>(""));
  }
  for (let i = 0; i < commands.length; i++) call.command(commands[i].get("name").or<string>(""), commands[i].get("args"));
  for (let i = 0; i < jobs.length; i++) call.enqueue(followUp(jobs[i]));
}

function followUp(json: Json): FollowUp {
  const job = new FollowUp(json.get("class").or<string>(""));
  job.runAt(json.get("run_at").or<string>(""));
  job.idempotencyKey(json.get("idempotency_key").or<string>(""));
  if (json.get("payload").kind != Kind.Missing) job.payload(json.get("payload"));
  if (json.get("priority").exists) job.priority(json.get("priority").or<i16>(0));
  return job;
}

function http(call: Call): Result {
  const request = new Request("POST", "https://api.test/orders").header("Accept", "text/plain").header("x-two", "1").header("x-two", "2");
  request.body = String.UTF8.encode("a\0b");
  request.credential = "crm";
  request.timeout = 1500;
  request.followRedirects = true;
  const response = call.http(request);
  const told = new Told();
  told.status = response.status;
  told.url = response.url;
  told.retry_after = response.header("retry-after");
  told.body = response.text();
  told.error_code = response.errorCode;
  told.error_message = response.errorMessage;
  return ok(told);
}

function host(call: Call): Result {
  call.log.warn("héllo");
  call.progress(250, "a quarter");
  return ok(call.cancelled);
}

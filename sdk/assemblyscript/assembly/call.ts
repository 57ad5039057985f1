import { hostCancelled, hostLog, hostProgress } from "./host";
import { Request, Response, send } from "./http";
import { Json, missing } from "./json";
import { isTime } from "./time";
import { Writer } from "./writer";

/** Which attempt at which job this is. Times are milliseconds since 1970. */
export class Job {
  id: i64 = 0;
  class: string = "";
  /** Numbered from 1. */
  attempt: i32 = 0;
  maxAttempts: i32 = 0;
  enqueuedAt: i64 = 0;
  /** The host stops the attempt then. */
  deadline: i64 = 0;
  /** The enqueuer's; empty if none. */
  idempotencyKey: string = "";
}

/** W3C trace context, to pass on to what the handler calls. */
export class Trace {
  traceparent: string = "";
  tracestate: string = "";
}

/** Lines that the host keeps with the attempt. */
export class Log {
  debug(line: string): void { this.write(0, line); }
  info(line: string): void { this.write(1, line); }
  warn(line: string): void { this.write(2, line); }
  error(line: string): void { this.write(3, line); }

  private write(level: i32, line: string): void {
    const text = String.UTF8.encode(line);
    hostLog(level, changetype<usize>(text), text.byteLength);
  }
}

/** A job to enqueue in the transaction that commits this one. */
export class FollowUp {
  private rank: i32 = i32.MIN_VALUE;
  private time: string = "";
  private key: string = "";
  private body: Writer = new Writer();

  constructor(private name: string) {}

  payload<T>(value: T): FollowUp {
    this.body.put<T>(value);
    return this;
  }

  /** Lower runs first; the class's own if not said. */
  priority(rank: i16): FollowUp {
    this.rank = rank;
    return this;
  }

  /** A time as RFC 3339 writes it; now if not said. */
  runAt(time: string): FollowUp {
    this.time = time;
    return this;
  }

  idempotencyKey(key: string): FollowUp {
    this.key = key;
    return this;
  }

  get fault(): string {
    if (!this.name.length) return "a follow-up has no class";
    if (this.time.length && !isTime(this.time)) return `a follow-up's time is "${this.time}", which is none (RFC 3339)`;
    return this.body.fault;
  }

  __put(w: Writer): void {
    w.member<string>("class", this.name);
    if (this.body.length) putBody(w, "payload", this.body);
    if (this.rank != i32.MIN_VALUE) w.member<i32>("priority", this.rank);
    w.memberIf("run_at", this.time);
    w.memberIf("idempotency_key", this.key);
  }
}

const log = new Log();

/** One attempt at one job: what the host told, and what it can be asked. */
export class Call {
  readonly job: Job = new Job();
  readonly trace: Trace = new Trace();
  /** What the operator wrote into the class row. */
  config: Json = missing;
  /** What the enqueuer sent, for handlers that take no class of their own. */
  payload: Json = missing;
  readonly log: Log = log;
  private events: Writer | null = null;
  private followUps: Writer | null = null;
  private commands: Writer | null = null;
  /** Why an effect can't be; empty if all can. */
  fault: string = "";

  /** Tells the operator how far the attempt is, in thousandths, and what it does now. */
  progress(permille: i32, note: string = ""): void {
    const text = String.UTF8.encode(note);
    hostProgress(permille, changetype<usize>(text), text.byteLength);
  }

  /** Whether the attempt should stop. A long loop asks now and then. */
  get cancelled(): bool { return hostCancelled() != 0; }

  /** Makes an HTTP request, if the class grants it. */
  http(request: Request): Response { return send(request); }

  // Effects are committed with the job, and only when the handler answers ok or park.

  enqueue(job: FollowUp): void {
    this.blame(job.fault);
    const list = listOf(this.followUps);
    this.followUps = list;
    list.put<FollowUp>(job);
  }

  /** Asks for a registered Postgres function to run in the transaction that commits this job. */
  command<T>(name: string, args: T): void {
    this.commands = listOf(this.commands);
    this.effect<T>(this.commands!, "name", name, "args", args, "");
  }

  /** Asks for an event of a registered type. Consumers see the events of one key in order. */
  emit<T>(type: string, payload: T, key: string = ""): void {
    this.events = listOf(this.events);
    this.effect<T>(this.events!, "type", type, "payload", payload, key);
  }

  private effect<T>(list: Writer, what: string, name: string, bodyKey: string, body: T, key: string): void {
    this.blame(name.length ? "" : `an effect has no ${what}`);
    list.open(0x7b);
    list.member<string>(what, name);
    list.member<T>(bodyKey, body);
    list.memberIf("key", key);
    list.close(0x7d);
    this.blame(list.fault);
  }

  private blame(fault: string): void {
    if (!this.fault.length) this.fault = fault;
  }

  __put(w: Writer): void {
    putList(w, "events", this.events);
    putList(w, "enqueue", this.followUps);
    putList(w, "commands", this.commands);
  }
}

function putBody(w: Writer, key: string, body: Writer): void {
  w.key(key);
  w.raw(body.start, body.length);
}

function listOf(list: Writer | null): Writer { return list ? list : new Writer(); }

function putList(w: Writer, key: string, list: Writer | null): void {
  if (!list) return;
  w.key(key);
  w.open(0x5b);
  w.raw(list.start, list.length);
  w.close(0x5d);
}

import { Writer } from "./writer";

/** What a handler answers. */
export class Result {
  private answer: Writer | null = null;
  private more: Writer | null = null;
  private delay: i64 = 0;

  constructor(readonly status: string, private code: string = "", private message: string = "") {}

  /** Of done and park: the output, encoded now. */
  output<T>(value: T): Result {
    this.answer = encoded<T>(value);
    return this;
  }

  /** Of fail and retry: more than words, stored with the attempt. */
  detail<T>(value: T): Result {
    this.more = encoded<T>(value);
    return this;
  }

  /** Of retry: not before that many milliseconds. */
  after(ms: i64): Result {
    this.delay = max(ms, 0);
    return this;
  }

  /** Whether effects go with it. */
  get succeeds(): bool { return this.status == "ok" || this.status == "park"; }

  get fault(): string {
    const answer = this.answer, more = this.more;
    return answer && answer.fault.length ? answer.fault : more ? more.fault : "";
  }

  __put(w: Writer): void {
    w.member<string>("status", this.status);
    if (this.succeeds) return putRaw(w, "output", this.answer);
    if (this.delay) w.member<i64>("retry_after_ms", this.delay);
    w.key("error");
    w.open(0x7b);
    w.member<string>("code", this.code.length ? storable(this.code) : "handler_error");
    w.member<string>("message", storable(this.message));
    putRaw(w, "detail", this.more);
    w.close(0x7d);
  }
}

/** The job is done; this is its output. */
export function ok<T>(output: T): Result { return done().output<T>(output); }

/** The job is done, without an output. */
export function done(): Result { return new Result("ok"); }

/** The job failed for good: to the dead letters. */
export function fail(message: string, code: string = ""): Result { return new Result("fail", code, message); }

/** The attempt failed; another is worth it. */
export function retry(message: string, code: string = ""): Result { return new Result("retry", code, message); }

/** The job waits until somebody resumes it. Output and effects are committed with the parking. */
export function park(): Result { return new Result("park"); }

function encoded<T>(value: T): Writer {
  const w = new Writer();
  w.put<T>(value);
  return w;
}

function putRaw(w: Writer, key: string, value: Writer | null): void {
  if (!value) return;
  w.key(key);
  w.raw(value.start, value.length);
}

/** Words about a failure must get through. */
function storable(text: string): string { return text.replaceAll("\0", "\ufffd"); }

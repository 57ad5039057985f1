/**
 * What the author writes: one attempt at one job. What it returns is the output,
 * what it throws says what becomes of the job. It may be async; several attempts
 * may run at once, if the class's pool says so.
 */
export type Handler<In = unknown, Out = unknown, Config = unknown> =
  (payload: In, ctx: Context<Config>) => Out | Promise<Out>;

export interface Context<Config = unknown> {
  readonly job: Job;
  /** W3C trace context, to pass on to what the handler calls. */
  readonly trace: { readonly traceparent?: string; readonly tracestate?: string };
  /** What the operator wrote into the class row, if anything. */
  readonly config?: Config;
  /** Aborted, with a Cancelled, when the attempt should stop: pass it to fetch, timers, streams. */
  readonly signal: AbortSignal;
  /** Lines that the host keeps with the attempt. What console says arrives in the host's log alone. */
  readonly log: Record<"debug" | "info" | "warn" | "error", (message: string, fields?: Record<string, unknown>) => void>;
  /** Tells the operator how far the attempt is, in thousandths, and what it does now. */
  progress(permille: number, note?: string): void;
  /** Whether the attempt should stop. A long loop asks now and then, after it let others run: await setImmediate(). */
  cancelled(): boolean;
  /** Milliseconds until the host stops the attempt. */
  remainingMs(): number;
  /** Makes the host send a request, if the class grants it: it adds the credential, and nobody here sees it. Throws an HTTPError when there is no answer. */
  http(request: Request): Promise<Response>;
  /** Asks for a follow-up job. Like all effects it is committed with this job, and dropped when the handler throws (but for Park). */
  enqueue(job: FollowUp): void;
  /** Asks for a registered Postgres function to run in the transaction that commits this job. */
  command(name: string, args?: unknown): void;
  /** Asks for an event of a registered type. Consumers see the events of one key in order. */
  emit(type: string, payload?: unknown, key?: string): void;
}

export interface Job {
  readonly id: number;
  readonly class: string;
  /** Numbered from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly enqueuedAt: Date;
  /** The host stops the attempt then. */
  readonly deadline: Date;
  readonly idempotencyKey?: string;
}

export interface FollowUp {
  class: string;
  payload?: unknown;
  /** Lower runs first; absent: the class's own. */
  priority?: number;
  /** Absent: now. */
  runAt?: Date | string | number;
  idempotencyKey?: string;
}

export interface Request {
  url: string | { toString(): string };
  /** Absent: POST with a body, GET without. */
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
  /** A body as a value, sent as application/json. */
  json?: unknown;
  /** The name of a credential that the class is bound to; the host adds its value. */
  credential?: string;
  timeoutMs?: number;
  /** Absent: a redirect is the answer. */
  followRedirects?: boolean;
}

export interface Response {
  readonly status: number;
  /** The status is 200 to 299. */
  readonly ok: boolean;
  /** Names in lower case. */
  readonly headers: Record<string, string[]>;
  readonly url: string;
  readonly body: Uint8Array;
  text(): string;
  json(): any;
}

/** A request that got no answer. Its code: http_failed, or one that no repetition mends and that fails the job: http_denied, http_invalid, http_secret. */
export interface HTTPError extends Error {
  readonly name: "HTTPError";
  readonly code: string;
}

export interface ErrorOptions {
  /** Names the failure, for the retry policy and for the operator. Any thrown error may have one. */
  code?: string;
  /** Stored with the attempt. */
  detail?: unknown;
  cause?: unknown;
}

/** Beyond help: the job goes straight to the dead letters. */
export class Permanent extends Error {
  constructor(message: string, options?: ErrorOptions);
}

/** Worth another attempt, not before afterMs if given. Any other error means a retry, too. */
export class Retry extends Error {
  constructor(message: string, options?: ErrorOptions & { afterMs?: number });
}

/** Parks the job until somebody resumes it. Output and effects are committed with the parking. */
export class Park extends Error {
  constructor(output?: unknown);
}

/** The reason of ctx.signal. */
export class Cancelled extends Error {
  readonly code: string;
}

/** What take() accepts: String, Number, Boolean, BigInt (integers of 64 bits), a list [of a shape], an object { of: shapes }. */
export type Shape =
  | StringConstructor | NumberConstructor | BooleanConstructor | BigIntConstructor
  | readonly [Shape] | { readonly [key: string]: Shape } | Optional<Shape>;

export interface Optional<S extends Shape> {
  readonly shape: S;
}

/** The type of what a shape takes. */
export type Taken<S> =
  S extends StringConstructor ? string :
  S extends NumberConstructor ? number :
  S extends BooleanConstructor ? boolean :
  S extends BigIntConstructor ? bigint :
  S extends Optional<infer Inner> ? Taken<Inner> | undefined :
  S extends readonly [infer Inner] ? Taken<Inner>[] :
  { [Key in keyof S]: Taken<S[Key]> };

/** A member of a shape that may be absent or null. */
export function optional<const S extends Shape>(shape: S): Optional<S>;

/** Takes from a payload what a shape names, or fails the job for good with code payload_invalid and the place of the fault. */
export function take<const S extends Shape>(payload: unknown, shape: S): Taken<S>;

/** What a plugin says of itself. Shapes are taken before the handler runs, and become the schemas of the manifest. */
export interface About<P extends Shape = Shape, C extends Shape = Shape> {
  payload?: P;
  config?: C;
  output?: Shape;
  /** For a plugin without a plugin.json beside it, as are version and wants. */
  name?: string;
  version?: string;
  wants?: { http?: boolean; classes?: string[]; commands?: string[]; events?: string[] };
}

/** Makes a program of a handler: the last line of a plugin. */
export function serve<const P extends Shape, const C extends Shape>(handler: Handler<Taken<P>, unknown, Taken<C>>, about: About<P, C> & { payload: P; config: C }): Promise<void>;
export function serve<const P extends Shape>(handler: Handler<Taken<P>, unknown, any>, about: About<P> & { payload: P }): Promise<void>;
export function serve(handler: Handler<any, unknown, any>, about?: About): Promise<void>;

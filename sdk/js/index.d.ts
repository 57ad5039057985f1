/**
 * What the author writes, as the default export: one attempt at one job. What
 * it returns is the output, what it throws says what becomes of the job. It may
 * be async, but nothing in the sandbox takes time except computing: there are
 * no timers, and what ctx offers answers at once.
 */
export type Handler<In = unknown, Out = unknown, Config = unknown> =
  (payload: In, ctx: Context<Config>) => Out | Promise<Out>;

export interface Context<Config = unknown> {
  readonly job: Job;
  /** W3C trace context, to pass on to what the handler calls. */
  readonly trace: { readonly traceparent?: string; readonly tracestate?: string };
  /** What the operator wrote into the class row, if anything. */
  readonly config?: Config;
  /** Lines that the host keeps with the attempt. console writes there, too. */
  readonly log: Record<"debug" | "info" | "warn" | "error", (message: string, fields?: Record<string, unknown>) => void>;
  /** Tells the operator how far the attempt is, in thousandths, and what it does now. */
  progress(permille: number, note?: string): void;
  /** Whether the attempt should stop. A long loop asks now and then. */
  cancelled(): boolean;
  /** Makes a request, if the class grants it and the module was built with --http. Throws an HTTPError when there is no answer. */
  http(request: Request): Response;
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

/** A request that got no answer. Its code: http_denied, http_invalid, http_failed or http_secret. */
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

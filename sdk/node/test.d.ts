import type { About, Handler } from "./index.js";

/** What became of one run. */
export interface Attempt<Out> {
  /** As the host gets it; docs/abi.md describes it. */
  result: {
    status: "ok" | "retry" | "fail" | "park";
    output?: Out;
    retry_after_ms?: number;
    error?: { code: string; message: string; detail?: unknown };
    events?: { type: string; payload?: unknown; key?: string }[];
    enqueue?: { class: string; payload?: unknown; priority?: number; run_at?: string; idempotency_key?: string }[];
    commands?: { name: string; args?: unknown }[];
  };
  output?: Out;
  log: { level: "debug" | "info" | "warn" | "error"; text: string }[];
  progress: { permille: number; note: string }[];
}

type Answer =
  | { status?: number; headers?: Record<string, string[]>; url?: string; body?: string | Uint8Array }
  | { error: { code: string; message: string } };

export interface Options {
  /** What serve() would be given beside the handler. */
  about?: About;
  /** The class's config. */
  config?: unknown;
  /** Fields of the job, as the envelope spells them: { attempt: 2, max_attempts: 2 }. */
  job?: Record<string, unknown>;
  trace?: { traceparent: string; tracestate?: string };
  /** Whether the attempt was cancelled before it began; signal cancels it later. */
  cancelled?: boolean;
  signal?: AbortSignal;
  /** Answers ctx.http(): status is 200 and the body empty if not said. */
  http?(request: { method: string; url: string; headers: Record<string, string[]>; body: Uint8Array; credential?: string; timeout_ms?: number; follow_redirects?: boolean }): Answer | Promise<Answer>;
}

/** Gives payload to the handler as attempt 1 of a job that is due in a minute. */
export function run<In, Out>(handler: Handler<In, Out, any>, payload: In, options?: Options): Promise<Attempt<Out>>;

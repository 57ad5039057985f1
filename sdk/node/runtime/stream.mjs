import { Cancelled } from "./errors.mjs";
import { encodeDocument } from "./http.mjs";

const gone = encodeDocument({ error: { code: "http_failed", message: "the host stopped the attempt before it answered" } }, Buffer.alloc(0));

/** One Execute stream: the attempt on this side of it, and the host that a handler sees. */
export class Attempt {
  #call;
  #cancel = new AbortController();
  #waiting = []; // requests are answered in the order they were sent

  constructor(call) {
    this.#call = call;
    call.on("data", ({ cancel, http_response: answer }) => {
      if (cancel) this.cancel(cancel);
      if (answer) this.#waiting.shift()?.(answer.document ?? Buffer.alloc(0));
    });
    call.on("cancelled", () => this.#end());
    call.on("error", () => this.#end());
  }

  get signal() {
    return this.#cancel.signal;
  }

  log(level, line) {
    this.#say({ log: { level, line: line.toWellFormed() } });
  }

  progress(permille, note) {
    this.#say({ progress: { permille, note: note.toWellFormed() } });
  }

  http(document) {
    if (this.#call.cancelled) return gone;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#say({ http_request: { document } });
    });
  }

  /** Tells the handler to stop. The first reason counts. */
  cancel(why) {
    if (!this.signal.aborted) this.#cancel.abort(new Cancelled(why));
  }

  /** Sends the result, the last message. */
  finish(result) {
    this.#say({ result: Buffer.from(result) });
    this.#call.end();
  }

  #say(message) {
    if (!this.#call.cancelled) this.#call.write(message);
  }

  #end() {
    this.cancel({ code: "interrupted", message: "the host closed the stream" });
    for (const answer of this.#waiting.splice(0)) answer(gone);
  }
}

/** Marks an error with a word on what should become of the job. By name, for a program may hold two copies of this file. */
const verdict = Symbol.for("lessee.verdict");

class Verdict extends Error {
  constructor(status, message, { code, detail, cause } = {}) {
    super(message, { cause });
    this.name = new.target.name;
    this[verdict] = status;
    if (code !== undefined) this.code = code;
    if (detail !== undefined) this.detail = detail;
  }
}

/** Beyond help: the job goes straight to the dead letters. */
export class Permanent extends Verdict {
  constructor(message, options) {
    super("fail", message, options);
  }
}

/** Worth another attempt; any other error means the same, but can't say when. */
export class Retry extends Verdict {
  constructor(message, options) {
    super("retry", message, options);
    this.afterMs = Math.max(0, Math.round(options?.afterMs ?? 0));
  }
}

/** Parks the job until somebody resumes it. Output and effects are committed with the parking. */
export class Park extends Verdict {
  constructor(output) {
    super("park", "parked");
    this.output = output;
  }
}

/** Why ctx.signal was aborted, in the host's words. */
export class Cancelled extends Verdict {
  constructor({ code, message } = {}) {
    super("retry", message || "the host stopped the attempt", { code: code || "cancelled" });
  }
}

/** What a thrown value says of the job: "fail", "retry", "park", or undefined when it says nothing. */
export const statusOf = (thrown) => thrown?.[verdict];

/** The program can't serve; the message is for who started it. */
export class Refused extends Error {}

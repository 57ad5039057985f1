// Where in the author's source a stack's frames lie. build/lines.mjs makes the
// table: for each run of lines that the bundle took over one by one, the line
// in the bundle, the source, the line there.

const frame = /^\s*at (?:.*\()?plugin\.js:(\d+)/;

/** Returns a function that rewrites stacks; frames of the SDK are left out. */
export function locator({ sources, runs }) {
  return (stack) => stack.split("\n").map(rewrite).filter((line) => line !== "").join("\n");

  function rewrite(line) {
    const found = frame.exec(line);
    if (!found) return line.includes("(native)") ? "" : line;
    const place = find(Number(found[1]));
    return place && line.replace(/plugin\.js:\d+(:\d+)?/, place);
  }

  function find(line) {
    const run = runs.findLast(([from]) => from <= line);
    return run && run[1] >= 0 ? `${sources[run[1]]}:${run[2] + line - run[0]}` : "";
  }
}

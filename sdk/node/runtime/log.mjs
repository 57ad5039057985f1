export const levels = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger of lines like: two words a=1 b="three more words". The host keeps time and level apart. */
export function logger(write) {
  const log = (level) => (message, fields = {}) => write(level, [message, ...Object.entries(fields).map(pair)].join(" "));
  return Object.fromEntries(Object.entries(levels).map(([name, level]) => [name, log(level)]));
}

const pair = ([key, value]) => `${key}=${quoted(shown(value))}`;

const quoted = (text) => (/^[^\s"=\p{C}]+$/u.test(text) ? text : JSON.stringify(text));

function shown(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

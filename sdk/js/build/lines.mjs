import { SourceMap } from "node:module";
import path from "node:path";

/**
 * The table that runtime/locate.mjs reads: [line in the bundle, source, line
 * there], wherever the next lines are not simply the next of the same source.
 * Sources within the SDK have the number -1. Lines count from 1.
 */
export function lineTable(bundle, map, isOwn) {
  const found = new SourceMap(JSON.parse(map));
  const sources = [], runs = [];
  let expected;
  bundle.split("\n").forEach((text, n) => {
    const entry = found.findEntry(n, text.search(/\S|$/));
    const name = entry.originalSource;
    const [source, line] = name === undefined || isOwn(name) ? [-1, 0] : [indexOf(sources, path.normalize(name)), entry.originalLine + 1];
    if (source !== expected?.source || (source >= 0 && line !== expected.line)) runs.push([n + 1, source, line]);
    expected = { source, line: line + 1 };
  });
  return { sources, runs };
}

function indexOf(list, item) {
  const found = list.indexOf(item);
  return found >= 0 ? found : list.push(item) - 1;
}

// HTTP as the host offers it: a document out, a document back. A document is
// the length of its head (u32, little-endian), the head (JSON), the body.
import { Permanent } from "./errors.mjs";

/** The answer to a request. */
class Response {
  constructor({ status, headers, url }, body) {
    Object.assign(this, { status, headers: headers ?? {}, url: url ?? "", body, ok: status >= 200 && status < 300 });
  }

  text() {
    return new TextDecoder().decode(this.body);
  }

  json() {
    return JSON.parse(this.text());
  }
}

/** A request that got no answer, and may on the next attempt. */
class HTTPError extends Error {
  constructor(message, code) {
    super(message);
    this.name = "HTTPError";
    this.code = code;
  }
}

/** Sends a request and waits for the answer. */
export async function exchange(send, request) {
  return decodeAnswer(await send(encodeDocument(...encodeRequest(request))));
}

function decodeAnswer(document) {
  let head, body;
  try {
    ({ head, body } = decodeDocument(document));
    if (!head.error && !(head.status >= 100 && head.status <= 999)) throw new TypeError("no status");
  } catch {
    throw new HTTPError("the host's answer is no HTTP document of this SDK's ABI: rebuild the plugin with the SDK of the host's release", "http_failed");
  }
  if (!head.error) return new Response(head, body);
  const { code, message } = head.error;
  throw code === "http_failed" ? new HTTPError(message, code) : Object.assign(new Permanent(message, { code }), { name: "HTTPError" });
}

function encodeRequest({ method, url, headers = {}, body, json, credential, timeoutMs, followRedirects }) {
  const lists = Object.fromEntries(Object.entries(headers).map(([name, v]) => [name.toLowerCase(), [v].flat().map(String)]));
  if (json !== undefined) {
    body = JSON.stringify(json);
    lists["content-type"] ??= ["application/json"];
  }
  const head = {
    method: method ?? (body === undefined ? "GET" : "POST"),
    url: String(url),
    headers: lists,
    credential,
    timeout_ms: timeoutMs,
    follow_redirects: followRedirects,
  };
  return [head, typeof body === "string" ? Buffer.from(body) : body ?? Buffer.alloc(0)];
}

export function encodeDocument(head, body) {
  const encoded = Buffer.from(JSON.stringify(head));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(encoded.length);
  return Buffer.concat([size, encoded, body]);
}

export function decodeDocument(document) {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  const end = 4 + bytes.readUInt32LE(0);
  if (end > bytes.length) throw new RangeError("its head would end after its last byte");
  return { head: JSON.parse(bytes.toString("utf8", 4, end)), body: bytes.subarray(end) };
}

// HTTP as the host offers it: a document out, a document back. A document is
// the length of its head (u32, little-endian), the head (JSON), the body.

/** The answer to a request. */
class Response {
  constructor({ status, headers = {}, url }, body) {
    Object.assign(this, { status, headers, url, body, ok: status >= 200 && status < 300 });
  }

  text() {
    return new TextDecoder().decode(this.body);
  }

  json() {
    return JSON.parse(this.text());
  }
}

/** A request that got no answer. Its code says why: http_denied, http_invalid, http_failed, http_secret. */
class HTTPError extends Error {
  constructor({ code, message }) {
    super(message);
    this.name = "HTTPError";
    this.code = code;
  }
}

export function exchange(send, request) {
  const { head, body } = decodeAnswer(send(encodeDocument(...encodeRequest(request))));
  if (head.error) throw new HTTPError(head.error);
  return new Response(head, body);
}

function decodeAnswer(document) {
  try {
    const answer = decodeDocument(document);
    if (answer.head.error || answer.head.status > 0) return answer;
  } catch {
    // said below
  }
  throw new HTTPError({ code: "http_failed", message: "the host's answer is no HTTP document of this SDK's ABI: rebuild the plugin with the SDK of the host's release" });
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
  return [head, typeof body === "string" ? new TextEncoder().encode(body) : body ?? new Uint8Array()];
}

export function encodeDocument(head, body) {
  const encoded = new TextEncoder().encode(JSON.stringify(head));
  const document = new Uint8Array(4 + encoded.length + body.length);
  new DataView(document.buffer).setUint32(0, encoded.length, true);
  document.set(encoded, 4);
  document.set(body, 4 + encoded.length);
  return document;
}

export function decodeDocument(document) {
  const size = new DataView(document.buffer, document.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(document.subarray(4, 4 + size)));
  return { head, body: document.slice(4 + size) };
}

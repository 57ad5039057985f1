import { hostHTTP, hostHTTPResponse } from "./host";
import { Json, Kind } from "./json";
import { Writer } from "./writer";

/** An HTTP request. Set what it needs, then pass it to call.http. */
export class Request {
  headers: Map<string, string[]> = new Map();
  body: ArrayBuffer = new ArrayBuffer(0);
  /** The name of a credential that the class is bound to; the host adds its value. */
  credential: string = "";
  /** Milliseconds; 0: as the class has it. */
  timeout: i32 = 0;
  /** If not, a redirect is the answer. */
  followRedirects: bool = false;

  constructor(readonly method: string, readonly url: string) {}

  header(name: string, value: string): Request {
    const key = name.toLowerCase();
    if (!this.headers.has(key)) this.headers.set(key, []);
    this.headers.get(key).push(value);
    return this;
  }

  /** Makes the body JSON. */
  json<T>(value: T): Request {
    const w = new Writer();
    w.put<T>(value);
    this.body = w.toBuffer();
    return this.headers.has("content-type") ? this : this.header("content-type", "application/json");
  }

  __put(w: Writer): void {
    w.member<string>("method", this.method);
    w.member<string>("url", this.url);
    w.member<Map<string, string[]>>("headers", this.headers);
    w.memberIf("credential", this.credential);
    if (this.timeout) w.member<i32>("timeout_ms", this.timeout);
    if (this.followRedirects) w.member<bool>("follow_redirects", true);
  }
}

/** The answer to a request; or why there is none. */
export class Response {
  /** 0 if there is no answer. */
  status: i32 = 0;
  url: string = "";
  headers: Map<string, string[]> = new Map();
  body: ArrayBuffer = new ArrayBuffer(0);
  /** Why there is no answer: http_denied, http_invalid, http_failed or http_secret. Empty if there is one. */
  errorCode: string = "";
  errorMessage: string = "";

  /** Whether the status is 200 to 299. */
  get ok(): bool { return this.status >= 200 && this.status < 300; }

  /** The first value of a header, by its name in lower case; empty if it has none. */
  header(name: string): string {
    if (!this.headers.has(name)) return "";
    const values = this.headers.get(name);
    return values.length ? values[0] : "";
  }

  text(): string { return String.UTF8.decode(this.body); }

  /** The body as JSON, or null if it is none. */
  json(): Json | null { return Json.parse(this.body); }
}

// A document is the length of its head (u32, little-endian), the head (JSON), the body.

export function send(request: Request): Response {
  const document = encodeDocument(request);
  const answer = new ArrayBuffer(hostHTTP(changetype<usize>(document), document.byteLength));
  hostHTTPResponse(changetype<usize>(answer), answer.byteLength);
  return decodeDocument(answer);
}

function encodeDocument(request: Request): ArrayBuffer {
  const head = new Writer();
  head.put<Request>(request);
  const document = new ArrayBuffer(4 + head.length + request.body.byteLength);
  const ptr = changetype<usize>(document);
  store<u32>(ptr, head.length);
  memory.copy(ptr + 4, head.start, head.length);
  memory.copy(ptr + 4 + head.length, changetype<usize>(request.body), request.body.byteLength);
  return document;
}

function decodeDocument(document: ArrayBuffer): Response {
  const response = new Response();
  const size = document.byteLength < 4 ? -1 : load<i32>(changetype<usize>(document));
  if (size < 0 || size > document.byteLength - 4) return broken(response);
  const head = Json.parse(document.slice(4, 4 + size));
  if (!head || head.kind != Kind.Object) return broken(response);
  const error = head.get("error");
  response.errorCode = error.get("code").or<string>("");
  response.errorMessage = error.get("message").or<string>("");
  response.status = head.get("status").or<i32>(0);
  response.url = head.get("url").or<string>("");
  response.headers = head.get("headers").or<Map<string, string[]>>(response.headers);
  response.body = document.slice(4 + size);
  return response.status || response.errorCode.length ? response : broken(response);
}

function broken(response: Response): Response {
  response.errorCode = "http_failed";
  response.errorMessage = "the host's answer is no HTTP document of this SDK's ABI: rebuild the plugin with the SDK of the host's release";
  return response;
}

"""HTTP as the host offers it: a document out, a document back. A document is
the length of its head (4 bytes, little-endian), the head (JSON), the body."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Union

from . import jsontext
from .errors import ABSENT, Permanent

Headers = Mapping[str, Union[str, Sequence[str]]]


@dataclass(frozen=True)
class Response:
    """The answer to a request, whatever its status. A content-encoding is the handler's to undo."""

    status: int
    headers: Mapping[str, Sequence[str]]  # names in lower case
    url: str  # of the last request, after redirects
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: str) -> Optional[str]:
        """The first value of a header, or None."""
        return next(iter(self.headers.get(name.lower(), ())), None)

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.body)


class HTTPError(Exception):
    """A request that got no answer. Its code: http_failed, or, as an HTTPRefused, one that no repetition mends."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


class HTTPRefused(HTTPError, Permanent):
    """http_denied, http_invalid or http_secret: the job fails for good, unless the handler knows better."""

    def __init__(self, code: str, message: str):
        Permanent.__init__(self, message, code=code)


def encode_request(url: str, *, method: str, headers: Optional[Headers], body: Union[bytes, str, None], json: Any,
                   credential: Optional[str], timeout: Optional[float], follow_redirects: bool) -> bytes:
    lists = {name.lower(): [value] if isinstance(value, str) else [str(v) for v in value] for name, value in (headers or {}).items()}
    if json is not ABSENT:
        body = jsontext.encode(json, "the body of a request")
        lists.setdefault("content-type", ["application/json"])
    head = {
        "method": method or ("GET" if body is None else "POST"),
        "url": str(url),
        "headers": lists or None,
        "credential": credential,
        "timeout_ms": None if timeout is None else max(1, round(timeout * 1000)),
        "follow_redirects": follow_redirects or None,
    }
    return encode_document({k: v for k, v in head.items() if v is not None}, body.encode() if isinstance(body, str) else body or b"")


def decode_answer(document: bytes) -> Response:
    try:
        head, body = decode_document(document)
        error, status = head.get("error"), head.get("status")
        if error is None:
            return Response(_status(status), head.get("headers") or {}, head.get("url") or "", body)
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError, AttributeError, struct.error):
        raise HTTPError("http_failed", "the host's answer is no HTTP document of this SDK's ABI: rebuild the plugin with the SDK of the host's release") from None
    raise (HTTPError if code == "http_failed" else HTTPRefused)(code, message)


def _status(status: Any) -> int:
    if isinstance(status, int) and 100 <= status <= 999:
        return status
    raise ValueError("no status")


def encode_document(head: Mapping[str, Any], body: bytes) -> bytes:
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return struct.pack("<I", len(text)) + text + body


def decode_document(document: bytes) -> tuple:
    (size,) = struct.unpack_from("<I", document)
    if size > len(document) - 4:
        raise ValueError("its head would end after its last byte")
    return json.loads(document[4 : 4 + size]), document[4 + size :]

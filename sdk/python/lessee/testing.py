"""Runs a handler in a plain test, through the contract as it travels."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import jsontext
from .errors import ABSENT
from .http import Response, decode_document, encode_document
from .plugin import Plugin

_LEVELS = ("debug", "info", "warn", "error")


@dataclass
class Request:
    """What a handler asked ctx.http for."""

    method: str
    url: str
    headers: Dict[str, List[str]]
    body: bytes
    credential: Optional[str]


@dataclass
class Attempt:
    """What became of one run."""

    result: Dict[str, Any]  # as the host gets it; docs/abi.md describes it
    log: List[Tuple[str, str]] = field(default_factory=list)  # level, line
    progress: List[Tuple[int, str]] = field(default_factory=list)  # thousandths, note

    @property
    def output(self) -> Any:
        return self.result.get("output")


class _Recorder:
    def __init__(self, cancelled: bool, answer: Optional[Callable[[Request], Response]]):
        self.cancelled, self.why = threading.Event(), ("cancelled", "the test cancelled it")
        if cancelled:
            self.cancelled.set()
        self.seen = Attempt({})
        self._answer = answer

    def log(self, level: int, line: str) -> None:
        self.seen.log.append((_LEVELS[level], line))

    def progress(self, permille: int, note: str) -> None:
        self.seen.progress.append((permille, note))

    def on_cancel(self, stop: Any) -> None:
        if stop and self.cancelled.is_set():
            stop()

    def http(self, document: bytes) -> bytes:
        if self._answer is None:
            raise TypeError("the handler called ctx.http: give run() an http function that answers")
        head, body = decode_document(document)
        answer = self._answer(Request(head["method"], head["url"], head.get("headers", {}), body, head.get("credential")))
        return encode_document({"status": answer.status, "headers": {k: list(v) for k, v in answer.headers.items()}, "url": answer.url or head["url"]}, answer.body)


def run(handler: Callable[..., Any], payload: Any = ABSENT, *, config: Any = ABSENT, config_type: Any = Any, job: Optional[Dict[str, Any]] = None,
        cancelled: bool = False, http: Optional[Callable[[Request], Response]] = None) -> Attempt:
    """Gives payload to the handler as attempt 1 of a job that is due in a minute. job has fields as the
    envelope spells them; http answers requests."""
    now = datetime.now(timezone.utc)
    times = {"enqueued_at": _text(now), "deadline": _text(now + timedelta(minutes=1))}
    envelope = {
        "abi": 1,
        "job": {"id": 1, "class": "test", "attempt": 1, "max_attempts": 5, **times, **(job or {})},
        "trace": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        **{key: value for key, value in (("config", config), ("payload", payload)) if value is not ABSENT},
    }
    host = _Recorder(cancelled, http)
    data = jsontext.encode(envelope, "the envelope of the test").encode()
    host.seen.result = json.loads(Plugin(handler, config=config_type, folder="").execute(data, host))
    return host.seen


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

"""The program's own log: JSON lines of hclog on stderr, which a host takes apart
again. It is for what the libraries of a handler say by Python's logging; what
the operator should see belongs to ctx.log, which is kept with the attempt."""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import sys
from datetime import datetime, timezone
from typing import Dict, Iterator

from .envelope import Job, Trace

_fields: "contextvars.ContextVar[Dict[str, object]]" = contextvars.ContextVar("lessee_attempt", default={})


@contextlib.contextmanager
def attempt_of(job: Job, trace: Trace) -> Iterator[None]:
    """Lines that are logged within name the attempt."""
    token = _fields.set({"class": job.class_name, "job": job.id, "attempt": job.attempt, "trace": trace.traceparent})
    try:
        yield
    finally:
        _fields.reset(token)


class Formatter(logging.Formatter):
    """One record, one line."""

    def format(self, record: logging.LogRecord) -> str:
        line: Dict[str, object] = {
            "@level": _level(record.levelno),
            "@message": record.getMessage(),
            "@module": record.name,
            "@timestamp": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            **_fields.get(),
        }
        if record.exc_info:
            line["stacktrace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _level(number: int) -> str:
    names = [(logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"), (logging.DEBUG, "debug")]
    return next((name for level, name in names if number >= level), "trace")


def install() -> None:
    """Sends Python's logging to stderr, unless the author set it up already."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    root.addHandler(handler)
    root.setLevel(logging.INFO)

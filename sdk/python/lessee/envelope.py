"""One attempt at one job, as the host tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

from . import jsontext
from .errors import ABSENT, Permanent

VERSION = 1  # of the contract: docs/abi.md


@dataclass(frozen=True)
class Job:
    """Which job, which attempt. Times are the database's, in UTC."""

    id: Optional[int] = None
    class_name: Optional[str] = None
    attempt: Optional[int] = None  # numbered from 1
    max_attempts: Optional[int] = None
    enqueued_at: Optional[datetime] = None
    deadline: Optional[datetime] = None  # the host stops the attempt then
    idempotency_key: Optional[str] = None


@dataclass(frozen=True)
class Trace:
    """W3C trace context, to pass on to what the handler calls."""

    traceparent: Optional[str] = None
    tracestate: Optional[str] = None


@dataclass(frozen=True)
class Envelope:
    job: Job
    trace: Trace
    config: Any
    payload: Any


def decode_envelope(data: bytes) -> Envelope:
    """Fields that it does not know are those of a later host."""
    try:
        raw = _object(jsontext.decode(data), "it")
    except ValueError as error:
        raise _invalid(str(error)) from None
    job, trace = _object(raw.get("job"), "job"), _object(raw.get("trace"), "trace")
    version = _integer(raw.get("abi"), "abi") or 0
    envelope = Envelope(_job(job), _trace(trace), raw.get("config", ABSENT), raw.get("payload", ABSENT))
    if version != VERSION:
        raise Permanent(
            f"the envelope is of ABI v{version}, this SDK speaks v{VERSION}: "
            "rebuild the plugin with the SDK of the host's release",
            code="abi_mismatch",
        )
    return envelope


def _job(raw: dict) -> Job:
    return Job(
        id=_integer(raw.get("id"), "job.id"),
        class_name=_text(raw.get("class"), "job.class"),
        attempt=_integer(raw.get("attempt"), "job.attempt"),
        max_attempts=_integer(raw.get("max_attempts"), "job.max_attempts"),
        enqueued_at=_time(raw.get("enqueued_at"), "job.enqueued_at"),
        deadline=_time(raw.get("deadline"), "job.deadline"),
        idempotency_key=_text(raw.get("idempotency_key"), "job.idempotency_key"),
    )


def _trace(raw: dict) -> Trace:
    return Trace(_text(raw.get("traceparent"), "trace.traceparent"), _text(raw.get("tracestate"), "trace.tracestate"))


def _object(value: Any, name: str) -> dict:
    if value is None or isinstance(value, dict):
        return value or {}
    raise _invalid(f"{name} is no object")


def _integer(value: Any, name: str) -> Optional[int]:
    if value is None or isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _invalid(f"{name} is {value!r}, want an integer")


def _text(value: Any, name: str) -> Optional[str]:
    if value is None or isinstance(value, str):
        return value
    raise _invalid(f"{name} is {value!r}, want a text")


def _time(value: Any, name: str) -> Optional[datetime]:
    if value is None:
        return None
    moment = parse_time(value) if isinstance(value, str) else None
    if moment is None:
        raise _invalid(f"{name} is {value!r}, want a time (RFC 3339)")
    return moment


_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)


def parse_time(text: str) -> Optional[datetime]:
    """A time of RFC 3339, to the microsecond; None for anything else. Before Python 3.11 fromisoformat reads less."""
    found = _RFC3339.fullmatch(text)
    if not found:
        return None
    *fields, fraction, sign, hours, minutes = found.groups()
    try:
        moment = datetime(*map(int, fields), microsecond=int(((fraction or ".") + "000000")[1:7]), tzinfo=timezone.utc)
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        return moment + offset if sign == "-" else moment - offset
    except (ValueError, OverflowError):
        return None


def _invalid(why: str) -> Permanent:
    return Permanent(f"the envelope is not the JSON of ABI v{VERSION}: {why}", code="envelope_invalid")

"""What a handler gets beside its payload."""

from __future__ import annotations

import json as jsonlib
import threading
import time
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional, Protocol, Tuple, Union

from . import jsontext
from .envelope import Envelope, Job, Trace, parse_time
from .errors import ABSENT
from .http import Headers, Response, decode_answer, encode_request
from .line import Log


class Host(Protocol):
    """Where a running handler's words go, whether it should stop, and who sends its requests."""

    cancelled: threading.Event
    why: Tuple[str, str]  # code and message, once it is cancelled

    def on_cancel(self, stop: Optional[Callable[[], Any]]) -> None: ...

    def log(self, level: int, line: str) -> None: ...

    def progress(self, permille: int, note: str) -> None: ...

    def http(self, document: bytes) -> bytes: ...


class Context:
    """One attempt: what is known of it, what it may ask for. Threads of the handler may share it."""

    def __init__(self, envelope: Envelope, host: Host, config: Any = ABSENT):
        self.job: Job = envelope.job
        self.trace: Trace = envelope.trace
        self.config: Any = None if config is ABSENT else config  # what the operator wrote into the class row, if anything
        self.log = Log(host.log)  # lines that the host keeps with the attempt
        self._envelope, self._host, self._lock = envelope, host, threading.Lock()
        self._effects: Dict[str, List[dict]] = {}

    def progress(self, permille: int, note: str = "") -> None:
        """Tells the operator how far the attempt is, in thousandths, and what it does now."""
        self._host.progress(min(max(int(permille), 0), 1000), str(note))

    def cancelled(self) -> bool:
        """Whether the attempt should stop. A long loop asks now and then."""
        return self._host.cancelled.is_set() or self.remaining() <= 0

    def wait(self, seconds: float) -> bool:
        """Sleeps, but not after the attempt should stop; then it is True."""
        self._host.cancelled.wait(max(0.0, min(seconds, self.remaining())))
        return self.cancelled()

    def remaining(self) -> float:
        """Seconds until the host stops the attempt: a good timeout for what the handler calls."""
        deadline = self.job.deadline
        return float(threading.TIMEOUT_MAX) if deadline is None else deadline.timestamp() - time.time()

    def http(self, url: str, *, method: str = "", headers: Optional[Headers] = None, body: Union[bytes, str, None] = None,
             json: Any = ABSENT, credential: Optional[str] = None, timeout: Optional[float] = None, follow_redirects: bool = False) -> Response:
        """Makes the host send a request, if the class grants it: it adds the credential, and nobody here sees it.
        Raises an HTTPError when there is no answer; a status is one."""
        return decode_answer(self._host.http(encode_request(
            url, method=method, headers=headers, body=body, json=json, credential=credential, timeout=timeout, follow_redirects=follow_redirects)))

    def enqueue(self, class_name: str, payload: Any = ABSENT, *, priority: Optional[int] = None,
                run_at: Union[datetime, str, None] = None, idempotency_key: Optional[str] = None) -> None:
        """Asks for a follow-up job. Like all effects it is committed with this job, and dropped when the handler raises (but for Park)."""
        if priority is not None and not (isinstance(priority, int) and abs(priority) < 1 << 15):
            raise ValueError(f"priority is {priority!r}: want an integer of 16 bits")
        self._add("enqueue", {
            "class": _text(class_name, "the class of a follow-up"),
            "payload": _copy(payload, f"the payload of follow-up {class_name}"),
            "priority": ABSENT if priority is None else priority,
            "run_at": ABSENT if run_at is None else _moment(run_at),
            "idempotency_key": ABSENT if idempotency_key is None else _text(idempotency_key, "the idempotency key of a follow-up"),
        })

    def command(self, name: str, args: Any = ABSENT) -> None:
        """Asks for a registered Postgres function to run in the transaction that commits this job."""
        self._add("commands", {"name": _text(name, "the name of a command"), "args": _copy(args, f"the arguments of command {name}")})

    def emit(self, event_type: str, payload: Any = ABSENT, key: Optional[str] = None) -> None:
        """Asks for an event of a registered type. Consumers see the events of one key in order."""
        self._add("events", {
            "type": _text(event_type, "the type of an event"),
            "payload": _copy(payload, f"the payload of event {event_type}"),
            "key": ABSENT if key is None else _text(key, "the key of an event"),
        })

    def effects(self) -> Dict[str, List[dict]]:
        """What was asked for, as a result spells it."""
        with self._lock:
            return {name: list(asked) for name, asked in self._effects.items()}

    def _add(self, name: str, effect: dict) -> None:
        with self._lock:
            self._effects.setdefault(name, []).append({k: v for k, v in effect.items() if v is not ABSENT})


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or value == "":
        raise ValueError(f"{what} is {value!r}: want a text that is not empty")
    jsontext.encode(value, what)
    return value


def _copy(value: Any, what: str) -> Any:
    """A copy as JSON has it: what the handler changes later does not matter, and what can't travel raises here."""
    return ABSENT if value is ABSENT else jsonlib.loads(jsontext.encode(value, what))


def _moment(value: Union[datetime, str]) -> str:
    moment = parse_time(value) if isinstance(value, str) else value
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"run_at is {value!r}: want a datetime with a time zone, for instance datetime.now(timezone.utc)")
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")

"""One Execute stream: the attempt on this side of it, and the Host that a handler sees."""

from __future__ import annotations

import queue
import threading
from collections import deque
from typing import Any, Callable, Deque, Iterator, Optional, Tuple

from . import wire
from .http import encode_document
from .plugin import Plugin


class Attempt:
    """What the handler says goes out in the order it was said; what the host sends comes in beside that."""

    def __init__(self, plugin: Plugin):
        self.cancelled = threading.Event()
        self.why: Tuple[str, str] = ("", "")
        self._plugin = plugin
        self._out: "queue.SimpleQueue[Tuple[bytes, bool]]" = queue.SimpleQueue()
        self._lock = threading.Lock()  # requests are answered in the order they were sent
        self._waiting: Deque["queue.SimpleQueue[bytes]"] = deque()
        self._stop: Optional[Callable[[], Any]] = None
        self._over = False

    # For the handler: a context.Host.

    def log(self, level: int, line: str) -> None:
        self._say({"log": {"level": level, "line": line}})

    def progress(self, permille: int, note: str) -> None:
        self._say({"progress": {"permille": permille, "note": note}})

    def http(self, document: bytes) -> bytes:
        answer: "queue.SimpleQueue[bytes]" = queue.SimpleQueue()
        with self._lock:
            if self._over:
                return _GONE
            self._waiting.append(answer)
            self._say({"http_request": {"document": document}})
        return answer.get()

    def on_cancel(self, stop: Optional[Callable[[], Any]]) -> None:
        self._stop = stop
        if stop and self.cancelled.is_set():
            stop()

    # For the server.

    def messages(self, envelope: bytes, incoming: Iterator[bytes]) -> Iterator[bytes]:
        """Runs the handler; what it says, and the result last."""
        threading.Thread(target=self._work, args=(envelope,), name="attempt", daemon=True).start()
        threading.Thread(target=self._listen, args=(incoming,), name="attempt-host", daemon=True).start()
        last = False
        while not last:
            message, last = self._out.get()
            yield message

    def cancel(self, code: str, message: str) -> None:
        """Tells the handler to stop. The first reason counts."""
        if not self.cancelled.is_set():
            self.why = (code, message)
            self.cancelled.set()
            stop = self._stop
            if stop:
                stop()

    def end(self) -> None:
        """Nobody listens any more: a handler that still runs is told, and waits for no answer."""
        with self._lock:
            self._over = True
            waiting, self._waiting = self._waiting, deque()
        for answer in waiting:
            answer.put(_GONE)
        self.cancel("interrupted", "the host closed the stream")
        self._out.put((b"", True))

    def _work(self, envelope: bytes) -> None:
        result = self._plugin.execute(envelope, self)
        self._out.put((wire.encode("FromPlugin", {"result": result}), True))

    def _say(self, message: dict) -> None:
        if not self._over:
            self._out.put((wire.encode("FromPlugin", message), False))

    def _listen(self, incoming: Iterator[bytes]) -> None:
        try:
            for data in incoming:
                self._hear(wire.decode("FromHost", data))
        except Exception:  # pylint: disable=broad-except
            pass  # the stream broke, which the server's callback tells

    def _hear(self, message: dict) -> None:
        if "cancel" in message:
            self.cancel(message["cancel"].get("code", ""), message["cancel"].get("message", ""))
        if "http_response" in message:
            with self._lock:
                answer = self._waiting.popleft() if self._waiting else None
            if answer:
                answer.put(message["http_response"].get("document", b""))


_GONE = encode_document({"error": {"code": "http_failed", "message": "the host stopped the attempt before it answered"}}, b"")

"""What a plugin serves: the Executor, the health service, and go-plugin's controller.

go-plugin's broker and stdio are left out, and answered as unimplemented, which a
host takes for "not offered": stdout is stderr here (see handshake.py), and that
a host reads anyway. gRPC's handlers are generic, with bytes in and out; wire.py
makes messages of them.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator, List, Optional, Set

import grpc

from . import wire
from .envelope import VERSION
from .plugin import Plugin
from .stream import Attempt

SDK_NAME, SDK_VERSION = "lessee-python", "1.0.0"
SERVICE = "plugin"  # whose health a host asks for
_SERVING = 1
_THREADS = 64  # of streams at once, and calls beside them; they are started when they are needed


class Server:
    """Serves a plugin on a unix socket until somebody asks it to stop."""

    def __init__(self, plugin: Plugin, max_bytes: int = 0):
        self._plugin = plugin
        self._attempts: Set[Attempt] = set()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._grpc = grpc.server(ThreadPoolExecutor(max_workers=_THREADS), options=_options(max_bytes))
        self._grpc.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler("lessee.v1.Executor", {
                "Describe": grpc.unary_unary_rpc_method_handler(self._describe),
                "Execute": grpc.stream_stream_rpc_method_handler(self._execute),
            }),
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(self._check)}),
            grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": grpc.unary_unary_rpc_method_handler(self._shutdown)}),
        ))

    def start(self, socket: str, credentials: Optional[grpc.ServerCredentials]) -> None:
        address = "unix:" + socket
        bound = self._grpc.add_secure_port(address, credentials) if credentials else self._grpc.add_insecure_port(address)
        if not bound:
            raise OSError(f"the socket {socket} can't be made: is the folder there, and may this user write to it?")
        self._grpc.start()

    def stop(self, grace: float) -> None:
        """Takes no more attempts, tells those that run to stop, and waits for them as long as grace."""
        with self._lock:
            running = list(self._attempts)
        for attempt in running:
            attempt.cancel("interrupted", "the host stops the plugin")
        self._grpc.stop(grace).wait(grace + 1)

    def _describe(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            manifest = json.dumps(self._plugin.manifest(), ensure_ascii=False).encode()
        except (OSError, ValueError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return wire.encode("Description", {"abi": VERSION, "manifest": manifest, "sdk_name": SDK_NAME, "sdk_version": SDK_VERSION})

    def _execute(self, incoming: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        envelope = _envelope_of(next(incoming, b""))
        if envelope is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the first message of an Execute stream must be start")
        attempt = Attempt(self._plugin)
        if not context.add_callback(attempt.end):
            return  # the stream is over already
        with self._lock:
            self._attempts.add(attempt)
        try:
            yield from attempt.messages(envelope, incoming)
        finally:
            with self._lock:
                self._attempts.discard(attempt)

    def _check(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        if wire.decode("HealthCheckRequest", request).get("service", "") not in ("", SERVICE):
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service: this plugin answers for " + SERVICE)
        return wire.encode("HealthCheckResponse", {"status": _SERVING})

    def _shutdown(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        self.stopping.set()
        return b""


def _envelope_of(first: bytes) -> Optional[bytes]:
    start = wire.decode("FromHost", first).get("start")
    return None if start is None else start.get("envelope", b"")


def _options(max_bytes: int) -> List[Any]:
    return [("grpc.max_receive_message_length", max_bytes or -1), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)]

"""The program that a plugin is: serve() at the end of the author's file."""

from __future__ import annotations

import atexit
import importlib
import json
import logging
import os
import signal
import sys
import threading
from typing import Any, Callable, Dict, List, Optional

from . import handshake, hclog, parent
from .http import encode_document
from .plugin import Plugin

GRACE = 2.0  # seconds that attempts have to end when the plugin stops; the host has a deadline of its own

_log = logging.getLogger("lessee")


def serve(handler: Callable[..., Any], *, config: Any = Any, name: str = "", version: str = "", wants: Optional[Dict[str, Any]] = None) -> None:
    """Makes a program of a handler. The last line of a plugin is:

        if __name__ == "__main__":
            lessee.serve(handle)

    config is the type of the class's config, for checks and for the manifest. name, version and wants are for
    a plugin without a plugin.json beside it.
    """
    try:
        sys.exit(_main(Plugin(handler, config=config, name=name, version=version, wants=wants), sys.argv))
    except handshake.Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(1)


def _main(plugin: Plugin, argv: List[str]) -> int:
    program, args = argv[0], argv[1:]
    say = handshake.take_stdout()
    if args == ["-manifest"]:
        say(json.dumps(plugin.manifest(), ensure_ascii=False, indent=2))
        return 0
    if args == ["-run"]:
        say(plugin.execute(sys.stdin.buffer.read(), Terminal()).decode())
        return 0
    hclog.install()
    if len(args) == 2 and args[0] == "-debug":
        hello = handshake.Hello(client_certificate="", demands_tls=False, socket_dir="", max_bytes=0)
        return _serve(plugin, hello, args[1], say)
    hello = handshake.read(os.environ, program)
    return _serve(plugin, hello, "", say)


def _serve(plugin: Plugin, hello: handshake.Hello, debug_socket: str, say: Callable[[str], None]) -> int:
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # else it warns whenever a handler starts a program
    server_module = _import("server", handshake.NO_GRPC)
    server = server_module.Server(plugin, hello.max_bytes)
    identity = _identity(hello)
    socket = debug_socket or handshake.socket_path(hello.socket_dir)
    signal.signal(signal.SIGINT, signal.default_int_handler if debug_socket else signal.SIG_IGN)  # ^C is for the host, which stops its plugins
    signal.signal(signal.SIGTERM, lambda *_: server.stopping.set())
    mask = os.umask(0o177)  # nobody else may connect
    server.start(socket, identity.credentials if identity else None)
    os.umask(mask)
    if not debug_socket:
        parent.watch(lambda: os._exit(1))
    say(handshake.line(socket, identity.field if identity else ""))
    _wait(server.stopping)
    server.stop(GRACE)
    _leave(socket)
    return 0


def _wait(stopping: threading.Event) -> None:
    try:
        stopping.wait()
    except KeyboardInterrupt:
        pass  # of a debugged plugin


def _identity(hello: handshake.Hello) -> Any:
    """The certificate for mutual TLS, if the host asks for it. Without one the handshake line says so, and the
    host decides: that of Lessee then looks which process made the socket."""
    if not hello.client_certificate:
        return None
    try:
        certificate = _import("certificate", handshake.NO_CRYPTOGRAPHY)
        try:
            return certificate.identity_for(hello.client_certificate)
        except certificate.Unable as unable:
            raise handshake.Refused(str(unable)) from None
    except handshake.Refused as why:
        if hello.demands_tls:
            raise
        _log.info("no mutual TLS: %s", why)
        return None


def _import(module: str, missing: str) -> Any:
    try:
        return importlib.import_module("." + module, __package__)
    except ImportError as error:
        raise handshake.Refused(missing.format(python=sys.executable or "python3", why=error)) from None


def _leave(socket: str) -> None:
    """Ends the process even when a handler does not: what runs at exit, runs, but no thread is waited for."""
    try:
        os.unlink(socket)
    except OSError:
        pass  # gRPC removed it
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class Terminal:
    """The host of the command contract: an envelope on stdin, the result on stdout, the log on stderr."""

    why = ("", "")

    def __init__(self) -> None:
        self.cancelled = threading.Event()

    def log(self, level: int, line: str) -> None:
        print(("DEBUG", "INFO", "WARN", "ERROR")[level], line, file=sys.stderr)

    def progress(self, permille: int, note: str) -> None:
        print(f"PROGRESS {permille}/1000 {note}", file=sys.stderr)

    def http(self, _document: bytes) -> bytes:
        return encode_document({"error": {"code": "http_denied", "message": "without a host nobody sends requests: try it with lessee plugin run"}}, b"")

    def on_cancel(self, stop: Any) -> None:
        """Nobody cancels it but ^C, which raises."""

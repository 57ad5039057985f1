"""A handler behind the contract: bytes of an envelope in, those of a result out."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import sys
from typing import Any, Awaitable, Callable, Dict, Optional

from . import hclog, shape
from .context import Context, Host
from .envelope import VERSION, Envelope, decode_envelope
from .errors import ABSENT, Verdict
from .result import failure, success

FILES = ("lessee.manifest", "plugin.json")  # beside the program, in a bundle and in the author's folder: name, version, wants, schemas, warm_up


class _Null:
    def __repr__(self) -> str:
        return "NULL"


NULL = _Null()
"""Return it for an output of null, where None means: no output. A handler with the hint `-> Optional[…]` need not."""


class Plugin:
    """A handler takes a payload, and a Context if it wants one, and returns the output. It may be async."""

    def __init__(self, handler: Callable[..., Any], *, config: Any = Any, name: str = "", version: str = "", wants: Optional[Dict[str, Any]] = None,
                 folder: Optional[str] = None):
        hints = shape.hints_of(handler)
        parameters = list(inspect.signature(handler).parameters.values())
        if not parameters:
            raise TypeError(f"{getattr(handler, '__name__', handler)} takes nothing: a handler takes a payload, and a lessee.Context if it wants one")
        self._handler, self._takes_context = handler, len(parameters) > 1
        self._payload, self._output, self._config = hints.get(parameters[0].name, Any), hints.get("return", Any), config
        self._gives_null = "return" in hints and self._output is not type(None)
        self._about = {"name": name, "version": version, "wants": wants}
        self._folder = folder if folder is not None else _folder_of_the_program()

    def execute(self, data: bytes, host: Host) -> bytes:
        """Runs one attempt. Every failure is told in the result."""
        context: Optional[Context] = None
        try:
            envelope = decode_envelope(data)
            context = Context(envelope, host, self._take_config(envelope.config))
            with hclog.attempt_of(envelope.job, envelope.trace):
                output = self._run(self._take_payload(envelope), context, host)
            return success("ok", self._nothing(output), context.effects())
        except Exception as raised:  # pylint: disable=broad-except
            return failure(raised, context.effects() if context else {})
        except (SystemExit, KeyboardInterrupt, asyncio.CancelledError) as raised:
            return failure(raised, {})

    def manifest(self) -> dict:
        """What the plugin says of itself: docs/abi.md. The options of serve() count before plugin.json, that before the hints."""
        said = {key: value for key, value in _read(self._folder).items() if key in ("name", "version", "wants", "schemas", "warm_up")}
        said.update({key: value for key, value in self._about.items() if value})
        derived = {"payload": shape.schema_of(self._payload), "output": shape.schema_of(self._output), "config": shape.schema_of(self._config)}
        schemas = {key: schema for key, schema in derived.items() if schema is not None}
        return {**said, "abi": VERSION, "schemas": {**schemas, **said.get("schemas", {})}}

    def _take_payload(self, envelope: Envelope) -> Any:
        return shape.take(envelope.payload, self._payload)

    def _take_config(self, config: Any) -> Any:
        if config is ABSENT and self._config is not Any:
            config = {}
        return shape.take(config, self._config, "the class's config is not what the handler takes", "")

    def _run(self, payload: Any, context: Context, host: Host) -> Any:
        output = self._handler(payload, context) if self._takes_context else self._handler(payload)
        return asyncio.run(_cancellable(output, host)) if inspect.isawaitable(output) else output

    def _nothing(self, output: Any) -> Any:
        if output is NULL:
            return None
        return ABSENT if output is None and not self._gives_null else output


async def _cancellable(work: Awaitable[Any], host: Host) -> Any:
    """Awaits work, and cancels it when the attempt should stop."""
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()

    def stop() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the handler has ended by itself
            loop.call_soon_threadsafe(task.cancel)

    host.on_cancel(stop)
    try:
        return await task
    except asyncio.CancelledError:
        if host.cancelled.is_set():
            raise Interrupted(host) from None
        raise
    finally:
        host.on_cancel(None)


class Interrupted(Verdict):
    """An async handler that was cancelled says why, in the host's words."""

    status = "retry"

    def __init__(self, host: Host):
        code, message = host.why
        super().__init__(message or "the host stopped the attempt", code=code or "cancelled")


def _folder_of_the_program() -> str:
    program = getattr(sys.modules.get("__main__"), "__file__", None) or ""
    return os.path.dirname(os.path.abspath(program)) if program else ""


def _read(folder: str) -> dict:
    for path in (os.path.join(folder, name) for name in FILES if folder):
        try:
            with open(path, encoding="utf-8") as file:
                said = json.load(file)
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise ValueError(f"{path} is no JSON: {error}") from None
        return said if isinstance(said, dict) else {}
    return {}

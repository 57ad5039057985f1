"""A line of log as the host keeps it: two words a=1 b="three more words". Time and level are kept apart."""

from __future__ import annotations

import json
from typing import Any, Callable

DEBUG, INFO, WARN, ERROR = range(4)


class Log:
    """What ctx.log is: lines that the host keeps with the attempt."""

    def __init__(self, write: Callable[[int, str], None]):
        self._write = write

    def debug(self, message: str, **fields: Any) -> None:
        self._write(DEBUG, line(message, fields))

    def info(self, message: str, **fields: Any) -> None:
        self._write(INFO, line(message, fields))

    def warning(self, message: str, **fields: Any) -> None:
        self._write(WARN, line(message, fields))

    def error(self, message: str, **fields: Any) -> None:
        self._write(ERROR, line(message, fields))


def line(message: str, fields: dict) -> str:
    return " ".join([str(message), *(f"{key}={_quoted(_shown(value))}" for key, value in fields.items())])


def _quoted(text: str) -> str:
    plain = text != "" and text.isprintable() and not any(c in text for c in ' "=')
    return text if plain else json.dumps(text, ensure_ascii=False)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return str(value)

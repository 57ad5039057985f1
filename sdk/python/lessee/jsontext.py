"""JSON as it travels: what the host sends is read as strictly as the host reads, what goes back can be stored."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import json
import re
from typing import Any

from .errors import unfit

MAX_DEPTH = 500  # of a whole result, as Postgres is asked to store it
_ENVELOPE = 4  # levels of a result around what a handler passes on
_MAX_DIGITS = 1000  # of a number, as the host takes it


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _integer(text: str) -> Any:
    return int(text) if len(text) <= _MAX_DIGITS else float(text)


_plain = json.JSONDecoder(parse_constant=_constant)
_patient = json.JSONDecoder(parse_constant=_constant, parse_int=_integer)  # slower: Python's own refuses 5,000 digits


def decode(data: bytes) -> Any:
    """Raises a ValueError that says what is wrong. Bytes that are no UTF-8 are replaced, as Go does."""
    text = data.decode("utf-8", "replace")
    try:
        return _plain.decode(text)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        return _patient.decode(text)


def _default(value: Any) -> Any:
    """What the types of schema.py are written as, where json has no way of its own."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_default)


def encode(value: Any, what: str) -> str:
    """Encodes what a handler passes on, or raises why it can't travel: what is its name in that message."""
    try:
        text = _encoder.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise unfit(f"{what} does not encode as JSON: {error}") from error
    if _doubtful(text):
        _refuse_unstorable(json.loads(text), what)
    return text


def storable(text: str) -> str:
    """The text with what Postgres can't store replaced: for words about a failure, which must get through."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


_long_number = re.compile(rf"\d{{{_MAX_DIGITS + 1}}}")


def _doubtful(text: str) -> bool:
    """Whether to look closer: what this lets pass can be stored."""
    if "\\u0000" in text or text.count("[") + text.count("{") > MAX_DEPTH - _ENVELOPE or _long_number.search(text):
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _refuse_unstorable(root: Any, what: str) -> None:
    todo = [(root, "", _ENVELOPE)]  # a list, not a recursion: the value may be as deep as Python's own stack
    while todo:
        value, pointer, depth = todo.pop()
        if isinstance(value, str):
            _refuse_text(value, what, pointer)
        elif isinstance(value, int) and abs(value) >= 10**_MAX_DIGITS:
            raise unfit(f"{what} holds a number of more than {_MAX_DIGITS} digits, which Postgres can't store")
        elif isinstance(value, (dict, list)):
            if depth >= MAX_DEPTH:
                raise unfit(f"{what} is nested deeper than {MAX_DEPTH - _ENVELOPE} levels, which Postgres can't store")
            todo.extend(_children(value, what, pointer, depth + 1))


def _children(value: Any, what: str, pointer: str, depth: int) -> Any:
    if isinstance(value, list):
        return [(inner, f"{pointer}/{n}", depth) for n, inner in enumerate(value)]
    for key in value:
        _refuse_text(key, what, pointer)
    return [(inner, f"{pointer}/{escape(key)}", depth) for key, inner in value.items()]


def _refuse_text(text: str, what: str, pointer: str) -> None:
    if storable(text) != text:
        raise unfit(f'{what} holds a NUL character or half of a surrogate pair at "{storable(pointer)}", which Postgres can\'t store')


def escape(key: str) -> str:
    """A key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")



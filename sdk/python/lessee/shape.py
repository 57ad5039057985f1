"""What a type hint means: the JSON Schema of it, and how a value of JSON becomes one of it."""

from __future__ import annotations

import base64
import binascii
import collections.abc
import dataclasses
import datetime
import enum
import inspect
import math
import sys
import types
import typing
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .envelope import parse_time
from .errors import ABSENT, Permanent
from .jsontext import escape

_INT64 = 1 << 63


class Misfit(Exception):
    """A value is not of a shape: where, what it is, what was wanted."""

    def __init__(self, value: Any, want: str, pointer: str):
        super().__init__(f"{pointer or 'it'} is {_kind(value)}, want {want}")


def take(value: Any, hint: Any, what: str = "the payload is not what the handler takes", code: str = "payload_invalid") -> Any:
    """Makes a value of a type, or fails the job for good and names the place of the fault."""
    try:
        return shape_of(hint).take(value, "")
    except Misfit as error:
        raise Permanent(f"{what}: {error}", code=code) from None


def schema_of(hint: Any) -> Optional[dict]:
    """The JSON Schema of a type; None when it allows everything. Classes that occur in themselves are in $defs."""
    defs: Dict[str, Any] = {}
    schema = shape_of(hint).schema(defs)
    if schema is True:
        return None
    return {**schema, "$defs": defs} if defs else schema


class Shape(NamedTuple):
    take: Callable[[Any, str], Any]  # a value of JSON, or ABSENT, and the JSON pointer to it
    schema: Callable[[Dict[str, Any]], Any]  # fills $defs


def shape_of(hint: Any) -> Shape:
    """The shape of a type hint. What it does not know is anything."""
    if dataclasses.is_dataclass(hint) or typing_is_typeddict(hint):
        return _object(hint)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _choice([member.value for member in hint], hint)
    if isinstance(hint, typing.Hashable) and hint in _LEAVES:
        return _LEAVES[hint]
    origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
    if hasattr(hint, "__metadata__"):  # Annotated
        return _described(shape_of(args[0] if args else hint.__origin__), next((m for m in hint.__metadata__ if isinstance(m, str)), ""))
    if origin is typing.Union or origin is getattr(types, "UnionType", typing.Union):
        return _union([shape_of(a) for a in args])
    if origin is typing.Literal:
        return _choice(list(args), lambda value: value)
    if origin in (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable):
        return _list(shape_of(args[0]) if args else ANYTHING, list if origin in (list, collections.abc.Sequence, collections.abc.Iterable) else origin)
    if origin in (dict, collections.abc.Mapping) and hint is not dict:
        return _map(shape_of(args[1]) if args else ANYTHING)
    if getattr(origin, "_name", None) in ("Required", "NotRequired", "ReadOnly") and args:
        return shape_of(args[0])
    return _LEAVES.get(origin, ANYTHING) if isinstance(origin, typing.Hashable) else ANYTHING


def typing_is_typeddict(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "__required_keys__") and hasattr(hint, "__total__")


def hints_of(thing: Any) -> Dict[str, Any]:
    """The type hints of a function or class, with their extras; none when they name what can't be found."""
    try:
        return typing.get_type_hints(thing, include_extras=True)
    except (NameError, TypeError):
        return {}


def _kind(value: Any) -> str:
    if value is ABSENT:
        return "missing"
    if value is None:
        return "null"
    names: List[Tuple[type, str]] = [(bool, "a boolean"), (str, "a text"), (int, "a number"), (float, "a number"), (list, "a list"), (dict, "an object")]
    return next((name for kind, name in names if isinstance(value, kind)), f"a {type(value).__name__}")


def _leaf(fits: Callable[[Any], bool], want: str, convert: Callable[[Any], Any], schema: dict) -> Shape:
    def take_leaf(value: Any, pointer: str) -> Any:
        if not fits(value):
            raise Misfit(value, want, pointer)
        made = convert(value)
        if made is None and value is not None:
            raise Misfit(value, want, pointer)
        return made

    return Shape(take_leaf, lambda defs: dict(schema))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_int64(value: Any) -> bool:
    return _is_number(value) and value == int(value) and -_INT64 <= value < _INT64


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _base64(value: str) -> Optional[bytes]:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def _date(value: str) -> Optional[datetime.date]:
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        return None


ANYTHING = Shape(lambda value, pointer: None if value is ABSENT else value, lambda defs: True)

_LEAVES: Dict[Any, Shape] = {
    str: _leaf(_is_text, "a text", str, {"type": "string"}),
    bool: _leaf(lambda v: isinstance(v, bool), "true or false", bool, {"type": "boolean"}),
    int: _leaf(_is_int64, "an integer of 64 bits", int, {"type": "integer", "minimum": -_INT64, "maximum": _INT64 - 1}),
    float: _leaf(_is_number, "a number", float, {"type": "number"}),
    bytes: _leaf(_is_text, "base64", _base64, {"type": "string", "contentEncoding": "base64"}),
    datetime.datetime: _leaf(_is_text, "a time (RFC 3339)", parse_time, {"type": "string", "format": "date-time"}),
    datetime.date: _leaf(_is_text, "a date (RFC 3339)", _date, {"type": "string", "format": "date"}),
    type(None): _leaf(lambda v: v is None or v is ABSENT, "null", lambda v: None, {"type": "null"}),
    dict: _leaf(lambda v: isinstance(v, dict), "an object", dict, {"type": "object"}),
    Any: ANYTHING,
    object: ANYTHING,
    inspect.Parameter.empty: ANYTHING,
}


def _choice(values: List[Any], make: Callable[[Any], Any]) -> Shape:
    def take_choice(value: Any, pointer: str) -> Any:
        if not any(type(value) is type(v) and value == v for v in values):
            raise Misfit(value, "one of " + ", ".join(repr(v) for v in values), pointer)
        return make(value)

    return Shape(take_choice, lambda defs: {"enum": values})


def _list(inner: Shape, make: Callable[[Any], Any]) -> Shape:
    def take_list(value: Any, pointer: str) -> Any:
        if not isinstance(value, list):
            raise Misfit(value, "a list", pointer)
        return make(inner.take(v, f"{pointer}/{n}") for n, v in enumerate(value))

    return Shape(take_list, lambda defs: {"type": "array", "items": inner.schema(defs)})


def _map(inner: Shape) -> Shape:
    def take_map(value: Any, pointer: str) -> Any:
        if not isinstance(value, dict):
            raise Misfit(value, "an object", pointer)
        return {k: inner.take(v, f"{pointer}/{escape(k)}") for k, v in value.items()}

    return Shape(take_map, lambda defs: {"type": "object", "additionalProperties": inner.schema(defs)})


def _union(options: List[Shape]) -> Shape:
    def take_union(value: Any, pointer: str) -> Any:
        fault = None
        for option in options:
            try:
                return option.take(value, pointer)
            except Misfit as error:
                fault = fault or error
        raise fault or Misfit(value, "nothing", pointer)

    def schema(defs: Dict[str, Any]) -> Any:
        schemas = [option.schema(defs) for option in options]
        return True if True in schemas else {"anyOf": schemas}

    return Shape(take_union, schema)


def _described(inner: Shape, doc: str) -> Shape:
    def schema(defs: Dict[str, Any]) -> Any:
        plain = inner.schema(defs)
        return {**({} if plain is True else plain), "description": doc} if doc else plain

    return Shape(inner.take, schema)


class _Member(NamedTuple):
    shape: Shape
    required: bool


_objects: Dict[Any, "_Object"] = {}


class _Object:
    """The shape of a dataclass or a TypedDict. Properties that it does not have are passed over."""

    def __init__(self, cls: Any):
        self.cls, self.members = cls, {}
        self.named = f"#/$defs/{cls.__name__}"

    def fill(self) -> None:
        hints = hints_of(self.cls)
        if dataclasses.is_dataclass(self.cls):
            for field in dataclasses.fields(self.cls):
                if field.init:
                    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
                    self.members[field.name] = _Member(_described(shape_of(hints.get(field.name, Any)), field.metadata.get("doc", "")), required)
            return
        for name, hint in hints.items():
            self.members[name] = _Member(shape_of(hint), name in self.cls.__required_keys__)

    def take(self, value: Any, pointer: str) -> Any:
        if not isinstance(value, dict):
            raise Misfit(value, "an object", pointer)
        members = {}
        for name, (shape, required) in self.members.items():
            inner = value.get(name, ABSENT)
            if inner is not ABSENT or required:
                members[name] = shape.take(inner, f"{pointer}/{escape(name)}")
        return self.cls(**members) if dataclasses.is_dataclass(self.cls) else {**value, **members}

    def schema(self, defs: Dict[str, Any]) -> Any:
        name = self.cls.__name__
        if name in defs:
            return {"$ref": self.named}
        defs[name] = True  # until it is known: it may refer to itself
        schema: Dict[str, Any] = {"type": "object", "properties": {k: m.shape.schema(defs) for k, m in self.members.items()}}
        required = [k for k, m in self.members.items() if m.required]
        if required:
            schema["required"] = required
        if not _mentions(schema, self.named):
            del defs[name]
            return schema
        defs[name] = schema
        return {"$ref": self.named}


def _object(cls: Any) -> Shape:
    if cls not in _objects:
        _objects[cls] = _Object(cls)  # before its members, which may be of the same class
        _objects[cls].fill()
    found = _objects[cls]
    return Shape(found.take, found.schema)


def _mentions(schema: Any, ref: str) -> bool:
    if isinstance(schema, dict):
        return schema.get("$ref") == ref or any(_mentions(inner, ref) for inner in schema.values())
    return isinstance(schema, list) and any(_mentions(inner, ref) for inner in schema)

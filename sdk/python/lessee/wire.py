"""Protocol Buffers, as much of them as abi/grpcabi/lessee.proto uses: integers of 32
and 64 bits, enums, text, bytes, messages.

Written by hand on purpose. Generated code would have to be made anew for each
major version of the protobuf library, and fit the one that is installed; these
hundred lines need none. A test holds the table to the .proto.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, Tuple, Union

# The fields of each message: name -> (number, kind). A kind that is no scalar names a message.
MESSAGES: Dict[str, Dict[str, Tuple[int, str]]] = {
    "DescribeRequest": {"abi": (1, "uint"), "host": (2, "text")},
    "Description": {"abi": (1, "uint"), "manifest": (2, "bytes"), "sdk_name": (3, "text"), "sdk_version": (4, "text")},
    "FromHost": {"start": (1, "Start"), "cancel": (2, "Cancel"), "http_response": (3, "HTTPResponse")},
    "Start": {"envelope": (1, "bytes"), "limits": (2, "Limits")},
    "Limits": {
        "wall_ms": (1, "int"), "memory_bytes": (2, "int"), "output_bytes": (3, "int"), "log_bytes": (4, "int"), "events": (5, "int"),
        "follow_ups": (6, "int"), "commands": (7, "int"), "host_calls": (8, "int"), "http_calls": (9, "int"), "http_bytes": (10, "int"),
    },
    "Cancel": {"code": (1, "text"), "message": (2, "text")},
    "HTTPResponse": {"document": (1, "bytes")},
    "FromPlugin": {"log": (1, "Log"), "progress": (2, "Progress"), "http_request": (3, "HTTPRequest"), "result": (4, "bytes")},
    "Log": {"level": (1, "uint"), "line": (2, "text")},
    "Progress": {"permille": (1, "uint"), "note": (2, "text")},
    "HTTPRequest": {"document": (1, "bytes")},
    # grpc.health.v1
    "HealthCheckRequest": {"service": (1, "text")},
    "HealthCheckResponse": {"status": (1, "uint")},
}

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def encode(kind: str, message: Dict[str, Any]) -> bytes:
    """A field that is absent or None is left out."""
    out = bytearray()
    for name, value in message.items():
        if value is None:
            continue
        number, field = MESSAGES[kind][name]
        if field in ("uint", "int"):
            out += _varint(number << 3 | _VARINT) + _varint(value & (1 << 64) - 1)
            continue
        data = value if field == "bytes" else value.encode("utf-8", "replace") if field == "text" else encode(field, value)
        out += _varint(number << 3 | _BYTES) + _varint(len(data)) + data
    return bytes(out)


def decode(kind: str, data: bytes) -> Dict[str, Any]:
    """The fields that are there; those that it does not know are of a later version. Raises a ValueError."""
    names = {number: (name, field) for name, (number, field) in MESSAGES[kind].items()}
    message: Dict[str, Any] = {}
    for number, value in _fields(data):
        name, field = names.get(number, ("", ""))
        if name and (field in ("uint", "int")) == isinstance(value, int):
            message[name] = _value(field, value)
    return message


def _value(field: str, value: Union[int, bytes]) -> Any:
    if isinstance(value, int):
        return value - (1 << 64) if field == "int" and value >= 1 << 63 else value
    if field == "bytes":
        return value
    return value.decode("utf-8", "replace") if field == "text" else decode(field, value)


def _fields(data: bytes) -> Iterator[Tuple[int, Union[int, bytes]]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if wire not in (_FIXED64, _BYTES, _FIXED32):
            raise ValueError(f"field {number} is of wire type {wire}")
        size, at = _read_varint(data, at) if wire == _BYTES else ({_FIXED64: 8, _FIXED32: 4}[wire], at)
        if size > len(data) - at:
            raise ValueError(f"field {number} would end after the last byte")
        if wire == _BYTES:
            yield number, data[at : at + size]
        at += size


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> Tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number does not end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value & (1 << 64) - 1, at

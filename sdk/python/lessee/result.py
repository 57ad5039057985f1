"""What becomes of an attempt, as the host reads it."""

from __future__ import annotations

import asyncio
import sys
import traceback
from typing import Any, Dict, List

from . import jsontext
from .errors import ABSENT, Park, Retry, Verdict

MAX_STACK = 8 << 10  # of a stack in an attempt's record, in characters


def success(status: str, output: Any, effects: Dict[str, List[dict]]) -> bytes:
    """A result whose effects count."""
    head = jsontext.encode({"status": status, **effects}, "the result")
    if output is ABSENT:
        return head.encode()
    return f'{head[:-1]},"output":{jsontext.encode(output, "the output")}}}'.encode()


def failure(raised: BaseException, effects: Dict[str, List[dict]]) -> bytes:
    """What a handler's exception amounts to."""
    if isinstance(raised, Park):
        try:
            return success("park", raised.output, effects)
        except Verdict as unencodable:
            raised = unencodable
    result: Dict[str, Any] = {"status": getattr(raised, "status", "retry") if isinstance(raised, Verdict) else "retry", "error": _error(raised)}
    if isinstance(raised, Retry) and raised.after_ms > 0:
        result["retry_after_ms"] = raised.after_ms
    return jsontext.encode(result, "the result").encode()


def _error(raised: BaseException) -> dict:
    code = getattr(raised, "code", "")
    error = {"code": jsontext.storable(code) if isinstance(code, str) and code else "handler_error", "message": jsontext.storable(_message(raised))}
    detail = getattr(raised, "detail", ABSENT)
    if detail is ABSENT and not isinstance(raised, Verdict):
        detail = {"stack": jsontext.storable(_stack(raised)[-MAX_STACK:])}
    if detail is not ABSENT:
        try:
            jsontext.encode(detail, "the error's detail")
            error["detail"] = detail
        except Verdict as unencodable:
            error["message"] += f" ({unencodable})"
    return error


def _message(raised: BaseException) -> str:
    """The author's own words as they are; of any other exception its kind and its place, too."""
    words = str(raised)
    if isinstance(raised, Verdict) or getattr(raised, "code", ""):
        return words
    if isinstance(raised, asyncio.CancelledError):
        return words or "cancelled"
    frames = _frames(raised)
    place = f", at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    return f"{type(raised).__name__}: {words}{place}"


def _stack(raised: BaseException) -> str:
    return "".join(traceback.format_list(_frames(raised))) + "".join(traceback.format_exception_only(type(raised), raised))


def _frames(raised: BaseException) -> List[traceback.FrameSummary]:
    """The author's, and those below; the SDK's own above them tell nothing."""
    frames = traceback.extract_tb(raised.__traceback__)
    own = sys.modules[__package__].__path__[0]
    while len(frames) > 1 and frames[0].filename.startswith(own):
        del frames[0]
    return frames

"""What a handler raises to say what becomes of the job. Any other exception means: try again later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Union


class _Absent:
    """Stands for what was not said, where None would be a value: JSON's null."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT = _Absent()


class Verdict(Exception):
    """An exception with a word on what should become of the job."""

    status = ""

    def __init__(self, message: str = "", *, code: str = "", detail: Any = ABSENT):
        super().__init__(message)
        self.code, self.detail = code, detail


class Permanent(Verdict):
    """Beyond help: the job goes straight to the dead letters."""

    status = "fail"


class Retry(Verdict):
    """Worth another attempt; not before `after` (seconds, or a timedelta) has passed, if given."""

    status = "retry"

    def __init__(self, message: str = "", *, after: Union[float, timedelta] = 0, code: str = "", detail: Any = ABSENT):
        super().__init__(message, code=code, detail=detail)
        seconds = after.total_seconds() if isinstance(after, timedelta) else after
        self.after_ms = max(0, round(seconds * 1000))


class Park(Verdict):
    """Parks the job until somebody resumes it. The output and the effects are committed with the parking."""

    status = "park"

    def __init__(self, output: Any = ABSENT):
        super().__init__("parked")
        self.output = output


def unfit(why: str) -> Permanent:
    """What can't travel to Postgres will not on the next attempt either."""
    return Permanent(why, code="result_invalid")

"""Does what its payload says, so that a test can try every function of the SDK
from outside: {"do": "…", …}. Without that it tells what it was sent."""

from datetime import datetime, timedelta, timezone
from typing import Any, List, Optional, TypedDict

import lessee
from lessee.errors import ABSENT


class Typed(TypedDict):
    name: str
    count: int
    price: float
    paid: bool
    tags: List[str]


def handle(payload, ctx):
    do = payload.get("do") if isinstance(payload, dict) else None
    if do in ACTIONS:
        return ACTIONS[do](payload, ctx)
    return echo(payload, ctx)


def echo(payload: Any, ctx: lessee.Context) -> dict:
    job, trace = ctx.job, ctx.trace
    told = {
        "id": job.id, "class": job.class_name, "attempt": job.attempt, "max_attempts": job.max_attempts,
        "enqueued_ms": milliseconds(job.enqueued_at), "deadline_ms": milliseconds(job.deadline), "idempotency_key": job.idempotency_key or "",
        "traceparent": trace.traceparent, "tracestate": trace.tracestate or "",
    }
    given = {"config": ctx._envelope.config, "payload": ctx._envelope.payload}  # where null is not nothing
    return {**told, **{key: value for key, value in given.items() if value is not ABSENT}}


def milliseconds(moment: Optional[datetime]) -> Optional[int]:
    return moment and (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)


def result(payload: dict, ctx: lessee.Context) -> Any:
    """Answers the result that the payload describes, by the SDK's own means."""
    said = payload["result"]
    for event in said.get("events", []):
        ctx.emit(event["type"], event.get("payload", ABSENT), event.get("key"))
    for command in said.get("commands", []):
        ctx.command(command["name"], command.get("args", ABSENT))
    for job in said.get("enqueue", []):
        ctx.enqueue(job["class"], job.get("payload", ABSENT), priority=job.get("priority"), run_at=job.get("run_at"), idempotency_key=job.get("idempotency_key"))
    output = said.get("output", ABSENT)
    error = said.get("error", {})
    words = {"code": error.get("code", ""), "detail": error.get("detail", ABSENT)}
    if said["status"] == "park":
        raise lessee.Park(output)
    if said["status"] == "fail":
        raise lessee.Permanent(error["message"], **words)
    if said["status"] == "retry":
        raise lessee.Retry(error["message"], after=said.get("retry_after_ms", 0) / 1000, **words)
    return lessee.NULL if output is None else None if output is ABSENT else output


def typed(payload: dict, ctx: lessee.Context) -> dict:
    taken = lessee.take(payload, Typed)
    return {name: taken[name] for name in Typed.__annotations__}


def http(payload: dict, ctx: lessee.Context) -> dict:
    try:
        answer = ctx.http("https://api.test/orders", method="POST", headers={"Accept": "text/plain", "x-two": ["1", "2"]}, body="a\0b",
                          credential="crm", timeout=1.5, follow_redirects=True)
    except lessee.HTTPError as error:
        return {"status": 0, "url": "", "retry_after": "", "body": "", "error_code": error.code, "error_message": str(error)}
    return {"status": answer.status, "url": answer.url, "retry_after": answer.header("retry-after") or "", "body": answer.text(), "error_code": "", "error_message": ""}


def host(payload: dict, ctx: lessee.Context) -> bool:
    ctx.log.warning("héllo")
    ctx.progress(250, "a quarter")
    return ctx.wait(payload.get("wait", 1))


def panic(payload: dict, ctx: lessee.Context) -> None:
    raise RuntimeError("panic")


ACTIONS = {"result": result, "typed": typed, "http": http, "host": host, "panic": panic}

if __name__ == "__main__":
    lessee.serve(handle)

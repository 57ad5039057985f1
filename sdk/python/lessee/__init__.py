"""Write executors for Lessee in Python: one handler, from a payload to an output.

    import lessee

    def handle(payload, ctx: lessee.Context):
        ctx.log.info("greeting", name=payload["name"])
        return {"greeting": "Hello, " + payload["name"]}

    if __name__ == "__main__":
        lessee.serve(handle)

An exception means: try again later. Permanent, Retry and Park say otherwise.
What the handler wants done (ctx.enqueue, ctx.command, ctx.emit) becomes part of
its result, and the host commits it together with the job, or not at all.
"""

from .context import Context
from .envelope import Job, Trace
from .errors import Park, Permanent, Retry
from .http import HTTPError, HTTPRefused, Response
from .main import serve
from .plugin import NULL
from .shape import take

__all__ = ["Context", "HTTPError", "HTTPRefused", "Job", "NULL", "Park", "Permanent", "Response", "Retry", "Trace", "serve", "take"]

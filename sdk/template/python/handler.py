"""A plugin is one handler, from a payload to an output. Everything a host does
around it (leases, retries, committing what it answers) is not its business."""

from dataclasses import dataclass

import lessee


@dataclass
class Input:
    """What a job's payload holds."""

    name: str


@dataclass
class Output:
    """What is committed with the job."""

    greeting: str


def handle(payload: Input, ctx: lessee.Context) -> Output:
    """One attempt at one job. Any other exception than Permanent means: try again later."""
    if not payload.name:
        raise lessee.Permanent('nobody to greet: send {"name": …}', code="no_name")
    ctx.log.info("greeting", name=payload.name)
    return Output(greeting=f"Hello, {payload.name}")


if __name__ == "__main__":
    lessee.serve(handle)

"""The smallest plugin there is."""

from dataclasses import dataclass

import lessee


@dataclass
class In:
    name: str = ""


def greet(payload: In, ctx: lessee.Context) -> str:
    if not payload.name:
        raise lessee.Permanent('nobody to greet: send {"name": …}')
    ctx.log.info("greeting", name=payload.name)
    return f"Hello, {payload.name}"


if __name__ == "__main__":
    lessee.serve(greet)

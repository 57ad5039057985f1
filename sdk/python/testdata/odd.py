"""Does odd things as its payload says, so that a test can see what the SDK makes of them."""

print("said before the handshake")  # stdout is the host's: this line must not spoil it

import asyncio
import logging
import os
import subprocess
import sys
import threading

import lessee

asleep = 0


async def handle(payload: dict, ctx: lessee.Context):
    do = payload.get("do")
    if do == "speak":
        print("printed")
        subprocess.run(["/bin/echo", "echoed"], check=True)
        logging.getLogger("library").warning("logged by a library")
    elif do == "sleep":
        await sleep(ctx)
    elif do == "hang":
        ctx.progress(1, "hung")
        threading.Event().wait()
    elif do == "double":
        return payload["text"] * 2
    elif do == "exit":
        sys.exit(3)
    return {"asleep": asleep, "pid": os.getpid()}


async def sleep(ctx: lessee.Context) -> None:
    global asleep
    asleep += 1
    ctx.progress(1, "asleep")
    try:
        await asyncio.sleep(60)
    finally:
        asleep -= 1


if __name__ == "__main__":
    lessee.serve(handle, name="odd", version="1.2.3", wants={"http": True})

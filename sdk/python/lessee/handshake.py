"""How a plugin meets its host: hashicorp/go-plugin's handshake, and what is said when there is no host."""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import sys
import tempfile
from typing import Callable, Mapping, NamedTuple, Optional

CORE, APP = 1, 1  # versions of go-plugin's protocol, and of the application's
COOKIE, COOKIE_VALUE = "LESSEE_PLUGIN", "f3a1c0a9d6a04bb0b0d51f24e8d1c7f2"  # tells a host from a person; no secret
_MAX_PATH = 107  # bytes of a unix socket's

BY_HAND = """{program} is a plugin of Lessee: a host starts it, and by hand it does nothing.
  to try it:      {python} {program} -run < envelope.json     one attempt; the least envelope is {{"abi":1,"payload":{{}}}}
  to describe it: {python} {program} -manifest
  to debug it:    {python} {program} -debug /tmp/{name}.sock  serves there until you stop it
  to run it:      lessee plugin push, then lessee job enqueue"""

NO_GRPC = """this plugin needs the gRPC library, and {python} has none ({why}).
  on Debian and Ubuntu:  apt-get install python3-grpcio        (for /usr/bin/python3)
  anywhere else:         {python} -m pip install grpcio"""

NO_CRYPTOGRAPHY = """the host asks for mutual TLS, and {python} can't make a certificate ({why}).
  on Debian and Ubuntu:  apt-get install python3-cryptography  (for /usr/bin/python3)
  anywhere else:         {python} -m pip install cryptography"""


class Refused(Exception):
    """The program can't serve; the message is for who started it."""


class Hello(NamedTuple):
    """What the host said by the environment."""

    client_certificate: str  # empty: no mutual TLS
    demands_tls: bool  # by LESSEE_MTLS=required; else a host that gets no certificate has the last word
    socket_dir: str
    max_bytes: int


def read(env: Mapping[str, str], program: str) -> Hello:
    if env.get(COOKIE) != COOKIE_VALUE:
        name = os.path.splitext(os.path.basename(program))[0] or "plugin"
        raise Refused(BY_HAND.format(program=program, name=name, python=os.path.basename(sys.executable or "python3")))
    versions = env.get("PLUGIN_PROTOCOL_VERSIONS", str(APP))
    if str(APP) not in versions.split(","):
        raise Refused(f"the host speaks version {versions} of the plugin protocol, this SDK version {APP}: "
                      "build the plugin with the SDK of the host's release (lessee plugin sdk puts it there)")
    return Hello(
        client_certificate=env.get("PLUGIN_CLIENT_CERT", ""),
        demands_tls=env.get("LESSEE_MTLS") == "required",
        socket_dir=env.get("PLUGIN_UNIX_SOCKET_DIR", ""),
        max_bytes=int(env.get("LESSEE_MAX_BYTES") or 0),
    )


def socket_path(folder: str) -> str:
    """A free name in the host's folder; without one, in a new folder that only this user may enter."""
    parent = folder or os.path.join(tempfile.gettempdir(), f"lessee-{secrets.token_hex(4)}")
    path = os.path.join(parent, f"plugin-{secrets.token_hex(4)}")
    if not folder:
        os.mkdir(parent, 0o700)
        atexit.register(_remove, parent)
    if len(os.fsencode(path)) > _MAX_PATH:
        raise Refused(f"{path} is longer than the {_MAX_PATH} bytes that the name of a socket may have: set TMPDIR or PLUGIN_UNIX_SOCKET_DIR to a shorter one")
    return path


def _remove(folder: str) -> None:
    with contextlib.suppress(OSError):  # the socket in it is gone by now
        os.rmdir(folder)


def take_stdout() -> Callable[[str], None]:
    """Keeps stdout for the handshake and returns what writes to it. All that anybody prints from now on goes
    to stderr: a stray print must not spoil the handshake, nor fill a pipe that nobody reads. What was printed
    before, while the author's file was loaded, is still in Python's buffer, and goes there, too."""
    own = os.dup(1)  # not inherited by children
    os.dup2(2, 1)
    sys.stdout.flush()
    reconfigure: Optional[Callable[..., None]] = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(line_buffering=True)

    def say(line: str) -> None:
        with os.fdopen(own, "w", encoding="utf-8") as out:
            out.write(line + "\n")

    return say


def line(socket: str, certificate: str) -> str:
    return f"{CORE}|{APP}|unix|{socket}|grpc|{certificate}"

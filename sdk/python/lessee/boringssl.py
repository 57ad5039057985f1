"""gRPC does not say which TLS library it was built with, and they differ in what they take."""

import mmap

_SIGN = b"OPENSSL_internal"  # in each of its error messages


def holds_boringssl(library: str) -> bool:
    """Whether BoringSSL was linked into a library."""
    with open(library, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(_SIGN) >= 0

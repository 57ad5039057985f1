"""AutoMTLS, as go-plugin has it: the host's certificate comes in PLUGIN_CLIENT_CERT,
the plugin's own goes back in the handshake line. Needs the library cryptography."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from grpc._cython import cygrpc

from .boringssl import holds_boringssl

P521 = """the host's certificate is on the curve P-521, and this build of gRPC takes none that is: wheels of PyPI have BoringSSL inside.
  on Debian and Ubuntu:  apt-get install python3-grpcio, which has OpenSSL, and run the plugin by /usr/bin/python3"""
_HOST = "localhost"  # the name that go-plugin asks for
_YEARS = timedelta(days=30 * 365)  # nothing renews it while the plugin runs


class Unable(Exception):
    """There can be no mutual TLS; the message says why."""


class Identity(NamedTuple):
    credentials: grpc.ServerCredentials
    field: str  # of the handshake line: the certificate, DER in unpadded base64


def identity_for(client_certificate: str) -> Identity:
    """Makes a certificate for this process, and lets in only who has the client's."""
    client = x509.load_pem_x509_certificate(client_certificate.encode()).public_key()
    if isinstance(client, ec.EllipticCurvePublicKey) and client.curve.name == "secp521r1" and holds_boringssl(cygrpc.__file__):
        raise Unable(P521)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key)
    key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem, der = (certificate.public_bytes(encoding) for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER))
    credentials = grpc.ssl_server_credentials([(key_pem, pem)], root_certificates=client_certificate.encode(), require_client_auth=True)
    return Identity(credentials, base64.b64encode(der).decode().rstrip("="))


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lessee"), x509.NameAttribute(NameOID.COMMON_NAME, _HOST)])
    now = datetime.now(timezone.utc)
    usage = x509.KeyUsage(digital_signature=True, key_cert_sign=True, key_agreement=True, key_encipherment=False, content_commitment=False,
                          data_encipherment=False, crl_sign=False, encipher_only=False, decipher_only=False)
    return (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(seconds=30)).not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )

// AutoMTLS, as go-plugin has it: the host's certificate comes in
// PLUGIN_CLIENT_CERT, the plugin's own goes back in the handshake line. Node
// signs, but makes no certificates; this one always has the same fields, which
// takes fewer lines here than a library would bring.
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

const HOST = "localhost"; // the name that go-plugin asks for
const YEARS = 30; // nothing renews it while the plugin runs

/** A certificate for this process: key and certificate as PEM, and the field of the handshake line. */
export function makeCertificate() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = certificateBody(publicKey.export({ type: "spki", format: "der" }));
  const der = sequence(body, ECDSA_SHA256, bits(sign("sha256", body, privateKey)));
  const base64 = der.toString("base64");
  return {
    key: Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })),
    certificate: Buffer.from(`-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`),
    field: base64.replace(/=+$/, ""),
  };
}

function certificateBody(publicKey) {
  const serial = randomBytes(16);
  serial[0] = serial[0] & 0x7f | 0x40; // positive, and never shorter
  const begin = new Date(Date.now() - 30_000), end = new Date(begin);
  end.setUTCFullYear(end.getUTCFullYear() + YEARS);
  const name = sequence(element(0x31, sequence(identifier("550403"), element(0x0c, Buffer.from(HOST)))));
  return sequence(element(0xa0, integer(Buffer.from([2]))), integer(serial), ECDSA_SHA256, name, sequence(time(begin), time(end)), name, publicKey, element(0xa3, EXTENSIONS));
}

function element(tag, ...parts) {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...parts) => element(0x30, ...parts);
const integer = (bytes) => element(0x02, bytes);
const identifier = (hex) => element(0x06, Buffer.from(hex, "hex"));
const bits = (bytes, unused = 0) => element(0x03, Buffer.from([unused]), bytes);
const TRUE = element(0x01, Buffer.from([0xff]));

/** X.509 has two forms of time, for years before 2050 and for later ones. */
function time(date) {
  const digits = date.toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return date.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
}

const ECDSA_SHA256 = sequence(identifier("2a8648ce3d040302"));

const extension = (hex, content, ...critical) => sequence(identifier(hex), ...critical, element(0x04, content));

const EXTENSIONS = sequence(
  extension("551d13", sequence(TRUE), TRUE), // basic constraints: an authority, of itself
  extension("551d0f", bits(Buffer.from([0x8c]), 2), TRUE), // key usage: signature, key agreement, certificates
  extension("551d25", sequence(identifier("2b06010505070301"), identifier("2b06010505070302"))), // of servers and clients
  extension("551d11", sequence(element(0x82, Buffer.from(HOST)))), // alternative names
);

// The program of haproxy.ts that fetches the keys: HAProxy reads public keys from PEM files, and only when it starts.

import type { RecipeValues } from '../form.ts'
import { quoted } from '../quote.ts'

/** How many keys the configuration has room for: the one that signs, a staged one, and old ones. */
export const SLOTS = [1, 2, 3, 4] as const

/** Python 3 without packages; it has to run before HAProxy starts, and then every minute. */
export const haproxyKeys = ({ issuer, keysFolder }: RecipeValues<'keysFolder'>): string =>
  `#!/usr/bin/env python3
"""Fetches the keys of rollcall for HAProxy. If they changed, runs the command of its arguments."""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.request

JWKS = ${quoted(`${issuer}/.well-known/jwks.json`)}
FOLDER = ${quoted(keysFolder)}
SLOTS = ${SLOTS.length}
POINT = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
RSA = bytes.fromhex("300d06092a864886f70d0101010500")


def der(tag, content):
    n = len(content)
    size = [n] if n < 128 else [0x81, n] if n < 256 else [0x82, n >> 8, n & 255]
    return bytes([tag, *size]) + content


def number(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def spki(key):
    """The key as SubjectPublicKeyInfo (RFC 5480, RFC 8017), or None for a type that HAProxy is not to use."""
    if key.get("kty") == "EC" and key.get("crv") == "P-256":
        return POINT + number(key["x"]) + number(key["y"])
    if key.get("kty") == "RSA":
        numbers = b"".join(der(2, b"\\0" + number(key[name])) for name in ("n", "e"))
        return der(0x30, RSA + der(3, b"\\0" + der(0x30, numbers)))
    return None


def pem(bits):
    lines = re.findall(".{1,64}", base64.b64encode(bits).decode())
    return "\\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def fetch_keys():
    with urllib.request.urlopen(JWKS, timeout=10) as answer:
        keys = json.loads(answer.read(65536))["keys"]
    found = [(key["kid"], key["kty"], spki(key)) for key in keys]
    found = [key for key in found if key[2] and re.fullmatch("[A-Za-z0-9_-]{1,64}", key[0])]
    if not 0 < len(found) <= SLOTS:
        sys.exit(f"{JWKS}: {len(found)} keys; expected 1 to {SLOTS}: the files stay as they are")
    return found


def wanted_files():
    keys = fetch_keys()
    alg = {"EC": "ES256", "RSA": "RS256"}
    lines = [f"{alg[kty]}.{kid} {at}\\n" for at, (kid, kty, _) in enumerate(keys, 1)]
    files = {"keys.map": "".join(lines)}
    for slot in range(1, SLOTS + 1):  # HAProxy does not start without a file; the map leads to no spare one
        files[f"{slot}.pem"] = pem(keys[min(slot, len(keys)) - 1][2])
    return files


def write_changed(files):
    changed = False
    for name, text in files.items():
        path = os.path.join(FOLDER, name)
        if os.path.exists(path):
            with open(path) as file:
                if file.read() == text:
                    continue
        with open(path + ".new", "w") as file:
            file.write(text)
        os.replace(path + ".new", path)
        changed = True
    return changed


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    if write_changed(wanted_files()) and len(sys.argv) > 1:
        subprocess.run(sys.argv[1:], check=True)
`

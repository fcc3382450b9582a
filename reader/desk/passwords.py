"""scrypt (RFC 7914) hashes of operators' passwords and staff codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Final

from reader.uplink.messages import StaffCode

_N: Final = 32_768
_R: Final = 8
_P: Final = 1
_BYTES: Final = 32
_MEMORY: Final = 128 * 1024 * 1024


def _scrypt(secret: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_BYTES)


def hash_secret(secret: str, random: Callable[[int], bytes] = os.urandom) -> str:
    """Return ``scrypt$n$r$p$salt$hash`` (base64) of a password."""
    salt = random(16)
    made = _scrypt(secret, salt, _N, _R, _P)
    return "$".join(["scrypt", str(_N), str(_R), str(_P), _text(salt), _text(made)])


def secret_matches(secret: str, stored: str) -> bool:
    """Return whether ``secret`` is the one behind ``stored``; constant time in the hash. False for a damaged hash."""
    try:
        name, n, r, p, salt, made = stored.split("$")
        if name != "scrypt":
            return False
        again = _scrypt(secret, base64.b64decode(salt), int(n), int(r), int(p))
        return hmac.compare_digest(again, base64.b64decode(made))
    except ValueError:
        return False


def staff_code(operator: str, stored: str) -> StaffCode:
    """Return a stored hash as it goes to the kiosks. Raises ValueError for a damaged hash."""
    _, n, r, p, salt, made = stored.split("$")
    return StaffCode(operator=operator, salt=salt, hash=made, n=int(n), r=int(r), p=int(p))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()

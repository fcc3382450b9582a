"""The simulator's private keys: published with it, worthless by design, the same in every process that simulates."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_ENTRY = re.compile(r"\[TEST KEY (?P<name>[a-z0-9-]+)\]\n(?P<pem>-----BEGIN.*?-----END [A-Z ]+-----\n)", re.DOTALL)


@cache
def _entries() -> dict[str, bytes]:
    text = files("hw_sim.card").joinpath("test_keys.txt").read_text("ascii")
    return {found["name"]: found["pem"].encode("ascii") for found in _ENTRY.finditer(text)}


@cache
def published_key(name: str) -> PrivateKey:
    """Return the key called ``name``. Raises KeyError with the names there are."""
    entries = _entries()
    if name not in entries:
        raise KeyError(f"no test key {name!r}; there are {', '.join(entries)}")
    key = load_pem_private_key(entries[name], None)
    if not isinstance(key, PrivateKey):
        raise TypeError(f"test key {name} is neither RSA nor EC")
    return key

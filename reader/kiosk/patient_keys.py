"""A random secret that only this kiosk holds, made at first use."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

KEY_BYTES = 32


class PatientKeys:
    """Names a returning patient to the desk without saying who: HMAC-SHA-256 of the certificate (RFC 2104)."""

    def __init__(self, file: Path) -> None:
        """Read the secret, or make it (mode 0600). Raises ValueError when the file is damaged."""
        try:
            self._key = file.read_bytes()
        except FileNotFoundError:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._key = secrets.token_bytes(KEY_BYTES)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(self._key)
                stream.flush()
                os.fsync(stream.fileno())
        if len(self._key) != KEY_BYTES:
            raise ValueError(f"{file} is damaged; delete it (remembered consents are then asked for anew)")

    def __repr__(self) -> str:
        return "PatientKeys(***)"

    def of(self, certificate_der: bytes) -> str:
        """Return 64 hexadecimal digits, the same for the same certificate on this kiosk only."""
        return hmac.new(self._key, certificate_der, hashlib.sha256).hexdigest()

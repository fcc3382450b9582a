"""Logins at the page: random tokens kept in memory, with a CSRF token each; a restart of the desk ends them."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

IDLE: Final = timedelta(hours=2)
LONGEST: Final = timedelta(hours=12)
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Login:
    """One operator at one browser."""

    operator: str
    csrf: str
    began: datetime
    used: datetime


class Logins:
    """Who is logged in. Tokens have 256 random bits; a login ends after 2 idle hours, and after 12 at the latest."""

    def __init__(self) -> None:
        self._logins: dict[str, Login] = {}

    def open(self, operator: str, now: datetime) -> str:
        """Return the token of a fresh login."""
        self._sweep(now)
        token = secrets.token_urlsafe(32)
        self._logins[token] = Login(operator, secrets.token_urlsafe(32), now, now)
        return token

    def find(self, token: str | None, now: datetime, *, touch: bool = True) -> Login | None:
        """Return the login behind a token, None when there is none or it has ended. touch: counts as use."""
        login = self._logins.get(token) if token else None
        if login is None or token is None:
            return None
        if now - login.used > IDLE or now - login.began > LONGEST:
            del self._logins[token]
            return None
        if touch:
            self._logins[token] = login = replace(login, used=now)
        return login

    def close(self, token: str | None) -> None:
        """End a login."""
        if token:
            self._logins.pop(token, None)

    def _sweep(self, now: datetime) -> None:
        for token in list(self._logins):
            self.find(token, now, touch=False)
        while len(self._logins) >= _MOST:
            del self._logins[next(iter(self._logins))]


def csrf_matches(login: Login, given: str | None) -> bool:
    """Return whether a form came from a page of this login."""
    return given is not None and hmac.compare_digest(login.csrf.encode(), given.encode())

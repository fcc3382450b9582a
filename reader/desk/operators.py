"""Operators: who may log in at the page, with what password, and their staff code at the kiosk.

``python -m reader.desk.operators DATABASE add NAME`` asks for the password; ``disable NAME``, ``list``.
"""

from __future__ import annotations

import argparse
import getpass
import sys
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from reader.desk.passwords import hash_secret, secret_matches, staff_code
from reader.desk.store import Store
from reader.uplink.messages import StaffCode
from reader.uplink.wall import utc_now

MIN_PASSWORD: Final = 10
CODE_DIGITS: Final = 6
TRIES: Final = 5
WINDOW: Final = timedelta(minutes=10)


@cache
def _decoy() -> str:
    """A hash to compare with when there is none, so that an unknown name takes as long as a known one."""
    return hash_secret("no operator has this password", bytes)


class OperatorError(ValueError):
    """The name, password or code cannot be used; the text says why and what would do."""


class Operators:
    """The operators of one desk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._failed: dict[str, list[datetime]] = {}

    def add(self, name: str, password: str, now: datetime) -> None:
        """Add an operator, or set a new password for one. Raises OperatorError."""
        clean = unicodedata.normalize("NFKC", name).strip()
        if not 1 <= len(clean) <= 32 or any(unicodedata.category(sign).startswith("C") for sign in clean):
            raise OperatorError("名前は1～32文字にしてください（制御文字は使えません）")
        if len(password) < MIN_PASSWORD:
            raise OperatorError(f"パスワードは{MIN_PASSWORD}文字以上にしてください")
        self._store.set_operator(clean, hash_secret(password), now)

    def check(self, name: str, password: str, now: datetime) -> bool:
        """Return whether this is an operator's password. After 5 failures in 10 minutes always False for a while.

        Takes as long for an unknown name as for a known one.
        """
        clean = unicodedata.normalize("NFKC", name).strip()[:64]
        if self.locked(clean, now):
            return False
        stored = self._store.operator_password(clean)
        good = secret_matches(password, stored or _decoy()) and stored is not None
        if good:
            self._failed.pop(clean, None)
        else:
            self._failed.setdefault(clean, []).append(now)
            if len(self._failed) > 1000:
                self._failed.pop(next(iter(self._failed)))
        return good

    def locked(self, name: str, now: datetime) -> bool:
        """Return whether this name has failed too often lately."""
        recent = [at for at in self._failed.get(name, []) if now - at < WINDOW]
        if name in self._failed:
            self._failed[name] = recent
        return len(recent) >= TRIES

    def set_code(self, name: str, code: str, now: datetime) -> None:
        """Set an operator's staff code (6 digits) for the kiosks. Raises OperatorError."""
        digits = unicodedata.normalize("NFKC", code).strip()
        if len(digits) != CODE_DIGITS or not digits.isascii() or not digits.isdigit():
            raise OperatorError(f"職員コードは数字{CODE_DIGITS}けたにしてください")
        if len(set(digits)) == 1 or digits in "0123456789" or digits in "9876543210":
            raise OperatorError("同じ数字だけ、または続き番号の職員コードは使えません")
        if not self._store.set_staff_code(name, hash_secret(digits), now):
            raise OperatorError("その職員は登録されていません")

    def codes(self) -> tuple[StaffCode, ...]:
        """Return every staff code as it goes to the kiosks."""
        return tuple(staff_code(name, stored) for name, stored in self._store.staff_codes())


def main(arguments: Sequence[str] | None = None, ask: Callable[[str], str] = getpass.getpass) -> int:
    """Run the command. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reader.desk.operators", description=__doc__.splitlines()[0])
    parser.add_argument("database", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("add", "disable"):
        commands.add_parser(command).add_argument("name")
    commands.add_parser("list")
    chosen = parser.parse_args(arguments)
    store, now = Store(chosen.database), utc_now()
    try:
        if chosen.command == "add":
            Operators(store).add(chosen.name, ask(f"{chosen.name} のパスワード: "), now)
        elif chosen.command == "disable" and not store.disable_operator(chosen.name, now):
            raise OperatorError("その職員は登録されていません")
        sys.stdout.write("".join(f"{name}\n" for name in store.operators()))
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

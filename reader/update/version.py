"""Versions of images and bundles: what may follow what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_FORM = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:\+(\d{1,14}))?")


class BadVersion(ValueError):
    """Not a version of ours."""


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """kaopi's version (Semantic Versioning's three numbers) and the build: a date, 0 where none is given."""

    major: int
    minor: int
    patch: int
    build: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "0.1.0" or "0.1.0+20261122". Raises BadVersion."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise BadVersion(f"{text[:40]!r} is no version: it looks like 1.2.3 or 1.2.3+20261122")
        return cls(*(int(part or 0) for part in found.groups()))

    def __str__(self) -> str:
        build = f"+{self.build}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{build}"

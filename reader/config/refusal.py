"""A refusal on its way from set-up (root) to the screen (the kiosk's own user): places and reasons, no secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from reader.config.load import Problem
from reader.durable import write

#: In memory only: the next boot judges anew.
REFUSAL_FILE = Path("/run/kaopi-setup/refused.json")


def refuse(problems: Sequence[Problem], file: Path = REFUSAL_FILE) -> None:
    """Leave the problems where the kiosk finds them, readable by everybody."""
    text = json.dumps([asdict(problem) for problem in problems], ensure_ascii=False)
    write(file, text.encode(), 0o644)  # the screen looks every second, and must never find half a file


def refused(file: Path = REFUSAL_FILE) -> list[Problem]:
    """Return why set-up was refused; empty when it was not."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Problem(**row) for row in rows]

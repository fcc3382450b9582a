"""What every maker of a generated page does in the end: write it, or with ``--check`` compare it."""

from __future__ import annotations

from pathlib import Path


def write_or_check(page: Path, text: str, arguments: list[str]) -> int:
    """Write ``text`` to ``page``, or compare them; return 1 when they differ."""
    if "--check" in arguments:
        if not page.exists() or page.read_text("utf-8") != text:
            print(f"docs/{page.name} is not what its source says: run `make docs`")  # noqa: T201 - this is a command
            return 1
        return 0
    page.write_text(text, "utf-8")
    return 0

"""Plain text tables."""

from __future__ import annotations

from collections.abc import Sequence


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> str:
    """Return a Markdown table with aligned columns."""
    lines = [list(heading), ["-" * len(cell) for cell in heading], *[list(row) for row in rows]]
    widths = [max(len(line[k]) for line in lines) for k in range(len(heading))]
    text = "\n".join(
        "| "
        + " | ".join(cell.ljust(width, "-" if n == 1 else " ") for cell, width in zip(line, widths, strict=True))
        + " |"
        for n, line in enumerate(lines)
    )
    return f"{title}\n\n{text}\n" if title else f"{text}\n"

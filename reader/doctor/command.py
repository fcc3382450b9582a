"""``kaopi doctor`` as a function: what the command line calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from reader.doctor import report
from reader.doctor.checks import examine, run


def doctor(
    site: Path | None = None,
    *,
    quick: bool = False,
    as_json: bool = False,
    language: Literal["ja", "en"] = "ja",
    only: Sequence[str] = (),
    write: Callable[[str], object],
) -> int:
    """Run the checks and ``write`` each as it is found. Returns the exit code: 0 fit for patients, 1 not."""
    found: list[report.Found] = []
    for item in run(examine(site), quick=quick, only=only):
        found.append(item)
        if not as_json:
            write(report.line(*item, language=language))
    if as_json:
        write(report.as_json(found))
    return report.exit_code(found)

"""``kaopi doctor`` as a function: what the command line calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from reader.doctor import paper, report
from reader.doctor.checks import CHECKS, examine, run
from reader.doctor.page import html
from reader.doctor.witness import Witness
from reader.doctor.witness import checks as witnessed


def doctor(
    site: Path | None = None,
    *,
    quick: bool = False,
    as_json: bool = False,
    language: Literal["ja", "en"] = "ja",
    only: Sequence[str] = (),
    witness: Witness | None = None,
    page: Path | None = None,
    write: Callable[[str], object],
) -> int:
    """Run the checks and ``write`` each as it is found. Returns the exit code: 0 fit for patients, 1 not.

    witness: somebody at the kiosk, who is asked after the rest; None asks nobody. page: where to save the bring-up
    report as A4 to sign and file where its name ends in .pdf, else as HTML.
    """
    patient = examine(site)
    checks = CHECKS if witness is None or quick else CHECKS + witnessed(witness)
    found: list[report.Found] = []
    for item in run(patient, checks, quick=quick, only=only):
        found.append(item)
        if not as_json:
            write(report.line(*item, language=language))
    if as_json:
        write(report.as_json(found))
    if page is not None:
        now = datetime.now().astimezone()
        if page.suffix.lower() == ".pdf":
            paper.save(found, patient.config, now, page)
        else:
            page.write_text(html(found, patient.config, now), encoding="utf-8")
    return report.exit_code(found)

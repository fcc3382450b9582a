"""Shows findings: lines for a terminal, JSON for the desk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal

from reader.doctor.finding import Check, Finding, Outcome

Found = tuple[Check, Finding]

_MARKS = {Outcome.OK: "✔", Outcome.WARN: "!", Outcome.FAIL: "✘", Outcome.SKIPPED: "-"}


def line(check: Check, finding: Finding, language: Literal["ja", "en"] = "ja") -> str:
    """Return one finding as text; the remedy stands on a line of its own."""
    text = f"{_MARKS[finding.outcome]} {getattr(check.title, language)}"
    if finding.detail:
        text += f": {finding.detail}"
    if finding.remedy is not None:
        text += f"\n    → {getattr(finding.remedy, language)}"
    return text


def worst(found: Iterable[Found]) -> Outcome:
    """Return the worst outcome: fail, warn, or ok."""
    outcomes = {finding.outcome for _, finding in found}
    return next((bad for bad in (Outcome.FAIL, Outcome.WARN) if bad in outcomes), Outcome.OK)


def exit_code(found: Iterable[Found]) -> int:
    """Return 1 when anything failed, else 0: a warning does not stop a patient."""
    return 1 if worst(found) is Outcome.FAIL else 0


def as_json(found: Iterable[Found]) -> str:
    """Return the findings as JSON: no name of a person, no address beyond the broker's."""
    found = list(found)
    return json.dumps(
        {
            "schema": "1",
            "outcome": worst(found).value,
            "checks": [
                {
                    "id": check.id,
                    "title": {"ja": check.title.ja, "en": check.title.en},
                    "how": check.how.value,
                    "outcome": finding.outcome.value,
                    "detail": finding.detail,
                    "remedy": None if finding.remedy is None else {"ja": finding.remedy.ja, "en": finding.remedy.en},
                }
                for check, finding in found
            ],
        },
        ensure_ascii=False,
        indent=2,
    )

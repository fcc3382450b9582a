"""What the doctor says in the kiosk's staff corner: its findings as the session's words, in Japanese."""

from __future__ import annotations

from typing import Final

from reader.doctor.checks import while_serving
from reader.doctor.finding import Finding, Outcome, Patient
from reader.session.vocabulary import CheckedPart, Condition

_CONDITIONS: Final = {
    Outcome.OK: Condition.OK,
    Outcome.WARN: Condition.ATTENTION,
    Outcome.FAIL: Condition.FAULT,
    Outcome.SKIPPED: Condition.SKIPPED,
}


def inspect(patient: Patient) -> tuple[CheckedPart, ...]:
    """Run what needs no device and no secret, from within the kiosk's own process. Takes a second or two."""
    found = while_serving(patient)
    return tuple(
        CheckedPart(check.id, check.title.ja, _CONDITIONS[finding.outcome], _remedy(finding))
        for check, finding in found
    )


def _remedy(finding: Finding) -> str:
    return finding.remedy.ja if finding.remedy is not None else ""

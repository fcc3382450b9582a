"""The failure table: one row per failure, help for staff, and a page that is never older than the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from reader.session.failures import TRAITS, Failure
from reader.text import failures_doc
from reader.text.failures import FALLBACKS, load_failures

TABLE = load_failures()


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_tells_patient_and_staff_what_to_do(failure: Failure) -> None:
    text = TABLE[failure]
    assert text.headline
    assert text.body
    assert text.say.endswith("。")
    assert text.staff.endswith("。")
    assert text.remedy


# Three tries are over when FACE_NOT_SEEN is shown: only the reception is left.
TRY_AGAIN = [f for f in Failure if TRAITS[f].retry and not TRAITS[f].staff and f is not Failure.FACE_NOT_SEEN]


@pytest.mark.parametrize("failure", TRY_AGAIN)
def test_who_may_try_again_is_not_sent_away(failure: Failure) -> None:
    assert "受付" not in TABLE[failure].headline


def test_the_ministrys_fallbacks_come_in_its_order() -> None:
    order = ("予備", "資格情報画面", "資格確認書", "システム障害時モード", "申立書")
    assert len(FALLBACKS) == len(order)
    assert all(word in way for word, way in zip(order, FALLBACKS, strict=True))


def test_the_page_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "failures.md"
    assert page.read_text(encoding="utf-8") == failures_doc.render(), "run python -m reader.text.failures_doc"


def test_check_fails_on_an_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "failures.md"
    page.write_text("old", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["failures_doc", "--check", "--page", str(page)])
    assert failures_doc.main() == 1
    monkeypatch.setattr("sys.argv", ["failures_doc", "--page", str(page)])
    assert failures_doc.main() == 0
    monkeypatch.setattr("sys.argv", ["failures_doc", "--check", "--page", str(page)])
    assert failures_doc.main() == 0

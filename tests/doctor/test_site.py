"""The ministry's check sheet: restart, updates, cables, line; and the page that is filed."""

from __future__ import annotations

import os
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.config.schema import KaopiConfig
from reader.doctor import site
from reader.doctor.command import doctor
from reader.doctor.finding import Check, How, Outcome, Patient, Words, fail, good
from reader.doctor.page import html
from reader.doctor.paper import save, wrapped

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def patient(root: Path, **uplink: object) -> Patient:
    return Patient(KaopiConfig.model_validate({"uplink": uplink}), root=root, now=lambda: NOW)


def put(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(("days", "outcome"), [(1, Outcome.OK), (30, Outcome.WARN)])
def test_a_kiosk_that_was_never_restarted_is_told_so(tmp_path: Path, days: int, outcome: Outcome) -> None:
    put(tmp_path, "proc/uptime", f"{days * 86400}.5 100.0\n")
    assert site.restarted(patient(tmp_path)).outcome is outcome


@pytest.mark.parametrize(("days", "outcome"), [(3, Outcome.OK), (90, Outcome.WARN)])
def test_missed_updates_are_noticed(tmp_path: Path, days: int, outcome: Outcome) -> None:
    stamp = put(tmp_path, "var/lib/apt/periodic/update-success-stamp", "")
    then = NOW.timestamp() - days * 86400
    os.utime(stamp, (then, then))
    assert site.updates(patient(tmp_path)).outcome is outcome


@pytest.mark.parametrize(("carrier", "outcome"), [("1", Outcome.OK), ("0", Outcome.WARN)])
def test_a_loose_cable_is_named(tmp_path: Path, carrier: str, outcome: Outcome) -> None:
    put(tmp_path, "sys/class/net/eth0/carrier", carrier + "\n")
    (tmp_path / "sys/class/net/eth0/device").mkdir()
    found = site.cables(patient(tmp_path))
    assert found.outcome is outcome
    assert "eth0" in found.detail


def test_virtual_network_cards_are_no_cables(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/net/lo/carrier", "1\n")
    assert site.cables(patient(tmp_path)).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(("wait_s", "outcome"), [(0.002, Outcome.OK), (0.4, Outcome.WARN)])
def test_a_shared_line_is_noticed_by_its_delay(tmp_path: Path, wait_s: float, outcome: Outcome) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def serve() -> None:
            server.settimeout(0.05)
            while not stop.is_set():
                try:
                    server.accept()[0].close()
                except TimeoutError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        ticks = iter(index * wait_s for index in range(100))
        try:
            found = site.line(patient(tmp_path, host="127.0.0.1", port=server.getsockname()[1]), lambda: next(ticks))
        finally:
            stop.set()
            thread.join()
    assert found.outcome is outcome


def test_a_dead_line_is_a_failure(tmp_path: Path) -> None:
    assert site.line(patient(tmp_path, host="127.0.0.1", port=9)).outcome is Outcome.FAIL


def test_the_report_is_one_page_that_fetches_nothing_and_escapes_everything() -> None:
    check = Check("x", Words("電源 <b>", "power"), How.PROBED, lambda _: good())
    finding = fail("<script>alert(1)</script>", Words("電源を入れ直してください。", "Switch it off and on."))
    config = KaopiConfig.model_validate({"site": {"clinic_name": "みなと内科 <&>"}})
    page = html([(check, finding), (check, good())], config, NOW)
    assert "<script>" not in page
    assert "http" not in page
    assert "みなと内科 &lt;&amp;&gt;" in page
    assert "電源を入れ直してください。" in page
    assert "不良" in page


def test_the_doctor_saves_the_report(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    doctor(only=["python"], page=page, write=lambda text: None)
    assert "Python" in page.read_text(encoding="utf-8")


def test_the_report_on_paper_is_a_pdf_of_as_many_sheets_as_it_needs(tmp_path: Path) -> None:
    check = Check("x", Words("電源", "power"), How.PROBED, lambda _: good())
    finding = fail("under-voltage", Words("純正の電源に交換してください。", "Use the official supply."))
    config = KaopiConfig.model_validate({"site": {"clinic_name": "髙橋眼科"}})
    sizes = []
    for rows in (3, 60):
        target = tmp_path / f"{rows}.pdf"
        save([(check, finding)] * rows, config, NOW, target)
        written = target.read_bytes()
        assert written.startswith(b"%PDF-")
        assert b"/MediaBox [ 0 0 595" in written, "A4"
        sizes.append(written.count(b"/Type /Page\n"))
    assert sizes[0] == 1 < sizes[1]


def test_the_doctor_saves_a_pdf_where_the_name_says_so(tmp_path: Path) -> None:
    page = tmp_path / "report.PDF"
    doctor(only=["python"], page=page, write=lambda text: None)
    assert page.read_bytes().startswith(b"%PDF-")


@given(
    st.text(alphabet="電源（）、。「」ab /", max_size=60), st.floats(min_value=12.0, max_value=100.0, allow_nan=False)
)
def test_lines_on_paper_fit_and_lose_nothing(text: str, width_mm: float) -> None:
    lines = wrapped(text, width_mm)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_clause_never_ends_on_the_next_line() -> None:
    sentence = "ネットワークと時刻サーバーの設定を確認してください。"
    for width_mm in range(20, 100):
        assert all(line[0] not in "。、" for line in wrapped(sentence, float(width_mm)))

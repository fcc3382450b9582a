"""The reception page in a real Chromium, over a real mosquitto, with the real session behind the kiosk.

Needs chromium, chromium-driver, mosquitto and npm; without them these tests fail, they do not skip.
Screenshots are left in out/desk/ to be looked at.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hw_sim.broker.embedded import free_port
from hw_sim.broker.mosquitto import Mosquitto
from hw_sim.clinic.morning import fill, raise_alert
from hw_sim.clinic.results import SITE, accepted_by_face

from reader.desk.run import Parts, run_desk
from reader.desk.settings import DeskSettings
from reader.session.core import step
from reader.session.events import Tick
from reader.session.failures import Failure
from reader.session.state import Session
from reader.session.vocabulary import Step
from reader.uplink.bridge import KioskBridge, Order, StateReport, kiosk_bridge
from reader.uplink.messages import state_from
from reader.uplink.orders import Orders
from reader.uplink.outbox import Outbox
from reader.uplink.run import run_uplink
from reader.uplink.settings import UplinkSettings
from reader.uplink.topics import Channel, Topic
from tests.desk.axe import axe_source
from tests.desk.webdriver import Browser, until

pytestmark = pytest.mark.timeout(180)

NAME, PASSWORD = "受付係", "correct horse battery"
OUT = Path(__file__).parents[2] / "out" / "desk"
LATE_MORNING = datetime(2026, 5, 13, 2, tzinfo=UTC)  # 11 o'clock in Japan: twelve patients were here today
TAB, ENTER = "\ue004", "\ue007"
_STARTED = time.monotonic()


def wall() -> datetime:
    """The time everything here goes by: at midnight the morning's patients would not be of today."""
    return LATE_MORNING + timedelta(seconds=time.monotonic() - _STARTED)


class Kiosk:
    """A kiosk without devices: the real session, bridge and uplink; ``forward`` moves its clock."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        folder.mkdir()
        settings = UplinkSettings(SITE, "kiosk-3", folder / "outbox.db", folder, broker.settings(), retry_s=1.0)
        self.outbox = Outbox(settings.outbox)
        self.bridge: KioskBridge = kiosk_bridge(folder)
        self.session = Session(step=Step.IDLE)
        self._orders, self._skipped, self._lock = Orders(), 0.0, threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=run_uplink, args=(settings,), kwargs={"stop": self._stop}),
            threading.Thread(target=self._live),
        ]
        for thread in self._threads:
            thread.start()

    def forward(self, seconds: float) -> None:
        with self._lock:
            self._skipped += seconds

    def patient(self) -> None:
        message = accepted_by_face(wall(), site=SITE, kiosk="kiosk-3")
        self.outbox.put(message.result_id, message.encode())

    def _live(self) -> None:
        told = None
        while not self._stop.wait(0.03):
            now_wall = wall()
            with self._lock:
                at = time.monotonic() + self._skipped
            self.session, _ = step(self.session, Tick(at))
            for note in self.bridge.poll():
                if isinstance(note, Order):
                    event = self._orders.event(note.command, at=at, wall=now_wall, clock_synced=True)
                    if event is not None:
                        self.session, _ = step(self.session, event)
            now = (self.session.step, self.session.visual)
            if now != told and self.bridge.send(
                StateReport(state=state_from(self.session, site=SITE, kiosk="kiosk-3", now=now_wall))
            ):
                told = now

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
        self.bridge.close()
        self.outbox.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    OUT.mkdir(parents=True, exist_ok=True)
    with Browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


class Reception:
    """A running desk and its page in the browser, an operator logged in."""

    def __init__(self, folder: Path, broker: Mosquitto, browser: Browser) -> None:
        self.browser, self._port = browser, free_port()
        self._stop, ready, parts = threading.Event(), threading.Event(), list[Parts]()

        def on_ready(found: Parts) -> None:
            parts.append(found)
            ready.set()

        settings = DeskSettings(
            SITE,
            folder / "desk.db",
            broker.settings(),
            web_port=self._port,
            clinic="みほん内科",
            folder=folder / "results",
        )
        self._thread = threading.Thread(
            target=run_desk, args=(settings,), kwargs={"stop": self._stop, "on_ready": on_ready, "wall": wall}
        )
        self._thread.start()
        assert ready.wait(20)
        self.parts = parts[0]
        self.parts.operators.add(NAME, PASSWORD, wall())
        fill(self.parts.service, wall() - timedelta(seconds=1), patients=12)
        browser.size(1360, 1000)
        browser.open(f"http://127.0.0.1:{self._port}/")
        browser.write("#name", NAME)
        browser.write("#password", PASSWORD)
        browser.click("button.primary")
        until(lambda: "つながっています" in browser.text("#link"), "the page listens to events")

    def close(self) -> None:
        self.browser.open("about:blank")
        self._stop.set()
        self._thread.join(15)
        assert not self._thread.is_alive()


@pytest.fixture
def reception(tmp_path: Path, broker: Mosquitto, browser: Browser) -> Iterator[Reception]:
    running = Reception(tmp_path / "desk", broker, browser)
    yield running
    running.close()


@pytest.fixture
def kiosk(tmp_path: Path, broker: Mosquitto) -> Iterator[Kiosk]:
    running = Kiosk(tmp_path / "kiosk", broker)
    yield running
    running.close()


def test_a_patient_appears_and_a_visual_check_goes_there_and_back(reception: Reception, kiosk: Kiosk) -> None:
    page = reception.browser
    until(lambda: "使えます" in page.text("#kiosk-kiosk-3"), "the kiosk appears by itself")
    before = page.text("#part-patients h2")
    kiosk.patient()
    until(lambda: page.text("#part-patients h2") != before, "the patient appears without reloading")
    assert "13人" in page.text("#part-patients h2")
    assert "顔" in page.text("#part-patients tbody tr")
    assert "患者さんです" in page.text("#said")
    until(lambda: kiosk.outbox.depth() == 0, "the result has left the outbox")

    page.click("#start-kiosk-3")
    until(lambda: "つぎの一人だけ" in page.text("#kiosk-kiosk-3"), "the kiosk has changed and says so")
    assert kiosk.session.visual is not None
    assert kiosk.session.visual.operator == NAME
    assert f"{NAME} さん、残り " in page.text("#kiosk-kiosk-3")
    page.screenshot(OUT / "visual-check.png")

    kiosk.forward(181)
    until(lambda: "目視確認を始める" in page.text("#kiosk-kiosk-3"), "the kiosk is back by itself")
    assert kiosk.session.visual is None


def test_a_visual_check_can_be_stopped_from_the_page(reception: Reception, kiosk: Kiosk) -> None:
    page = reception.browser
    until(lambda: "使えます" in page.text("#kiosk-kiosk-3"), "the kiosk appears")
    page.click("#start-kiosk-3")
    until(lambda: "つぎの一人だけ" in page.text("#kiosk-kiosk-3"), "the kiosk has changed")
    page.click("#stop-kiosk-3")
    until(lambda: "目視確認を始める" in page.text("#kiosk-kiosk-3"), "the kiosk has changed back")
    assert kiosk.session.visual is None


def test_an_alert_comes_with_its_remedy_and_a_sound_and_goes_when_seen_to(reception: Reception) -> None:
    page = reception.browser
    page.click("#sound")
    until(lambda: "入" in page.text("#sound"), "the sound is on")
    beeps = int(page.run("return Number(document.body.dataset.beeps ?? 0)"))
    raise_alert(reception.parts.service, "kiosk-1", Failure.PIN_LOCKED, wall())
    until(lambda: "K302" in page.text("#part-alerts"), "the alert appears")
    until(lambda: int(page.run("return Number(document.body.dataset.beeps ?? 0)")) == beeps + 1, "one sound")
    assert page.run("return document.querySelectorAll('.alert ol li').length") > 0
    page.screenshot(OUT / "alert.png")
    for left in (1, 0):
        page.click(".alert form button")
        gone = f"return document.querySelectorAll('.alert').length === {left}"
        until(partial(page.run, gone), "the alert goes")
    assert reception.parts.store.open_alerts() == []


def test_everything_can_be_done_by_keyboard_and_focus_is_never_lost(reception: Reception, kiosk: Kiosk) -> None:
    page = reception.browser
    until(lambda: "使えます" in page.text("#kiosk-kiosk-3"), "the kiosk appears")
    page.run("document.activeElement?.blur(); window.scrollTo(0, 0)")
    reached: list[str] = []
    for _ in range(60):
        page.key(TAB)
        focus = page.run("return document.activeElement.id || document.activeElement.textContent.trim().slice(0, 12)")
        if focus in reached:
            break
        reached.append(focus)
    for wanted in ("sound", "職員コード", "ログアウト", "reason-kiosk-3", "start-kiosk-3", "今日の記録をCSVで保存"):
        assert wanted in reached
    page.run("document.getElementById('start-kiosk-3').focus()")
    page.key(ENTER)
    until(lambda: "つぎの一人だけ" in page.text("#kiosk-kiosk-3"), "the kiosk has changed")
    kiosk.patient()
    until(lambda: "13人" in page.text("#part-patients h2"), "the page has changed around the focus")
    assert page.run("return document.getElementById('kiosk-kiosk-3').contains(document.activeElement)")
    outline = page.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_a_choice_being_made_survives_a_change_of_the_page(reception: Reception) -> None:
    page = reception.browser
    page.run("const s = document.getElementById('reason-kiosk-1'); s.value = 'unwell'; s.focus()")
    message = accepted_by_face(wall(), site=SITE, kiosk="kiosk-1")
    reception.parts.service.handle(str(Topic(SITE, "kiosk-1", Channel.RESULT)), message.encode(), wall())
    until(lambda: "13人" in page.text("#part-patients h2"), "the page has changed")
    assert page.run("return document.getElementById('reason-kiosk-1').value") == "unwell"
    assert page.run("return document.activeElement.id") == "reason-kiosk-1"


def test_a_patients_answers_are_forgotten_by_two_taps_and_the_focus_stays_there(reception: Reception) -> None:
    page = reception.browser
    page.click("#part-patients details summary")
    row = str(page.run("return document.querySelector('#part-patients details').id"))
    until(lambda: "同意の記憶を消す" in page.text(f"#{row}"), "what is kept about the patient is shown")
    page.screenshot(OUT / "next-time.png")
    page.click(f"#{row} form button")
    until(lambda: "同意をはじめからうかがいます" in page.text(f"#{row}"), "the answers are gone, the row still open")
    assert page.run("return document.activeElement.closest('main') !== null"), "the focus is not lost"
    page.click(f"#{row} form button")
    until(lambda: "利用登録が済んだ" in page.text(f"#{row}"), "the registration is noted")
    page.screenshot(OUT / "next-time-noted.png")


def test_a_stopped_desk_is_seen_on_the_page_at_once(reception: Reception) -> None:
    page = reception.browser
    reception._stop.set()
    until(lambda: "つながっていません" in page.text("#link"), "the page says that it is alone")
    page.screenshot(OUT / "desk-away.png")


def test_the_pages_hold_wcag_2_2_aa(reception: Reception) -> None:
    page = reception.browser
    for path in ("/", "/code", "/nothing", "/login"):
        if path == "/login":
            page.open(f"http://127.0.0.1:{reception._port}/")
            page.click("header form button")
            until(lambda: page.run("return location.pathname") == "/login", "logged out")
        else:
            page.open(f"http://127.0.0.1:{reception._port}{path}")
        for width in (1360, 700, 360):
            page.size(width, 1000)
            page.screenshot(OUT / f"{path.strip('/') or 'page'}-{width}.png")
            holds_wcag(page)
    page.size(1360, 1000)


def holds_wcag(page: Browser) -> None:
    page.run(axe_source() + "; window.axe = axe")
    found = page.run_async(
        "const done = arguments[arguments.length - 1];"
        "window.axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then(r => done({passes: r.passes.length, bad: r.violations.map("
        "v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | '))}))"
        ".catch(e => done({passes: 0, bad: [String(e)]}))"
    )
    assert found["bad"] == []
    assert found["passes"] > 8
    overflow = page.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, "the page scrolls sideways"


def test_the_page_asks_no_other_host_and_breaks_none_of_its_own_rules(reception: Reception) -> None:
    page = reception.browser
    page.run("window.broken = []; addEventListener('securitypolicyviolation', e => window.broken.push(e.blockedURI))")
    page.click("#sound")
    until(lambda: page.run("return performance.getEntriesByType('resource').length") >= 3, "everything is loaded")
    hosts = page.run("return performance.getEntriesByType('resource').map(e => new URL(e.name).host)")
    assert set(hosts) == {f"127.0.0.1:{reception._port}"}
    assert page.run("return window.broken") == []

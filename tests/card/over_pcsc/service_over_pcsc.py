"""The slot under supervision: pcscd restarted or killed, readers gone, two readers, exclusive use, nothing leaked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hw_sim.card.authority import simulator_trust
from hw_sim.card.content import PIN
from hw_sim.card.personas import persona
from hw_sim.card.vpcd import VpcdControl
from hw_sim.pcsc import READERS, PcscDaemon

from reader.card.connection import CardConnectionError, CardGone
from reader.card.photo_child import ChildProcessDecoder
from reader.card.profile import MY_NUMBER_CARD
from reader.card.visit import CardVisit
from reader.devices.card_pcsc import PcscReader, PcscStopped, open_card_reader
from reader.devices.ports import DeviceGone
from reader.vault import Vault

BACK_TO_START_S = 5.0


@pytest.fixture(autouse=True)
def _emptied(desk: Any) -> Iterator[None]:
    yield
    desk.clear()


def visit(desk: Any, decoder: ChildProcessDecoder, today: Any) -> CardVisit:
    return CardVisit(desk.reader.connect(), MY_NUMBER_CARD, simulator_trust(), Vault(), today, decoder)


def wait_until_gone(reader: PcscReader) -> DeviceGone:
    deadline = time.monotonic() + BACK_TO_START_S
    while time.monotonic() < deadline:
        try:
            reader.poll(0.2)
        except DeviceGone as error:
            return error
    raise AssertionError("the reader never noticed")


def wait_until_back(reader: PcscReader) -> None:
    deadline = time.monotonic() + BACK_TO_START_S
    while time.monotonic() < deadline:
        try:
            reader.poll(0.2)
        except DeviceGone:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the reader never came back")


@pytest.mark.parametrize("kill", [True, False], ids=["crashed", "stopped"])
def test_a_service_that_goes_and_comes_back_is_found_again(
    kill: bool, desk: Any, daemon: PcscDaemon, decoder: ChildProcessDecoder, today: Any
) -> None:
    desk.insert(persona("normal", today))
    reading = visit(desk, decoder, today)
    reading.identify()
    daemon.stop(kill=kill)
    with pytest.raises(CardGone):
        reading.identify()
    reading.close()
    assert desk.wait(inserted=False, seconds=BACK_TO_START_S) is not None
    assert isinstance(wait_until_gone(desk.reader), PcscStopped)
    daemon.start()
    for slot in desk.slots:
        slot.remove()
    wait_until_back(desk.reader)
    desk.insert(persona("normal", today))
    again = visit(desk, decoder, today)
    assert again.identify().pin_tries == 3
    again.close()


def test_a_reader_that_is_not_there_is_reported_and_found_when_it_comes(
    desk: Any, daemon: PcscDaemon, decoder: ChildProcessDecoder, today: Any
) -> None:
    daemon.stop()
    daemon.start(readers=False)
    deadline = time.monotonic() + BACK_TO_START_S
    while isinstance(gone := wait_until_gone(desk.reader), PcscStopped):
        assert time.monotonic() < deadline
    assert "no card reader" in str(gone)
    daemon.restart()
    wait_until_back(desk.reader)
    desk.insert(persona("normal", today))
    reading = visit(desk, decoder, today)
    assert reading.identify().pin_tries == 3
    reading.close()


def test_two_readers_report_their_cards_and_the_last_one_is_served(
    desk: Any, decoder: ChildProcessDecoder, today: Any
) -> None:
    first, second = desk.slots
    first.insert(persona("normal", today))
    one = desk.wait(inserted=True)
    second.insert(persona("blank_card", today))
    two = desk.wait(inserted=True)
    assert {one.reader, two.reader} == set(READERS)
    second.remove()
    assert desk.wait(inserted=False).reader == READERS[1]
    reading = visit(desk, decoder, today)
    assert reading.identify().pin_tries == 3
    reading.close()


def test_a_reader_may_be_chosen_by_name(desk: Any, today: Any) -> None:
    only = open_card_reader({"only": "00 01"})
    try:
        desk.slots[0].insert(persona("normal", today))
        assert only.poll(1.0) is None
        desk.slots[1].insert(persona("normal", today))
        change = only.poll(3.0)
        assert change is not None
        assert change.reader == READERS[1]
    finally:
        only.close()


def test_nobody_else_can_use_a_card_while_a_patient_is_served(desk: Any, today: Any) -> None:
    desk.insert(persona("normal", today))
    other = PcscReader()
    assert other.poll(3.0) is not None
    held = desk.reader.connect()
    try:
        with pytest.raises(CardConnectionError, match="another program"):
            other.connect()
    finally:
        held.close()
    other.connect().close()
    other.close()


def test_a_verified_pin_does_not_outlive_its_patient(desk: Any, decoder: ChildProcessDecoder, today: Any) -> None:
    desk.insert(persona("normal", today))
    reading = visit(desk, decoder, today)
    reading.verify_pin(bytearray(PIN.encode()))
    reading.close()
    again = visit(desk, decoder, today)
    with pytest.raises(Exception, match="6982"):
        again.sign(b"nonce")
    again.close()


def test_reading_is_not_held_up_by_the_thread_that_watches_the_slot(
    desk: Any, decoder: ChildProcessDecoder, today: Any
) -> None:
    card = persona("normal", today)
    desk.insert(card)
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            desk.reader.poll(1.0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        reading = visit(desk, decoder, today)
        started = time.monotonic()
        reading.identify()
        reading.open_card_face(bytearray(card.card.number_b or b""))
        assert time.monotonic() - started < 1.0
        reading.close()
    finally:
        stop.set()
        watcher.join()


def test_a_card_process_of_its_own_is_told_by_socket_what_to_do(
    desk: Any, decoder: ChildProcessDecoder, today: Any, tmp_path: Path
) -> None:
    import subprocess
    import sys

    path = tmp_path / "card.sock"
    process = subprocess.Popen([sys.executable, "-m", "hw_sim.card.vpcd", "--control", str(path)])
    try:
        deadline = time.monotonic() + 10
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        control = VpcdControl(str(path))
        control.insert("over40", today)
        assert desk.wait(inserted=True) is not None
        number = control.number_b()
        assert number is not None
        reading = visit(desk, decoder, today)
        assert reading.open_card_face(bytearray(number)).age == 52
        reading.close()
        assert control.status()["card"] == "over40"
        control.remove()
        assert desk.wait(inserted=False) is not None
        with pytest.raises(RuntimeError, match="no card called"):
            control.insert("nobody", today)
        control.quit()
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


def test_twenty_patients_leave_no_thread_and_no_handle(desk: Any, decoder: ChildProcessDecoder, today: Any) -> None:
    def serve(name: str) -> None:
        card = persona(name, today)
        slot = desk.insert(card)
        reading = visit(desk, decoder, today)
        try:
            reading.identify()
            reading.open_card_face(bytearray(card.card.number_b or bytes(14)))
        except Exception:
            assert name == "mute"
        reading.close()
        slot.remove()
        assert desk.wait(inserted=False) is not None

    def handles() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    serve("normal")
    serve("mute")
    before = handles()
    for patient in range(20):
        serve("mute" if patient % 5 == 4 else "normal")
    assert handles() <= before

"""The parts of the image test that need no machine: its set-up file, which photographs are cut, how a card goes in."""

from __future__ import annotations

import datetime
import itertools
import shutil
from pathlib import Path

import pytest
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.personas import persona
from hw_sim.image import bundles, clinic
from hw_sim.image.cuts import FAILING, INSTALLING, PROBE, spread
from hw_sim.image.machine import CREDENTIALS, Machine, MachineFailed
from hw_sim.image.remote_reader import obey, open_card_reader
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.provision.schema import load_setup


def test_the_set_up_file_it_brings_is_accepted_and_says_that_it_is_no_production(tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is missing: apt install openssh-client")
    own = clinic.certificates(tmp_path / "tls")
    file = clinic.setup_file(tmp_path, own, 8883, clinic.ssh_key(tmp_path), 20.0)
    setup = load_setup(file, None)
    assert not setup.config.site.production
    assert setup.config.session.slow_machine == 20.0
    assert len(setup.besides.ssh.authorized_keys) == 1


@pytest.mark.parametrize("credentials", [clinic.CREDENTIALS, INSTALLING, PROBE, FAILING])
def test_credentials_have_names_that_qemu_takes(credentials: dict[str, str]) -> None:
    assert all(len(CREDENTIALS + name) <= 55 for name in credentials)


@settings(deadline=None)
@given(have=st.integers(2, 200), want=st.integers(2, 40))
def test_cuts_are_spread_from_the_first_photograph_to_the_last(have: int, want: int) -> None:
    photos = [Path(str(number)) for number in range(have)]
    if have < want:
        with pytest.raises(ValueError, match="only"):
            spread(photos, want)
        return
    chosen = spread(photos, want)
    assert (len(set(chosen)), chosen[0], chosen[-1]) == (want, photos[0], photos[-1])
    steps = [int(b.name) - int(a.name) for a, b in itertools.pairwise(chosen)]
    assert max(steps) - min(steps) <= 1


def test_the_slot_obeys_and_shrugs_off_nonsense() -> None:
    reader = InProcessReader()
    obey(reader, "insert normal 2026-11-22")
    assert reader.card() is not None
    for nonsense in ("insert normal 2026-11-22", "insert nobody 2026-11-22", "insert normal soon", "dance", ""):
        obey(reader, nonsense)
    obey(reader, "remove")
    assert reader.card() is None


def test_the_doctor_opens_a_slot_of_its_own_and_leaves_the_kiosks_alone(tmp_path: Path) -> None:
    socket = {"socket": str(tmp_path / "slot.sock")}
    kiosk = open_card_reader(socket)
    doctor = open_card_reader(socket)
    try:
        kiosk.insert(persona("normal", datetime.date(2026, 11, 22)))
        told = kiosk.poll(0)
        assert told is not None
        assert told.inserted
        assert doctor.poll(0) is None
        doctor.close()
        assert kiosk.poll(0) is None, "a card is told once"
    finally:
        kiosk.remove()
        kiosk.close()


def test_a_machine_without_power_says_so_instead_of_waiting(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "none.qcow2", tmp_path)
    machine.console.write_text("U-Boot\r\nkaopi: starting slot A\r\n", "ascii")
    assert machine.until("kaopi: starting slot", within_s=0) == "kaopi: starting slot"
    with pytest.raises(MachineFailed, match="lost power without"):
        machine.until("login", within_s=60)


def test_the_newest_update_is_known_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "kaopi-arm64-0.1.0+202611220630.raucb").write_bytes(b"")
    assert bundles.newest(tmp_path).version == "0.1.0+202611220630"

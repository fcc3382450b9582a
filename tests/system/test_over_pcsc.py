"""The whole kiosk over real pcscd, real pyscard and real mosquitto, in a namespace of its own."""

from __future__ import annotations

import os

import pytest
from hw_sim.cli import SCENARIOS, app, find
from hw_sim.pcsc import requirements_missing
from hw_sim.scenario.batch import Order, play_all
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.played import Played
from hw_sim.scenario.schema import ScenarioError, load
from typer.testing import CliRunner

from reader.kiosk.trace import Span
from reader.session.vocabulary import Method


@pytest.fixture(autouse=True)
def daemon_there() -> None:
    if os.environ.get("KAOPI_NO_PCSC") == "1":
        pytest.skip("KAOPI_NO_PCSC=1: the kiosk over real PC/SC is not tested here")
    missing = requirements_missing()
    assert missing is None, f"{missing} (or set KAOPI_NO_PCSC=1 to leave these tests out)"


def over_pcsc(*names: str, jobs: int = 1) -> list[Played]:
    played = list(play_all([Order(find(name), broker="mosquitto", pcsc=True) for name in names], jobs))
    for one in played:
        assert one.ok, f"{one.name}: {one.problems}"
        assert not one.results[-1].verification.official_auth
    return played


def commands_of(played: Played) -> list[Span]:
    return [span for span in played.spans if span.lane == "card link"]


@pytest.mark.pcsc
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["face", "two_cards"])
def test_the_whole_kiosk_over_pcscd_and_mosquitto(name: str) -> None:
    (played,) = over_pcsc(name)
    assert commands_of(played)


@pytest.mark.pcsc
@pytest.mark.timeout(300)
def test_two_at_once_have_each_their_own_daemon_and_broker() -> None:
    """In the one pcscd stops and starts again; in the other a PIN is verified meanwhile."""
    lost, pin = over_pcsc("pcscd_lost", "pin", jobs=2)
    assert lost.stored == 2
    (message,) = pin.results
    assert message.verification.method is Method.PIN
    assert message.verification.signature_valid
    assert pin.signatures == ["ok"], f"the desk's own nonce, checked by the desk itself: {pin.signatures}"
    assert message.proof is None, "the desk drops signature and certificate after its check"


@pytest.mark.pcsc
@pytest.mark.parametrize("kind", [FaultKind.READER_FLAP, FaultKind.KIOSK_DIES])
def test_what_cannot_be_broken_over_pcscd_is_said_before_anything_is_played(kind: FaultKind) -> None:
    path = next(path for path in sorted(SCENARIOS.glob("*.toml")) if any(do.fault is kind for do in load(path).do))
    with pytest.raises(ScenarioError, match=f"^{kind.value}: "):
        list(play_all([Order(path, broker="mosquitto", pcsc=True)]))


def test_virtual_time_and_pcscd_do_not_go_together() -> None:
    done = CliRunner().invoke(app, ["run", "--virtual", "--pcsc", "face"])
    assert done.exit_code == 2
    assert "virtual time" in done.output

"""After visits by face and by PIN nothing secret is left: not in files, not in the log, not in what was published."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hw_sim.card.personas import persona
from hw_sim.cli import SCENARIOS
from hw_sim.scenario.schema import load
from hw_sim.scenario.virtual import MORNING, World, play
from hw_sim.scenario.world import photo_of

from reader.session import events as ev
from reader.session.vocabulary import Button, Step


@pytest.mark.parametrize("name", ["face", "pin", "pin_lock", "visual_check", "pulled"])
def test_no_canary_is_found_after_a_visit(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    scenario = load(SCENARIOS / f"{name}.toml")
    photo = photo_of(scenario.patient)
    number = persona(scenario.patient.card, MORNING.date(), photo).card.number_b
    assert number is not None
    played = play(scenario, name, tmp_path)
    assert played.ok, played.problems
    canaries = {
        "verification number B": bytes(number),
        "IC photo": photo[200:232],
        "typed PIN": b'"1234"',
    }
    written = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert written, "a visit leaves an outbox and a desk store"
    published = b"".join(message.encode() for message in played.results)
    for what, canary in canaries.items():
        for file, content in written.items():
            assert canary not in content, f"{what} in {file}"
        assert canary.decode("latin-1") not in caplog.text, f"{what} in the log"
        assert canary not in published, f"{what} was published"
        assert canary.decode("latin-1") not in "\n".join(played.log), f"{what} in the session's events"


def test_the_vault_is_empty_when_the_patient_has_gone(tmp_path: Path) -> None:
    scenario = load(SCENARIOS / "face.toml")
    world = World(scenario, tmp_path)
    world.desk._link.connect()
    most = 0
    inserted = False
    while world.clock.now() < 12.0:
        world.tick()
        session = world.assembled.kiosk.session
        most = max(most, len(world.assembled.vault))
        if session.step is Step.IDLE and not inserted:
            inserted = True
            world.cards.insert(persona("over40", MORNING.date(), photo_of(scenario.patient)))
        if session.step is Step.CONSENT:
            world.cards.remove()
            world.assembled.kiosk.take(ev.Pressed(world.clock.now(), Button.STOP))
    assert most >= 3, "certificate, photo and template were there"
    assert len(world.assembled.vault) == 0
    world.close()

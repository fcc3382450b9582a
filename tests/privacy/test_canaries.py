"""After visits by face and by PIN nothing secret is left: not in files, not in the log, not in what was published."""

from __future__ import annotations

import base64
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hw_sim.card import personas
from hw_sim.card.personas import persona
from hw_sim.cli import SCENARIOS
from hw_sim.scenario.schema import Scenario, load
from hw_sim.scenario.virtual import MORNING, World, play
from hw_sim.scenario.world import photo_of

from reader.session import events as ev
from reader.session.vocabulary import Button, Step

PIN, STAFF_CODE = "7392", "739264"
WRONG = {"0000": "7391", "1111": "7394", "2222": "7395"}
NAMES = ("face", "pin", "pin_lock", "pin_wrong_then_right", "visual_check", "visual_check_at_kiosk", "pulled")


def secretly(scenario: Scenario) -> Scenario:
    """Let the hands type digits that nothing else consists of: a rare PIN, rare wrong ones, a rare staff code."""
    typed = {"1234": PIN, "246810": STAFF_CODE, **WRONG}
    do = tuple(one if one.type is None else one.model_copy(update={"type": typed[one.type]}) for one in scenario.do)
    site = scenario.site
    if site.staff_code is not None:
        site = site.model_copy(update={"staff_code": STAFF_CODE})
    return scenario.model_copy(update={"do": do, "site": site})


def forms(digits: str) -> list[re.Pattern[bytes]]:
    """Return every way in which typed digits could be written down.

    As a word of their own (a longer number may hold four digits by chance), and in forms too long for chance:
    UTF-16, hexadecimal, Base64, one by one in a list, as key codes, in the command to the card.
    """
    ascii_ = digits.encode()
    plain = ascii_ + b"\0"  # what follows in a list of keys or a record
    long = [
        *(digits.encode(utf16) for utf16 in ("utf-16-le", "utf-16-be")),
        *(ascii_.hex().encode(), ascii_.hex().upper().encode(), ascii_.hex(" ").encode()),
        *(base64.b64encode(ascii_), repr(list(ascii_)).encode(), repr([int(d) for d in digits]).encode()),
        *(",".join(digits).encode(), " ".join(digits).encode(), repr(list(digits)).encode()),
        bytes([len(ascii_)]) + plain,
        bytes.fromhex("00200080") + bytes([len(ascii_)]) + ascii_,
    ]
    word = re.compile(rb"(?<![0-9A-Za-z.+/])" + ascii_ + rb"(?![0-9A-Za-z+/])")
    return [word, *(re.compile(re.escape(form)) for form in long)]


@pytest.fixture(params=NAMES)
def visit(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Scenario, dict[str, bytes]]:
    """A played visit, and everything that was written anywhere because of it."""
    caplog.set_level(logging.DEBUG)
    ordinary = personas.base_content
    monkeypatch.setattr(personas, "base_content", lambda *given: replace(ordinary(*given), pin=PIN))
    scenario = secretly(load(SCENARIOS / f"{request.param}.toml"))
    played = play(scenario, request.param, tmp_path)
    assert played.ok, played.problems
    written = {str(f.relative_to(tmp_path)): f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    assert written, "a visit leaves an outbox and a desk store"
    return scenario, {
        **written,
        "the log": caplog.text.encode(),
        "what was published": b"\n".join(message.encode() for message in played.results),
        "the session's events": "\n".join(played.log).encode(),
        "what the hands noted": "\n".join(line for _, line in played.notes).encode(),
    }


def test_nothing_secret_is_found_after_a_visit(visit: tuple[Scenario, dict[str, bytes]]) -> None:
    scenario, places = visit
    photo = photo_of(scenario.patient)
    number = persona(scenario.patient.card, MORNING.date(), photo).card.number_b
    assert number is not None
    secrets = {
        "verification number B": [re.compile(re.escape(bytes(number)))],
        "the IC photo": [re.compile(re.escape(photo[200:232]))],
        "a typed PIN": [form for digits in (PIN, *WRONG.values()) for form in forms(digits)],
        "the staff code": forms(STAFF_CODE),
    }
    for where, content in places.items():
        for what, patterns in secrets.items():
            for pattern in patterns:
                assert not pattern.search(content), f"{what} in {where}"


@pytest.mark.parametrize(
    "leak",
    [
        'pressed "7392"', "pin=7392", "PIN 7392.", "[55, 51, 57, 50]", "[7, 3, 9, 2]", "7,3,9,2", "Nzk5Mg== NzM5Mg==",
        "37333932", "37 33 39 32", "7\0" "3\0" "9\0" "2\0",
    ],
)  # fmt: skip
def test_the_search_would_find_a_pin_that_leaks(leak: str) -> None:
    assert any(form.search(leak.encode()) for form in forms(PIN))


def test_the_search_finds_the_command_to_the_card_but_no_longer_number() -> None:
    assert any(form.search(bytes.fromhex("0020008004") + PIN.encode()) for form in forms(PIN))
    for innocent in (b"a7392b01", b"12.7392", b"20261122073921"):
        assert not any(form.search(innocent) for form in forms(PIN))


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

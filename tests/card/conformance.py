"""Runs one case of conformance.toml over any CardConnection; the two test modules differ only in the connection."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw_sim.card.authority import simulator_trust
from hw_sim.card.content import PIN
from hw_sim.card.personas import Persona

from reader.card.connection import CardConnection, CardGone
from reader.card.errors import CardRefusal, PinRefused
from reader.card.photo import PhotoDecoder
from reader.card.profile import MY_NUMBER_CARD
from reader.card.visit import CardVisit
from reader.vault import Vault

CASES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["case"]
NUMBER_B = (MY_NUMBER_CARD.face.aid, MY_NUMBER_CARD.face.number_b)
PIN_KEY = (MY_NUMBER_CARD.jpki.aid, MY_NUMBER_CARD.jpki.pin)
ALLOWED = {
    (aid, number)
    for table in (MY_NUMBER_CARD.readable, MY_NUMBER_CARD.secrets, MY_NUMBER_CARD.signing)
    for aid, numbers in table.items()
    for number in numbers
}


@dataclass
class Result:
    """What happened, in the words of the table."""

    identify: str
    tries: int | None = None
    face: str | None = None
    age: int | None = None
    photo: list[int] | None = None
    pin: str | None = None


def _word(error: Exception) -> str:
    match error:
        case CardGone():
            return "pulled"
        case CardRefusal(failure=failure):
            return failure.value
        case PinRefused(tries_left=left):
            return f"refused {left}"
        case _:
            raise error


def run(
    case: dict[str, Any],
    persona: Persona,
    connect: Callable[[], CardConnection],
    decoder: PhotoDecoder,
    today: Any,
    **visit_options: Any,
) -> Result:
    """Identify, open the face, verify the PIN and sign: as far as the case goes."""
    profile = dataclasses.replace(MY_NUMBER_CARD, read_budget_s=case.get("budget_s", MY_NUMBER_CARD.read_budget_s))
    vault = Vault()
    visit = CardVisit(connect(), profile, simulator_trust(), vault, today, decoder, **visit_options)
    try:
        result = _stages(case, persona, visit, vault)
    finally:
        visit.close()
        vault.wipe()
    assert persona.card.touched <= ALLOWED, "the card saw a file or key that kaopi never names"
    for counter, key in (("number_b_tries_after", NUMBER_B), ("pin_tries_after", PIN_KEY)):
        if counter in case:
            assert persona.card.tries[key] == case[counter]
    return result


def _stages(case: dict[str, Any], persona: Persona, visit: CardVisit, vault: Vault) -> Result:
    try:
        identity = visit.identify()
    except Exception as error:
        return Result(_word(error))
    result = Result(identity.certificate_state.value, identity.pin_tries)
    if "face" in case:
        number = bytearray(case["number_b"].encode() if "number_b" in case else persona.card.number_b or bytes(14))
        try:
            face = visit.open_card_face(number)
        except Exception as error:
            result.face = _word(error)
        else:
            faults = [["altered"], []][face.signature_valid] + [["not genuine"], []][face.presence_proved]
            result.face, result.age = ", ".join(faults) or "genuine", face.age
            result.photo = list(vault.get(face.photo).shape)  # type: ignore[union-attr]
    if "pin" in case:
        try:
            visit.verify_pin(bytearray(case.get("pin_given", PIN).encode()))
            result.pin = (
                "signed" if visit.sign(b"a nonce the desk has made, 32 b.").signature_valid else "bad signature"
            )
        except Exception as error:
            result.pin = _word(error)
    return result


def expected(case: dict[str, Any], result: Result) -> Result:
    """The table's row as a Result; what the row leaves open is taken from ``result``."""
    return Result(
        identify=case["identify"],
        tries=case.get("tries"),
        face=case.get("face"),
        age=case.get("age"),
        photo=case.get("photo", result.photo),
        pin=case.get("pin"),
    )

"""A clinic's patients: scenario files, varied from a seed as people vary, in the proportions in which they come."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hw_sim.scenario.schema import Do, Expect, Patient, Scenario, SiteRules, load
from reader.session.vocabulary import Step

FOLDER = Path(__file__).parents[2] / "scenarios"

PEOPLE = ("p01", "p02", "p03", "p04", "p05", "p06")
# Cards that are asked the same questions: adults below forty, and from forty on (特定健診).
_ALIKE = {
    "normal": ("normal", "man", "leap_day", "eve_of_40", "showa_64"),
    "over40": ("over40", "birthday_40", "centenarian", "taisho_15"),
}
# Light in which a face is recognised as ever.
_GOOD_LIGHT = ("clinic", "clinic", "clinic", "side", "flicker")
_LONGEST_HABIT_S = 5.0  # what is longer is the point of its scenario, and no habit of hands
# Out of a hundred who come. Everything else comes once in a while.
_OFTEN = {
    "face": 46.0, "returning": 14.0, "pin": 7.0, "second_try": 5.0, "returning_changes_mind": 3.0, "sleeve": 3.0,
    "back_side": 2.0, "pin_wrong_then_right": 2.0, "child": 2.0, "too_far": 2.0, "pulled": 2.0, "staff_called": 1.0,
    "expiring": 1.0, "wrong_card": 1.0, "second_person": 1.0, "walks_away": 1.0, "forgotten_card": 1.0,
}  # fmt: skip
_SELDOM = 0.08


@dataclass(frozen=True, slots=True)
class Visit:
    """One file to be played, as this seed varies it."""

    name: str
    seed: int
    scenario: Scenario
    pixels: bool = False


@cache
def every_file() -> dict[str, Scenario]:
    """Return every shipped scenario for the virtual clock by name."""
    return {path.stem: load(path) for path in sorted(FOLDER.glob("*.toml"))}


def varied(scenario: Scenario, name: str, seed: int) -> Scenario:
    """Return the same story with another patient: face, age, place, light and pace of hands. Seed 1 is the file."""
    if seed == 1:
        return scenario
    dice = random.Random(f"{name} {seed}")
    patient = _varied_patient(scenario, dice)
    pace = dice.uniform(0.7, 1.5)
    do = tuple(_paced(one, pace * dice.uniform(0.9, 1.1)) for one in scenario.do)
    expect = scenario.expect
    if expect.seconds_at_most is not None:
        expect = expect.model_copy(update={"seconds_at_most": expect.seconds_at_most * 1.7})
    return scenario.model_copy(update={"patient": patient, "do": do, "expect": expect})


def one_try(scenario: Scenario) -> Scenario:
    """Return an attack that ends with its first try: the card is taken out as soon as another is offered."""
    do = (scenario.do[0], Do.model_validate({"on": "face_again", "after": 0.2, "remove": True}))
    expect = Expect(not_by_face=True, never=(Step.CONSENT, Step.CONSENT_AGAIN, Step.DONE))
    return scenario.model_copy(update={"do": do, "expect": expect})


def _varied_patient(scenario: Scenario, dice: random.Random) -> Patient:
    patient = scenario.patient
    update: dict[str, object] = {"serial": dice.randrange(1, 2**31)}
    named = patient.photo is not None or any(one.person for one in scenario.do)
    if not named:
        update["person"] = dice.choice(PEOPLE)
    update["card"] = dice.choice(_ALIKE.get(patient.card, (patient.card,)))
    if patient.distance_mm == Patient().distance_mm:
        update["distance_mm"] = dice.uniform(420.0, 560.0)
    if patient.light == "clinic" and not any(one.light for one in scenario.do):
        update["light"] = dice.choice(_GOOD_LIGHT)
    return patient.model_copy(update=update)


def _paced(do: Do, pace: float) -> Do:
    hands = do.press is not None or do.type is not None or do.remove
    if not hands or do.after > _LONGEST_HABIT_S:
        return do
    return do.model_copy(update={"after": round(do.after * pace, 3)})


def arrivals(
    seed: int, names: frozenset[str] | None = None, *, pixels_every: int = 0, all_first: bool = False
) -> Iterator[Visit]:
    """Yield patients for ever, into one clinic: only files that leave the site's rules as they are.

    names: of these files only. pixels_every: every so manieth comes with pixels (0: none does). all_first: each file
    comes once before the mix begins, in an order of the seed's.
    """
    usual = {n: s for n, s in every_file().items() if s.site == SiteRules() and not s.two_readers}
    files = {n: s for n, s in usual.items() if names is None or n in names}
    weights = [_OFTEN.get(name, _SELDOM) for name in files]
    dice = random.Random(f"arrivals {seed}")
    first = dice.sample(list(files), len(files)) if all_first else []
    number = 1
    while True:
        number += 1
        pixels = pixels_every > 0 and number % pixels_every == 0
        name = "face" if pixels else first.pop() if first else dice.choices(list(files), weights)[0]
        yield Visit(name, number, varied(files[name], name, number), pixels)


def clinic_day(count: int, seed: int = 2) -> tuple[Visit, ...]:
    """Return every file once as it is, then those who come often, varied, up to ``count``; each for its own clinic."""
    files = every_file()
    visits = [Visit(name, 1, scenario) for name, scenario in files.items()]
    dice = random.Random(f"day {seed}")
    while len(visits) < count:
        (name,) = dice.choices(list(_OFTEN), list(_OFTEN.values()))
        number = len(visits) + 1
        visits.append(Visit(name, number, varied(files[name], name, number)))
    return tuple(visits)

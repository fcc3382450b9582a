"""Scenario files (TOML, version 1): who comes, with which card, in which light, what hands and staff do, what breaks.

``[[do]]`` entries are played in order: each waits for its trigger (a step entered, or seconds since the one before),
then ``after`` seconds, then acts. ``[expect]`` says what must have come of it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hw_sim.attackers.species import Species
from hw_sim.people.scene import Accessory
from hw_sim.scenario.branches import Branch
from hw_sim.scenario.faults import OF_A_WORKER, FaultKind
from reader.desk.store import Check
from reader.session.failures import Failure
from reader.session.vocabulary import (
    Button,
    CardFrontProblem,
    Consent,
    ConsentItem,
    Method,
    Outcome,
    Prescription,
    Step,
)

Look = Literal["person", "impostor", "nobody", "leaves", "second_person", "attacker"]
LightKind = Literal["clinic", "dim", "dark", "side", "back", "sun", "flicker"]


class Part(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Patient(Part):
    """Who stands there, and what card they bring. photo: whose portrait is on the chip, the person's own if unset.

    look "attacker": somebody else presents an artefact of ``species`` that shows the person (or, over the shoulder and
    swapped, stands there beside the person); light, distance and hands are the attack's own, drawn from the seed.
    """

    person: str = "p01"
    photo: str | None = None
    card: str = "normal"
    serial: int | None = Field(default=None, ge=1, description="Of the card's certificate; unset: the kind's own.")
    look: Look = "person"
    species: Species | None = None
    wears: frozenset[Accessory] = frozenset()
    distance_mm: float = Field(default=480, ge=150, le=2000)
    below_mm: float = Field(default=0, ge=-200, le=300, description="How far the eyes are below the camera's axis.")
    aside_deg: float = Field(default=0, ge=-45, le=45, description="How far they look to their own left of the camera.")
    walks_up_mm_s: float | None = Field(
        default=None, gt=0, le=2000, description="Pace of who is still on the way while somebody else puts the card in."
    )
    light: LightKind = "clinic"

    @model_validator(mode="after")
    def _attack(self) -> Self:
        if (self.look == "attacker") is not (self.species is not None):
            raise ValueError('look = "attacker" and species belong together')
        return self


class SiteRules(Part):
    """What the site has decided."""

    prescription_choice: bool = False
    ask_specific_disease: bool = False
    remember_consents: bool = True
    card_front: Literal["virtual", "disabled"] = "virtual"
    camera: Literal["virtual", "disabled"] = "virtual"
    staff_code: str | None = Field(default=None, pattern=r"^\d{4,8}$", description="Code of operator op2.")
    shuffle_pad: bool = False


class Do(Part):
    """One thing somebody does, or that happens."""

    on: Step | None = None
    after: float = Field(default=0.0, ge=0)
    insert: str | None = Field(default=None, description='Put in a card of this persona; "" = the patient\'s own.')
    remove: bool = False
    insert_beside: str | None = Field(default=None, description="Put a card of this persona into a second reader.")
    remove_beside: bool = False
    pull_at: int | None = Field(default=None, description="With insert: the card is pulled at this APDU.")
    press: Button | None = None
    item: ConsentItem | None = None
    language: str | None = None
    type: str | None = Field(default=None, pattern=r"^\d{1,8}$")
    light: LightKind | None = None
    look: Look | None = None
    species: Species | None = Field(default=None, description='With look = "attacker": what is held up.')
    wears: frozenset[Accessory] | None = None
    person: str | None = None
    visual_check: bool = False
    same_person: bool | None = None
    fault: FaultKind | None = None
    worker: str | None = Field(default=None, description="With fault = worker_dies or worker_hangs: whose.")
    front: CardFrontProblem | Literal["ok"] | None = Field(default=None, description="What the slot camera sees.")
    not_registered: bool = Field(default=False, description="Staff note: the last patient has no 利用登録.")
    revoke: bool = Field(default=False, description="Staff forget what the last patient agreed to.")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        acts = [
            self.insert is not None, self.remove, self.press is not None, self.type is not None,
            self.light is not None, self.look is not None, self.wears is not None, self.person is not None,
            self.visual_check, self.same_person is not None, self.fault is not None, self.front is not None,
            self.not_registered, self.revoke, self.insert_beside is not None, self.remove_beside,
        ]  # fmt: skip
        if sum(acts) != 1:
            raise ValueError("each [[do]] does exactly one thing: insert, remove, press, type, light, look …")
        if (self.worker is not None) is not (self.fault in OF_A_WORKER):
            raise ValueError("worker and fault = worker_dies or worker_hangs belong together")
        if (self.species is not None) is not (self.look == "attacker"):
            raise ValueError('look = "attacker" and species belong together')
        return self


class Expect(Part):
    """What must have come of it. Fields left out are not looked at; ``results`` is how many the desk stored."""

    results: int = 1
    outcome: Outcome | None = None
    method: Method | None = None
    failure: Failure | None = None
    failures: tuple[Failure, ...] = Field(default=(), description="Of earlier results: one with each must be there.")
    consents: dict[Consent, Literal["0", "1", ""]] | None = None
    prescription: Prescription | None = None
    steps: tuple[Step, ...] | None = Field(default=None, description="Must occur in this order (others between).")
    never: tuple[Step, ...] = ()
    signature: Check | None = Field(default=None, description="What the desk found of the last PIN signature.")
    taps: int | None = None
    seconds_at_most: float | None = None
    alerts: tuple[Failure, ...] = ()
    not_by_face: bool = Field(default=False, description="Nobody may be accepted by face.")
    restarts: int = Field(default=0, description="How often the supervisor had to start the kiosk again.")
    ends_at: Step = Step.IDLE


class Scenario(Part):
    """One file."""

    title: str
    shows: tuple[Branch, ...] = Field(default=(), description="Branches of the official flow this file plays.")
    version: Literal[1] = 1
    patient: Patient = Patient()
    site: SiteRules = SiteRules()
    do: tuple[Do, ...]
    expect: Expect
    limit_s: float = Field(default=240.0, gt=0, le=3600)

    @property
    def two_readers(self) -> bool:
        """Whether a second reader is needed beside the slot."""
        return any(do.insert_beside is not None for do in self.do)


class ScenarioError(ValueError):
    """The file cannot be played; the message says where and why."""


def load(path: Path) -> Scenario:
    """Read one scenario file. Raises ScenarioError."""
    try:
        return Scenario.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    except ValidationError as error:
        lines = [f"{path.name}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ScenarioError("\n".join(lines)) from None

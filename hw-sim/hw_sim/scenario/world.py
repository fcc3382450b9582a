"""The clinic around a kiosk, as both runners share it: site settings, cards, who stands before the camera."""

from __future__ import annotations

import base64
import datetime
import hashlib
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

from hw_sim.attackers.species import REAL_FACES, Species, presentation
from hw_sim.card import jp2
from hw_sim.card.personas import Persona, persona
from hw_sim.people.heeding import Heeding
from hw_sim.people.person import Person, load_person
from hw_sim.people.scene import LIGHTS, Accessory, Pose, Scene, joined, leaving, looking_up, standing, walking_up
from hw_sim.scenario.schema import Do, Patient, Scenario
from hw_sim.scenario.told_face import Truth
from reader.config.schema import KaopiConfig
from reader.desk.service import DeskService
from reader.session.vocabulary import Guidance, Registration, VisualReason
from reader.uplink.messages import StaffCode

SITE, KIOSK = "clinic", "kiosk-1"
LEAVES_S = 0.5  # after the card went in
IMPOSTOR_OF = {"p01": "p02", "p02": "p03", "p03": "p01", "p04": "p05", "p05": "p06", "p06": "p04"}


def config_for(
    scenario: Scenario, folder: Path, *, card_reader: str = "virtual", display: str = "headless"
) -> KaopiConfig:
    """Return the settings of a simulated kiosk that keeps its state in ``folder``."""
    site = scenario.site
    return KaopiConfig.model_validate(
        {
            "site": {
                "clinic_name": "かおぴ内科クリニック",
                "site_id": SITE,
                "kiosk_id": KIOSK,
                "production": False,
                "languages": ["ja", "en", "zh-Hans", "zh-Hant", "ko", "vi", "pt-BR", "ne", "tl"],
            },
            "devices": {
                "camera": {"name": site.camera},
                "card_reader": {
                    "name": card_reader,
                    "settings": {"timing": "real"} if card_reader == "virtual" else {},
                },
                "card_front": {"name": site.card_front},
                "lamps": {"name": "disabled"},
                "speaker": {"name": "disabled"},
                "display": {"name": display},
            },
            "maintenance": {"restart_daily": False},
            "session": {
                "prescription_choice": site.prescription_choice,
                "ask_specific_disease": site.ask_specific_disease,
                "remember_consents": site.remember_consents,
                "shuffle_pad": site.shuffle_pad,
            },
            "uplink": {"ca_file": None, "cert_file": None, "key_file": None},
            "storage": {
                "state_dir": str(folder / "state"),
                "outbox": str(folder / "outbox.sqlite3"),
                "socket_dir": str(folder),
            },
            "staff": {"hashes_file": str(folder / "state" / "staff.json")},
        }
    )


def desk_order(service: DeskService, do: Do, now: datetime.datetime) -> tuple[str, bytes] | None:
    """Do at the desk what its page would do; return the order to send to the kiosk, if there is one."""
    if do.visual_check:
        return service.start_visual_check(KIOSK, "op1", VisualReason.OTHER, now)
    if do.same_person is not None:
        return service.decide(KIOSK, "op1", do.same_person, now)
    # The newest by the desk's own count: a kiosk whose clock was ahead may have finished one in what is still to come.
    (newest,) = service.store.results(now - datetime.timedelta(days=1), limit=1)
    last = newest.message.result_id
    if do.revoke:
        service.revoke_consents(last, "op1", now)
    else:
        service.note_registration(last, "op1", now, Registration.NOT_REGISTERED)
    return None


def staff_codes(scenario: Scenario) -> tuple[StaffCode, ...]:
    """Return the codes the desk gives its kiosks: the scenario's, for operator op2."""
    code = scenario.site.staff_code
    return () if code is None else (staff_code_of("op2", code),)


def staff_code_of(operator: str, code: str) -> StaffCode:
    """Return an operator's code as the desk sends it."""
    salt = b"kaopi-simulator!"
    digest = hashlib.scrypt(code.encode(), salt=salt, n=16384, r=8, p=1, maxmem=64 * 1024 * 1024, dklen=32)
    return StaffCode(operator=operator, salt=base64.b64encode(salt).decode(), hash=base64.b64encode(digest).decode())


@cache
def _chip_photo(person: str) -> bytes:
    return jp2.chip_portrait(load_person(person).ic_photo())


def photo_of(patient: Patient) -> bytes:
    """Return the JP2 on the patient's chip."""
    return _chip_photo(patient.photo or patient.person)


def card_of(patient: Patient, wanted: str, today: datetime.date) -> Persona:
    """Return the card to put in: the persona ``wanted``, or the patient's own."""
    return persona(wanted or patient.card, today, photo_of(patient), patient.serial)


class Cast:
    """Who stands before the camera and heeds the screen. A change of person, look or light makes a new scene.

    The scene is made when somebody first looks at it: artefacts take long, and who is told the truth needs none.
    """

    def __init__(self, patient: Patient, seed: int = 1) -> None:
        self._patient = patient
        self._seed = seed
        self._there: Heeding | None = None

    @property
    def _heeding(self) -> Heeding:
        if self._there is None:
            self._there = self._made()
        return self._there

    def become(self, patient: Patient, seed: int) -> None:
        """Somebody else has come."""
        self._patient, self._seed = patient, seed
        self._there = None

    def _made(self) -> Heeding:
        patient, seed = self._patient, self._seed
        person = load_person(patient.person)
        pose = Pose(y_mm=patient.below_mm, distance_mm=patient.distance_mm, yaw=patient.aside_deg)
        light = LIGHTS[patient.light]
        dice = random.Random(f"looks up {seed}")
        down_s = dice.uniform(0.2, 0.5)
        up_s = down_s + dice.uniform(0.4, 0.7)

        def stands(who: Person, wears: frozenset[Accessory] = frozenset()) -> Scene:
            there = standing(who, pose, light, seed=seed, wears=wears)
            speed = patient.walks_up_mm_s
            return looking_up(there, up_s, down_s) if speed is None else walking_up(there, speed)

        scene = stands(person, patient.wears)
        match patient.look:
            case "attacker":
                assert patient.species is not None
                target, attacker = load_person(patient.photo or person.id), load_person(IMPOSTOR_OF[person.id])
                scene = presentation(patient.species, target, attacker, seed).scene
            case "nobody":
                scene = replace(scene, actors=())
            case "impostor":
                scene = stands(load_person(IMPOSTOR_OF[person.id]))
            case "leaves":
                scene = leaving(scene, LEAVES_S)
            case "second_person":
                scene = joined(scene, load_person(IMPOSTOR_OF[person.id]))
            case "person":
                pass
        return Heeding(scene, seed)

    def scene(self, t: float) -> Scene:
        """Return the scene as it is at its second ``t``."""
        return self._heeding(t)

    def hear(self, guidance: Guidance | None, t: float) -> None:
        """Let the patient read the screen."""
        if self._there is not None:
            self._there.hear(guidance, t)

    def step_up(self) -> None:
        """The patient has just come and has heard nothing yet."""
        self._there = None

    def move(self, by_mm: float) -> None:
        """Step closer (negative) or back."""
        here = min(2000.0, max(150.0, self._patient.distance_mm + by_mm))
        self._patient = self._patient.model_copy(update={"distance_mm": here})
        self._there = None

    def truth(self, t: float, card: str) -> Truth:
        """Return what there is to see at second ``t``, for an engine that is told."""
        patient = self._patient
        pose = Pose() if patient.species is not None else self._heeding(t).pose(t)
        other = patient.look == "impostor" or patient.species in REAL_FACES
        person = IMPOSTOR_OF[patient.person] if other else patient.person
        return Truth(
            person=None if pose is None else person,
            card=card,
            pose=Pose() if pose is None else pose,
            light=LIGHTS[patient.light],
            others=1 if patient.look == "second_person" or patient.species is Species.SHOULDER else 0,
            alive=patient.species is None,
            wears=patient.wears,
        )

    def change(self, do: Do) -> None:
        """Apply a light, look or person action."""
        update: dict[str, object] = {}
        if do.light is not None:
            update["light"] = do.light
        if do.look is not None:
            update["look"] = do.look
            update["species"] = do.species
        if do.wears is not None:
            update["wears"] = do.wears
        if do.person is not None:
            update["person"] = do.person
        self._patient = self._patient.model_copy(update=update)
        self._there = None

"""A clinic's day in virtual time: every scenario file, and patients varied from seeds, each in a clinic of their own.

Some come with pixels: rendered frames, the nets, the light loop. Every fault, attack and light there is occurs.
"""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hw_sim.attackers.species import Species
from hw_sim.people.scene import Accessory
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.mix import Visit, arrivals, clinic_day, every_file, one_try, varied
from hw_sim.scenario.schema import LightKind, Look
from hw_sim.scenario.virtual import play

import reader.kiosk
from reader.kiosk.worker import Worker

SESSIONS = 330
PEOPLE_WITH_PIXELS = 8
# Files whose point is what the camera sees.
SEEN = (
    "impostor", "second_person", "attack_swap_after_match",
    "camera_black", "camera_white", "camera_frozen", "camera_torn", "camera_wrong_size", "camera_slow", "camera_lost",
    "camera_back", "camera_hangs", "camera_hangs_briefly",
    "light_back", "light_dark", "light_dim", "light_flicker", "light_side", "light_step", "light_sun",
    "glasses", "mask", "wears_mask_below_nose", "too_far", "wheelchair",
    "looks_aside", "walks_up",
)  # fmt: skip


def with_pixels() -> list[Visit]:
    """Every attack to its end and once more with another artefact for one try, patients, and what cameras do."""
    files = every_file()
    attacks = {name: scenario for name, scenario in files.items() if scenario.patient.species is not None}
    visits = [Visit(name, 2, one_try(varied(scenario, name, 2)), pixels=True) for name, scenario in attacks.items()]
    visits += [
        Visit("face", seed, varied(files["face"], "face", seed), pixels=True)
        for seed in range(1, PEOPLE_WITH_PIXELS + 1)
    ]
    visits += [Visit(name, 1, files[name], pixels=True) for name in (*SEEN, *attacks)]
    return visits


DAY = clinic_day(SESSIONS)
SIGHT = with_pixels()
ALL = [*DAY, *SIGHT]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder for outbox and store that waits for no disk: what disks do to them is tested elsewhere."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def called(visit: Visit) -> str:
    return f"{visit.name}-{visit.seed}"


@pytest.mark.parametrize("visit", DAY, ids=called)
def test_visit_goes_as_its_file_expects(visit: Visit, home: Path) -> None:
    played = play(visit.scenario, visit.name, home, seed=visit.seed)
    assert played.ok, "\n".join(played.problems)
    assert played.messages > 0, "and each of them kept to the published contract"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("visit", SIGHT, ids=called)
def test_visit_goes_as_its_file_expects_with_pixels(visit: Visit, home: Path) -> None:
    played = play(visit.scenario, visit.name, home, seed=visit.seed, pixels=True)
    assert played.ok, "\n".join(played.problems)
    looked = sum(span.lane == "inference" and span.name == "frame" for span in played.spans)
    assert looked >= 8, "frames went through the nets"


def counts(visits: list[Visit]) -> dict[str, Counter[str]]:
    """What occurs in these sessions, by kind."""
    found: dict[str, Counter[str]] = {
        kind: Counter() for kind in ("fault", "worker", "light", "look", "wears", "attack")
    }
    for visit in visits:
        patient, acts = visit.scenario.patient, visit.scenario.do
        found["fault"].update(str(do.fault) for do in acts if do.fault)
        found["worker"].update(f"{do.fault} {do.worker}" for do in acts if do.worker)
        found["light"].update([patient.light, *(do.light for do in acts if do.light)])
        found["look"].update([patient.look, *(do.look for do in acts if do.look)])
        found["wears"].update(str(one) for one in patient.wears)
        found["wears"].update(str(one) for do in acts for one in do.wears or ())
        if patient.species is not None:
            found["attack"].update([str(patient.species)])
    return found


def test_the_day_holds_every_kind_of_fault_attack_light_and_look_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    for module in pkgutil.iter_modules(reader.kiosk.__path__, "reader.kiosk."):
        importlib.import_module(module.name)
    names = [kind.name for kind in Worker.__subclasses__() if kind.__module__.startswith("reader.kiosk.")]
    found, seen = counts(ALL), counts(SIGHT)
    assert set(found["fault"]) == {str(kind) for kind in FaultKind}
    assert set(found["worker"]) == {f"worker_{what} {name}" for what in ("dies", "hangs") for name in names}
    assert set(found["light"]) == set(seen["light"]) == set(get_args(LightKind))
    assert set(found["look"]) == set(get_args(Look))
    assert set(found["wears"]) == set(seen["wears"]) == {str(one) for one in Accessory}
    # When somebody is matched no file can know: the swap after it is told by what the patient does.
    assert set(seen["attack"]) == {str(one) for one in Species if one is not Species.SWAP_AFTER_MATCH}
    assert "attack_swap_after_match" in {visit.name for visit in SIGHT}
    assert {str(kind) for kind in FaultKind if kind.startswith("camera_")} <= set(seen["fault"])
    with capsys.disabled():
        print(f"\n{len(ALL)} sessions, {len(SIGHT)} with pixels, {len(every_file())} files")
        for kind, counter in found.items():
            print(f"  {kind}: {', '.join(f'{name} {n}' for name, n in sorted(counter.items()))}")


def test_the_day_is_long_enough() -> None:
    assert len(ALL) >= 300
    assert len(SIGHT) >= 30
    assert {visit.name for visit in ALL} == set(every_file()), "no file is left out"


def test_a_soak_meets_every_file_before_the_mix_begins() -> None:
    coming = arrivals(3, all_first=True)
    first = [next(coming).name for _ in range(60)]
    assert len(set(first)) == 60
    again = arrivals(3, all_first=True)
    assert [next(again).name for _ in range(60)] == first


def test_a_seed_varies_the_patient_and_never_the_story() -> None:
    scenario = every_file()["face"]
    one, two, again = (varied(scenario, "face", seed) for seed in (7, 8, 7))
    assert one == again
    assert one.patient != two.patient
    assert [do.press for do in one.do] == [do.press for do in scenario.do]
    assert varied(scenario, "face", 1) is scenario

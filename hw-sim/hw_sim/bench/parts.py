"""The parts of the bench: each measures some figures and can be asked for alone (``make bench ONLY=card,face``).

Imports are inside: a part that is not asked for costs nothing and needs nothing.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hw_sim.bench.rows import Row, count_row


class NotHere(Exception):
    """This machine lacks what a part needs; the message says what."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of what can be had in any amount. kills: SIGKILLs; attacks: presentations a species."""

    kills: int = 60
    attacks: int = 2


Measure = Callable[[Effort], Mapping[str, Row]]


def _card(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import card

    return card.measure()


def _path(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import path

    return path.measure()


def _flow(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import flow

    with _faults_unheard():
        return flow.measure()


def _start(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import start

    return start.measure()


def _ui(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import ui

    return ui.measure()


def _outbox(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import outbox

    return outbox.measure()


def _ocr(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import ocr

    return ocr.measure()


def _kill(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.reliability import kill

    _mosquitto()
    kills = effort.kills
    with tempfile.TemporaryDirectory(prefix="kaopi-kill-") as folder, _faults_unheard():
        rows = kill.run(Path(folder), kills, max(1, kills // 20), kills * 10, min(50, max(4, kills // 6)), seed=1)
    put = sum(one.put for one in rows)
    faults = sum(one.faults for one in rows)
    return {
        "kill.lost": count_row(sum(one.lost for one in rows), put, "results"),
        "kill.twice": count_row(sum(one.twice for one in rows), put, "results"),
        "kill.faults": count_row(faults, faults, "faults") | {"low": None, "high": None},
    }


@contextlib.contextmanager
def _faults_unheard() -> Iterator[None]:
    """Keep off the terminal what is said each time a link is cut or a disk is full, which is what is done here."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _fleet(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import fleet

    _mosquitto()
    return fleet.measure()


def _match(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import face

    return face.recognition()


def _speed(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import face
    from hw_sim.bench.peers import environment

    python = environment.python()
    if python is not None:
        os.environ.setdefault("KAOPI_MEDIAPIPE", str(python))
    return face.speed()


def _stages(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import stages

    return stages.measure()


def _liveness(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench import attacks

    return attacks.measure(attacks=effort.attacks)


def _peers(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench.peers import measure

    return _in_its_environment(measure.speed)


def _peer_match(effort: Effort) -> Mapping[str, Row]:
    from hw_sim.bench.peers import measure

    return _in_its_environment(measure.recognition)


def _in_its_environment(measured: Callable[[], Mapping[str, Row]]) -> Mapping[str, Row]:
    from hw_sim import environments

    try:
        return measured()
    except environments.NoEnvironment as error:
        raise NotHere(str(error)) from None


def _mosquitto() -> None:
    from hw_sim.broker.mosquitto import mosquitto_binary

    try:
        mosquitto_binary()
    except FileNotFoundError as error:
        raise NotHere(str(error)) from None


PARTS: Mapping[str, Measure] = {
    "card": _card,
    "path": _path,
    "flow": _flow,
    "start": _start,
    "ui": _ui,
    "outbox": _outbox,
    "ocr": _ocr,
    "kill": _kill,
    "fleet": _fleet,
    "match": _match,
    "speed": _speed,
    "stages": _stages,
    "liveness": _liveness,
    "peers": _peers,
    "peer_match": _peer_match,
}

# Several parts under one name.
GROUPS: Mapping[str, tuple[str, ...]] = {"face": ("match", "speed", "stages", "liveness")}

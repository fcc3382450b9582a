"""Scenarios over a real pcscd: each in a namespace of its own, with a daemon and readers that only its kiosk sees."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from hw_sim.card.front import SimulatedCardFront
from hw_sim.card.link import LinkModel
from hw_sim.card.vpcd import VpcdSlot
from hw_sim.pcsc import PORTS, PcscDaemon, PcscMissing, isolated
from hw_sim.scenario.batch import Order, play_one
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.played import Played
from hw_sim.scenario.real import CardParts
from hw_sim.scenario.schema import ScenarioError
from reader.devices.card_pcsc import PcscReader


@contextlib.contextmanager
def cards_over_pcsc() -> Iterator[CardParts]:
    """Start pcscd in this namespace; two virtual cards may go into its readers. Raises PcscMissing, TimeoutError."""
    with PcscDaemon() as daemon:
        slot, beside = (VpcdSlot(port, link=LinkModel()) for port in PORTS)
        faults: dict[FaultKind, Callable[[], object]] = {
            FaultKind.PCSCD_STOP: daemon.stop,
            FaultKind.PCSCD_START: daemon.start,
        }
        try:
            yield CardParts(slot, beside, PcscReader(), SimulatedCardFront(slot.number_b), faults)
        finally:
            slot.remove()
            beside.remove()


def play_apart(order: Order) -> Played:
    """Play an order in a namespace made for it. Raises ScenarioError, also where pcscd or namespaces are missing."""
    with tempfile.TemporaryDirectory() as home:
        asked, told = Path(home) / "order", Path(home) / "played"
        asked.write_bytes(pickle.dumps(order))
        try:
            command = isolated([sys.executable, "-m", __name__, str(asked), str(told)], daemon=False)
        except PcscMissing as missing:
            raise ScenarioError(f"{order.path.stem} cannot be played over pcscd: {missing}") from None
        ended = subprocess.run(command, check=False)
        if not told.is_file():
            raise ScenarioError(f"{order.path.stem} over pcscd: its process ended with {ended.returncode}, see above")
        found = pickle.loads(told.read_bytes())  # noqa: S301  # written by the process just run
    if isinstance(found, ScenarioError):
        raise found
    return cast(Played, found)


def main(asked: Path, told: Path) -> None:
    """Inside the namespace: play what ``asked`` says, leave what came of it in ``told``."""
    try:
        found: object = play_one(cast(Order, pickle.loads(asked.read_bytes())))  # noqa: S301
    except ScenarioError as error:
        found = error
    told.write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

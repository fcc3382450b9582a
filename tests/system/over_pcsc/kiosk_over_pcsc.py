"""Inside the namespace: pcscd with a virtual card, mosquitto, desk, uplink and kiosk; argument: a scenario."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from hw_sim.card.front import SimulatedCardFront
from hw_sim.card.link import LinkModel
from hw_sim.card.vpcd import VpcdSlot
from hw_sim.cli import SCENARIOS
from hw_sim.pcsc import PORTS, PcscDaemon
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.picture import work
from hw_sim.scenario.real import CardParts, play
from hw_sim.scenario.schema import load

from reader.devices.card_pcsc import PcscReader
from reader.session.vocabulary import Method


def main(name: str, folder: Path) -> int:
    path = next(p for p in (SCENARIOS / f"{name}.toml", SCENARIOS / "pcsc" / f"{name}.toml") if p.exists())
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    with PcscDaemon() as daemon:
        slot, beside = (VpcdSlot(port, link=LinkModel()) for port in PORTS)
        parts = CardParts(
            slot,
            beside,
            PcscReader(),
            SimulatedCardFront(slot.number_b),
            {FaultKind.PCSCD_STOP: daemon.stop, FaultKind.PCSCD_START: daemon.start},
        )
        played = play(load(path), name, folder, broker="mosquitto", cards=parts, say=print)
        slot.remove()
        beside.remove()
    for problem in played.problems:
        print(problem)
    for row in work(played):
        print(row)
    if not played.ok:
        return 1
    message = played.results[-1]
    if name == "pin":
        assert message.verification.method is Method.PIN
        assert message.verification.signature_valid
        assert played.signatures == ["ok"], f"the desk's own nonce, checked by the desk itself: {played.signatures}"
        assert message.proof is None, "the desk drops signature and certificate after its check"
    assert message.verification.official_auth is False
    print("the desk stored what it should")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2])))

"""What the real-clock runner breaks with real parts, and where the rest is broken so."""

from __future__ import annotations

from pathlib import Path

from hw_sim.broker.cable import Cable
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.machine import Machine
from hw_sim.scenario.real import ELSEWHERE, DeskSide, MosquittoSide, RealStage, in_process_card
from hw_sim.scenario.schema import Do, Expect, Scenario

from reader.kiosk.clock import SystemClock
from reader.uplink.settings import BrokerSettings

ROOT = Path(__file__).parents[2]


def test_every_kind_of_fault_is_broken_with_real_parts_here_or_where_it_says(tmp_path: Path) -> None:
    scenario = Scenario(title="x", do=(Do(insert=""),), expect=Expect())
    desk = DeskSide(tmp_path, BrokerSettings(port=1))
    stage = RealStage(scenario, in_process_card(), VirtualCamera(), desk)
    try:
        with Cable(1) as cable:
            stage.lay(cable, MosquittoSide(tmp_path / "broker"))
        machine = Machine(SystemClock(), lambda seconds: None)
        here = {kind for kind in FaultKind if kind in stage.faults or machine.fault(kind)}
        assert here | set(ELSEWHERE) == set(FaultKind)
        assert not here & set(ELSEWHERE), "what is broken here needs no other place"
        for file, test in (where.split("::") for where in ELSEWHERE.values()):
            assert f"def {test}(" in (ROOT / file).read_text("utf-8")
    finally:
        stage.decoder.close()
        desk.store.close()

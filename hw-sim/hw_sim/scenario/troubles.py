"""Which trouble of camera and card each fault of a scenario is, for both runners."""

from __future__ import annotations

from hw_sim.camera.virtual import CameraFault
from hw_sim.card.inprocess import CardTrouble
from hw_sim.scenario.faults import FaultKind

SLOW_DELIVERY_S = 3.0
FLAPS = 3  # of a loose plug, within a second

CAMERA_FAULTS = {
    FaultKind.CAMERA_HANG: CameraFault.HANG,
    FaultKind.CAMERA_SLOW: CameraFault.SLOW,
    FaultKind.CAMERA_BLACK: CameraFault.BLACK,
    FaultKind.CAMERA_WHITE: CameraFault.WHITE,
    FaultKind.CAMERA_FROZEN: CameraFault.FROZEN,
    FaultKind.CAMERA_TORN: CameraFault.TORN,
    FaultKind.CAMERA_WRONG_SIZE: CameraFault.WRONG_SIZE,
    FaultKind.CAMERA_UNPLUG: CameraFault.UNPLUGGED,
    FaultKind.CAMERA_OK: None,
}
CARD_FAULTS = {
    FaultKind.CARD_SLOW: CardTrouble.SLOW,
    FaultKind.CARD_MUTE: CardTrouble.MUTE,
    FaultKind.CARD_GARBAGE: CardTrouble.GARBAGE,
    FaultKind.CARD_OK: None,
}

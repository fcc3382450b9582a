"""A part that is not there says so in the words of its port."""

from __future__ import annotations

import pytest

from reader.cardfront.port import CardFrontUnreadable
from reader.devices import disabled, registry
from reader.devices.ports import DeviceError
from reader.session.vocabulary import CardFrontProblem


def test_without_a_card_slot_camera_patients_go_by_pin_or_staff() -> None:
    reader = registry.open_device("card_front", "disabled", {})
    with pytest.raises(CardFrontUnreadable) as caught:
        reader.read(1.0)
    assert caught.value.problem is CardFrontProblem.CAMERA_MISSING
    reader.close()


@pytest.mark.parametrize("opener", [disabled.open_camera, disabled.open_card_front, disabled.open_lamps])
def test_it_takes_no_settings(opener: object) -> None:
    assert callable(opener)
    with pytest.raises(DeviceError):
        opener({"device": "/dev/video0"})


def test_the_disabled_speaker_ignores_volume() -> None:
    registry.open_device("speaker", "disabled", {"volume": 0.3}).say("idle.say", "ja")

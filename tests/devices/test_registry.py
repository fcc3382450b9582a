"""An adapter is opened by its name, and never another one instead."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any

import pytest

from reader.config.schema import KaopiConfig
from reader.devices import registry
from reader.devices.ports import DeviceError, DeviceGone


def test_every_part_has_an_adapter_installed() -> None:
    assert all(registry.installed(kind) for kind in registry.KINDS)


def test_an_unknown_name_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(DeviceError, match=r"no adapter camera\.nikon; installed: .*disabled.*picamera2.*webcam"):
        registry.open_device("camera", "nikon", {})


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(DeviceError, match=r"camera\.webcam: settings refused: devise: .*known here: device"):
        registry.open_device("camera", "webcam", {"devise": "/dev/video7"})


class _Entry:
    """An entry point as another distribution would register it."""

    def __init__(self, name: str, distribution: str, load: Any) -> None:
        self.name, self.load = name, load
        self.dist = type("Dist", (), {"name": distribution})()


def _install(monkeypatch: pytest.MonkeyPatch, *entries: _Entry) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: entries if group == registry.GROUP else ())


def test_a_foreign_adapter_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    def factory(settings: Mapping[str, Any]) -> str:
        return "a camera"

    _install(monkeypatch, _Entry("camera.dream", "kaopi-hw-sim", lambda: factory))
    assert registry.open_device("camera", "dream", {}, production=False) == "a camera"  # type: ignore[comparison-overlap]
    with pytest.raises(DeviceError, match="kaopi-hw-sim, which is refused in production"):
        registry.open_device("camera", "dream", {}, production=True)


def test_a_missing_library_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise ModuleNotFoundError("No module named 'picamera2'", name="picamera2")

    _install(monkeypatch, _Entry("camera.picamera2", "kaopi", load))
    with pytest.raises(DeviceError, match="apt install python3-picamera2"):
        registry.open_device("camera", "picamera2", {})


def test_what_kind_of_failure_it_was_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def factory(settings: Mapping[str, Any]) -> str:
        raise DeviceGone("unplugged")

    _install(monkeypatch, _Entry("camera.usb", "kaopi", lambda: factory))
    with pytest.raises(DeviceGone, match=r"camera\.usb: unplugged"):
        registry.open_device("camera", "usb", {})


def test_the_display_is_opened_with_the_sites_panel() -> None:
    config = KaopiConfig.model_validate(
        {"panel": {"name": "touch2-720x1280", "rotation": 90}, "devices": {"display": {"name": "headless"}}}
    )
    display = registry.open_display(config)
    try:
        assert (display.panel.width, display.panel.height) == (1280, 720)
        assert display.surface.get_size() == (1280, 720)
    finally:
        display.close()


def test_every_adapter_that_ships_can_be_found_by_name() -> None:
    ours = importlib.metadata.distribution("kaopi").entry_points.select(group=registry.GROUP)
    assert {entry.name.partition(".")[0] for entry in ours} == set(registry.KINDS)

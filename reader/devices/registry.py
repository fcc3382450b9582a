"""Opens the adapter that the configuration names, by entry point, and never another one instead.

An entry point of group ``kaopi.devices`` is called ``KIND.NAME`` and names a callable that takes one mapping (the
adapter's settings table) and returns the adapter. It opens no hardware yet where the port has a ``start``; it raises
DeviceError with a remedy when its library or its settings are not as they should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, overload

from reader.cardfront.port import CardFrontReader
from reader.config.schema import KaopiConfig
from reader.devices.ports import Camera, CardReader, DeviceError, Display, Lamps, Speaker

GROUP = "kaopi.devices"
OURS = "kaopi"

Kind = Literal["camera", "card_reader", "card_front", "lamps", "speaker", "display"]
KINDS: tuple[Kind, ...] = ("camera", "card_reader", "card_front", "lamps", "speaker", "display")

# The distribution's package for what has no wheel, or none a device should take.
_PACKAGES = {
    "picamera2": "python3-picamera2",
    "libcamera": "python3-libcamera",
    "smartcard": "python3-pyscard",
    "lgpio": "python3-lgpio",
}


def installed(kind: str) -> dict[str, EntryPoint]:
    """Return the installed adapters of one kind by name, without importing them."""
    prefix = kind + "."
    return {
        entry.name.removeprefix(prefix): entry for entry in entry_points(group=GROUP) if entry.name.startswith(prefix)
    }


@overload
def open_device(
    kind: Literal["camera"], name: str, settings: Mapping[str, Any], *, production: bool = ...
) -> Camera: ...
@overload
def open_device(
    kind: Literal["card_reader"], name: str, settings: Mapping[str, Any], *, production: bool = ...
) -> CardReader: ...
@overload
def open_device(
    kind: Literal["card_front"], name: str, settings: Mapping[str, Any], *, production: bool = ...
) -> CardFrontReader: ...
@overload
def open_device(kind: Literal["lamps"], name: str, settings: Mapping[str, Any], *, production: bool = ...) -> Lamps: ...
@overload
def open_device(
    kind: Literal["speaker"], name: str, settings: Mapping[str, Any], *, production: bool = ...
) -> Speaker: ...
@overload
def open_device(
    kind: Literal["display"], name: str, settings: Mapping[str, Any], *, production: bool = ...
) -> Display: ...
def open_device(kind: Kind, name: str, settings: Mapping[str, Any], *, production: bool = True) -> Any:
    """Return the adapter ``name`` of ``kind``.

    Raises DeviceError when no such adapter is installed (the message lists those that are), when its library is
    missing, when its settings are refused, and, in production, when it is not part of kaopi itself.
    """
    found = installed(kind)
    entry = found.get(name)
    if entry is None:
        have = ", ".join(sorted(found)) or "none"
        raise DeviceError(f"no adapter {kind}.{name}; installed: {have}. Set devices.{kind}.name to one of these.")
    if production and entry.dist is not None and entry.dist.name != OURS:
        raise DeviceError(
            f"{kind}.{name} comes from {entry.dist.name}, which is refused in production. "
            f"Set devices.{kind}.name to an adapter of kaopi."
        )
    try:
        factory = entry.load()
    except ImportError as error:
        missing = (error.name or str(error)).partition(".")[0]
        package = _PACKAGES.get(missing)
        remedy = f"apt install {package}" if package else "install it"
        raise DeviceError(f"{kind}.{name} needs {missing}, which is not installed: {remedy}.") from error
    try:
        return factory(settings)
    except DeviceError as error:
        raise type(error)(f"{kind}.{name}: {error}") from error


def open_camera(config: KaopiConfig) -> Camera:
    """Return the configured camera, not yet started."""
    device = config.devices.camera
    return open_device("camera", device.name, device.settings, production=config.site.production)


def open_card_reader(config: KaopiConfig) -> CardReader:
    """Return the configured card reader."""
    device = config.devices.card_reader
    return open_device("card_reader", device.name, device.settings, production=config.site.production)


def open_card_front(config: KaopiConfig) -> CardFrontReader:
    """Return the configured reader of the card front."""
    device = config.devices.card_front
    return open_device("card_front", device.name, device.settings, production=config.site.production)


def open_lamps(config: KaopiConfig) -> Lamps:
    """Return the configured lamps."""
    device = config.devices.lamps
    return open_device("lamps", device.name, device.settings, production=config.site.production)


def open_speaker(config: KaopiConfig) -> Speaker:
    """Return the configured speaker, at the site's volume and quiet hours."""
    sound = config.sound
    shared: dict[str, Any] = {
        "volume": sound.volume,
        "quiet_volume": sound.quiet_volume,
        "quiet_from": sound.quiet_from,
        "quiet_to": sound.quiet_to,
        "voice_dir": sound.voice_dir,
    }
    device = config.devices.speaker
    return open_device("speaker", device.name, {**shared, **device.settings}, production=config.site.production)


def open_display(config: KaopiConfig) -> Display:
    """Return the configured display, of the site's panel and rotation."""
    shared = {"panel": config.panel.name, "rotation": config.panel.rotation}
    device = config.devices.display
    return open_device("display", device.name, {**shared, **device.settings}, production=config.site.production)
